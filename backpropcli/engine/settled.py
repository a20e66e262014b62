"""What rounding has left of 0, settled: 0.1 + 0.2 - 0.3 is 5.6e-17 in a computer, and 0 on paper."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from backpropcli.engine.backward import unbroadcast
from backpropcli.engine.trace import Trace, plain
from backpropcli.ops.definition import Elementwise

ROUNDING = 2e-15
"""A smaller part of the numbers that were added up to it is what rounding has left of 0."""
MOST = 4_000
"""Steps whose table of local derivatives has more entries than these are taken as they are."""


class Settled(NamedTuple):
    """A trace without what rounding has left of 0; by slot, how large its value and its gradient could well have been.

    Those sizes have the numbers' shapes: all that was added up, as if nothing had cancelled. None where no gradient is.
    """

    trace: Trace
    sizes: list[Any]
    gradient_sizes: list[Any]


def settled(trace: Trace) -> Settled:
    """The same run, with 0 for every value and gradient that rounding has left of 0, and what follows from it.

    A small number is kept where nothing cancelled, however small: sigmoid(-40) is 4.2e-18. A corner that a settled
    value lies at is treated as one: relu there is 0, and its derivative too.
    """
    graph, now = trace.graph, trace
    sizes = [_size(trace, value, slot) for slot, value in enumerate(trace.slots)]
    for slot, operation in enumerate(graph.operations):
        if operation is None:
            continue
        for k, argument in enumerate(graph.arguments[slot]):
            reached = _reached(now, slot, k, argument, sizes[argument])
            sizes[slot] = reached if k == 0 or sizes[slot] is None else sizes[slot] + reached
        value = plain(now.slots[slot], graph.shapes[slot])
        sizes[slot] = _larger(sizes[slot], abs(value))
        found = _without_dust(value, sizes[slot])
        if found is not None:
            slots = now.plan.reevaluate(now.slots, {slot: found})
            if all(_finite(x) for x in slots):
                now = Trace(trace.plan, trace.of, slots, trace.gradients, trace.everything)
    gradient_sizes: list[Any] = [None] * len(sizes)
    if now.of is None:
        return Settled(now, sizes, gradient_sizes)
    gradients = now.gradients
    if now is not trace:
        gradients = now.plan.backward(now.slots, now.seeds(), everything=now.everything)
    gradients = list(gradients)
    now = Trace(now.plan, now.of, now.slots, gradients, now.everything)
    for slot in now.seeds():
        gradient_sizes[slot] = abs(plain(gradients[slot], graph.shapes[slot]))
    for slot in reversed(range(len(sizes))):
        if gradients[slot] is None or gradient_sizes[slot] is None:
            continue
        value = plain(gradients[slot], graph.shapes[slot])
        gradient_sizes[slot] = _larger(gradient_sizes[slot], abs(value))
        found = _without_dust(value, gradient_sizes[slot])
        gradients[slot] = gradients[slot] if found is None else found
        for k, argument in enumerate(graph.arguments[slot]):
            if gradients[argument] is not None:
                arrived = _arrived(now, slot, k, argument, gradient_sizes[slot])
                before = gradient_sizes[argument]
                gradient_sizes[argument] = arrived if before is None else before + arrived
    return Settled(now, sizes, gradient_sizes)


def _size(trace: Trace, value: Any, slot: int) -> Any:
    return None if value is None else abs(plain(value, trace.graph.shapes[slot]))


def _reached(trace: Trace, slot: int, k: int, argument: int, size: Any) -> Any:
    """What the size of an argument adds to a step's."""
    graph = trace.graph
    if isinstance(graph.operations[slot], Elementwise):
        return _full(abs(trace.partial(slot, k)) * size, graph.shapes[slot])
    table = _table(trace, slot, argument)
    if table is None:
        return 0.0
    axes = len(graph.shapes[argument])
    return _full((table * size).sum(axis=tuple(range(-axes, 0))) if axes else table * size, graph.shapes[slot])


def _arrived(trace: Trace, slot: int, k: int, argument: int, size: Any) -> Any:
    """What the size of a step's gradient adds to an argument's."""
    graph = trace.graph
    own = graph.shapes[argument]
    if isinstance(graph.operations[slot], Elementwise):
        through = _full(abs(trace.partial(slot, k)) * size, graph.shapes[slot])
        return unbroadcast(through, own, 0) if graph.shapes[slot] else through
    table = _table(trace, slot, argument)
    if table is None:
        return 0.0
    import numpy as np

    return _full(np.tensordot(size, table, axes=len(graph.shapes[slot])), own)


def _table(trace: Trace, slot: int, argument: int) -> Any:
    """The sizes of all local derivatives of a structural step by an argument; None where there are too many."""
    graph = trace.graph
    if prod(graph.shapes[slot]) * prod(graph.shapes[argument]) > MOST:
        return None
    import numpy as np

    return np.abs(np.asarray(trace.jacobian(slot, argument)))


def _without_dust(value: Any, size: Any) -> Any:
    """A value with 0 in the place of dust; None where there is none."""
    dust = (abs(value) <= ROUNDING * size) & (value != 0)
    if not getattr(value, "shape", ()):
        return 0.0 if dust else None
    return value * ~dust if dust.any() else None


def _larger(size: Any, least: Any) -> Any:
    if not getattr(least, "shape", ()):
        return max(float(size), least) if size is not None else least
    import numpy as np

    return least if size is None else np.maximum(size, least)


def _full(value: Any, shape: tuple[int, ...]) -> Any:
    return plain(value, shape)


def _finite(value: Any) -> bool:
    if value is None:
        return True
    found = abs(value) < float("inf")
    return bool(found.all()) if getattr(value, "shape", ()) else bool(found)
