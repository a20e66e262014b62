"""Searches for a slope of a function that is known only by its values: around a point, and on either side of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from backpropcli.gradcheck.blackbox.resolution import float32
from backpropcli.gradcheck.blackbox.tensors import Probe
from backpropcli.gradcheck.differences import NARROWEST, UNIT, UNKNOWN, Calibration, Slope, limit, one_sided, scale
from backpropcli.gradcheck.network.corners import AGREE, Sides

BENT = 0.6
"""The second difference over the step shrinks with the step, to 0.27 here; on a corner it stays what it is."""


class Search(Calibration):
    """A calibration that starts at a given step, knows the value at the point, and sees when the function is bent.

    `still`: the function was the same everywhere, `bent`: on both sides of the point it goes differently. `varies` is
    the steepest way from the point to any place where it was asked.
    """

    __slots__ = ("bent", "here", "single", "still", "varies")

    def __init__(self, x: float, noise: float, goal: float, here: float, widest: float, single: bool) -> None:
        super().__init__(x, noise, goal)
        self.h = widest * scale(x)
        self.here = here
        self.single = single
        self.bent = False
        self.still = True
        self.varies = 0.0

    def points(self) -> tuple[float, float, float, float, float, float]:
        """Where the function is needed next; numbers of float32 where it knows no others."""
        found = super().points()
        if self.single:
            a, b, c, d, e, f = map(float32, found)
            return a, b, c, d, e, f
        return found

    def feed(self, values: Sequence[float], corner: int = -1) -> None:
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
        super().feed(values, -1)


class Asked(Protocol):
    """Who knows the function."""

    loss: float
    noise: float

    def losses(self, probes: Iterable[Probe]) -> list[float]:
        """The function at each probe."""


class Side:
    """The search for the slope on one side: `best`, and what the function tends to there."""

    def __init__(self, x: float, sign: float, widest: float, here: float) -> None:
        self.x = x
        self.sign = sign
        self.step = widest * scale(x)
        self.here = here
        self.best = UNKNOWN
        self.tends = here
        self.meets = False
        self.done = False

    def points(self) -> list[float]:
        """Four places on this side, at equal distances."""
        return [self.x + self.sign * self.step * k / 4.0 for k in (1, 2, 3, 4)]

    def feed(self, values: Sequence[float], noise: float) -> None:
        """The function at `points()`.

        What tends to the function's own value goes before what does not: a wide step may leap over a nearby corner.
        """
        if all(map(math.isfinite, values)):
            found, tends = one_sided(values, self.sign * self.step / 4.0, noise), limit(values, noise).value
            largest = max(abs(v) for v in (*values, self.here))
            meets = abs(tends - self.here) <= AGREE * abs(tends - values[-1]) + 40.0 * (noise + UNIT * largest)
            if (meets, -found.error) > (self.meets, -self.best.error):
                self.best, self.tends, self.meets = found, tends, meets
                if abs(found.value) <= 3.0 * found.error:
                    self.best = Slope(0.0, found.error)
            enough = self.best.error <= AGREE / 100.0 * abs(self.best.value)
            self.done = self.meets and (enough or 13.0 * noise * 64.0 / self.step > self.best.error)
        self.step /= 8.0
        if self.step < NARROWEST * scale(self.x):
            self.done = True


def two_sides(asked: Asked, places: Mapping[int, tuple[int, int, float]], widest: float) -> dict[int, Sides]:
    """The slopes to the left and to the right of each place (tensor, number, value), all searched side by side."""
    searches = {(k, sign): Side(x, sign, widest, asked.loss) for k, (_, _, x) in places.items() for sign in (-1.0, 1.0)}
    active = list(searches)
    while active:
        points = {key: searches[key].points() for key in active}
        seen = iter(asked.losses([(*places[key[0]][:2], x)] for key in active for x in points[key]))
        for key in active:
            searches[key].feed([next(seen) for _ in points[key]], asked.noise)
        active = [key for key in active if not searches[key].done]
    return {k: _sides(searches[k, -1.0], searches[k, 1.0]) for k in places}


def _sides(left: Side, right: Side) -> Sides:
    return Sides(left.best, right.best, not (left.meets and right.meets))
