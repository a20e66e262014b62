"""The judgement: levels of oracles, each sharper and dearer than the one below, and the rule that compares them.

The levels are differences at steps that fit, the complex step, and rule and difference at 50 digits or more. A gradient
passes on the first level that sees it clearly and agrees; it fails only when the top confirms that its rule is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.network.context import Context, OnCorner
from backpropcli.gradcheck.network.level_complex import ComplexLevel
from backpropcli.gradcheck.network.level_differences import DifferenceLevel
from backpropcli.gradcheck.network.level_digits import CONFIRMED, DigitsLevel
from backpropcli.gradcheck.precision.multiprecision import WORK
from backpropcli.gradcheck.precision.rounding import Rounding
from backpropcli.gradcheck.precision.verdict import NumberJudge
from backpropcli.gradcheck.tolerances import TOLERANCE

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.gradcheck.report import Row

EACH_CLIMBS = 20_000_000
"""Up to so many numbers, contested components times the network's size, every one of them climbs by itself."""


class Judge:
    """Judges components of one network at one point (see `Context`); `tick` is called whenever one more has been looked
    at.
    """

    def __init__(
        self,
        point: Point,
        on_corner: OnCorner,
        tolerance: float = TOLERANCE,
        known: Callable[[Component], bool] = lambda c: False,
    ) -> None:
        self.point = point
        self.tolerance = tolerance
        self.tick: Callable[[], None] = lambda: None
        numbers = NumberJudge(Rounding(point), tolerance)
        self.context = Context(numbers, on_corner, tolerance, known)
        self.differences = DifferenceLevel(self.context)
        self.complex_steps = ComplexLevel(self.context, self.differences)
        self.top = DigitsLevel(self.context, self.differences, self.complex_steps)
        self.unseen = 0
        """So many numbers may have lost digits, and were left as they were: the network is too large to tell."""
        self.done: list[Row | None] = []

    def rows(self, components: Sequence[Component]) -> list[Row]:
        """A row for every component, in order; `done` has those that there are so far, also while this is going on."""
        self.done = [None] * len(components)
        for k, c in enumerate(components):
            self.done[k] = self._at_once(c)
        waiting = self._waiting(range(len(components)))
        if waiting:
            for k, row in self.differences.rows([components[k] for k in waiting], self.tick):
                self.done[waiting[k]] = row
        waiting = self._waiting(waiting)
        if len(waiting) * self.point.work() > EACH_CLIMBS:
            self._a_few_for_all(components, waiting)
        self._climb(components, waiting)
        if components:
            self.unseen = self.context.numbers.review(components, self.done, WORK, lambda c: next(self.top.rows([c])))
        return [row for row in self.done if row is not None]

    def _waiting(self, some: Iterable[int]) -> list[int]:
        return [k for k in some if self.done[k] is None]

    def _climb(self, components: Sequence[Component], waiting: Sequence[int]) -> None:
        """The upper levels, for those of these components that are still without a row."""
        for level in (self.complex_steps, self.top):
            left = self._waiting(waiting)
            if left:
                for k, row in zip(left, level.rows([components[k] for k in left]), strict=True):
                    self.done[k] = row

    def _a_few_for_all(self, components: Sequence[Component], waiting: Sequence[int]) -> None:
        """Very many are contested: a few of them climb, and once the operation on their way that is to blame is known,
        the others need no more than a difference that plainly contradicts backprop.
        """
        contradicted = self.differences.contradicted
        doubted = [k for k in waiting if components[k] in contradicted]
        self._climb(components, doubted[:: max(1, -(-len(doubted) // CONFIRMED))])
        for k in self._waiting(doubted):
            c = components[k]
            if self.context.known(c):
                self.done[k] = self.context.row(c, contradicted[c], "fail", "difference", "rule")

    def at_the_top(self, components: Sequence[Component]) -> Iterator[Row]:
        """A row for each from the last level alone."""
        return self.top.rows(components)

    # Before any level.

    def _at_once(self, c: Component) -> Row | None:
        """What needs no numbers: no path to the loss, or something that is not finite."""
        still = ""
        if not self.point.reaches(c.slot):
            still = f"no path leads from {c.name} to {self.point.of}"
        elif c.slot in self._labels:
            still = "a label: beside it there is nothing"
        if still and c.backprop == 0.0:
            return self.context.row(c, Slope(0.0, 0.0), "pass", "none", note=still)
        if still:
            return self.context.row(c, Slope(0.0, 0.0), "fail", "none", "rule", note=still)
        if not (math.isfinite(c.x) and math.isfinite(self.point.loss)):
            return self.context.numbers.not_finite(c)
        return None

    @cached_property
    def _labels(self) -> set[int]:
        """The slots that are nothing but class numbers."""
        from backpropcli.engine.labels import nothing_but_labels

        return nothing_but_labels(self.point.graph, self.point.target)
