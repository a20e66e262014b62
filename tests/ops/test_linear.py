"""Linear algebra: samples against several oracles, NumPy's own functions for random shapes, errors that teach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structural_oracles import cases, check_all, check_precise, check_stacked, gradient, name_case, run

from backpropcli.errors import OperationError
from backpropcli.ops.linear import contraction, convolutions, matrices, neighbours, products, solving
from backpropcli.ops.table import INFIX, TABLE

MODULES = (products, contraction, matrices, solving, neighbours, convolutions)
OPERATIONS = tuple(operation for module in MODULES for operation in module.OPERATIONS)
CASES = cases(OPERATIONS)
OP = {operation.name: operation for operation in OPERATIONS}


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_every_sample(case):
    check_all(case)


@pytest.mark.slow
@pytest.mark.parametrize("lead", [(2,), (2, 3), (1,)])
@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_stacked_copies(case, lead):
    check_stacked(case, lead)


@pytest.mark.parametrize("name", ["matmul", "dot", "einsum", "diag", "cross"])
def test_stacked_in_fifty_digits(name):
    for case in [case for case in CASES if case[0].name == name][:3]:
        check_precise(case, (2,))


def test_in_the_table():
    assert all(TABLE[name] is operation for name, operation in OP.items())
    assert INFIX["@"] is OP["matmul"]


GENERATOR = np.random.default_rng(4)


def random(*shape):
    return GENERATOR.normal(size=shape)


@st.composite
def products(draw):
    size = st.integers(1, 3)
    inner = draw(size)
    batch = draw(st.lists(size, max_size=2))
    kept = [[n if draw(st.booleans()) else 1 for n in batch][draw(st.integers(0, len(batch))) :] for _ in range(2)]
    a = (*kept[0], draw(size), inner) if draw(st.booleans()) else (inner,)
    b = (*kept[1], inner, draw(size)) if draw(st.booleans()) else (inner,)
    return random(*a), random(*b)


@settings(max_examples=100, deadline=None)
@given(products())
def test_matmul_and_dot_same_as_numpy(drawn):
    a, b = drawn
    for name, function in (("matmul", np.matmul), ("dot", np.dot)):
        found = run(OP[name], a, b)
        np.testing.assert_allclose(found, function(a, b), rtol=1e-12, atol=1e-14)
        shape, _ = OP[name].plan([a.shape, b.shape], {})
        assert shape == np.shape(function(a, b))
    one = random(*a.shape)
    moved = np.sum(run(OP["matmul"], a + one, b) - run(OP["matmul"], a, b))  # linear: a difference is exact
    assert np.sum(gradient(OP["matmul"], a, b) * one) == pytest.approx(moved, abs=1e-10)


@pytest.mark.parametrize(
    ("name", "function", "shapes", "options"),
    [
        ("inner", np.inner, [(2, 3), (4, 3)], {}),
        ("inner", np.inner, [(3,), (3,)], {}),
        ("inner", np.inner, [(), (3,)], {}),
        ("vdot", np.vdot, [(2, 3), (3, 2)], {}),
        ("outer", np.outer, [(2, 3), (4,)], {}),
        ("dot", np.dot, [(), (3,)], {}),
        ("dot", np.dot, [(2, 2, 3), (2, 3, 2)], {}),
        ("trace", np.trace, [(3, 4)], {"offset": 2}),
        ("trace", np.trace, [(3, 4)], {"offset": 9}),
        ("diag", np.diag, [(3,)], {"k": -2}),
        ("diag", np.diag, [(3, 4)], {"k": -1}),
        ("diag", np.diag, [(2, 2)], {"k": 5}),
        ("diagonal", np.diagonal, [(2, 3, 4)], {"offset": 1, "axis1": -1, "axis2": 0}),
        ("tril", np.tril, [(3, 4)], {"k": 1}),
        ("triu", np.triu, [(2, 3, 4)], {"k": -1}),
        ("cross", np.cross, [(4, 3), (3,)], {}),
        ("diff", np.diff, [(2, 5)], {"n": 3}),
        ("diff", np.diff, [(3, 2)], {"axis": 0}),
        ("diff", np.diff, [(3,)], {"n": 9}),
        ("diff", np.diff, [(3,)], {"n": 0}),
    ],
)
def test_same_as_numpy(name, function, shapes, options):
    arguments = [random(*s) for s in shapes]
    expected = function(*arguments, **options)
    np.testing.assert_allclose(run(OP[name], *arguments, **options), expected, rtol=1e-13, atol=1e-14)
    assert OP[name].plan(shapes, options)[0] == np.shape(expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ijk", max_size=3), min_size=1, max_size=3), st.data())
def test_einsum_same_as_numpy(inputs, data):
    letters = sorted(set("".join(inputs)))
    output = "".join(data.draw(st.permutations(letters))[: data.draw(st.integers(0, len(letters)))])
    size = {"i": 2, "j": 3, "k": 1}
    arguments = [random(*(size[c] for c in s)) for s in inputs]
    for text in (",".join(inputs), ",".join(inputs) + "->" + output):
        np.testing.assert_allclose(
            run(OP["einsum"], *arguments, subscripts=text), np.einsum(text, *arguments), rtol=1e-11, atol=1e-13
        )
    for k, a in enumerate(arguments):
        found = gradient(OP["einsum"], *arguments, k=k, subscripts=text)
        assert np.shape(found) == a.shape
        one = random(*a.shape) + 1
        moved = [x + one if j == k else x for j, x in enumerate(arguments)]
        change = np.sum(np.einsum(text, *moved)) - np.sum(np.einsum(text, *arguments))
        assert np.sum(found * one) == pytest.approx(change, abs=1e-9)


def test_a_large_einsum_is_a_matrix_product():
    a, b = random(60, 70), random(70, 50)
    np.testing.assert_allclose(run(OP["einsum"], a, b, subscripts="ij,jk->ik"), a @ b, rtol=1e-10, atol=1e-12)
    found = gradient(OP["einsum"], a, b, k=1, subscripts="ij,jk->ik")
    np.testing.assert_allclose(found, a.T @ np.ones((60, 50)), rtol=1e-10, atol=1e-12)


def test_plain_matrices_are_multiplied_as_they_are():
    """No reshaping, no broadcasting: what a dense layer costs by hand."""
    _, o = OP["matmul"].plan([(4, 3), (3, 2)], {})
    assert o.before == o.lifted == ((4, 3), (3, 2))
    _, o = OP["matmul"].plan([(5, 4, 3), (3, 2)], {})
    assert o.lifted == ((20, 3), (3, 2))  # one product, not five


def test_what_is_cut_away_may_be_infinite():
    assert run(OP["tril"], np.full((2, 2), np.inf)).tolist() == [[np.inf, 0], [np.inf, np.inf]]
    assert run(OP["diag"], np.array([np.inf, 1.0])).tolist() == [[np.inf, 0], [0, 1]]


def test_against_torch():
    torch = pytest.importorskip("torch")
    pairs = [
        ("matmul", [(3,), (2, 3, 2)], {}, torch.matmul),
        ("matmul", [(2, 1, 2, 3), (4, 3, 2)], {}, torch.matmul),
        ("outer", [(2,), (3,)], {}, torch.outer),
        ("cross", [(2, 3), (2, 3)], {}, torch.linalg.cross),
        ("einsum", [(2, 3), (3, 4), (4,)], {"subscripts": "ij,jk,k->i"}, lambda *x: torch.einsum("ij,jk,k->i", *x)),
        ("trace", [(3, 3)], {}, torch.trace),
        ("tril", [(3, 3)], {}, torch.tril),
        ("diagonal", [(2, 3, 3)], {"axis1": 1, "axis2": 2}, lambda x: torch.diagonal(x, 0, 1, 2)),
        ("diff", [(2, 5)], {"n": 2}, lambda x: torch.diff(x, 2)),
    ]
    for name, shapes, options, function in pairs:
        arguments = [np.random.default_rng(k).normal(size=s) for k, s in enumerate(shapes)]
        tensors = [torch.tensor(a, requires_grad=True) for a in arguments]
        y = function(*tensors)
        g = np.random.default_rng(5).normal(size=tuple(y.shape))
        y.backward(torch.tensor(g))
        np.testing.assert_allclose(run(OP[name], *arguments, **options), y.detach().numpy(), rtol=1e-12, atol=1e-14)
        for k, tensor in enumerate(tensors):
            found = gradient(OP[name], *arguments, k=k, upstream=g, **options)
            np.testing.assert_allclose(found, tensor.grad.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "shapes", "options", "message", "hint"),
    [
        (
            "matmul",
            [(3,), (2, 2)],
            {},
            "shapes (3,) and (2,2) do not fit: the inner sizes 3 and 2 differ",
            "The second one needs 3 rows, or the first one 2 columns.",
        ),
        (
            "matmul",
            [(4, 3), (2, 3)],
            {},
            "shapes (4,3) and (2,3) do not fit: the inner sizes 3 and 2 differ",
            "Transposed, the second one would fit: (4,3) @ (3,2), with .T",
        ),
        (
            "matmul",
            [(3, 4), (3, 2)],
            {},
            "shapes (3,4) and (3,2) do not fit: the inner sizes 4 and 3 differ",
            "Transposed, the first one would fit: (4,3) @ (3,2), with .T",
        ),
        (
            "matmul",
            [(2, 4), (3, 2)],
            {},
            "shapes (2,4) and (3,2) do not fit: the inner sizes 4 and 3 differ",
            "The other way round would fit: (3,2) @ (2,4)",
        ),
        ("matmul", [(3,), (2,)], {}, "shapes (3,) and (2,) do not fit: the inner sizes 3 and 2 differ", "outer(a, b)"),
        (
            "matmul",
            [(3,), ()],
            {},
            "shapes (3,) and () do not fit: @ needs arrays, and one of these is a number",
            "a * b",
        ),
        (
            "matmul",
            [(2, 2, 3), (5, 3, 2)],
            {},
            "shapes (2,2,3) and (5,3,2) do not fit: the axes in front of the matrices, (2,) and (5,), differ",
            "one of them is 1",
        ),
        (
            "matmul",
            [(10**4, 1), (1, 10**4)],
            {},
            "the result would have the shape (10000,10000): 100,000,000 numbers",
            "At most 50,000,000",
        ),
        ("dot", [(2, 3), (2, 4, 2)], {}, "shapes (2,3) and (2,4,2) do not fit: the inner sizes 3 and 4 differ", ""),
        ("inner", [(2, 3), (2, 4)], {}, "shapes (2,3) and (2,4) do not fit: the last sizes differ", ""),
        ("vdot", [(2, 3), (5,)], {}, "shapes (2,3) and (5,) do not fit: they have 6 and 5 entries", ""),
        ("outer", [(10**4,), (10**4,)], {}, "the result would have the shape (10000,10000): 100,000,000 numbers", ""),
        ("einsum", [(2, 3)], {"subscripts": 3}, "subscripts are a text such as 'ij,jk->ik', not 3", ""),
        (
            "einsum",
            [(2, 3)],
            {"subscripts": "...i->i"},
            "the output has no '...', and '...' stands for axes of the inputs",
            "->...i",
        ),
        ("einsum", [(2, 3)], {"subscripts": "..ij"}, "'..ij' has a point that is not part of '...'", ""),
        ("einsum", [(2, 3)], {"subscripts": "ii"}, "the letter i stands for the sizes 2 and 3", ""),
        ("einsum", [(1, 3)], {"subscripts": "ii"}, "the letter i stands for the sizes 1 and 3", ""),
        ("einsum", [(2,), (3,)], {"subscripts": "...,..."}, "'...' stands for the sizes 2 and 3", ""),
        ("einsum", [(2, 3)], {"subscripts": "i1"}, "'1' in the subscripts 'i1' is not a letter", ""),
        ("einsum", [(2, 3)], {"subscripts": "ij->i->j"}, "'-' in the subscripts 'ij->i->j' is not a letter", ""),
        ("einsum", [(2, 3)], {"subscripts": "ij,jk"}, "the subscripts 'ij,jk' are for 2 arrays; here is 1", ""),
        ("einsum", [(2,), (3,)], {"subscripts": "i"}, "the subscripts 'i' are for 1 array; here are 2", ""),
        ("einsum", [(2, 3)], {"subscripts": "i"}, "the subscripts 'i' name 1 axis; array 1 has the shape (2,3)", ""),
        ("einsum", [(2, 3), (4, 2)], {"subscripts": "ij,jk"}, "the letter j stands for the sizes 3 and 4", ""),
        ("einsum", [(2, 3)], {"subscripts": "ij->k"}, "the output has the letter k, which no input has", ""),
        ("einsum", [(2, 3)], {"subscripts": "ij->ii"}, "the letter i stands twice in the output", ""),
        ("trace", [(3,)], {}, "trace takes a matrix, not the shape (3,)", "diag(a)"),
        ("trace", [(3, 3)], {"offset": 0.5}, "offset is a whole number, not 0.5", ""),
        ("diag", [(2, 2, 2)], {}, "diag takes a vector or a matrix, not the shape (2,2,2)", ""),
        (
            "diag",
            [(3,)],
            {"k": 10**6},
            "the result would have the shape (1000003,1000003): 1,000,006,000,009 numbers",
            "",
        ),
        ("diagonal", [(3,)], {}, "a diagonal needs a matrix, not the shape (3,)", "diag(a) makes a matrix"),
        ("diagonal", [(3, 3)], {"axis2": 0}, "axis1 and axis2 are the same axis: 0", ""),
        ("tril", [(3,)], {}, "a triangle needs a matrix, not the shape (3,)", ""),
        ("triu", [(3, 3)], {"k": None}, "k is a whole number, not None", ""),
        ("cross", [(3,), (2,)], {}, "cross takes vectors of 3 entries, not the shapes (3,) and (2,)", ""),
        ("diff", [(3,)], {"n": -1}, "n cannot be negative: -1", ""),
        ("diff", [()], {}, "a plain number has no axes, so axis=-1 does not exist", ""),
    ],
)
def test_errors(name, shapes, options, message, hint):
    with pytest.raises(OperationError) as caught:
        OP[name].plan(shapes, options)
    assert caught.value.message == message
    assert hint in caught.value.hint
