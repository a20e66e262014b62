"""The one evaluator of formulas: what an expression comes to, for numbers that its names have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.graph import Graph
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.tape import Tape

if TYPE_CHECKING:
    from backpropcli.language.formula.functions import Function
    from backpropcli.language.formula.tree import Expression
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape


def recorded(
    expression: Expression, shapes: Mapping[str, Shape], functions: Mapping[str, Function] | None = None
) -> Tape:
    """The steps of an expression over names of these shapes, whose values a call of it takes in this order.

    Raises FormulaError or OperationError where the language's own rules do not know it.
    """
    graph = Graph()
    for name, shape in shapes.items():
        graph.add_data(name, "input", shape)
    lowering = Lowering(graph, functions or {})
    return Tape(graph, lowering.slot(lowering.lower(expression), expression))


def evaluate(
    expression: Expression, values: Mapping[str, Value], functions: Mapping[str, Function] | None = None
) -> Any:
    """What an expression comes to in float64: a float, or an array; 1/0 is inf and log(-1) not a number.

    Raises FormulaError or OperationError where the language's own rules do not know it.
    """
    tape = recorded(expression, {name: tuple(getattr(v, "shape", ())) for name, v in values.items()}, functions)
    if tape.graph.scalar:
        from backpropcli.ops.numbers.scalar import xp

        try:
            return tape(xp, *map(float, values.values()))
        except (ArithmeticError, ValueError):
            pass  # NumPy's float64 defines the odd cases
    import numpy as np

    from backpropcli.ops.numbers.array import xp as arrays

    numbers = [arrays.asarray(v) if getattr(v, "ndim", 0) else arrays.number(v) for v in values.values()]
    with np.errstate(all="ignore"):
        found = tape(arrays, *numbers)
    return found if getattr(found, "ndim", 0) else float(found)


def constant(expression: Expression) -> Any:
    """The value of an expression without names, a float or an array; None where it is no number.

    Raises FormulaError for a name, and where finite numbers come to no finite value.
    """
    graph = Graph()
    found = Lowering(graph, known=()).lower(expression)
    if type(found) is int:
        found = graph.constants.get(found)
    if found is None or isinstance(found, float):
        return found
    if isinstance(found, tuple):
        return None
    import numpy as np

    array = np.asarray(found, dtype=np.float64)
    return array if array.shape else float(array)
