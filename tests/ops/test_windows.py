"""Windows: samples against several oracles, PyTorch's values and gradients, errors that say what would fit."""

from __future__ import annotations

import numpy as np
import pytest
from structural_oracles import XP, cases, check_all, check_precise, check_stacked, name_case, values, vjp

import backpropcli as bp
from backpropcli.errors import OperationError
from backpropcli.language.formula.evaluate import evaluate
from backpropcli.language.formula.names import names
from backpropcli.language.formula.parser import parse
from backpropcli.ops.windows import (
    avg_pools,
    convolution,
    interpolation,
    max_pools,
    patches,
    products,
    shuffles,
    transposed,
)

MODULES = (convolution, transposed, max_pools, avg_pools, patches, shuffles, interpolation)
OPERATIONS = tuple(operation for module in MODULES for operation in module.OPERATIONS)
CASES = cases(OPERATIONS)
OP = {operation.name: operation for operation in OPERATIONS}


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_every_sample(case):
    check_all(case)


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_stacked_copies(case):
    check_stacked(case, (2,))


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "avg_pool2d"])
def test_stacked_in_fifty_digits(name):
    check_precise(next(case for case in CASES if case[0].name == name), (2,))


@pytest.mark.parametrize("case", [case for case in CASES if case[0].forms], ids=name_case)
def test_textbook_forms_are_true(case):
    """Each formula in our own language comes to the value, and to the gradient, of the fast body."""
    operation, shapes, options = case
    _, o = operation.plan(shapes, options)
    arguments = values(operation, shapes, options)
    y = operation.value(XP, o, *arguments)
    g = np.random.default_rng(1).normal(size=np.shape(y))
    known = {**dict(zip(operation.arguments, arguments, strict=True)), "g": g}
    forms = operation.spelled(o)
    for name, text in forms.items():
        expression = parse(text)
        used = {
            name: known[name] if np.ndim(known[name]) else float(known[name])
            for name in names(expression)
            if name in known
        }
        expected = y if name == "y" else vjp(operation, o, g, y, operation.arguments.index(name), arguments)
        np.testing.assert_allclose(evaluate(expression, used), expected, rtol=1e-12, atol=1e-13)


def test_which_forms_there_are():
    """All convolutions have a formula for everything; pools for their values."""
    for operation, shapes, options in CASES:
        if operation.contracts:
            assert set(operation.spelled(operation.plan(shapes, options)[1])) == {"y", *operation.arguments}
        elif "pool" in operation.name and "adaptive" not in operation.name:
            assert "y" in operation.spelled(operation.plan(shapes, options)[1])


@pytest.mark.parametrize("block", [1, 60, 150])
def test_many_examples_are_taken_some_at_a_time(monkeypatch, block):
    """The same numbers, however many windows are laid side by side at once."""
    rng = np.random.default_rng(0)
    for name, shapes in (
        ("conv2d", [(7, 2, 4, 5), (2, 2, 2, 3), (2,)]),
        ("conv2d", [(5, 9, 4, 3), (2, 9, 2, 2), (2,)]),
        ("conv_transpose2d", [(5, 2, 3, 3), (2, 9, 2, 2), (9,)]),
    ):
        arguments = [rng.normal(size=shape) for shape in shapes]
        shape, o = OP[name].plan(shapes, {})
        g = rng.normal(size=shape)
        y = OP[name].value(XP, o, *arguments)
        before = [vjp(OP[name], o, g, y, k, arguments) for k in range(3)]
        with monkeypatch.context() as patch:
            patch.setattr(products, "BLOCK", block)
            assert len(products._blocks(XP, o, arguments[0], shapes[0])) > 1
            np.testing.assert_allclose(OP[name].value(XP, o, *arguments), y, rtol=1e-13, atol=1e-14)
            for k in range(3):
                np.testing.assert_allclose(vjp(OP[name], o, g, y, k, arguments), before[k], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "shapes", "options", "message", "hint"),
    [
        (
            "conv2d",
            [(2, 3, 8, 8), (8, 4, 3, 3), ()],
            {},
            "x has 3 channels and weight wants 4 (its shape is (8,4,3,3): filters, channels, rows, columns)",
            "A weight of the shape (8,3,3,3) fits.",
        ),
        (
            "conv2d",
            [(2, 4, 8, 8), (8, 2, 3, 3), ()],
            {},
            "x has 4 channels and weight wants 2 (its shape is (8,2,3,3): filters, channels, rows, columns)",
            "A weight of the shape (8,4,3,3) fits; this one does with groups=2.",
        ),
        (
            "conv2d",
            [(2, 4, 8, 8), (8, 1, 3, 3), ()],
            {"groups": 2},
            "x has 4 channels and weight wants 2 groups of 1 "
            "(its shape is (8,1,3,3): filters, channels, rows, columns)",
            "A weight of the shape (8,2,3,3) fits with groups=2.",
        ),
        (
            "conv2d",
            [(2, 4, 8, 8), (6, 1, 3, 3), ()],
            {"groups": 4},
            "groups=4 does not divide the 6 filters of weight",
            "It can be 1 or 2.",
        ),
        ("conv2d", [(2, 1, 8, 8), (1, 1, 3, 3), ()], {"groups": 0}, "groups is at least 1, not 0", ""),
        (
            "conv2d",
            [(1, 1, 4, 2), (1, 1, 3, 3), ()],
            {},
            "weight of the shape (1,1,3,3) spans 3 columns, and x has 2",
            "At most 2 fit here; padding=1 would make room.",
        ),
        (
            "conv1d",
            [(1, 1, 4), (1, 1, 3), ()],
            {"dilation": 3, "padding": 1},
            "weight of the shape (1,1,3) spans 7 columns (3 of them, 3 apart), and x has 4, 6 with its padding",
            "padding=2 would make room",
        ),
        ("conv1d", [(1, 1, 4), (1, 1, 3), ()], {"stride": 0}, "stride is at least 1: stride=0", ""),
        ("conv2d", [(1, 1, 4, 4), (1, 1, 3, 3), ()], {"padding": -1}, "padding cannot be negative: padding=-1", ""),
        (
            "conv2d",
            [(1, 1, 4, 4), (1, 1, 3, 3), ()],
            {"stride": (1, 2, 3)},
            "stride is one whole number, or one for each axis (rows, columns), not (1, 2, 3)",
            "",
        ),
        ("conv2d", [(1, 1, 4, 4), (1, 1, 3, 3), ()], {"dilation": 1.5}, "dilation is a whole number, not 1.5", ""),
        (
            "conv2d",
            [(1, 1, 4, 4), (1, 1, 3, 3), ()],
            {"padding": "same", "stride": 2},
            "padding='same' keeps the size of x, which only stride=1 does",
            "With a stride write the number: padding=1.",
        ),
        (
            "conv2d",
            [(1, 1, 4, 4), (1, 1, 3, 3), ()],
            {"padding": "full"},
            "padding='full' is not available",
            "It is a number, one for each axis, 'same' or 'valid'.",
        ),
        (
            "conv2d",
            [(28, 28), (1, 1, 3, 3), ()],
            {},
            "x is (N, channels, rows, columns) or (channels, rows, columns), not of the shape (28,28)",
            "x[None]",
        ),
        (
            "conv2d",
            [(1, 28, 28), (3, 3), ()],
            {},
            "weight is (filters, channels, rows, columns), not of the shape (3,3)",
            "",
        ),
        ("conv2d", [(1, 28, 28), (2, 1, 0, 3), ()], {}, "weight of the shape (2,1,0,3) is empty", "filters, channels"),
        (
            "conv2d",
            [(1, 28, 28), (2, 1, 3, 3), (3,)],
            {},
            "bias has the shape (3,), and there are 2 filters",
            "It is one number for each filter, of the shape (2,).",
        ),
        (
            "conv_transpose2d",
            [(1, 4, 3, 3), (2, 4, 3, 3), ()],
            {},
            "x has 4 channels and weight wants 2 (its shape is (2,4,3,3): channels, filters, rows, columns)",
            "swapaxes(weight, 0, 1)",
        ),
        (
            "conv_transpose1d",
            [(1, 1, 3), (1, 1, 3), ()],
            {"stride": 2, "output_padding": 2},
            "output_padding=2 must be smaller than stride or dilation",
            "",
        ),
        (
            "conv_transpose1d",
            [(1, 1, 1), (1, 1, 1), ()],
            {"padding": 1},
            "padding=1 takes off more than there is: the result would have the shape (-1,)",
            "",
        ),
        (
            "max_pool2d",
            [(1, 1, 4, 4)],
            {"kernel_size": 2, "padding": 2},
            "padding=2 is more than half of kernel_size=2",
            "nothing to pool",
        ),
        ("max_pool2d", [(1, 1, 4, 4)], {"kernel_size": 5}, "kernel_size=5 spans 5 rows, and x has 4", "At most 4 fit"),
        ("max_pool2d", [(4, 4)], {"kernel_size": 2}, "x is (N, channels, rows, columns)", ""),
        (
            "max_pool1d",
            [(1, 4)],
            {"kernel_size": 2, "return_indices": True},
            "return_indices=True gives two arrays, and a node is one value",
            "Leave it out.",
        ),
        ("avg_pool1d", [(1, 4)], {"kernel_size": 0}, "kernel_size is at least 1: kernel_size=0", ""),
        (
            "avg_pool1d",
            [(1, 4)],
            {"kernel_size": 2, "divisor_override": 0},
            "divisor_override cannot be 0",
            "",
        ),
        ("adaptive_avg_pool2d", [(1, 0, 4)], {"output_size": 1}, "an axis without entries has nothing to pool", ""),
        (
            "adaptive_max_pool2d",
            [(1, 4, 4)],
            {"output_size": (1, 2, 3)},
            "output_size is one whole number, or one for each axis (rows, columns), not (1, 2, 3)",
            "",
        ),
        (
            "fold",
            [(1, 5, 6)],
            {"output_size": (3, 4), "kernel_size": 2},
            "x has columns of 5 entries, and a window of kernel_size=2 has 4",
            "a multiple of that",
        ),
        (
            "fold",
            [(1, 4, 5)],
            {"output_size": (3, 4), "kernel_size": 2},
            "x has 5 columns, and (3,4) has 6 windows with these settings",
            "",
        ),
        (
            "pixel_shuffle",
            [(1, 6, 2, 2)],
            {"upscale_factor": 2},
            "upscale_factor=2 needs a multiple of 4 channels, and x of the shape (1,6,2,2) has 6",
            "",
        ),
        (
            "interpolate",
            [(1, 1, 4)],
            {"size": 2, "mode": "bilinear"},
            "mode='bilinear' is for two axes behind (N, C), and x has the shape (1,1,4)",
            "mode='linear' is for 1.",
        ),
        ("interpolate", [(1, 1, 4)], {}, "interpolate takes size or scale_factor", "scale_factor=2"),
        ("interpolate", [(1, 1, 4)], {"scale_factor": 0.1}, "nothing is left: the result would have the axes (0,)", ""),
    ],
)
def test_wrong_settings(name, shapes, options, message, hint):
    with pytest.raises(OperationError) as caught:
        OP[name].plan(shapes, options)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_a_tie_is_a_corner_and_the_first_gets_the_gradient():
    network = bp.loads('{"parameters": {"x": [[1, 1, 3, 2]]}, "nodes": {"p": "max_pool1d(x, 2)", "J": "sum(p * p)"}}')
    assert network.run().gradient("x").tolist() == [[2, 0, 6, 0]]
    report = network.check()
    assert report.verdict == "pass"
    assert [row.reason for row in report.rows] == ["corner", "corner", "", ""]
    assert report.rows[0].note == "max_pool1d(x, 2) is on its corner"
