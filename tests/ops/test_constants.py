"""Makers: NumPy's constants, in the namespace's dtype, refused before they are made where they are too large."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.errors import OperationError
from backpropcli.ops.constants import OPERATIONS
from backpropcli.ops.numbers import array, complexstep, precise
from backpropcli.ops.table import TABLE

OP = {operation.name: operation for operation in OPERATIONS}
CASES = [
    ("zeros", {"shape": (2, 3)}, np.zeros((2, 3))),
    ("zeros", {"shape": 3}, np.zeros(3)),
    ("zeros", {"shape": ()}, np.zeros(())),
    ("zeros", {"shape": [0, 2]}, np.zeros((0, 2))),
    ("ones", {"shape": (2,)}, np.ones(2)),
    ("full", {"shape": (2, 2), "fill_value": -1.5}, np.full((2, 2), -1.5)),
    ("eye", {"N": 3}, np.eye(3)),
    ("eye", {"N": 2, "M": 4, "k": 1}, np.eye(2, 4, 1)),
    ("eye", {"N": 3, "k": -2}, np.eye(3, k=-2)),
    ("arange", {"start": 4}, np.arange(4.0)),
    ("arange", {"start": 1, "stop": 2, "step": 0.25}, np.arange(1, 2, 0.25)),
    ("arange", {"start": 3, "stop": 0, "step": -1}, np.arange(3.0, 0, -1)),
    ("arange", {"start": -2}, np.zeros(0)),
    ("linspace", {"start": 0, "stop": 1, "num": 5}, np.linspace(0, 1, 5)),
    ("linspace", {"start": 0, "stop": 1, "num": 4, "endpoint": False}, np.linspace(0, 1, 4, endpoint=False)),
    ("linspace", {"start": 2, "stop": 1}, np.linspace(2, 1)),
    ("linspace", {"start": 2, "stop": 1, "num": 1}, [2.0]),
    ("linspace", {"start": 2, "stop": 1, "num": 0}, np.zeros(0)),
    ("linspace", {"start": 2, "stop": 1, "num": 0, "endpoint": False}, np.zeros(0)),
]


@pytest.mark.parametrize(("name", "options", "expected"), CASES)
def test_same_as_numpy(name, options, expected):
    shape, o = OP[name].plan([], options)
    assert shape == np.shape(expected)
    for xp in (array.xp, complexstep.xp, precise.xp, array.namespace("float32")):
        made = OP[name].value(xp, o)
        assert made.shape == shape
        np.testing.assert_allclose(np.asarray(made).astype(complex).real, expected, rtol=1e-7)
    assert OP[name].value(array.xp, o).dtype == np.float64
    assert OP[name].value(array.namespace("float32"), o).dtype == np.float32


@settings(max_examples=100, deadline=None)
@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(0.01, 3), st.sampled_from([1, -1]))
def test_arange_has_as_many_entries_as_numpy(start, stop, step, sign):
    (size,), o = OP["arange"].plan([], {"start": start, "stop": stop, "step": sign * step})
    expected = np.arange(start, stop, sign * step)
    assert size == expected.size
    np.testing.assert_allclose(OP["arange"].value(array.xp, o), expected, rtol=1e-12, atol=1e-12)


def test_in_the_table():
    assert all(TABLE[name] is operation for name, operation in OP.items())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("zeros", {"shape": (10**9,)}, "the result would have the shape (1000000000,): 1,000,000,000 numbers"),
        ("zeros", {"shape": 1e9}, "shape is a whole number: write 1000000000, not 1000000000.0"),
        ("zeros", {"shape": (2.5,)}, "each size in shape is a whole number, not 2.5"),
        ("zeros", {"shape": "x"}, "shape is a whole number, not 'x'"),
        ("zeros", {"shape": (2, -1)}, "a size cannot be negative: shape is (2, -1)"),
        ("zeros", {"shape": (-2,)}, "a size cannot be negative: shape is (-2,)"),
        ("zeros", {"shape": (10**5000,)}, "each size in shape is too large"),
        ("zeros", {"shape": (1,) * 40}, "the result would have 40 axes"),
        ("ones", {"shape": True}, "shape is a whole number, not True"),
        ("full", {"shape": 2, "fill_value": "a"}, "fill_value is a number, not 'a'"),
        ("full", {"shape": 2, "fill_value": True}, "fill_value is a number, not True"),
        ("eye", {"N": -1}, "N cannot be negative: -1"),
        ("eye", {"N": 10**5}, "the result would have the shape (100000,100000): 10,000,000,000 numbers"),
        ("eye", {"N": 2, "k": 0.5}, "k is a whole number, not 0.5"),
        ("arange", {"start": 10**9}, "the result would have the shape (1000000000,): 1,000,000,000 numbers"),
        ("arange", {"start": 0, "stop": 1, "step": 0}, "step cannot be 0"),
        ("arange", {"start": 0, "stop": math.inf}, "arange needs finite numbers, not inf"),
        ("arange", {"start": math.nan}, "arange needs finite numbers, not nan"),
        (
            "arange",
            {"start": 0, "stop": 1e300, "step": 1e-300},
            "step=1e-300 is too small for the way from 0 to 1e+300",
        ),
        ("linspace", {"start": 0, "stop": 1, "num": 1e6}, "num is a whole number: write 1000000, not 1000000.0"),
        (
            "linspace",
            {"start": 0, "stop": 1, "num": 10**8},
            "the result would have the shape (100000000,): 100,000,000 numbers",
        ),
        ("linspace", {"start": 0, "stop": 1, "num": -1}, "num cannot be negative: -1"),
        ("linspace", {"start": None, "stop": 1}, "start is a number, not None"),
        ("linspace", {"start": 0, "stop": 1, "endpoint": 0}, "endpoint is True or False, not 0"),
    ],
)
def test_errors(name, options, message):
    with pytest.raises(OperationError) as caught:
        OP[name].plan([], options)
    assert caught.value.message == message
