"""Examples that broadcasting spread over each other: a number for each beside a column of as many makes a square.

`z - y` of z (2,) and y (2,1) is (2,2): every example against every other one, without a word from NumPy. Whoever wants
that writes the column out, `x[:, None] - x`, and hears nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.ops.definition import Elementwise, Structural

if TYPE_CHECKING:
    from backpropcli.graph import Graph


class Stretch(NamedTuple):
    """A step, what it spreads over each other (the slots of a row and of a column), and how many examples there are."""

    step: int
    row: int
    column: int
    examples: int


def stretched(graph: Graph) -> Iterator[Stretch]:
    """The steps at which N numbers meet a column of N, in order; those that come from the same two values once."""
    named = {node.slot for node in graph.nodes.values()}
    seen = set()
    for step, operation in enumerate(graph.operations):
        if not isinstance(operation, Elementwise) or len(graph.shapes[step]) < 2:
            continue
        for row, column in product(graph.arguments[step], repeat=2):
            if not _meet(graph, row, column):
                continue
            left, right = _ways(graph, row), _ways(graph, column)
            ends = left[-1], right[-1]
            if ends not in seen and not _meant(graph, *ends):
                yield Stretch(step, _first(left, named), _first(right, named), graph.shapes[row][0])
            seen.add(ends)


def _meet(graph: Graph, row: int, column: int) -> bool:
    """Whether the first is (N,) and the second (N, 1), N being more than 1."""
    one, other = graph.shapes[row], graph.shapes[column]
    return len(one) == 1 and len(other) == 2 and other == (one[0], 1) and one[0] > 1


def _ways(graph: Graph, slot: int) -> list[int]:
    """A slot, and through the entry by entry steps before it the values of the same shape that it comes from."""
    found = [slot]
    while isinstance(graph.operations[found[-1]], Elementwise):
        same = [a for a in graph.arguments[found[-1]] if graph.shapes[a] == graph.shapes[slot]]
        if not same:
            break
        found.append(same[0])
    return found


def _first(ways: list[int], named: set[int]) -> int:
    """The nearest one that has a name of its own; without any, the value itself."""
    return next((slot for slot in ways if slot in named), ways[0])


def _meant(graph: Graph, row: int, column: int) -> bool:
    """Whether the author made the column on purpose, or one of the two is a constant of the formula."""
    operation = graph.operations[column]
    kinds = [node.kind for node in graph.nodes.values() if node.slot in (row, column)]
    if "node" not in kinds and kinds.count("parameter") == 1 and len(kinds) == 2:
        return True  # data beside N centres, x - mu, which have no examples
    if row in graph.constants or column in graph.constants:
        return True
    if not isinstance(operation, Structural) or not operation.copies:
        return False
    before = graph.shapes[graph.arguments[column][0]]
    return prod(before) == graph.shapes[column][0] and before != graph.shapes[column]
