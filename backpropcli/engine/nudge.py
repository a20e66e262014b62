"""A nudge: one number moved a little by hand, and what happens to everything downstream of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from backpropcli.engine.tangents import tangents
from backpropcli.engine.trace import Trace, one_place, plain
from backpropcli.errors import UsageError

if TYPE_CHECKING:
    from backpropcli.graph import Kind
    from backpropcli.ops.definition import Value

FINER = 16.0
"""By this factor steps are made smaller and larger, to see which way the slope comes closer to the derivative."""
SURE = 1e-9
JUMP = 0.05
"""Slopes on both sides that differ by more than this part, however small the step, make a corner."""
LEAST, LEAST_AT_ZERO = 1e-14, 1e-100
"""The smallest step that is tried, as a part of the number, and at 0."""


class Moved(NamedTuple):
    """A node downstream: its value before and after, and its derivative by the nudged number (entry by entry)."""

    name: str
    before: Any
    after: Any
    derivative: Any


class Outlook(NamedTuple):
    """How the slope of a loss that is one number stands to its derivative.

    `kind` is "same" (they agree), "smaller" or "larger" (such a step comes closer; a larger one where rounding ate
    digits), "corner" (the slopes on both sides differ, however small the step), "jump" (the loss itself is another on
    one side, however small the step) or "" (none of these). `left` and `right` are the slopes on both sides; at a jump
    by how much the loss is another there.
    """

    kind: Literal["same", "smaller", "larger", "corner", "jump", ""]
    left: float
    right: float


class Nudge(NamedTuple):
    """One number, `name` (or its entry `index`), moved from `before` to `before + eps`, and the nodes that it moved.

    `watched` is the node that a gradient would be of, `of` the same, or None where it does not depend on the number.
    `held` are the nodes in whose formulas the way there is stopped: what stands in stop_gradient stays as it is.
    """

    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    kind: Kind
    before: float
    eps: float
    watched: str | None
    of: str | None
    moved: tuple[Moved, ...]
    outlook: Outlook | None = None
    held: tuple[str, ...] = ()

    @property
    def loss(self) -> Moved | None:
        """The row of the loss."""
        return next((row for row in self.moved if row.name == self.of), None)


def nudge(trace: Trace, name: str, eps: float, index: Sequence[int] = ()) -> Nudge:
    """Move one number by `eps` and compute again what lies downstream; what feeds a nudged node is left alone.

    Raises SpecError for an unknown name, or an index that does not name one entry; UsageError for a step that changes
    nothing.
    """
    graph = trace.graph
    value, node = trace.value(name), graph.nodes[name]
    place = one_place(name, graph.shape(name), index, "a nudge moves one number")
    before = float(value[place]) if place else value
    if not math.isfinite(eps) or before + eps == before:
        raise UsageError(f"a step of {eps:g} changes nothing at {before:g}", hint="Take a larger --eps.")

    def rerun(step: float) -> Sequence[Value]:
        return trace.plan.reevaluate(trace.slots, {node.slot: moved(value, place, step)[0]})

    rates = tangents(trace, node.slot, moved(value, place, eps)[1])
    rows = _rows(trace, node.slot, rerun(eps), rates)
    of: str | None = None
    held: tuple[str, ...] = ()
    if trace.of is not None:
        target = graph.nodes[trace.of].slot
        of = trace.of if target in rates else None
        held = tuple(graph.stopped(node.slot, target))
    found = Nudge(name, place, node.kind, before, eps, trace.of, of, rows, held=held)
    loss = found.loss
    if loss is None or graph.shape(loss.name) or not math.isfinite(loss.after - loss.before):
        return found
    of_slot = graph.nodes[loss.name].slot
    return found._replace(outlook=_outlook(found, loss, lambda step: float(rerun(step)[of_slot]) - float(loss.before)))


def _rows(trace: Trace, nudged: int, slots: Sequence[Value], rates: Mapping[int, Value]) -> tuple[Moved, ...]:
    """The nodes that moved, in order: `slots` has their values now, `rates` their derivatives."""
    rows = []
    for node in trace.graph.nodes.values():
        if node.slot in rates and node.slot != nudged:
            shape = trace.graph.shapes[node.slot]
            after, rate = plain(slots[node.slot], shape), plain(rates[node.slot], shape)
            rows.append(Moved(node.name, trace.value(node.name), after, rate))
    return tuple(rows)


def _outlook(found: Nudge, loss: Moved, change: Callable[[float], float]) -> Outlook:
    """How the slope of a loss stands to its derivative; `change` of a step is how far the loss moves."""
    before, eps = found.before, found.eps

    def slope(step: float) -> float:
        whole = (before + step) - before
        return change(step) / whole if whole else math.nan

    least = max(abs(before) * LEAST, LEAST_AT_ZERO)
    left, right = (jump(change, side * abs(eps) / FINER, side * least, float(loss.before)) for side in (-1.0, 1.0))
    if left or right:
        return Outlook("jump", left, right)
    return outlook(slope, eps, (loss.after - loss.before) / eps, float(loss.derivative))


def jump(change: Callable[[float], float], small: float, least: float, here: float) -> float:
    """By how much the loss is another on one side, however small the step; 0 where it gets as close as one likes."""
    there = change(least)
    if not math.isfinite(there) or abs(there) <= SURE * abs(here):
        return 0.0
    return there if abs(change(small) - there) <= JUMP * abs(there) else 0.0


def outlook(slope: Callable[[float], float], eps: float, here: float, derivative: float) -> Outlook:
    """Try other steps: `slope` of a step is the loss's; `here` is that of `eps`."""
    small = abs(eps) / FINER
    left, right = slope(-small), slope(small)
    jump, closer = right - left, slope(small / FINER) - slope(-small / FINER)
    if abs(jump) > JUMP * max(abs(left), abs(right)) and abs(closer - jump) < 2 * JUMP * abs(jump):
        # Half the step is half as far off, where the loss is curved: what is left of that is the corner's own slope.
        left, right = 2 * slope(-small / 2) - left, 2 * slope(small / 2) - right
        return Outlook("corner", left, right)
    off = abs(here - derivative)
    if off <= SURE * max(abs(here), abs(derivative)):
        return Outlook("same", left, right)
    if abs(slope(eps / FINER) - derivative) < off / 4:
        return Outlook("smaller", left, right)
    if abs(slope(eps * FINER) - derivative) < off / 4:
        return Outlook("larger", left, right)
    return Outlook("", left, right)


def moved(value: Any, place: tuple[int, ...], eps: float) -> tuple[Value, Value]:
    """A value with one entry moved by `eps`, and the direction of that move."""
    if not place:
        return value + eps, 1.0
    import numpy as np

    there, direction = np.array(value, dtype=float), np.zeros(np.shape(value))
    there[place] += eps
    direction[place] = 1.0
    return there, direction
