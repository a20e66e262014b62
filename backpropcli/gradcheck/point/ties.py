"""Directions over components that share a corner: where two of them move together, the loss may well be smooth.

max(x) at [1, 1] has slopes from 0 to 1 along either entry, and 1 along both: gradients between their own two slopes
are right only if they add up to that. A corner is where some u·p changes its sign, so along each component the slope
changes by a multiple of its |u|: weights of one over that change, with the right signs, leave u·p alone.

Two corners that are not the same one may cancel, as those of max(a, b) - max(c, d): such a direction is smooth by
chance, and no chain rule holds along it. Of one operation by itself its choice tells the two apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.gradcheck.acceptance import allowed, tells
from backpropcli.gradcheck.differences import Slope, scale
from backpropcli.gradcheck.point.corners import apart, differs
from backpropcli.gradcheck.stepsize import SideSearch
from backpropcli.gradcheck.tolerances import SIDES_AGREE, UNIT
from backpropcli.ops.definition import Structural

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point

PAIRS = 12
"""So many components are paired with each other."""
APART = 2.0**-20
"""So far on either side (relative) choices are compared."""


class Cornered(NamedTuple):
    """A component on a corner, and the slopes on either side of it."""

    component: Component
    left: float
    right: float


class Tie(NamedTuple):
    """A direction along which the loss is smooth: its slope there, and what the gradients add up to."""

    components: tuple[Component, ...]
    weights: tuple[float, ...]
    slope: Slope
    says: float


def untied(point: Point, cornered: Sequence[Cornered], tolerance: float, together: bool = False) -> Tie | None:
    """A direction over these components along which the loss is smooth and the gradients do not add up to its slope.

    `together`: only all of them, where no one is left behind. Of three that tie any two move the median, and one none.
    The choice that the last step makes, if it makes one, is the same along such a direction.
    """
    known = [c for c in cornered if 0.0 < abs(c.right - c.left) < math.inf]
    for weights in islice(directions(known), 1 if together else None):
        components = tuple(c.component for c, weight in zip(known, weights, strict=True) if weight)
        used = tuple(weight for weight in weights if weight)
        slope = smooth(point, components, used)
        if slope is None or not still(point, components, used):
            continue
        terms = [c.backprop * w for c, w in zip(components, used, strict=True)]
        says, size = sum(terms), max(abs(slope.value), *map(abs, terms))
        if tells(slope.error, size) and abs(says - slope.value) > allowed(size, slope.error, tolerance):
            return Tie(components, used, slope, says)
    return None


def directions(cornered: Sequence[Cornered]) -> Iterator[tuple[float, ...]]:
    """Weights for all components together, then for every two of them."""
    if len(cornered) < 2:
        return
    jumps = [abs(c.right - c.left) for c in cornered]
    unit = max(jumps)
    signs = [math.copysign(1.0, c.left + c.right) for c in cornered]
    yield tuple(unit / jump for jump in jumps)
    if any(s < 0.0 for s in signs):
        yield tuple(s * unit / jump for s, jump in zip(signs, jumps, strict=True))
    if len(cornered) == 2:
        yield unit / jumps[0], -unit / jumps[1]
        return
    for a, b in combinations(range(min(len(cornered), PAIRS)), 2):
        for sign in (1.0, -1.0):
            yield tuple(
                unit / jumps[k] * (sign if k == b else 1.0) if k in (a, b) else 0.0 for k in range(len(cornered))
            )


def smooth(point: Point, components: Sequence[Component], weights: Sequence[float]) -> Slope | None:
    """The slope of the loss along a direction; None where it has two, or none that can be seen."""
    noise = math.hypot(*(point.noise(slot) for slot in {c.slot for c in components}))
    (left, below), (right, above) = (_side(point, components, weights, sign, noise) for sign in (-1.0, 1.0))
    here = Slope(point.loss, noise + UNIT * abs(point.loss))
    if any(apart(a, b) for a, b in ((below, above), (below, here), (above, here))):
        return None
    gap, size = abs(left.value - right.value), max(abs(left.value), abs(right.value))
    if not gap <= allowed(size, left.error + right.error, SIDES_AGREE):
        return None
    best = min(left, right, key=lambda side: side.error)
    return Slope(best.value, max(best.error, gap))


def still(point: Point, components: Sequence[Component], weights: Sequence[float]) -> bool:
    """Whether the step that gives the loss makes the same choice on either side, as it does where one corner is left
    alone; of an elementwise one only its slopes tell.
    """
    operation = point.graph.operations[point.target]
    if not isinstance(operation, Structural) or operation.branch is None:
        return True
    here, arguments = point.branch_here(point.target), point.graph.arguments[point.target]
    for t in (-APART, APART):
        v = values(point, components, [t * scale(c.x) * w for c, w in zip(components, weights, strict=True)])
        if differs(point.branch(operation, point.target, v, arguments), here):
            return False
    return True


def _side(
    point: Point, components: Sequence[Component], weights: Sequence[float], sign: float, noise: float
) -> tuple[Slope, Slope]:
    search = SideSearch(0.0, sign, noise, unit=max(scale(c.x) for c in components))
    while not search.done:
        search.feed([moved(point, components, [t * w for w in weights]) for t in search.points()])
    return search.best, search.tends


def moved(point: Point, components: Sequence[Component], by: Sequence[float]) -> float:
    """The loss with every component moved by its own amount."""
    return point.total(values(point, components, by)[point.target])


def values(point: Point, components: Sequence[Component], by: Sequence[float]) -> list[Any]:
    """By slot the values with every component moved by its own amount."""
    changed: dict[int, Any] = {}
    for c, d in zip(components, by, strict=True):
        if not point.graph.shapes[c.slot]:
            changed[c.slot] = c.x + d
            continue
        if c.slot not in changed:
            import numpy as np

            changed[c.slot] = np.array(np.broadcast_to(point.slots[c.slot], point.graph.shapes[c.slot]), float)
        changed[c.slot].flat[c.flat] = c.x + d
    return point.plan.reevaluate(point.slots, changed)
