"""Shapes: samples against several oracles, NumPy's own functions for random options, errors that say what would fit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structural_oracles import cases, check_all, check_precise, check_stacked, gradient, name_case, run

from backpropcli.errors import OperationError
from backpropcli.ops.shapes import (
    axes_added,
    indexing,
    joining,
    likes,
    padding,
    permutations,
    reshaping,
    stretching,
    taking,
    turning,
    windows,
)
from backpropcli.ops.table import TABLE, lookup

MODULES = (
    reshaping,
    permutations,
    axes_added,
    turning,
    joining,
    stretching,
    likes,
    padding,
    windows,
    indexing,
    taking,
)
OPERATIONS = tuple(operation for module in MODULES for operation in module.OPERATIONS)
CASES = [case for case in cases(OPERATIONS) if case[0] not in indexing.OPERATIONS]
OP = {operation.name: operation for operation in OPERATIONS}


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_every_sample(case):
    check_all(case)


@pytest.mark.slow
@pytest.mark.parametrize("lead", [(2,), (2, 3), (1,)])
@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_stacked_copies(case, lead):
    check_stacked(case, lead)


@pytest.mark.parametrize("name", ["transpose", "tile", "stack", "pad", "roll"])
def test_stacked_in_fifty_digits(name):
    check_precise(next(case for case in CASES if case[0].name == name), (2,))


def test_in_the_table():
    assert all(TABLE[name] is operation for name, operation in OP.items())
    for alias, name in (("concat", "concatenate"), ("unsqueeze", "expand_dims")):
        assert lookup(alias) is OP[name]


SHAPES = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)


def counted(shape):
    return np.arange(math.prod(shape), dtype=float).reshape(shape)


def agree(name, function, *arguments, **options):
    """The same value and shape as NumPy, and a gradient that says where each entry went."""
    expected = function(*arguments, **options)
    found = run(OP[name], *arguments, **options)
    np.testing.assert_array_equal(found, expected)
    assert OP[name].plan([a.shape for a in arguments], options)[0] == expected.shape
    g = np.random.default_rng(0).normal(size=expected.shape)
    for k, a in enumerate(arguments):
        one = [np.ones(a.shape) if j == k else np.zeros(b.shape) for j, b in enumerate(arguments)]
        back = gradient(OP[name], *arguments, k=k, upstream=g, **options)
        assert back.shape == a.shape
        assert np.sum(back) == pytest.approx(np.sum(g * function(*one, **options)), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.data())
def test_one_array_same_as_numpy(shape, data):
    a, rank = counted(shape), len(shape)
    axis = data.draw(st.integers(-rank, rank - 1))
    other = data.draw(st.integers(-rank, rank - 1))
    axes = tuple(data.draw(st.lists(st.integers(0, rank - 1), unique=True)))
    order = tuple(data.draw(st.permutations(range(rank))))
    shift = data.draw(st.integers(-5, 5))
    reps = tuple(data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4)))
    width = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    agree("transpose", np.transpose, a)
    agree("transpose", np.transpose, a, axes=order)
    agree("transpose", np.transpose, a, axes=[k - rank for k in order])
    agree("swapaxes", np.swapaxes, a, axis1=axis, axis2=other)
    if rank > 1:
        agree("matrix_transpose", np.matrix_transpose, a)
    agree("moveaxis", np.moveaxis, a, source=axis, destination=other)
    agree("moveaxis", np.moveaxis, a, source=axes, destination=order[: len(axes)])
    agree("flip", np.flip, a, axis=axes)
    agree("flip", np.flip, a)
    agree("roll", np.roll, a, shift=shift)
    agree("roll", np.roll, a, shift=shift, axis=axis)
    agree("roll", np.roll, a, shift=(shift,) * len(axes), axis=axes)
    agree("ravel", np.ravel, a)
    agree("reshape", np.reshape, a, shape=(-1, shape[0]))
    agree("squeeze", np.squeeze, a)
    agree("expand_dims", np.expand_dims, a, axis=axis)
    agree("tile", np.tile, a, reps=reps)
    agree("repeat", np.repeat, a, repeats=reps[0])
    agree("repeat", np.repeat, a, repeats=reps[0], axis=axis)
    agree("broadcast_to", np.broadcast_to, a, shape=(2, *shape))
    agree("pad", np.pad, a, pad_width=width)
    agree("pad", np.pad, a, pad_width=(width,) * rank)
    agree("flipud", np.flipud, a)
    if rank > 1:
        agree("fliplr", np.fliplr, a)


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.data())
def test_several_arrays_same_as_numpy(shape, data):
    rank = len(shape)
    axis = data.draw(st.integers(-rank, rank - 1))
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    parts = [counted(tuple(n if k == axis % rank else s for k, s in enumerate(shape))) for n in sizes]
    agree("concatenate", lambda *x, **o: np.concatenate(x, **o), *parts, axis=axis)
    agree("concatenate", lambda *x, **o: np.concatenate(x, **o), *parts, axis=None)
    equal = [counted(shape), counted(shape) + 1]
    agree("stack", lambda *x, **o: np.stack(x, **o), *equal, axis=data.draw(st.integers(-rank - 1, rank)))
    agree("vstack", lambda *x: np.vstack(x), *equal)
    agree("hstack", lambda *x: np.hstack(x), *equal)


def test_constants_in_the_shape_of_an_array():
    assert run(OP["zeros_like"], np.array([np.nan, 1.0])).tolist() == [0, 0]
    assert run(OP["ones_like"], np.array([np.nan, 1.0])).tolist() == [1, 1]
    assert gradient(OP["ones_like"], np.array([1.0, 2.0])).tolist() == [0, 0]


def test_windows_are_a_view():
    a = np.arange(12.0).reshape(3, 4)
    assert np.shares_memory(run(OP["sliding_window_view"], a, window_shape=(2, 2)), a)


def test_against_torch():
    torch = pytest.importorskip("torch")
    a = counted((2, 3)) / 7
    for name, options, function in (
        ("tile", {"reps": (2, 2)}, lambda x: x.tile(2, 2)),
        ("roll", {"shift": 1, "axis": 0}, lambda x: x.roll(1, 0)),
        ("repeat", {"repeats": 2, "axis": 1}, lambda x: x.repeat_interleave(2, 1)),
        ("transpose", {}, lambda x: x.T),
        ("pad", {"pad_width": 1}, lambda x: torch.nn.functional.pad(x, (1, 1, 1, 1))),
        ("broadcast_to", {"shape": (4, 2, 3)}, lambda x: x.broadcast_to(4, 2, 3)),
    ):
        x = torch.tensor(a, requires_grad=True)
        y = function(x)
        g = np.random.default_rng(1).normal(size=tuple(y.shape))
        y.backward(torch.tensor(g))
        np.testing.assert_allclose(gradient(OP[name], a, upstream=g, **options), x.grad.numpy(), rtol=1e-13)


@pytest.mark.parametrize(
    ("name", "shapes", "options", "message", "hint"),
    [
        (
            "reshape",
            [(2, 3)],
            {"shape": (4, 2)},
            "(2,3) has 6 entries, which do not fill the shape (4, 2)",
            "The sizes must multiply to 6: (3,2) would fit.",
        ),
        (
            "reshape",
            [(2, 3)],
            {"shape": (4, 4)},
            "(2,3) has 6 entries, which do not fill the shape (4, 4)",
            "The sizes must multiply to 6, not to 16.",
        ),
        (
            "reshape",
            [(2, 3)],
            {"shape": (4, -1)},
            "(2,3) has 6 entries, which do not fill the shape (4, -1)",
            "The sizes other than -1 multiply to 4; 6 must be a multiple of that.",
        ),
        ("reshape", [(2, 3)], {"shape": 5}, "(2,3) has 6 entries, which do not fill the shape 5", "(6,) would fit"),
        ("reshape", [(2, 3)], {"shape": (-1, -1)}, "only one size can be -1: shape is (-1, -1)", ""),
        ("reshape", [(2, 3)], {"shape": (3, -2)}, "a size cannot be negative: shape is (3, -2)", ""),
        ("reshape", [(2, 3)], {"shape": (3.0, 2)}, "each size in shape is a whole number: write 3, not 3.0", ""),
        ("reshape", [(2, 3)], {"shape": 3, "order": 2}, "the new shape is one tuple", "reshape(a, (3, 2))"),
        ("reshape", [(2, 3)], {"shape": 6, "order": "F"}, "order='F' is not available", "row by row"),
        ("ravel", [(2, 3)], {"order": "F"}, "order='F' is not available", "row by row"),
        ("squeeze", [(2, 1)], {"axis": 0}, "only an axis of size 1 can be squeezed; axis 0 of (2,1) has 2", ""),
        ("expand_dims", [(2,)], {"axis": 3}, "axis=3 does not exist: the result has 2 axes", "0 to 1"),
        ("expand_dims", [(2,)], {"axis": None}, "axis is a whole number or a tuple of them, not None", ""),
        ("transpose", [(2, 3)], {"axes": (0,)}, "axes names every axis of (2,3) once, not (0,)", "swapaxes(a, 0, 1)"),
        ("transpose", [(2, 3)], {"axes": 0}, "axes names every axis of (2,3) once, not 0", "swapaxes(a, 0, 1)"),
        ("transpose", [(2, 3)], {"axes": (0, 0)}, "axes=(0, 0) names an axis twice", ""),
        ("transpose", [(2, 3)], {"axes": (0, 2)}, "axis=2 does not exist in the shape (2,3)", ""),
        ("swapaxes", [(2, 3)], {"axis1": 0, "axis2": 2}, "axis2=2 does not exist in the shape (2,3)", "0 to 1"),
        (
            "moveaxis",
            [(2, 3)],
            {"source": (0, 1), "destination": 0},
            "source=(0, 1) and destination=0 differ in length",
            "",
        ),
        ("moveaxis", [(2, 3)], {"source": (0, 0), "destination": (0, 1)}, "source=(0, 0) names an axis twice", ""),
        ("flip", [(3,)], {"axis": 1}, "axis=1 does not exist in the shape (3,)", "The only axis is 0."),
        ("fliplr", [(3,)], {}, "fliplr needs at least 2 axes, not the shape (3,)", ""),
        ("flipud", [()], {}, "flipud needs at least 1 axis, not the shape ()", ""),
        ("roll", [(3,)], {"shift": 1.5}, "shift is a whole number, not 1.5", ""),
        ("roll", [(3,)], {"shift": (1, 2)}, "shift=(1, 2) needs as many axes", "axis=(0, 1)"),
        ("roll", [(3,)], {"shift": (1, 2), "axis": 0}, "shift=(1, 2) and axis=0 differ in length", ""),
        (
            "concatenate",
            [(2, 3), (2, 4)],
            {},
            "array 2 of shape (2,4) does not fit the first one, (2,3)",
            "All sizes must be equal, except along axis 0.",
        ),
        (
            "concatenate",
            [(2, 3), (3,)],
            {},
            "array 2 of shape (3,) does not fit the first one, (2,3)",
            "All arrays need the same number of axes.",
        ),
        ("concatenate", [(), ()], {}, "a plain number has no axis to be joined along", "stack([a, b])"),
        ("concatenate", [], {}, "there is no array to join", ""),
        ("concatenate", [(2,), (2,)], {"axis": 1}, "axis=1 does not exist in the shape (2,)", ""),
        ("stack", [(2,), (3,)], {}, "array 2 has the shape (3,), the first one (2,)", "concatenate joins"),
        ("stack", [(2,), (2,)], {"axis": 2}, "axis=2 does not exist: the result has 2 axes", "0 to 1"),
        ("vstack", [(2,), (3,)], {}, "array 2 of shape (3,) does not fit the first one, (2,)", "except along axis 0"),
        (
            "hstack",
            [(2, 2), (3, 2)],
            {},
            "array 2 of shape (3,2) does not fit the first one, (2,2)",
            "except along axis 1",
        ),
        ("broadcast_to", [(3,)], {"shape": (3, 2)}, "(3,) does not stretch to (3,2)", "Counted from the right"),
        ("broadcast_to", [(2, 3)], {"shape": (3,)}, "(2,3) does not stretch to (3,)", "Counted from the right"),
        (
            "broadcast_to",
            [(3,)],
            {"shape": (10**8, 3)},
            "the result would have the shape (100000000,3): 300,000,000 numbers",
            "At most 50,000,000",
        ),
        ("tile", [(3,)], {"reps": 1.5}, "reps is a whole number, not 1.5", ""),
        ("tile", [(3,)], {"reps": -1}, "a size cannot be negative: reps is -1", ""),
        ("tile", [(3,)], {"reps": 10**9}, "the result would have the shape (3000000000,): 3,000,000,000 numbers", ""),
        ("repeat", [(3,)], {"repeats": [1, 2, 3]}, "repeats is one whole number here", "a[[0, 0, 1]]"),
        ("repeat", [(3,)], {"repeats": -1}, "repeats cannot be negative: -1", ""),
        (
            "repeat",
            [(3,)],
            {"repeats": 10**9},
            "the result would have the shape (3000000000,): 3,000,000,000 numbers",
            "",
        ),
        ("pad", [(3,)], {"pad_width": 1, "mode": "empty"}, "mode='empty' is not available", "reflect"),
        (
            "pad",
            [(3,)],
            {"pad_width": 1, "constant_values": (1, 2, 3)},
            "constant_values=(1, 2, 3) does not fit (3,)",
            "Write c",
        ),
        ("pad", [(3,)], {"pad_width": 1, "constant_values": "x"}, "each of constant_values is a number, not 'x'", ""),
        (
            "pad",
            [(0,)],
            {"pad_width": 1, "mode": "reflect"},
            "an axis without entries cannot be padded with mode='reflect'",
            "",
        ),
        ("pad", [(3,)], {"pad_width": -1}, "a width cannot be negative: pad_width=-1", ""),
        ("pad", [(3,)], {"pad_width": 1.5}, "each width in pad_width is a whole number, not 1.5", ""),
        ("pad", [(3,)], {"pad_width": ((1, 1), (1, 1))}, "pad_width=((1, 1), (1, 1)) does not fit 1 axis", "Write n"),
        ("pad", [(3, 3)], {"pad_width": (1, 2, 3)}, "pad_width=(1, 2, 3) does not fit 2 axes", "Write n"),
        (
            "pad",
            [(3,)],
            {"pad_width": 10**9},
            "the result would have the shape (2000000003,): 2,000,000,003 numbers",
            "",
        ),
    ],
)
def test_errors(name, shapes, options, message, hint):
    with pytest.raises(OperationError) as caught:
        OP[name].plan(shapes, options)
    assert caught.value.message == message
    assert hint in caught.value.hint
