"""Searches for a slope of a function that is known only by its values: around a point, and on either side of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from backpropcli.gradcheck.blackbox.resolution import float32
from backpropcli.gradcheck.differences import Slope, largest, limit
from backpropcli.gradcheck.point.corners import Sides
from backpropcli.gradcheck.stepsize import Points, SideSearch, StepSearch, or_zero
from backpropcli.gradcheck.tolerances import SIDES_AGREE, UNIT

if TYPE_CHECKING:
    from backpropcli.gradcheck.blackbox.tensors import Probe

BENT = 0.6
"""The second difference over the step shrinks with the step, to 0.27 here; on a corner it stays what it is."""


class Search(StepSearch):
    """A search that starts at a given step, knows the value at the point, and sees when the function is bent.

    `still`: the function was the same everywhere, `bent`: on both sides of the point it goes differently. `varies` is
    the steepest way from the point to any place where it was asked.
    """

    __slots__ = ("bent", "here", "single", "still", "varies")

    def __init__(self, x: float, noise: float, goal: float, here: float, widest: float, single: bool) -> None:
        super().__init__(x, noise, goal, widest)
        self.here = here
        self.single = single
        self.bent = False
        self.still = True
        self.varies = 0.0

    def points(self) -> Points:
        """Where the function is needed next; numbers of float32 where it knows no others."""
        found = super().points()
        if self.single:
            a, b, c, d, e, f = map(float32, found)
            return a, b, c, d, e, f
        return found

    def feed(self, values: Sequence[float], corner: int) -> None:
        """The function at `points()`."""
        self.still = self.still and all(v == self.here for v in values)
        places = self.points()
        if places[4] == places[5]:
            self.done = True
            return
        ways = (abs((v - self.here) / (p - self.x)) for p, v in zip(places, values, strict=True) if p != self.x)
        self.varies = max(self.varies, *(way for way in ways if math.isfinite(way)), 0.0)
        wide, narrow = places[0] - places[1], places[4] - places[5]
        turn = [(values[k] + values[k + 1] - 2.0 * self.here) / h for k, h in ((0, wide), (4, narrow))]
        loud = 16.0 * self.noise / narrow
        self.bent = math.isfinite(turn[0]) and abs(turn[1]) > max(BENT * abs(turn[0]), loud)
        super().feed(values, corner)


class Asked(Protocol):
    """Who knows the function."""

    loss: float
    noise: float

    def losses(self, probes: Iterable[Probe]) -> list[float]:
        """The function at each probe."""


class Side(SideSearch):
    """The search for the slope on one side; `meets`: there the function tends to its own value at the point, `here`."""

    __slots__ = ("here", "meets")

    def __init__(self, x: float, sign: float, noise: float, widest: float, here: float) -> None:
        super().__init__(x, sign, noise, widest)
        self.here = here
        self.meets = False

    def take(self, found: Slope, values: Sequence[float]) -> None:
        """What tends to the function's own value goes before what does not: a wide step may leap over a nearby
        corner.
        """
        tends = limit(values, self.noise)
        rounded = 40.0 * (self.noise + UNIT * largest((*values, self.here)))
        meets = abs(tends.value - self.here) <= SIDES_AGREE * abs(tends.value - values[-1]) + rounded
        if (meets, -found.error) > (self.meets, -self.best.error):
            self.best, self.tends, self.meets = or_zero(found), tends, meets

    def converged(self) -> bool:
        """Whether it meets the point, and is exact enough."""
        return self.meets and super().converged()


def two_sides(asked: Asked, places: Mapping[int, tuple[int, int, float]], widest: float) -> dict[int, Sides]:
    """The slopes to the left and to the right of each place (tensor, number, value), all searched side by side."""
    searches = {
        (k, sign): Side(x, sign, asked.noise, widest, asked.loss)
        for k, (_, _, x) in places.items()
        for sign in (-1.0, 1.0)
    }
    active = list(searches)
    while active:
        points = {key: searches[key].points() for key in active}
        seen = iter(asked.losses([(*places[key[0]][:2], x)] for key in active for x in points[key]))
        for key in active:
            searches[key].feed([next(seen) for _ in points[key]])
        active = [key for key in active if not searches[key].done]
    return {k: _sides(searches[k, -1.0], searches[k, 1.0]) for k in places}


def _sides(left: Side, right: Side) -> Sides:
    return Sides(left.best, right.best, not (left.meets and right.meets))
