"""Slopes of a function from its values alone: differences at a given step, and at a step that fits the function.

A central difference over h is off by a multiple of h² (truncation) and by the rounding of the values, divided by h.
Romberg's extrapolation over three steps cancels the first two powers, so that a wide h can be used, where rounding
hurts least. The step is then narrowed until the function's own scale, its domain and its corners fit. The three steps
are h, about 0.62 h and 0.27 h, not h, h/2 and h/4: over halves, a ripple whose length divides h/4 is not seen at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

Difference = Literal["central", "forward", "backward"]

UNIT = 2.0**-53
"""Half the distance from 1 to the next float64: the relative error of one rounding."""
WIDEST = 2.0**-10
"""The first step, for values up to 1: the power of two next to ε^(1/5), where the two errors of three levels meet."""
NARROWEST = 2.0**-44
"""The last step, for values up to 1: a few thousand times the spacing of floats."""
NARROWER = 0.125
"""From one search to the next, the step is this many times as wide."""
LARGEST_POWER = 1023
"""The largest power of two among floats."""
SECOND, THIRD = 5119 / 8192, 2239 / 8192
"""The second and third step, in steps: short in binary, so that x ± h is exact; no common measure above h / 8192."""
Q2, Q3 = SECOND**2, THIRD**2
WEIGHTS = (Q2 * Q3 / ((Q2 - 1) * (Q3 - 1)), Q3 / ((1 - Q2) * (Q3 - Q2)), Q2 / ((1 - Q3) * (Q2 - Q3)))
"""Of the three plain differences in the extrapolated slope: what is off by h² and by h⁴ cancels."""
AMPLIFIED = math.hypot(WEIGHTS[0], WEIGHTS[1] / SECOND, WEIGHTS[2] / THIRD) / math.sqrt(2)
"""What extrapolation does to the rounding of six values."""
DROWNED = 4.0
"""An error of up to so many times the rounding is rounding: no truncation is left."""
INWARD = (-13 / 3, 19 / 2, -7.0, 11 / 6)
"""Weights of f(t), f(2t), f(3t), f(4t) whose sum over t is f'(0), exact for cubics; f(0) itself is not used."""
LIMIT = (4.0, -6.0, 4.0, -1.0)
"""Weights of the same four values whose sum is the limit of f at 0 from that side."""


class Slope(NamedTuple):
    """A slope and the size of its error, in the same units: it is `value` ± `error`."""

    value: float
    error: float


UNKNOWN = Slope(math.nan, math.inf)
"""No slope could be found."""


def scale(x: float) -> float:
    """The power of two at or above max(1, |x|), if there is such a float: steps that are multiples of it are exact in
    binary.
    """
    return 1.0 if abs(x) <= 1.0 else math.ldexp(1.0, min(math.frexp(x)[1], LARGEST_POWER))


def quotient(difference: Difference, here: float, above: float, below: float, step: float) -> float:
    """The plain difference quotient of a lecture, from J(p), J(p + step) and J(p - step)."""
    if difference == "forward":
        return (above - here) / step
    if difference == "backward":
        return (here - below) / step
    return (above - below) / (2.0 * step)


def rounding(difference: Difference, noise: float, step: float) -> float:
    """The error that the rounding of J (`noise` in each value) leaves in a difference quotient."""
    return noise * math.sqrt(2.0) / (2.0 * step if difference == "central" else step)


class Calibration:
    """The search for a step that suits one component: `points` says where to look, `feed` takes what was seen there.

    `noise` is the rounding error of the loss; a step's error is what its last two estimates differ by, plus the
    rounding. The search ends with an error below `goal` (relative) that is mere rounding or that the next step
    confirms, or when a narrower step would only drown in rounding. `corner` is the branch change nearest to the point
    (a slot), -1 while none was met; `cornered` says that the narrowest step still has one inside, `outside` that its
    values are not finite.
    """

    __slots__ = ("best", "corner", "cornered", "done", "goal", "h", "noise", "outside", "x")

    def __init__(self, x: float, noise: float, goal: float) -> None:
        self.x = x
        self.noise = noise
        self.goal = goal
        self.h = WIDEST * scale(x)
        self.best = UNKNOWN
        self.corner = -1
        self.cornered = False
        self.outside = False
        self.done = False

    def points(self) -> tuple[float, float, float, float, float, float]:
        """Where the function is needed next: x ± each of the three steps, the widest first."""
        x, h = self.x, self.h
        second, third = SECOND * h, THIRD * h
        return x + h, x - h, x + second, x - second, x + third, x - third

    def feed(self, values: Sequence[float], corner: int) -> None:
        """The function at `points()`, and the slot of a branch that changes among them (-1: none does)."""
        self.outside = not all(math.isfinite(v) for v in values)
        self.cornered = corner >= 0
        if self.cornered:
            self.corner = corner
        if self.outside or self.cornered:
            self._narrow()
            return
        found, rounded = romberg(values, self.points(), self.noise)
        drowned = found.error <= DROWNED * rounded
        confirmed = self._take(found, drowned) or drowned
        sharp = self.best.error <= self.goal * abs(self.best.value)
        if (sharp and confirmed) or AMPLIFIED * self.noise / self.h / NARROWER >= self.best.error:
            self.done = True
        else:
            self._narrow()

    def _take(self, found: Slope, drowned: bool) -> bool:
        """Keep the better slope; whether the one found at a wider step is confirmed by this one.

        Truncation shrinks with the step. If a narrower one is off by more, or says something else, then the wider one
        was exact by luck.
        """
        gap = abs(found.value - self.best.value)
        if found.error > self.best.error and drowned and gap <= 3.0 * (found.error + self.best.error):
            return True
        self.best = found
        return False

    def _narrow(self) -> None:
        self.h *= NARROWER
        if self.h < NARROWEST * scale(self.x):
            self.done = True


def romberg(values: Sequence[float], points: Sequence[float], noise: float) -> tuple[Slope, float]:
    """The extrapolated slope from the values at a calibration's six points, with its error; the rounding alone.

    The error is the difference of the last two estimates, plus rounding.
    """
    d1 = (values[0] - values[1]) / (points[0] - points[1])
    d2 = (values[2] - values[3]) / (points[2] - points[3])
    d3 = (values[4] - values[5]) / (points[4] - points[5])
    r = d3 + WEIGHTS[0] * (d1 - d3) + WEIGHTS[1] * (d2 - d3)  # the weights add up to 1
    narrow = d3 + (d3 - d2) * Q3 / (Q2 - Q3)
    h = (points[0] - points[1]) / 2.0
    spread = noise + UNIT * max(abs(v) for v in values)
    rounded = AMPLIFIED * spread / h + 4.0 * UNIT * abs(r)
    return (Slope(r, abs(r - narrow) + rounded) if math.isfinite(r) else UNKNOWN), rounded


def one_sided(values: Sequence[float], step: float, noise: float) -> Slope:
    """The slope at 0 from f(step), f(2 step), f(3 step), f(4 step) alone (`step` < 0: from the left), without f(0).

    The error is what remains of the same slope from the first three values, and the rounding.
    """
    cubic = sum(w * v for w, v in zip(INWARD, values, strict=True)) / step
    square = (-2.5 * values[0] + 4.0 * values[1] - 1.5 * values[2]) / step
    rounded = 13.0 * (noise + UNIT * max(abs(v) for v in values)) / abs(step)
    return Slope(cubic, abs(cubic - square) + rounded) if math.isfinite(cubic) else UNKNOWN


def limit(values: Sequence[float], noise: float) -> Slope:
    """What f tends to at 0, from f(step), f(2 step), f(3 step), f(4 step); the error is what remains of the same from
    the first three values, and the rounding.
    """
    cubic = sum(w * v for w, v in zip(LIMIT, values, strict=True))
    square = 3.0 * values[0] - 3.0 * values[1] + values[2]
    return Slope(cubic, abs(cubic - square) + 15.0 * (noise + UNIT * max(abs(v) for v in values)))
