"""Where NaN and infinity arise: the first step whose result is not finite although all that it was given is.

Only what the differentiated node uses is to blame: a branch that is never taken may hold what it likes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from backpropcli.engine.trace import Trace, plain
from backpropcli.ops.numbers.nothing import Unreached
from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value
    from backpropcli.passes.backward import Gradients


class Offender(NamedTuple):
    """The step (`label`: a node's name, or a2.1 for a step inside it) at which a value or gradient stops being finite.

    For a value, `inputs` are what it was computed from. For a gradient, `label` is what it is the gradient of, and
    `inputs` is what the node that passed it on was given, its own value first. `used`: whether the node that is
    differentiated looks at it at all.
    """

    what: Literal["value", "gradient"]
    node: str
    label: str
    result: Any
    inputs: tuple[tuple[str, Any], ...]
    used: bool = True


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
    """Where values that are not finite arise: the first such slot among those that are used.

    An infinity that was given (a mask of -inf) is to blame only if it spoils the result, and nothing else does. Of what
    is not used, only a node's own value is worth a word.
    """
    odd = [slot for slot, value in enumerate(trace.slots) if value is not None and not finite(value)]
    if not odd:
        return None
    live = used(trace, odd)
    lists = [[slot for slot in live if _arises(trace, slot)]]
    if trace.of is None or not _fine(trace):
        lists += [slot for slot in live if _computed(trace, slot)], live
    for slots in lists:
        if slots:
            return _offender(trace, "value", slots[0], slots[0], plain(trace.slots[slots[0]], _shape(trace, slots[0])))
    named = {node.slot for node in trace.graph.nodes.values() if node.kind == "node"}
    for slot in odd:
        if slot in named and _arises(trace, slot):
            found = _offender(trace, "value", slot, slot, plain(trace.slots[slot], _shape(trace, slot)))
            return found._replace(used=False)
    return None


def used(trace: Trace, slots: Sequence[int]) -> list[int]:
    """Those of these slots, not finite somewhere, that the differentiated node looks at there; all without one."""
    constants = trace.graph.constants
    if trace.of is None:
        return [slot for slot in slots if slot not in constants]
    gradients = marked(trace)
    return [slot for slot in slots if slot not in constants and _used(gradients, slot, trace.slots[slot])]


def marked(trace: Trace) -> Gradients:
    """All gradients, with a mark on those that are 0 because nothing comes back to them."""
    xp = trace.plan.numbers()
    with quietly(xp):
        return trace.plan.backward_again(trace.slots, trace.seeds(), xp)


def _used(gradients: Gradients, slot: int, value: Value) -> bool:
    gradient = gradients[slot]
    if gradient is None or type(gradient) is Unreached:
        return False
    unused = getattr(gradient, "nothing", None)
    return unused is None or not finite(value[~unused] if getattr(value, "shape", ()) == unused.shape else value)


def _fine(trace: Trace) -> bool:
    """Whether what was asked for, the differentiated node and its gradients, is finite."""
    assert trace.of is not None
    found = [trace.slots[trace.graph.nodes[trace.of].slot], *trace.gradients]
    return all(finite(value) for value in found if value is not None)


def _computed(trace: Trace, slot: int) -> bool:
    return trace.graph.operations[slot] is not None


def _arises(trace: Trace, slot: int) -> bool:
    """Whether a value is not finite though its arguments are, or is NaN though none of them is."""
    given = [trace.slots[a] for a in trace.graph.arguments[slot]]
    if not given:
        return _nan(trace.slots[slot])
    return all(map(finite, given)) or (_nan(trace.slots[slot]) and not any(map(_nan, given)))


def _nan(value: Value) -> bool:
    odd = value != value
    return bool(odd.any()) if getattr(odd, "ndim", 0) else bool(odd)


def _shape(trace: Trace, slot: int) -> tuple[int, ...]:
    return trace.graph.shapes[slot]


def first_gradient(trace: Trace) -> Offender | None:
    """The first slot, in order of the backward pass, whose gradient is not finite."""
    for slot in range(len(trace.slots) - 1, -1, -1):
        gradient = trace.gradients[slot]
        if gradient is not None and not finite(gradient):
            user = _passed_on_by(trace, slot)
            return _offender(trace, "gradient", slot, user, plain(gradient, trace.graph.shapes[slot]))
    return None


def _passed_on_by(trace: Trace, slot: int) -> int:
    """The last step that uses `slot` and passed something to it that is not finite; else the last that passed any."""
    passing = -1
    for later in range(len(trace.slots) - 1, slot, -1):
        upstream = trace.gradients[later]
        if slot in trace.graph.arguments[later] and upstream is not None:
            passing = max(passing, later)
            through = trace.plan.backward(trace.slots, {later: upstream}, until=later)[slot]
            if through is not None and not finite(through):
                return later
    return passing if passing >= 0 else slot


def _offender(trace: Trace, what: Literal["value", "gradient"], slot: int, step: int, result: Any) -> Offender:
    graph = trace.graph
    labels = graph.labels()

    def shown(k: int) -> tuple[str, Any]:
        return labels.get(k, ""), plain(trace.slots[k], graph.shapes[k])

    inputs = [shown(k) for k in ((step, *graph.arguments[step]) if what == "gradient" else graph.arguments[slot])]
    label = labels.get(slot, "")
    return Offender(what, label.split(".")[0], label, result, tuple(inputs))
