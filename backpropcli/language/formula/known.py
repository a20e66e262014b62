"""What hangs on which data, and what a step comes to where its data are known before the graph runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backpropcli.graph import Graph, Node
from backpropcli.language.data.deferred import ready
from backpropcli.language.formula.tape import Tape
from backpropcli.ops.definition import Value


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

    slots = behind(graph, slot)
    data: list[Value | None] = [None] * (slot + 1)
    for one in slots:
        if graph.operations[one] is None and one not in graph.constants:
            value = ready(by_slot.get(one))
            if value is None:
                return None
            data[one] = xp.asarray(value)
    with np.errstate(all="ignore"):
        return Tape(graph, slot, slots).run(xp, data)[slot]
