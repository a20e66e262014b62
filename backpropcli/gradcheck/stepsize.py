"""The search for a step size that fits a function, around a point or on one side of it.

A central difference over h is off by a multiple of h² (truncation) and by the rounding of the values, divided by h.
Romberg's extrapolation over three steps cancels the first two powers, so that a wide h can be used, where rounding
hurts least. The step is then narrowed until the function's own scale, its domain and its corners fit. The three steps
are h, about 0.62 h and 0.27 h, not h, h/2 and h/4: over halves, a ripple whose length divides h/4 is not seen at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from backpropcli.gradcheck.differences import (
    AMPLIFIED,
    FLOATS,
    INWARD_ROUNDING,
    SECOND,
    THIRD,
    UNKNOWN,
    Kind,
    Number,
    Slope,
    limit,
    one_sided,
    romberg,
    scale,
)
from backpropcli.gradcheck.tolerances import MARGIN, SIDES_AGREE

WIDEST = 2.0**-10
"""The first step, for values up to 1: the power of two next to ε^(1/5), where the two errors of three levels meet."""
NARROWEST = 2.0**-44
"""The last step, for values up to 1: a few thousand times the spacing of floats."""
NARROWER = 0.125
"""From one search to the next, the step is this many times as wide."""
DROWNED = 4.0
"""An error of up to so many times the rounding is rounding: no truncation is left."""
SHRINKS = 0.6
"""From a step to one an eighth as wide, what still shrinks has this share of the change left at most (as its root)."""

Points = tuple[Number, Number, Number, Number, Number, Number]
Look = Callable[[Points], tuple[Sequence[Number], Any]]
"""From the points asked for to the function there, and the slot of a branch that changes among them (-1: none)."""
Key = TypeVar("Key")


class StepSearch:
    """The search for a step that suits one component: `points` says where to look, `feed` takes what was seen there.

    `noise` is the rounding error of the function; a step's error is what its last two estimates differ by, plus the
    rounding. The search ends with an error below `goal` (relative) that is mere rounding or that the next step
    confirms, or when a narrower step would only drown in rounding. `value` ± `error` is the best slope so far, found at
    the step `at`. `corner` is the branch change nearest to the point (a slot), -1 while none was met; `cornered` says
    that the narrowest step still has one inside, `outside` that its values are not finite.

    Nothing here branches on a number, so that many components can be searched side by side in arrays (`xp`).
    """

    __slots__ = (
        "at",
        "corner",
        "cornered",
        "done",
        "error",
        "goal",
        "h",
        "noise",
        "outside",
        "scale",
        "value",
        "x",
        "xp",
    )

    def __init__(self, x: Number, noise: Number, goal: float, widest: float = WIDEST, xp: Kind = FLOATS) -> None:
        self.x = x
        self.noise = noise
        self.goal = goal
        self.xp = xp
        self.scale = scale(x, xp)
        self.h = widest * self.scale
        self.value: Number = UNKNOWN.value
        self.error: Number = UNKNOWN.error
        self.at: Number = 0.0
        self.corner: Number = -1
        self.cornered: Number = False
        self.outside: Number = False
        self.done: Number = False

    @property
    def best(self) -> Slope:
        """The best slope so far."""
        return Slope(self.value, self.error)

    def points(self) -> Points:
        """Where the function is needed next: x ± each of the three steps, the widest first."""
        x, h = self.x, self.h
        second, third = SECOND * h, THIRD * h
        return x + h, x - h, x + second, x - second, x + third, x - third

    def feed(self, values: Sequence[Number], corner: Any) -> None:
        """The function at `points()`, and the slot of a branch that changes among them (-1: none does)."""
        xp, h, noise = self.xp, self.h, self.noise
        finite = xp.finite(values[0])
        for value in values[1:]:
            finite = finite & xp.finite(value)
        self.outside, self.cornered = xp.negation(finite), corner >= 0
        self.corner = xp.where(self.cornered, corner, self.corner)
        found, rounded = romberg(values, self.points(), noise, xp)
        seen = finite & (corner < 0)
        drowned = found.error <= DROWNED * rounded
        confirmed = self._confirmed(found) & drowned
        new = seen & xp.negation(confirmed)
        self.value = xp.where(new, found.value, self.value)
        self.error = xp.where(new, found.error, self.error)
        self.at = xp.where(new, h, self.at)
        sharp = self.error <= self.goal * abs(self.value)
        end = seen & ((sharp & (confirmed | drowned)) | (AMPLIFIED * noise / h / NARROWER >= self.error))
        self.h = xp.where(end, h, h * NARROWER)
        self.done = end | (self.h < NARROWEST * self.scale)

    def _confirmed(self, found: Slope) -> Number:
        """Whether the slope found at a wider step is confirmed by this one, and better.

        Truncation shrinks with the step. If a narrower one is off by more, or says something else, then the wider one
        was exact by luck.
        """
        return (found.error > self.error) & (abs(found.value - self.value) <= MARGIN * (found.error + self.error))

    def run(self, look: Look) -> StepSearch:
        """Search to the end."""
        while not self.done:
            self.feed(*look(self.points()))
        return self


def side_by_side(
    searches: Mapping[Key, StepSearch],
    look: Callable[[Sequence[Key], Sequence[Points]], Iterable[tuple[Sequence[float], int]]],
) -> None:
    """Run many searches to the end; `look` is asked for all that still go on at a time."""
    active = [key for key, search in searches.items() if not search.done]
    while active:
        for key, (values, corner) in zip(active, look(active, [searches[k].points() for k in active]), strict=True):
            searches[key].feed(values, corner)
        active = [key for key in active if not searches[key].done]


class SideSearch:
    """The search for the slope on one side of a point: `best`, and the limit `tends` of the function there.

    `sign` is -1 for the left side. Of the steps that can be judged (finite values, one choice throughout) the most
    exact one counts.
    """

    __slots__ = ("_before", "_led", "best", "done", "h", "noise", "sign", "tends", "unit", "x")

    def __init__(self, x: float, sign: float, noise: float, widest: float = WIDEST, unit: float = 0.0) -> None:
        self.x = x
        self.sign = sign
        self.noise = noise
        self.unit = unit or scale(x)
        self.h = widest * self.unit
        self.best, self.tends = UNKNOWN, UNKNOWN
        self._before, self._led = UNKNOWN, UNKNOWN
        self.done = False

    def points(self) -> list[float]:
        """Four places on this side, at equal distances."""
        return [self.x + self.sign * self.h * k / 4.0 for k in (1, 2, 3, 4)]

    def feed(self, values: Sequence[float], alike: bool = True) -> None:
        """The function at `points()`; `alike`: every operation chooses the same at all of them."""
        if alike and all(map(math.isfinite, values)):
            self.take(one_sided(values, self.sign * self.h / 4.0, self.noise), values)
            self.done = self.converged()
        self.h *= NARROWER
        self.done = self.done or self.h < NARROWEST * self.unit

    def take(self, found: Slope, values: Sequence[float]) -> None:
        """Keep the better slope."""
        found, there = shrinking(found, self._before), shrinking(limit(values, self.noise), self._led)
        self._before, self._led = found, there
        # Where the slope grows from step to step, a wider one has not seen its own error.
        refuted = abs(found.value - self.best.value) > found.error + self.best.error
        if found.error < self.best.error or refuted:
            self.best, self.tends = or_zero(found), there

    def converged(self) -> bool:
        """Whether the best slope is exact enough, or narrower steps would only drown in rounding."""
        enough = self.best.error <= SIDES_AGREE / 100 * abs(self.best.value)
        return enough or INWARD_ROUNDING * self.noise * 64.0 / self.h > self.best.error


def or_zero(n: Slope) -> Slope:
    """A slope that cannot be told from 0 is 0."""
    return Slope(0.0, n.error) if abs(n.value) <= MARGIN * n.error else n


def shrinking(found: Slope, before: Slope) -> Slope:
    """What was found, after the same at a wider step: a root of the step is no cubic, and what is left of it shows from
    one to the next.
    """
    if not math.isfinite(before.value):
        return found
    return Slope(found.value, max(found.error, SHRINKS * abs(found.value - before.value)))
