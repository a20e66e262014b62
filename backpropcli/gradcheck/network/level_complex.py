"""The second level: complex steps, as exact as float64 is on the way to the loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.gradcheck.acceptance import contradicts, sharp
from backpropcli.gradcheck.differences import Slope, scale
from backpropcli.gradcheck.large.nearby import look
from backpropcli.gradcheck.tolerances import UNDERFLOWN

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.context import Context
    from backpropcli.gradcheck.network.level_differences import DifferenceLevel
    from backpropcli.gradcheck.point.point import Component
    from backpropcli.gradcheck.report import Row

NEAR, NEARER = 1e-6, 64.0
"""So far from the point, and so many times closer, the loss is looked at: whether what it differs by shrinks."""


class ComplexLevel:
    """Judges by complex steps; `contradicted` has the slopes of those that they plainly contradict, `slightly` of those
    that are a little off.
    """

    def __init__(self, context: Context, below: DifferenceLevel) -> None:
        self.context = context
        self.point = context.point
        self.below = below
        self.contradicted: dict[Component, Slope] = {}
        self.slightly: dict[Component, Slope] = {}

    def rows(self, components: Sequence[Component]) -> Iterator[Row | None]:
        """The row of each component, None where this level cannot tell."""
        from backpropcli.gradcheck.large.complex_steps import IN_RANGE, complex_slopes

        clean = [c for c in components if self.context.clean(c)]
        found = dict(zip(clean, complex_slopes(self.point, clean), strict=True))
        nothing = [c for c in clean if c.backprop == 0.0 == found[c].value]
        # A slope of 1e-300 times a step of 1e-30 is 0 too: look again with a step that keeps it in range.
        found.update(zip(nothing, complex_slopes(self.point, nothing, IN_RANGE), strict=True))
        for c in components:
            yield self._row(c, found[c]) if c in found else None

    def _row(self, c: Component, n: Slope) -> Row | None:
        accepted = self.context.accepts(c, n)
        # A complex step sees one side of a corner, and a difference both.
        if accepted and c in self.below.contradicted:
            return None
        if accepted or (c.backprop == 0.0 == n.value and self._steady(c)):
            return self.context.row(c, n, "pass", "complex step")
        if contradicts(c.backprop, n):
            self.contradicted[c] = n
        elif sharp(c.backprop, n) and UNDERFLOWN < abs(n.value) < math.inf and math.isfinite(c.backprop):
            self.slightly[c] = n
        return None

    def _steady(self, c: Component) -> bool:
        """Whether the loss goes on beside the point as it is here: a complex step of 0 sees nothing of a jump there.

        Where one side lies outside the domain, the other one tells.
        """
        step = NEAR * scale(c.x)
        places = (c.x - step, c.x - step / NEARER, c.x + step / NEARER, c.x + step)
        ((losses, _),) = look(self.point, [c], [places])
        off = [abs(x - self.point.loss) for x in losses]
        sides = [(wide, near) for wide, near in (off[:2], off[:1:-1]) if not math.isnan(wide + near)]
        slack = 40.0 * self.context.noise(c.slot)
        return bool(sides) and all(near <= wide / 2.0 + slack < math.inf for wide, near in sides)
