"""Windows: samples against several oracles, PyTorch's values and gradients, errors that say what would fit."""

from __future__ import annotations

import numpy as np
import pytest
from structural_oracles import XP, cases, check_all, check_precise, check_stacked, name_case, values, vjp

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
