"""Corners: where an operation's branch changes, a slope has two sides, and each is measured on its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.gradcheck.acceptance import allowed
from backpropcli.gradcheck.differences import Slope, scale
from backpropcli.gradcheck.stepsize import SideSearch
from backpropcli.gradcheck.tolerances import MARGIN, SIDES_AGREE, UNIT
from backpropcli.ops.definition import Elementwise

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point

NEIGHBOURS, DISTANCE = 24, 2.0**-20
"""So many points, and so far from a corner, tell which slopes meet there."""


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
        return not self.jump and bool(gap <= allowed(size, self.left.error + self.right.error, SIDES_AGREE))

    @property
    def known(self) -> bool:
        """Whether both sides could be measured."""
        return math.isfinite(self.left.value) and math.isfinite(self.right.value)

    @property
    def middle(self) -> Slope:
        """What lies between the two, their errors included."""
        left, right = self.left, self.right
        gap = abs(left.value - right.value) / 2.0 + left.error + right.error
        return Slope((left.value + right.value) / 2.0, gap)

    def hold(self, slope: float) -> bool:
        """Whether `slope` lies between the two, their errors included."""
        low, high = sorted((self.left, self.right))
        slack = SIDES_AGREE * max(abs(low.value), abs(high.value), abs(slope))
        return low.value - slack - MARGIN * low.error <= slope <= high.value + slack + MARGIN * high.error


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
    shape, distance = point.graph.shapes[slot], DISTANCE * scale(component.x)
    low, high = sorted((found.left, found.right))
    for _ in range(NEIGHBOURS):
        value = point.slots[slot] + distance * rng.choice((-1.0, 1.0), shape) * (rng.uniform(0.5, 1.0, shape))
        step = distance / 64.0
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
    return abs(a.value - b.value) > MARGIN * (a.error + b.error)


def side(point: Point, component: Component, sign: float, noise: float) -> tuple[Slope, Slope]:
    """The slope on one side, and the limit of the loss there: the best of steps with one choice throughout."""
    search = SideSearch(component.x, sign, noise)
    while not search.done:
        seen = [point.move(component, x) for x in search.points()]
        first = seen[0][1]
        alike = all(not differs(a, b) for _, other in seen[1:] for a, b in zip(first, other, strict=True))
        search.feed([loss for loss, _ in seen], alike)
    return search.best, search.tends
