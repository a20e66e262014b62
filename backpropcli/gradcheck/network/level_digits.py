"""The top level: backprop's rule beside a difference, both at 50 digits or more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.gradcheck.acceptance import agrees, close
from backpropcli.gradcheck.differences import UNKNOWN, Slope
from backpropcli.gradcheck.precision.multiprecision import PRECISE, UNKNOWN_EXACT, WORK, Exact
from backpropcli.gradcheck.precision.rounding import vanishes
from backpropcli.gradcheck.tolerances import MARGIN, TOLERANCE

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.context import Context
    from backpropcli.gradcheck.network.level_complex import ComplexLevel
    from backpropcli.gradcheck.network.level_differences import DifferenceLevel
    from backpropcli.gradcheck.point.point import Component
    from backpropcli.gradcheck.report import Method, Row

DEARER = 150.0
"""A number with so many digits takes about twice as long as one with few."""
UNLIKE = 1e-6
"""A slope and a rule of which one is beside the other less than this are looked at with more digits."""
CONFIRMED = 4
"""So many wrong components are confirmed here before `known` is asked: once an operation on the way is known to
be wrong, a complex step that plainly contradicts backprop is enough."""


class DigitsLevel:
    """Judges at many digits, within a budget."""

    def __init__(self, context: Context, differences: DifferenceLevel, complex_steps: ComplexLevel) -> None:
        self.context = context
        self.point = context.point
        self.differences = differences
        self.complex_steps = complex_steps
        self._left = 0.0

    def rows(self, components: Sequence[Component]) -> Iterator[Row]:
        """The row of each component."""
        work, doubts = self.point.work(), self.complex_steps.contradicted
        self._left, confirmed = 2.0 * WORK, 0 if work < WORK else CONFIRMED
        for c in components:
            if confirmed >= CONFIRMED and c in doubts and self.context.known(c):
                yield self.context.row(c, doubts[c], "fail", "complex step", "rule")
                continue
            row = self._converged(c) if work < self._left else self._out_of_budget(c)
            confirmed += row.reason == "rule"
            yield row

    def _converged(self, c: Component) -> Row:
        """The verdict of so many digits as it takes: on the rule, and on what float64 kept of the number."""
        seen = UNKNOWN_EXACT
        cost = len(self.point.downstream({c.slot})) if self.point.plan.scalar else self.point.work()
        for many in PRECISE:
            self._left -= cost * (1.0 + many / DEARER)
            if self._left < 0.0 and many > PRECISE[0]:
                break
            seen = self.context.rounding.digits.exact(c, many)
            row = self._judged(c, seen, many)
            if row is not None:
                return row
        return self._unconverged(c, seen)

    def _judged(self, c: Component, seen: Exact, many: int) -> Row | None:
        """The row at so many digits; None where more of them may tell."""
        if not seen.tells(max(abs(c.backprop), abs(seen.rule), abs(seen.slope))):
            return None
        if self._two_sided(c, seen, many):
            return self.context.at_corner(c, -1)
        if not close(seen.rule, seen.slope, TOLERANCE, seen.error):
            if not self._confirmed(c, seen, many):
                return None
            return self.context.row(c, seen.rounded, "fail", "50 digits", "rule")
        if close(c.backprop, seen.slope, self.context.tolerance, seen.error):
            return self.context.row(c, seen.rounded, "pass", "50 digits")
        reliable = self.context.rounding.converged(c)
        # Beside a float that is nothing but rounding, a difference is sharp too early.
        if reliable is not None and (reliable == 0 or seen.tells(abs(reliable))):
            return self.context.numbers.lossy(c, float(reliable), many)
        return None

    def _confirmed(self, c: Component, seen: Exact, many: int) -> bool:
        """Whether rule and slope that contradict each other are known: neither is what rounding leaves of 0, nor what a
        step sees that spans many waves of the loss. Where it may be either, more digits have to say the same.
        """
        digits = self.context.rounding.digits
        if many == PRECISE[-1]:
            less = digits.exact(c, PRECISE[-2])
            return not vanishes(seen.slope, many) or close(seen.slope, less.slope, TOLERANCE, less.error)
        small, large = sorted((abs(seen.rule), abs(seen.slope)))
        if small > UNLIKE * large and seen.tells(abs(seen.slope)):
            return True
        more = digits.exact(c, PRECISE[PRECISE.index(many) + 1])
        return all(close(a, b, TOLERANCE, seen.error) for a, b in zip(seen[:2], more[:2], strict=True))

    def _two_sided(self, c: Component, seen: Exact, many: int) -> bool:
        """Whether the slopes to the left and to the right are not the same, however small the step: a corner, or a
        jump.
        """
        if not seen.two_sided or many == PRECISE[-1]:
            return seen.two_sided
        return self.context.rounding.digits.exact(c, PRECISE[PRECISE.index(many) + 1]).two_sided

    def _unconverged(self, c: Component, seen: Exact) -> Row:
        """The row where no number of digits told: both may be 0 but for rounding, or the budget is used up."""
        most = PRECISE[-1] if self._left >= 0.0 else PRECISE[0]
        if all(abs(x) <= MARGIN * seen.error or vanishes(x, most) for x in seen[:2]):
            if c.backprop == 0.0:
                return self.context.row(c, Slope(0.0, float(seen.error)), "pass", "50 digits")
            if vanishes(seen.slope, most):
                return self.context.numbers.lossy(c, 0.0, most)
        if self._left < 0.0:
            return self._out_of_budget(c)
        return self._unsettled(c, Slope(float(seen.slope), float(seen.error)))

    def _out_of_budget(self, c: Component) -> Row:
        """What is known without many digits: plain contradictions are enough where an operation to blame is known, or
        where both of the lower levels say the same.
        """
        doubts, slightly = self.complex_steps.contradicted, self.complex_steps.slightly
        plain = [n for n in (doubts.get(c), self.differences.contradicted.get(c)) if n is not None]
        if not plain and c in slightly and self.context.known(c):  # it is off by little, and who is to blame is known
            return self.context.row(c, slightly[c], "fail", "complex step", "rule")
        if not plain:
            return self._unsettled(c)
        method: Method = "complex step" if c in doubts else "difference"
        if self.context.known(c) or (len(plain) == 2 and agrees(plain[0].value, plain[1])):
            return self.context.row(c, plain[0], "fail", method, "rule")
        note = f"the {method} contradicts backprop, but the network is too large for 50 digits to confirm it"
        return self.context.row(c, plain[0], "unsure", method, "unsettled", note=note)

    def _unsettled(self, c: Component, n: Slope = UNKNOWN) -> Row:
        return self.context.row(c, n, "unsure", "50 digits", "unsettled", note="no opinion was sharp enough here")
