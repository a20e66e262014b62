"""What follows from other numbers than a run's own: one stage, or one gradient, worked out from what stands before it.

An exercise is marked by it: who was wrong once, or rounded, and goes on rightly from there, is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.passes.stepping import convert

if TYPE_CHECKING:
    from backpropcli.engine.trace import Trace
    from backpropcli.ops.definition import Value


class Way(NamedTuple):
    """One way from a value to the loss: the steps, in evaluation order, of the one stage that it enters, whose result
    is at `slot`."""

    steps: tuple[int, ...]
    slot: int


def value(trace: Trace, way: Way, numbers: Mapping[int, Value]) -> Any:
    """What a stage comes to with these numbers, by slot, in the place of the run's own."""
    return trace.whole(_worked_out(trace, way, numbers)[way.slot], trace.graph.shapes[way.slot])


def gradient(
    trace: Trace, argument: int, ways: Sequence[Way], numbers: Mapping[int, Value], upstream: Mapping[int, Value]
) -> list[Any]:
    """What comes to a gradient through each way, with these values and these upstream gradients, both by slot.

    A value at a way's own slot is its result: sigmoid's derivative is worked out from it, y * (1 - y). Without one it
    is worked out from the numbers that the stage is given.
    """
    found = []
    for way in ways:
        v = _worked_out(trace, way, numbers)
        if way.slot in numbers:
            v[way.slot] = _number(trace, numbers[way.slot])
        above = upstream.get(way.slot, trace.gradients[way.slot])
        g = trace.plan.hand_back(v, reversed(way.steps), {way.slot: _number(trace, above)})
        found.append(trace.whole(g[argument], trace.graph.shapes[argument]))
    return found


def _worked_out(trace: Trace, way: Way, numbers: Mapping[int, Value]) -> list[Value]:
    """All values, those of a way's steps computed from the numbers given."""
    v = list(trace.slots)
    for slot, number in numbers.items():
        if slot not in way.steps:
            v[slot] = _number(trace, number)
    trace.plan.work_out(v, way.steps)
    return v


def _number(trace: Trace, value: Value) -> Value:
    return None if value is None else convert(trace.plan.numbers(), value)
