"""Corners: where an operation's branch changes, a slope has two sides, and each is measured on its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from backpropcli.gradcheck.differences import NARROWEST, UNIT, UNKNOWN, WIDEST, Slope, limit, one_sided, scale
from backpropcli.gradcheck.network.point import Component, Point
from backpropcli.ops.definition import Elementwise

SHRINKS = 0.6
"""From a step to one an eighth as wide, what still shrinks has this share of the change left at most (as its root)."""
NEARBY, BESIDE = 24, 2.0**-20
"""So many points, and so far from a corner, tell which slopes meet there."""
AGREE = 1e-6
"""Two slopes, or two values, that differ by less than this (relative) are the same for a corner or a jump."""


class Sides(NamedTuple):
    """The slope on either side of a point; `jump` if the values themselves do not meet there."""

    left: Slope
    right: Slope
    jump: bool

    @property
    def smooth(self) -> bool:
        """Whether both sides tell the same slope and the same value: no corner shows in the loss."""
        gap = abs(self.left.value - self.right.value)
        size = max(abs(self.left.value), abs(self.right.value))
        return not self.jump and gap <= AGREE * size + 3.0 * (self.left.error + self.right.error)

    @property
    def known(self) -> bool:
        """Whether both sides could be measured."""
        return math.isfinite(self.left.value) and math.isfinite(self.right.value)

    def hold(self, slope: float) -> bool:
        """Whether `slope` lies between the two, their errors included."""
        low, high = sorted((self.left, self.right))
        slack = AGREE * max(abs(low.value), abs(high.value), abs(slope))
        return low.value - slack - 3.0 * low.error <= slope <= high.value + slack + 3.0 * high.error


def exactly_on(point: Point, slot: int) -> bool:
    """Whether a step stands exactly on its own corner: the next float on some side already makes another choice."""
    operation = point.graph.operations[slot]
    arguments = point.graph.arguments[slot]
    here = point.branch_here(slot)
    for a in arguments:
        value = point.slots[a]
        for side in (-math.inf, math.inf) if isinstance(operation, Elementwise) else apart_from_each_other(value):
            v = list(point.slots)
            v[a] = nudged(value, side)
            other = point.branch(operation, slot, v, arguments)
            if differs(other, here):
                return True
    return False


def apart_from_each_other(value: Any) -> Iterator[Any]:
    """Sides for all entries at a time, by the bits of their numbers: every two of them once go to different ones."""
    import numpy as np

    numbers = np.arange(np.size(value)).reshape(np.shape(value))
    for bit in range(max(1, (np.size(value) - 1).bit_length())):
        for side in (-math.inf, math.inf):
            yield np.where(numbers >> bit & 1, side, -side)


def nudged(value: Any, side: Any) -> Any:
    """The next floats towards `side`."""
    if isinstance(value, float):
        return math.nextafter(value, side)
    import numpy as np

    return np.nextafter(value, side)


def differs(a: Any, b: Any) -> bool:
    """Whether two choices, numbers or arrays of them, differ anywhere."""
    changed = a != b
    return bool(changed.any()) if getattr(changed, "ndim", 0) else bool(changed)


def sides(point: Point, component: Component) -> Sides:
    """The loss's slope to the left and to the right of a component that stands on a corner."""
    noise = point.noise(component.slot)
    (left, below), (right, above) = (side(point, component, sign, noise) for sign in (-1.0, 1.0))
    here = Slope(point.loss, noise + UNIT * abs(point.loss))
    jump = any(apart(a, b) for a, b in ((below, above), (below, here), (above, here)))
    return Sides(left, right, jump)


def around(point: Point, component: Component, found: Sides) -> Sides:
    """The sides, widened by the slopes close by: where three entries tie, the median does not move with any one of
    them, but beside the tie it moves with one.
    """
    if isinstance(point.graph.operations[point.target], Elementwise) or not point.graph.shapes[component.slot]:
        return found
    import numpy as np

    rng, slot = np.random.default_rng(0), component.slot
    low, high = sorted((found.left, found.right))
    for _ in range(NEARBY):
        value = point.slots[slot] + BESIDE * scale(component.x) * rng.choice((-1.0, 1.0), point.graph.shapes[slot]) * (
            rng.uniform(0.5, 1.0, point.graph.shapes[slot])
        )
        step = BESIDE / 64.0 * scale(component.x)
        losses = []
        for to in (-step, step):
            moved = value + 0.0
            moved.flat[component.flat] += to
            losses.append(point.total(point.plan.reevaluate(point.slots, {slot: moved})[point.target]))
        slope = Slope((losses[1] - losses[0]) / (2.0 * step), point.noise(slot) / step)
        low, high = min(low, slope), max(high, slope)
    return found._replace(left=low, right=high)


def apart(a: Slope, b: Slope) -> bool:
    """Whether two numbers differ by more than their errors. Nothing is relative to the loss, which may be 0."""
    return abs(a.value - b.value) > 3.0 * (a.error + b.error)


def side(point: Point, component: Component, sign: float, noise: float) -> tuple[Slope, Slope]:
    """The slope on one side, and the limit of the loss there: the best of steps with one choice throughout."""
    best, tends, before, led = UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
    step = WIDEST * scale(component.x)
    while step >= NARROWEST * scale(component.x):
        xs = [component.x + sign * step * k / 4.0 for k in (1, 2, 3, 4)]
        seen = [point.move(component, x) for x in xs]
        losses = [loss for loss, _ in seen]
        alike = all(not differs(a, b) for _, other in seen[1:] for a, b in zip(seen[0][1], other, strict=True))
        if alike and all(math.isfinite(loss) for loss in losses):
            found = shrinking(one_sided(losses, sign * step / 4.0, noise), before)
            there = shrinking(limit(losses, noise), led)
            before, led = found, there
            # Where the slope grows from step to step, a wider one has not seen its own error.
            refuted = abs(found.value - best.value) > found.error + best.error
            if found.error < best.error or refuted:
                best, tends = found, there
                if abs(best.value) <= 3.0 * best.error:
                    best = Slope(0.0, best.error)
            if best.error <= AGREE / 100 * abs(best.value) or 13.0 * noise * 64.0 / step > best.error:
                break
        step /= 8.0
    return best, tends


def shrinking(found: Slope, before: Slope) -> Slope:
    """What was found, after the same at a wider step: a root of the step is no cubic, and what is left of it shows from
    one to the next.
    """
    if not math.isfinite(before.value):
        return found
    return Slope(found.value, max(found.error, SHRINKS * abs(found.value - before.value)))
