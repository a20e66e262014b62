"""What hangs on which data, and what a step comes to where its data are known before the graph runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backpropcli.graph import Graph, Node
from backpropcli.language.data.deferred import ready
from backpropcli.ops.definition import Elementwise, Structural, Value


def behind(graph: Graph, slot: int, through: bool = True) -> list[int]:
    """The slots that a slot is made from, itself included, in evaluation order; not `through` what is stopped."""
    found, waiting = {slot}, [slot]
    while waiting:
        now = waiting.pop()
        for a in graph.arguments[now] if through or not graph.stops(now) else ():
            if a not in found:
                found.add(a)
                waiting.append(a)
    return sorted(found)


def made_from(graph: Graph, slot: int) -> Iterator[Node]:
    """The data that a slot moves with."""
    needed = set(behind(graph, slot, through=False))
    for node in graph.nodes.values():
        if node.kind != "node" and node.slot in needed:
            yield node


def known_value(graph: Graph, values: Mapping[str, Value], slot: int) -> Value | None:
    """A slot's value; None where some of its data are not known."""
    by_slot = {node.slot: values.get(node.name) for node in graph.nodes.values() if node.kind != "node"}
    if slot in by_slot:
        return ready(by_slot[slot])
    import numpy as np

    from backpropcli.ops.numbers.array import xp

    done: dict[int, Value] = {}
    with np.errstate(all="ignore"):
        for now in behind(graph, slot):
            operation = graph.operations[now]
            given = [done[a] for a in graph.arguments[now]]
            if isinstance(operation, Elementwise):
                done[now] = operation.value(xp, *given)
            elif isinstance(operation, Structural):
                done[now] = operation.value(xp, graph.options[now], *given)
            else:
                value = ready(graph.constants.get(now, by_slot.get(now)))
                if value is None:
                    return None
                done[now] = xp.asarray(value)
    return done[slot]
