"""The right rules at slightly other values: an epsilon left out of the backward pass, n - 1 for n."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.gradcheck.mistakes.mutations import replaced
from backpropcli.ops.definition import Elementwise, Operation, Structural

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.gradcheck.external.spelling import Spelling
    from backpropcli.graph import Node

SMALL = 1e-2
"""A constant up to this may be an epsilon, which keeps a division from 0."""
EPSILONS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)
"""What libraries have."""
NEXT = 3
"""So many nodes behind a changed number may take it over."""


class Revalued(NamedTuple):
    """A backward pass at other values: where they begin, in words, the values, and rules that go with them."""

    node: str
    words: str
    slots: list[Any]
    changed: dict[int, Operation]


def revalued(trace: Trace, spell: Spelling) -> Iterator[Revalued]:
    """Backward passes at other values: without an ε, with another one, with n - 1 for n."""
    graph, plan = trace.graph, trace.plan
    for slot, c in graph.constants.items():
        users = [s for s, arguments in enumerate(graph.arguments) if slot in arguments]
        if not isinstance(c, float) or not 0.0 < abs(c) <= SMALL or not users:
            continue
        node = spell.owner(users[0])
        for value in (0.0, *EPSILONS):
            if value != c:
                what = "left out" if value == 0.0 else f"{value:g}"
                words = f"the {c:g} in {node.name} = {node.formula} is {what} in their backward pass"
                yield from _variants(trace, node, words, plan.reevaluate(trace.slots, {slot: value}))
    for slot, operation in enumerate(graph.operations):
        arguments = graph.arguments[slot]
        if not isinstance(operation, Structural) or not operation.count_power:
            continue
        count = math.prod(graph.shapes[arguments[0]]) // max(1, math.prod(graph.shapes[slot]))
        if count < 2:
            continue
        node = spell.owner(slot)
        other = trace.slots[slot] * (count / (count - 1)) ** operation.count_power
        words = f"{spell.slot(slot)} has n - 1 = {count - 1} in their backward pass where n = {count} belongs (ddof)"
        yield from _variants(trace, node, words, plan.reevaluate(trace.slots, {slot: other}))


def _variants(trace: Trace, node: Node, words: str, v: list[Any]) -> Iterator[Revalued]:
    """The other values in all that follows; in the next few nodes alone; inside the first of them alone.

    A rule that uses its step's own value (-y/b for a quotient) has it from its arguments as they are then.
    """
    graph = trace.graph
    yield Revalued(node.name, words, v, {})
    moved = [slot for slot in range(node.first, len(v)) if v[slot] is not trace.slots[slot]]
    nodes = [n for n in graph.nodes.values() if n.kind == "node" and n.slot in set(moved)]
    for end in dict.fromkeys(slot for n in nodes[:NEXT] for slot in (n.slot - 1, n.slot)):
        slots = list(trace.slots)
        for slot in moved:
            if slot <= end:
                slots[slot] = v[slot]
        changed = {s for s in moved if s <= end}
        users = {
            s: o
            for s, o in enumerate(graph.operations)
            if isinstance(o, Elementwise) and s not in changed and changed & set(graph.arguments[s])
        }
        anew = {s: _from_arguments(o) for s, o in users.items()}
        yield Revalued(node.name, words, slots, anew)
        if anew:
            yield Revalued(node.name, words, slots, {})


def _from_arguments(operation: Elementwise) -> Operation:
    """The operation whose local derivatives take its value from the arguments that they get."""
    other: Operation = operation
    for position in range(len(operation.arguments)):
        other = replaced(other, position, partial(_own_value, operation))
    return other


def _own_value(operation: Elementwise, body: Any) -> Any:
    return lambda xp, y, *v: body(xp, operation.value(xp, *v), *v)
