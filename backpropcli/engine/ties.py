"""Whether equal numbers leave a choice open: maximum(a, b) where a is b, max where two entries are the largest."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import XP, Elementwise, Structural, Value
from backpropcli.ops.table import lookup

if TYPE_CHECKING:
    from backpropcli.graph import Graph


def twins(graph: Graph, slots: Sequence[Value], xp: XP) -> list[Value]:
    """For each place where a network chooses among numbers: how many were equal, beyond the one that is needed.

    Only with `xp` are they worked out, so that a recording has them too.
    """
    found = []
    for slot, operation in enumerate(graph.operations):
        arguments = [slots[a] for a in graph.arguments[slot]] if operation is not None else []
        if isinstance(operation, Elementwise) and _chooses(operation):
            same: Any = xp.where(arguments[0] == arguments[1], 1.0, 0.0)
            found.append(xp.sum(same) if graph.shapes[slot] else same)
        elif isinstance(operation, Structural) and operation.branch is not None and _chooses(lookup(operation.instead)):
            where = operation.branch(xp, graph.options[slot], *arguments)
            found.append(xp.sum(xp.where(where, 1.0, 0.0)) - prod(graph.shapes[slot]))
    return found


def _chooses(operation: Any) -> bool:
    """Whether it takes the larger, or the smaller, of two numbers."""
    return isinstance(operation, Elementwise) and len(operation.chosen) == len(operation.arguments) == 2
