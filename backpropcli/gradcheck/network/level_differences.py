"""The first level: differences of the loss, at a step that suits each component."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from backpropcli.gradcheck.acceptance import contradicts, sharp
from backpropcli.gradcheck.large.nearby import look, loops
from backpropcli.gradcheck.stepsize import StepSearch, side_by_side
from backpropcli.gradcheck.tolerances import GOAL, SHARP_FIRST

if TYPE_CHECKING:
    from backpropcli.gradcheck.differences import Slope
    from backpropcli.gradcheck.large.carried import CarriedSlopes
    from backpropcli.gradcheck.network.context import Context
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.gradcheck.report import Row


def constant(point: Point, c: Component) -> bool:
    """Whether nothing that is done to a component reaches the loss."""
    return point.constant(c, StepSearch(c.x, 0.0, 0.0).points())


class DifferenceLevel:
    """Judges by differences; `contradicted` has the slopes of those that they plainly contradict."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.point = context.point
        self.contradicted: dict[Component, Slope] = {}

    @cached_property
    def carriers(self) -> CarriedSlopes | None:
        """How slopes of whole arrays are found; None for plain numbers."""
        if self.point.plan.scalar:
            return None
        from backpropcli.gradcheck.large.carried import CarriedSlopes
        from backpropcli.gradcheck.large.entry_differences import Differences

        return CarriedSlopes(self.point, Differences(self.point, GOAL))

    def rows(self, components: Sequence[Component], tick: Callable[[], None]) -> Iterator[tuple[int, Row | None]]:
        """By a component's number its row, None where this level cannot tell; not in order. `tick` marks each."""
        if loops(self.point, 6 * len(components)):
            for k, (c, search) in enumerate(zip(components, self.searches(components), strict=True)):
                corner = search.corner if search.cornered else -1
                row = self._row(c, search.best, corner)
                if row is None and corner < 0 and self._constant(c, search.best):
                    row = self.context.row(c, search.best, "pass", "difference")
                yield k, row
            return
        from backpropcli.gradcheck.large.many import Found, Rule, first_level

        rule = Rule(self.context.tolerance, SHARP_FIRST)
        noises = self.context.noises(c.slot for c in components)
        for k, found in first_level(self.point, components, GOAL, rule, noises, self.carriers):
            if not isinstance(found, Found):
                yield k, found
            elif found.contradicts:
                self.contradicted[components[k]] = found.best
                yield k, None
            else:
                yield k, self._row(components[k], found.best, found.corner)
            tick()

    def searches(self, components: Sequence[Component]) -> list[StepSearch]:
        """The search for each component's own step, all of them side by side."""
        searches = {k: StepSearch(c.x, self.context.noise(c.slot), GOAL) for k, c in enumerate(components)}
        side_by_side(searches, lambda keys, places: look(self.point, [components[k] for k in keys], places))
        return list(searches.values())

    def _row(self, c: Component, n: Slope, corner: int) -> Row | None:
        """The row, if this level can tell; `corner` is the step whose corner no step leaves out, or -1."""
        context = self.context
        if corner >= 0 and context.stands_on(corner):
            return context.at_corner(c, corner)
        if not math.isfinite(c.backprop):
            row = context.numbers.not_finite(c)
            measured = context.row(c, n, "fail", "difference", "nonfinite", row.node, row.note)
            return measured if sharp(0.0, n) else row
        if corner < 0 and context.accepts(c, n, SHARP_FIRST):
            return context.row(c, n, "pass", "difference")
        if contradicts(c.backprop, n):
            self.contradicted[c] = n
        return None

    def _constant(self, c: Component, n: Slope) -> bool:
        """Whether both are 0, and not because a change is lost in rounding."""
        return c.backprop == 0.0 == n.value and constant(self.point, c)
