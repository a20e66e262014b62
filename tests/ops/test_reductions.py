"""Reductions and softmax: their samples against several oracles, NumPy's own functions, corners, saturation, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structural_oracles import cases, check_all, check_precise, check_stacked, gradient, name_case, run

from backpropcli.errors import OperationError
from backpropcli.ops.definition import Structural
from backpropcli.ops.numbers import array, complexstep
from backpropcli.ops.reductions import aggregates, logsumexp, norms, running, softmax, sorting, statistics
from backpropcli.ops.table import TABLE, lookup

MODULES = (aggregates, running, sorting, statistics, logsumexp, norms, softmax)
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


@pytest.mark.parametrize("name", ["prod", "softmax", "norm", "std"])
def test_stacked_in_fifty_digits(name):
    check_precise(next(case for case in CASES if case[0].name == name), (2,))


@pytest.mark.parametrize("name", sorted(OP))
def test_in_the_table(name):
    assert TABLE[name] is OP[name]


def test_aliases():
    assert lookup("amax") is OP["max"]
    assert lookup("linalg.norm") is OP["norm"]


NUMPY = {
    "sum": np.sum,
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "max": np.max,
    "min": np.min,
    "prod": np.prod,
    "norm": lambda a, axis, keepdims: np.sqrt(np.sum(a**2, axis=axis, keepdims=keepdims)),
    "logsumexp": lambda a, axis, keepdims: np.log(np.sum(np.exp(a), axis=axis, keepdims=keepdims)),
}


@st.composite
def reduced_arrays(draw):
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=0, max_size=4)))
    rank = len(shape)
    one = st.integers(-rank, rank - 1) if rank else st.none()
    several = st.lists(st.integers(0, rank - 1), unique=True).map(tuple) if rank else st.none()
    entries = st.floats(-3, 3).map(lambda x: round(x, 3))
    flat = draw(st.lists(entries, min_size=math.prod(shape), max_size=math.prod(shape)))
    return np.array(flat).reshape(shape), draw(st.none() | one | several), draw(st.booleans())


@settings(max_examples=60, deadline=None)
@given(reduced_arrays())
def test_same_as_numpy(drawn):
    a, axis, keepdims = drawn
    for name, function in NUMPY.items():
        expected = function(a, axis=axis, keepdims=keepdims)
        if name in ("max", "min") and not a.shape and axis is not None:
            continue
        found = run(OP[name], a, axis=axis, keepdims=keepdims)
        assert np.shape(found) == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([None, 0, 1, -1]), st.sampled_from([0, 1, 0.5]))
def test_variance_and_running_sums_same_as_numpy(seed, axis, ddof):
    a = np.random.default_rng(seed).normal(size=(3, 4))
    np.testing.assert_allclose(run(OP["var"], a, axis=axis, ddof=ddof), np.var(a, axis=axis, ddof=ddof), rtol=1e-12)
    np.testing.assert_allclose(run(OP["std"], a, axis=axis, ddof=ddof), np.std(a, axis=axis, ddof=ddof), rtol=1e-12)
    np.testing.assert_allclose(run(OP["cumsum"], a, axis=axis), np.cumsum(a, axis=axis))


@pytest.mark.parametrize("order", [None, 1, 2, 2.0, math.inf])
@pytest.mark.parametrize("axis", [0, 1, -1, (0,)])
def test_norm_same_as_numpy(order, axis):
    a = np.random.default_rng(2).normal(size=(3, 4))
    plain = axis[0] if isinstance(axis, tuple) else axis
    np.testing.assert_allclose(run(OP["norm"], a, ord=order, axis=axis), np.linalg.norm(a, order, plain))
    np.testing.assert_allclose(run(OP["norm"], a, ord="fro"), np.linalg.norm(a, "fro"))
    np.testing.assert_allclose(run(OP["norm"], a[0], ord="inf"), np.linalg.norm(a[0], np.inf))


# Corners and conventions.


def test_ties_share_equally():
    assert gradient(OP["max"], np.array([2.0, 1.0, 2.0])).tolist() == [0.5, 0, 0.5]
    assert gradient(OP["min"], np.array([[1.0, 1.0], [0.0, 5.0]]), axis=1).tolist() == [[0.5, 0.5], [1, 0]]
    assert gradient(OP["norm"], np.array([-2.0, 1.0, 2.0]), ord=math.inf).tolist() == [-0.5, 0, 0.5]


def test_gradient_zero_where_there_is_no_slope():
    assert gradient(OP["norm"], np.zeros(3)).tolist() == [0, 0, 0]
    assert gradient(OP["norm"], np.zeros(3), ord=1).tolist() == [0, 0, 0]
    for equal in (0.1, 0.7, 1e300):  # the mean of equal numbers is not always that number
        assert run(OP["std"], np.full(7, equal)) == 0
        assert gradient(OP["std"], np.full(7, equal)).tolist() == [0] * 7


@pytest.mark.parametrize(
    ("a", "expected"),
    [
        ([2.0, 0.0, 3.0], [0, 6, 0]),
        ([0.0, 0.0, 3.0], [0, 0, 0]),
        ([2.0, 3.0, 5.0, 7.0, 11.0], [1155, 770, 462, 330, 210]),
        ([4.0], [1]),
        ([], []),
    ],
)
def test_product_with_zeros(a, expected):
    assert gradient(OP["prod"], np.array(a)).tolist() == expected


def test_no_overflow():
    big = np.array([1000.0, 1001.0])
    assert run(OP["logsumexp"], big) == pytest.approx(1001 + math.log1p(math.exp(-1)), rel=1e-15)
    assert run(OP["logsumexp"], np.array([-np.inf, 0.0])) == 0
    assert run(OP["logsumexp"], np.array([-np.inf, -np.inf])) == -np.inf
    assert run(OP["logsumexp"], np.array([np.inf, 0.0])) == np.inf
    assert np.isnan(run(OP["logsumexp"], np.array([np.nan, 0.0])))
    assert run(OP["norm"], np.array([3e200, 4e200])) == pytest.approx(5e200)
    assert gradient(OP["norm"], np.array([3e-200, 4e-200])) == pytest.approx([0.6, 0.8])
    assert run(OP["norm"], np.array([np.inf, 1.0])) == np.inf


def test_saturated_softmax_keeps_its_digits():
    """Against complex steps, whose relative precision is full: 1 - p must not be taken by subtraction."""
    a = np.array([45.0, 0.0, -3.0])
    tiny = math.exp(-45) + math.exp(-48)
    assert run(OP["log_softmax"], a)[0] == pytest.approx(-tiny, rel=1e-12, abs=0)
    target = np.array([1.0, 0.0, 0.0])
    assert run(OP["softmax_cross_entropy"], a, target) == pytest.approx(tiny, rel=1e-12, abs=0)
    for name, arguments, g in (
        ("softmax", [a], np.array([1.0, -2.0, 0.5])),
        ("log_softmax", [a], target),
        ("softmax_cross_entropy", [a, target], np.array(1.0)),
    ):
        found = gradient(OP[name], *arguments, upstream=g)
        _, o = OP[name].plan([np.shape(x) for x in arguments], {})
        for k in range(3):
            step = complexstep.start(a, np.eye(3)[k])
            truth = np.sum(g * complexstep.slope(OP[name].value(complexstep.xp, o, step, *arguments[1:])))
            assert found[k] == pytest.approx(truth, rel=1e-11, abs=0)


@pytest.mark.parametrize("name", ["max", "min", "norm", "std"])
def test_a_branch_changes_where_the_corner_is(name):
    operation = OP[name]
    options = {"ord": 1} if name == "norm" else {}
    _, o = operation.plan([(2,)], options)
    before, after, same = ([1.0, -0.1], [1.0, 0.1], [1.0, 0.2]) if name == "norm" else ([1, 2], [1, 0.5], [1, 0.25])
    a, b, c = (operation.branch(array.xp, o, np.array(x, float)) for x in (before, after, same))
    assert not np.array_equal(a, b)
    assert np.array_equal(b, c)


@pytest.mark.parametrize("point", TABLE["sigmoid_cross_entropy"].samples)
def test_binary_cross_entropy_from_a_logit(point):
    operation, (z, t) = OP["sigmoid_cross_entropy"], point
    y = operation.value(array.xp, z, t)
    assert y == pytest.approx(np.logaddexp(0, z) - t * z, abs=1e-12)
    for k in range(2):
        moved = [complexstep.start(x, float(j == k)) for j, x in enumerate(point)]
        slope = complexstep.slope(operation.value(complexstep.xp, *moved))
        assert operation.partials[k](array.xp, y, z, t) == pytest.approx(slope, rel=1e-12, abs=1e-300)


def test_against_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    a, g = rng.normal(size=(3, 4)), rng.normal(size=3)
    t = rng.dirichlet(np.ones(4), size=3)
    pairs = [
        ("sum", {"axis": 1}, lambda x: x.sum(1)),
        ("mean", {"axis": 1}, lambda x: x.mean(1)),
        ("var", {"axis": 1, "ddof": 1}, lambda x: x.var(1)),
        ("std", {"axis": 1}, lambda x: x.std(1, correction=0)),
        ("max", {"axis": 1}, lambda x: x.amax(1)),
        ("min", {"axis": 1}, lambda x: x.amin(1)),
        ("prod", {"axis": 1}, lambda x: x.prod(1)),
        ("logsumexp", {"axis": 1}, lambda x: x.logsumexp(1)),
        ("norm", {"axis": 1}, lambda x: x.norm(dim=1)),
        ("norm", {"axis": 1, "ord": 1}, lambda x: x.norm(1, dim=1)),
        ("softmax", {}, lambda x: x.softmax(-1)),
        ("log_softmax", {"axis": 0}, lambda x: x.log_softmax(0)),
        ("cumsum", {"axis": 0}, lambda x: x.cumsum(0)),
        (
            "softmax_cross_entropy",
            {},
            lambda x: torch.nn.functional.cross_entropy(x, torch.tensor(t), reduction="none"),
        ),
    ]
    for name, options, function in pairs:
        x = torch.tensor(a, requires_grad=True)
        y = function(x)
        upstream = g if y.shape == (3,) else rng.normal(size=(3, 4))
        y.backward(torch.tensor(upstream))
        arguments = [a, t] if name == "softmax_cross_entropy" else [a]
        np.testing.assert_allclose(run(OP[name], *arguments, **options), y.detach().numpy(), rtol=1e-12)
        found = gradient(OP[name], *arguments, upstream=upstream, **options)
        np.testing.assert_allclose(found, x.grad.numpy(), rtol=1e-10, atol=1e-14)


# Errors.


@pytest.mark.parametrize(
    ("name", "shapes", "options", "message", "hint"),
    [
        ("sum", [(2, 3)], {"axis": 2}, "axis=2 does not exist in the shape (2,3)", "Axes are 0 to 1, or -1 to -2"),
        ("sum", [(3,)], {"axis": -2}, "axis=-2 does not exist in the shape (3,)", "The only axis is 0."),
        ("sum", [()], {"axis": 0}, "a plain number has no axes, so axis=0 does not exist", ""),
        ("sum", [(3,)], {"axis": 1.5}, "axis is a whole number, not 1.5", ""),
        ("sum", [(3,)], {"axis": 2.0}, "axis is a whole number: write 2, not 2.0", ""),
        ("sum", [(3,)], {"axis": True}, "axis is a whole number, a tuple of them or None, not True", ""),
        ("sum", [(3,)], {"axis": "rows"}, "axis is a whole number, a tuple of them or None, not 'rows'", ""),
        ("sum", [(2, 3)], {"axis": (0, -2)}, "axis=(0, -2) names an axis twice", ""),
        ("sum", [(2, 3)], {"axis": (0, 1.5)}, "axis is a whole number, not 1.5", ""),
        ("sum", [(3,)], {"axis": 10**5000}, "axis is too large", ""),
        ("sum", [(3,)], {"keepdims": 1}, "keepdims is True or False, not 1", ""),
        ("max", [(0,)], {}, "the shape (0,) has no entries to reduce", ""),
        ("max", [()], {"axis": 0}, "it reduces one array; it does not compare two values: axis=0", "maximum(a, b)"),
        (
            "max",
            [(3,)],
            {"axis": 0.0},
            "it reduces one array; it does not compare two values: axis=0.0",
            "maximum(a, b)",
        ),
        ("var", [(3,)], {"ddof": 3}, "ddof=3 leaves nothing to divide by: there are 3 entries", ""),
        ("std", [()], {"ddof": 1}, "ddof=1 leaves nothing to divide by: there is 1 entry", ""),
        ("var", [(3,)], {"ddof": "1"}, "ddof is a number, not '1'", ""),
        ("cumsum", [(2, 2)], {"axis": (0, 1)}, "axis is one whole number or None, not (0, 1)", ""),
        ("norm", [(3,)], {"ord": 3}, "ord is 1, 2, inf or 'fro', not 3", "sum(abs(a)**p)**(1/p)"),
        ("norm", [(3,)], {"ord": [1]}, "ord is 1, 2, inf or 'fro', not [1]", ""),
        ("norm", [(3,)], {"ord": "fro"}, "ord='fro' is the norm of a matrix", "Leave ord out"),
        ("norm", [(3, 3)], {"ord": 2}, "ord=2 of a matrix is not available", "Leave ord out"),
        ("norm", [(2, 2, 2)], {"ord": 1}, "ord=1 is for a vector, not for the shape (2,2,2)", ""),
        ("norm", [(0,)], {"ord": math.inf}, "the shape (0,) has no entries to reduce", ""),
        ("softmax", [()], {}, "a plain number has no axes, so axis=-1 does not exist", ""),
        ("softmax", [(2, 0)], {}, "the shape (2,0) has no entries along axis=-1", ""),
        (
            "softmax_cross_entropy",
            [(4, 3), (4,)],
            {},
            "logits (4,3) and targets (4,) must have the same shape",
            "one_hot(targets, 3)",
        ),
        ("softmax_cross_entropy", [(), (3,)], {}, "logits () and targets (3,) must have the same shape", ""),
    ],
)
def test_errors(name, shapes, options, message, hint):
    with pytest.raises(OperationError) as caught:
        OP[name].plan(shapes, options)
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_every_operation_says_what_it_does():
    for operation in OPERATIONS:
        assert operation.words
        assert all(operation.textbook)
        assert not isinstance(operation, Structural) or operation.samples
