"""The evaluator of formulas: NumPy's own answers, in any system of numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backpropcli.errors import FormulaError, OperationError
from backpropcli.language.formula.evaluate import constant, evaluate, recorded
from backpropcli.language.formula.functions import Function
from backpropcli.language.formula.parser import parse

W = np.array([[1.0, 2.0], [3.0, 4.0]])
X = np.array([0.5, -1.0])


@pytest.mark.parametrize(
    ("formula", "values", "right"),
    [
        ("w*x + 1", {"w": 2.0, "x": 3.0}, 7.0),
        ("x", {"x": 3.0}, 3.0),
        ("2", {}, 2.0),
        ("W @ x + b", {"W": W, "x": X, "b": 1.0}, W @ X + 1.0),
        ("sum(W, axis=0) * x", {"W": W, "x": X}, W.sum(axis=0) * X),
        ("W[1, :] - x.shape[0]", {"W": W, "x": X}, W[1] - 2),
        ("mean(x)", {"x": X}, -0.25),
        ("1 / x", {"x": 0.0}, math.inf),
        ("exp(x) - exp(x)", {"x": 1000.0}, math.nan),
        ("log(x)", {"x": -1.0}, math.nan),
    ],
)
def test_a_formula_comes_to_what_numpy_says(formula: str, values: dict, right: object) -> None:
    found = evaluate(parse(formula), values)
    np.testing.assert_allclose(found, right, rtol=1e-14)
    assert np.shape(found) == np.shape(right)


def test_functions_of_the_network_are_known() -> None:
    g = Function("g", ("z",), parse("maximum(0, z)"))
    assert evaluate(parse("g(x) + g(-x)"), {"x": -2.0}, {"g": g}) == 2.0


def test_a_recorded_formula_runs_in_any_system_of_numbers() -> None:
    from backpropcli.ops.numbers.complexstep import imaginary, join
    from backpropcli.ops.numbers.complexstep import xp as complexstep
    from backpropcli.ops.numbers.precise import xp as precise

    tape = recorded(parse("x**2 * w"), {"x": (), "w": ()})
    assert tape(precise, precise.number(3.0), precise.number(2.0)) == 18
    stepped = tape(complexstep, join(np.asarray(3.0), np.asarray(1e-30)), complexstep.number(2.0))
    assert float(imaginary(stepped)) / 1e-30 == pytest.approx(12.0, rel=1e-15)


def test_copies_are_stacked_along_a_leading_axis() -> None:
    from backpropcli.ops.numbers.array import xp

    tape = recorded(parse("W @ x + b"), {"W": (2, 2), "x": (2,), "b": ()})
    stacked = np.stack([X, 2 * X, 3 * X])
    np.testing.assert_array_equal(tape(xp, W, stacked, np.float64(1)), np.stack([W @ x + 1 for x in stacked]))


@pytest.mark.parametrize(("formula", "kind"), [("x + q", FormulaError), ("W @ x @ W @ b", OperationError)])
def test_what_the_language_refuses_is_refused(formula: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        evaluate(parse(formula), {"W": W, "x": X, "b": np.ones(3)})


@pytest.mark.parametrize(
    ("text", "value"), [("1/3", 1 / 3), ("[1, 2] * 2", [2.0, 4.0]), ("pi", math.pi), ("zeros(3).shape", None)]
)
def test_constants(text: str, value: object) -> None:
    found = constant(parse(text))
    assert found is None if value is None else np.array_equal(found, value)
