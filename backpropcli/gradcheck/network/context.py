"""What the levels of the check share: the point, the rounding of its loss, what is accepted, what a corner means."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from backpropcli.gradcheck.acceptance import agrees, sharp
from backpropcli.gradcheck.large.nearby import noises
from backpropcli.gradcheck.point.corners import Sides, exactly_on, sides
from backpropcli.gradcheck.point.point import Component
from backpropcli.gradcheck.report import Method, Reason, Row, Verdict
from backpropcli.gradcheck.tolerances import SHARP, UNIT

if TYPE_CHECKING:
    from backpropcli.gradcheck.differences import Slope
    from backpropcli.gradcheck.precision.verdict import NumberJudge

LOSSY = 1e6
"""Where values lose more than this on the way to the loss, the complex step loses it too, and is passed over."""

OnCorner = Callable[[Component, int, Sides], Row]
"""What to say of a component that stands on a corner: of which step (-1: unknown), and with which slopes."""


class Context:
    """One network at one point; `on_corner` has the last word where the point is on a corner.

    `numbers` judges the numbers of right rules; `known` says whether an operation's own rule has been found wrong on a
    component's way to the loss.
    """

    def __init__(
        self, numbers: NumberJudge, on_corner: OnCorner, tolerance: float, known: Callable[[Component], bool]
    ) -> None:
        self.numbers = numbers
        self.rounding = numbers.rounding
        self.point = numbers.point
        self.on_corner = on_corner
        self.tolerance = tolerance
        self.known = known
        self._noise: dict[int, float] = {}
        self._standing: dict[int, bool] = {}

    def row(
        self,
        c: Component,
        n: Slope,
        verdict: Verdict,
        method: Method,
        reason: Reason = "",
        node: str = "",
        note: str = "",
    ) -> Row:
        """A row of the report."""
        return c.row(n, verdict, method, self.tolerance, reason, node, note)

    def accepts(self, c: Component, n: Slope, limit: float = SHARP) -> bool:
        """Whether a slope is sharp, and confirms the gradient."""
        return bool(sharp(c.backprop, n, limit) and agrees(c.backprop, n, self.tolerance))

    def noise(self, slot: int) -> float:
        """The rounding error of the loss for what lies downstream of `slot`."""
        if slot not in self._noise:
            self._noise[slot] = self.point.noise(slot)
        return self._noise[slot]

    def noises(self, slots: Iterable[int]) -> dict[int, float]:
        """The rounding errors of the loss for many slots at a time."""
        self._noise.update(noises(self.point, [s for s in dict.fromkeys(slots) if s not in self._noise]))
        return self._noise

    def clean(self, c: Component) -> bool:
        """Whether values keep their digits on a component's way to the loss, so that its complex step does."""
        return self.noise(c.slot) <= LOSSY * UNIT * abs(self.point.loss)

    def stands_on(self, corner: int) -> bool:
        """Whether a step stands exactly on its own corner."""
        if corner not in self._standing:
            self._standing[corner] = exactly_on(self.point, corner)
        return self._standing[corner]

    def at_corner(self, c: Component, slot: int) -> Row:
        """The row where a step (-1: some step) is on its corner, unless the loss is smooth there all the same."""
        found = sides(self.point, c)
        if found.smooth and math.isfinite(c.backprop):
            n = min(found.left, found.right, key=lambda side: side.error)
            if self.accepts(c, n):
                return self.row(c, n, "pass", "difference")
        return self.on_corner(c, slot, found)
