"""Many searches for a step side by side: what `differences.Calibration` does for one component, for arrays of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpropcli.gradcheck.differences import (
    AMPLIFIED,
    DROWNED,
    LARGEST_POWER,
    NARROWER,
    NARROWEST,
    Q2,
    Q3,
    SECOND,
    THIRD,
    UNIT,
    WEIGHTS,
    WIDEST,
)

Array = Any


def scales(x: Array) -> Array:
    """`differences.scale` of every number."""
    return np.where(np.abs(x) <= 1.0, 1.0, np.ldexp(1.0, np.minimum(np.frexp(x)[1], LARGEST_POWER)))


class Calibrations:
    """The searches of all components, in arrays by component; `points` and `feed` take those still `active`.

    `value` ± `error` is the best slope so far; the rest as in `Calibration`.
    """

    def __init__(self, x: Array, noise: Array, goal: float) -> None:
        self.x = np.asarray(x, float)
        self.noise = np.broadcast_to(np.asarray(noise, float), self.x.shape)
        self.goal = goal
        self.scale = scales(self.x)
        self.h = WIDEST * self.scale
        self.value = np.full(self.x.shape, np.nan)
        self.error = np.full(self.x.shape, np.inf)
        self.corner = np.full(self.x.shape, -1)
        self.cornered = np.zeros(self.x.shape, bool)
        self.done = np.zeros(self.x.shape, bool)

    def active(self) -> Array:
        """The numbers of the components whose search goes on."""
        return np.flatnonzero(~self.done)

    def run(self, look: Callable[[Array, Array], tuple[Array, Array]]) -> Calibrations:
        """Search to the end; `look` is asked for the losses and corners of those active, at their places."""
        active = self.active()
        while len(active):
            places = self.points(active)
            self.feed(active, places, *look(active, places))
            active = self.active()
        return self

    def points(self, active: Array) -> Array:
        """Where the function is needed next: (active, 6), x ± each of the three steps, the widest first."""
        x, h = self.x[active], self.h[active]
        result = np.empty((len(active), 6))
        for k, step in enumerate((h, SECOND * h, THIRD * h)):
            result[:, 2 * k] = x + step
            result[:, 2 * k + 1] = x - step
        return result

    def feed(self, active: Array, points: Array, values: Array, corners: Array) -> None:
        """The function at the points, and for each component the first branch that changes among them, or -1."""
        finite = np.isfinite(values).all(axis=1)
        cornered = corners >= 0
        self.cornered[active] = cornered
        self.corner[active[cornered]] = corners[cornered]
        good = finite & ~cornered
        narrow = ~good
        k = active[good]
        if len(k):
            with np.errstate(all="ignore"):
                narrow[good] = ~self._judged(k, points[good], values[good])
            self.done[active[good & ~narrow]] = True
        k = active[narrow]
        self.h[k] *= NARROWER
        self.done[k[self.h[k] < NARROWEST * self.scale[k]]] = True

    def _judged(self, k: Array, points: Array, values: Array) -> Array:
        """Take what was found into account; whether each search is at its end."""
        noise, h = self.noise[k], self.h[k]
        found, error, rounded = rombergs(values, points, noise)
        drowned = error <= DROWNED * rounded
        gap = np.abs(found - self.value[k])
        kept = (error > self.error[k]) & drowned & (gap <= 3.0 * (error + self.error[k]))
        new = k[~kept]
        self.value[new], self.error[new] = found[~kept], error[~kept]
        sharp = self.error[k] <= self.goal * np.abs(self.value[k])
        end: Array = (sharp & (kept | drowned)) | (AMPLIFIED * noise / h / NARROWER >= self.error[k])
        return end


def rombergs(values: Array, points: Array, noise: Array) -> tuple[Array, Array, Array]:
    """`differences.romberg` for rows of six values: the slopes, their errors, and the rounding alone."""
    d1, d2, d3 = ((values[:, k] - values[:, k + 1]) / (points[:, k] - points[:, k + 1]) for k in (0, 2, 4))
    r = d3 + WEIGHTS[0] * (d1 - d3) + WEIGHTS[1] * (d2 - d3)
    narrow = d3 + (d3 - d2) * Q3 / (Q2 - Q3)
    h = (points[:, 0] - points[:, 1]) / 2.0
    spread = noise + UNIT * np.abs(values).max(axis=1)
    rounded = AMPLIFIED * spread / h + 4.0 * UNIT * np.abs(r)
    finite = np.isfinite(r)
    return np.where(finite, r, np.nan), np.where(finite, np.abs(r - narrow) + rounded, np.inf), rounded
