"""The steps of a graph, written down once and run on any data: the evaluator of formulas, in any system of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import XP, Body, Elementwise, Structural, Value
from backpropcli.ops.stacking import lifted, together
from backpropcli.passes.stepping import convert

if TYPE_CHECKING:
    from backpropcli.graph import Graph


class Tape:
    """The steps of a graph among `slots` (all, unless some are told), and `last`, the slot whose value is wanted.

    Values may carry one leading axis of stacked copies.
    """

    __slots__ = ("constants", "graph", "last", "steps")

    def __init__(self, graph: Graph, last: int, slots: Iterable[int] | None = None) -> None:
        chosen = range(len(graph)) if slots is None else list(slots)
        self.graph = graph
        self.last = last
        self.constants = [(slot, graph.constants[slot]) for slot in chosen if slot in graph.constants]
        self.steps = [
            (slot, step_body(graph, slot), graph.arguments[slot]) for slot in chosen if graph.operations[slot]
        ]

    def run(self, xp: XP, data: Sequence[Value]) -> list[Any]:
        """The values of all slots; `data` are those of the first ones (None for steps and constants among them)."""
        v: list[Any] = [*data, *[None] * (len(self.graph) - len(data))]
        for slot, constant in self.constants:
            v[slot] = convert(xp, constant)
        for slot, body, arguments in self.steps:
            v[slot] = body(xp, *[v[k] for k in arguments])
        return v

    def __call__(self, xp: XP, *data: Value) -> Any:
        """The value of the last slot."""
        return self.run(xp, data)[self.last]


def step_body(graph: Graph, slot: int) -> Body:
    """A step's body, ready for arguments of which some are stacked: `(xp, *arguments)`."""
    operation, shapes = graph.operations[slot], [graph.shapes[a] for a in graph.arguments[slot]]
    if isinstance(operation, Elementwise):
        ranks = [len(shape) for shape in shapes]
        return lifted(operation.value, ranks) if len(set(ranks)) > 1 else operation.value
    assert isinstance(operation, Structural)
    options, value = graph.options[slot], operation.value
    return together(lambda xp, *values: value(xp, options, *values), shapes)
