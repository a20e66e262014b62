"""What a formula over arrays comes to with given numbers: the test that a line which is printed is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError
from backpropcli.language.formula.evaluate import evaluate, recorded

if TYPE_CHECKING:
    from backpropcli.engine import Plan
    from backpropcli.graph import Graph
    from backpropcli.language.formula.tree import Expression
    from backpropcli.ops.definition import Options, Structural
    from backpropcli.ops.shape import Shape

CLOSE = 1e-6
"""A formula that misses its value by more than this part of it says something else."""


def comes_to(expression: Expression, values: Mapping[str, Any], make: Callable[[Graph], Plan] | None = None) -> Any:
    """The value of a formula of these names, by the language's own rules; None where they do not know it.

    `make` gives the plan that it runs on, where that is not the language's own evaluator."""
    try:
        if make is None:
            return evaluate(expression, values)
        tape = recorded(expression, {name: tuple(getattr(value, "shape", ())) for name, value in values.items()})
        return make(tape.graph).forward(values)[tape.last]
    except BackpropError:
        return None


def holds(
    expression: Expression,
    operation: Structural,
    position: int,
    names: tuple[str, ...],
    letters: Mapping[str, str],
    shapes: list[Shape],
    options: Options | None,
) -> bool:
    """Whether a textbook form is an operation's vector-Jacobian product for arguments of these shapes, any numbers.

    `names` are the arguments' in the form, `letters` those of the upstream gradient and the value, as `g` and `y`.
    Tried at one point that nothing cancels at.
    """
    import numpy as np

    from backpropcli.ops.numbers.array import xp

    random = np.random.default_rng(0)
    numbers = [random.uniform(0.5, 1.5, shape) if shape else random.uniform(0.5, 1.5) for shape in shapes]
    labels = [a if k == position else np.round(a - 0.5) for k, a in enumerate(numbers)]  # 0 or 1: classes
    for arguments in (numbers, labels):
        try:
            y = operation.value(xp, options, *arguments)
            g = random.uniform(0.5, 1.5, np.shape(y))
            right = operation.vjps[position](xp, options, g, y, *arguments)
        except (BackpropError, ArithmeticError, ValueError, IndexError, TypeError):
            return False  # an argument that is no array of plain numbers, such as places
        if not hasattr(right, "shape") or np.isfinite(right).all():
            break
    known = {**dict(zip(names, arguments, strict=False)), letters["g"]: g, letters["y"]: y}
    said = comes_to(expression, {name: value if np.ndim(value) else float(value) for name, value in known.items()})
    if said is None or not hasattr(right, "shape"):
        return False
    return np.shape(said) == np.shape(right) and bool(np.allclose(said, right, rtol=CLOSE, atol=CLOSE))
