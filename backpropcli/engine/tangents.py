"""Tangents: forward-mode derivatives, how fast every value downstream moves when one number does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import XP, Elementwise, Structural, Value
from backpropcli.ops.numbers.careful import careful, settled
from backpropcli.passes.backward import finite
from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.engine.trace import Trace


def tangents(trace: Trace, slot: int, direction: Value = 1.0) -> dict[int, Value]:
    """d(value)/dt by slot, for everything downstream, when the value in `slot` is moved by `direction` times t.

    `direction` has the shape of that value. An elementwise step multiplies by its local derivatives; any other step
    takes a complex step of its own (Squire and Trapp 1998), which rounds nothing away.
    """
    xp = trace.plan.numbers()
    with quietly(xp):
        found = carried(trace, slot, direction, xp)
        if finite(list(found.values())):
            return found
        again = carried(trace, slot, direction, careful(xp))
        return {later: settled(moved, xp) for later, moved in again.items()}


def carried(trace: Trace, slot: int, direction: Value, xp: XP) -> dict[int, Value]:
    """The same by one namespace; a careful one passes nothing on through a branch that is not taken."""
    graph = trace.graph
    moving: dict[int, Value] = {slot: direction}
    for later in graph.downstream(slot):
        operation, arguments = graph.operations[later], graph.arguments[later]
        if isinstance(operation, Elementwise):
            total: Value = None
            for k, a in enumerate(arguments):
                if a in moving:
                    term = trace.partial(later, k, xp) * moving[a]
                    total = term if total is None else total + term
            moving[later] = total
        elif isinstance(operation, Structural):
            moving[later] = complex_step(trace, later, operation, moving)
    return moving


def complex_step(trace: Trace, slot: int, operation: Structural, moving: dict[int, Value]) -> Any:
    """How a structural step's value moves with its arguments."""
    import numpy as np

    from backpropcli.ops.numbers.complexstep import slope, start, xp

    graph, values = trace.graph, []
    for a in graph.arguments[slot]:
        shape = graph.shapes[a]
        direction = np.broadcast_to(np.asarray(moving.get(a, 0.0), float), shape)
        values.append(start(np.broadcast_to(np.asarray(trace.slots[a], float), shape), direction))
    return slope(operation.value(xp, graph.options[slot], *values))
