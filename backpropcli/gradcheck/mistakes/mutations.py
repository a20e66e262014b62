"""Operations with another backward rule: how a mistake is put into a network."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.gradcheck.mistakes.table import Mistake, Right
from backpropcli.ops.definition import Elementwise, Operation, Part, Structural, Value

if TYPE_CHECKING:
    from backpropcli.graph import Graph

MUTATED = "wrong on purpose"
"""In the place of a textbook form: the engine knows a slope of 1 by that, which no longer holds."""


def with_operations(graph: Graph, operations: Mapping[int, Operation]) -> Graph:
    """A copy of a graph with other operations at some slots."""
    result = copy.copy(graph)
    result.operations = list(graph.operations)
    for slot, operation in operations.items():
        result.operations[slot] = operation
    return result


def replaced(operation: Operation, position: int, make: Callable[[Any], Any]) -> Operation:
    """A copy with another body for one argument; `make` gets the right one."""
    result = copy.copy(operation)
    if isinstance(result, Elementwise):
        bodies, texts = list(result.partials), list(result.textbook)
        bodies[position], texts[position] = make(bodies[position]), MUTATED
        result.partials, result.textbook = tuple(bodies), tuple(texts)
    elif isinstance(result, Structural) and result.variadic:
        right, wrong = result.vjps[0], make(result.vjps[0])  # it is told which argument it is for
        result.vjps = (lambda xp, o, g, y, k, *v: (wrong if k == position else right)(xp, o, g, y, k, *v),)
    elif isinstance(result, Structural):
        bodies = list(result.vjps)
        bodies[position] = make(bodies[position])
        result.vjps = tuple(bodies)
    return result


def changed(operation: Operation, position: int, change: Callable[[Any], Any]) -> Operation:
    """A copy whose gradient (or local derivative) for one argument is made into another one."""

    def make(body: Any) -> Any:
        def wrong(*given: Any) -> Any:
            right = body(*given)
            return right._replace(value=change(right.value)) if isinstance(right, Part) else change(right)

        return wrong

    return replaced(operation, position, make)


def scaled(operation: Operation, position: int, factor: Value) -> Operation:
    """A copy with one of its local derivatives times `factor` (a number, or an array that broadcasts)."""
    return changed(operation, position, lambda right: right * factor)


def mistaken(operation: Operation, positions: Iterable[int], mistake: Mistake[Right]) -> Operation:
    """A copy that makes a mistake with the gradients for these arguments; where it does not fit, they stay right."""

    def change(right: Any) -> Any:
        return next((wrong.number for wrong in mistake.wrong(Right(right))), right)

    for position in positions:
        operation = changed(operation, position, change)
    return operation
