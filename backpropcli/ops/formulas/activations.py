"""Activations that are formulas of others, with PyTorch's names and defaults: celu, softshrink, threshold."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Sample
from backpropcli.ops.formulas.settings import positive
from backpropcli.ops.planning import number

WIDE: dict[str, Any] = {"z": (2, 4)}


def _celu(case: Case) -> str:
    if number(case.options.alpha, "alpha") == 0:
        raise OperationError("alpha is not 0")
    return "where(input > 0, input, alpha * expm1(minimum(input, 0) / alpha))"


def _softshrink(case: Case) -> str:
    positive(case.options.lambd, "lambd")
    return "where(input > lambd, input - lambd, where(input < -lambd, input + lambd, 0))"


def _hardshrink(case: Case) -> str:
    number(case.options.lambd, "lambd")
    return "where((input >= -lambd) & (input <= lambd), 0, input)"


def _threshold(case: Case) -> str:
    number(case.options.threshold, "threshold")
    number(case.options.value, "value")
    return "where(input > threshold, input, value)"


def _activation(name: str, words: str, formula: str, build: Any, *samples: Sample, **rest: Any) -> Formula:
    return Formula(
        name,
        "input",
        words,
        group="activations",
        formula=formula,
        build=build,
        samples=samples,
        source=f"torch.nn.functional.{name}",
        **rest,
    )


OPERATIONS = (
    _activation(
        "celu",
        "elu whose slope has no jump, whatever alpha is",
        "where(input > 0, input, alpha * (exp(input / alpha) - 1))",
        _celu,
        ("celu(z)", WIDE),
        ("celu(z, 0.5)", WIDE),
        options={"alpha": 1.0},
    ),
    _activation(
        "softshrink",
        "nearer to 0 by lambd; what lies within lambd of 0 becomes 0",
        "where(input > lambd, input - lambd, where(input < -lambd, input + lambd, 0))",
        _softshrink,
        ("softshrink(z)", WIDE),
        ("softshrink(z, 1)", WIDE),
        options={"lambd": 0.5},
    ),
    _activation(
        "hardshrink",
        "itself; what lies within lambd of 0 becomes 0",
        "where(abs(input) > lambd, input, 0)",
        _hardshrink,
        ("hardshrink(z)", WIDE),
        options={"lambd": 0.5},
    ),
    _activation(
        "tanhshrink",
        "what tanh takes off",
        "input - tanh(input)",
        None,
        ("tanhshrink(z)", {"z": (2, 4)}),
    ),
    _activation(
        "threshold",
        "itself above the threshold, else a given value",
        "where(input > threshold, input, value)",
        _threshold,
        ("threshold(z, 0.1, 20)", WIDE),
        options={"threshold": REQUIRED, "value": REQUIRED},
    ),
    _activation(
        "softmin",
        "softmax of the negative: the smallest entry gets the most",
        "softmax(-input, axis=axis)",
        None,
        ("softmin(x)", {"x": (2, 3)}),
        ("softmin(x, 0)", {"x": (2, 3)}),
        options={"axis": -1},
        keywords={"dim": "axis"},
    ),
)
