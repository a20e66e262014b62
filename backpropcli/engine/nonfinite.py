"""Where NaN and infinity arise: the first step whose result is not finite although all that it was given is."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from backpropcli.engine.trace import Trace, plain
from backpropcli.ops.definition import Value


class Offender(NamedTuple):
    """The step (`label`: a node's name, or a2.1 for a step inside it) at which a value or gradient stops being finite.

    For a value, `inputs` are what it was computed from. For a gradient, `label` is what it is the gradient of, and
    `inputs` is what the node that passed it on was given, its own value first.
    """

    what: Literal["value", "gradient"]
    node: str
    label: str
    result: Any
    inputs: tuple[tuple[str, Any], ...]


def finite(value: Value) -> bool:
    """Whether a number, or every entry of an array, is neither NaN nor infinite."""
    if isinstance(value, float):
        return math.isfinite(value)
    import numpy as np

    return bool(np.isfinite(value).all())


def offenders(trace: Trace) -> list[Offender]:
    """The first value that is not finite, and the first gradient; each at most once, values first."""
    found = [first_value(trace), first_gradient(trace)]
    return [offender for offender in found if offender is not None]


def first_value(trace: Trace) -> Offender | None:
    """The first slot, in order of evaluation, whose value is not finite."""
    graph, slots = trace.graph, trace.slots
    for slot, value in enumerate(slots):
        if not finite(value):
            return _offender(trace, "value", slot, slot, plain(value, graph.shapes[slot]))
    return None


def first_gradient(trace: Trace) -> Offender | None:
    """The first slot, in order of the backward pass, whose gradient is not finite."""
    for slot in range(len(trace.slots) - 1, -1, -1):
        gradient = trace.gradients[slot]
        if gradient is not None and not finite(gradient):
            user = _passed_on_by(trace, slot)
            return _offender(trace, "gradient", slot, user, plain(gradient, trace.graph.shapes[slot]))
    return None


def _passed_on_by(trace: Trace, slot: int) -> int:
    """The last step that uses `slot`: the first that passed a gradient to it."""
    for later in range(len(trace.slots) - 1, slot, -1):
        if slot in trace.graph.arguments[later] and trace.gradients[later] is not None:
            return later
    return slot


def _offender(trace: Trace, what: Literal["value", "gradient"], slot: int, step: int, result: Any) -> Offender:
    graph = trace.graph
    labels = graph.labels()

    def shown(k: int) -> tuple[str, Any]:
        return labels.get(k, ""), plain(trace.slots[k], graph.shapes[k])

    inputs = [shown(k) for k in ((step, *graph.arguments[step]) if what == "gradient" else graph.arguments[slot])]
    label = labels.get(slot, "")
    return Offender(what, label.split(".")[0], label, result, tuple(inputs))
