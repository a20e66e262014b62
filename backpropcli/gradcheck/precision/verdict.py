"""The verdict on a right rule whose number is not: kept, short of digits, or lost.

Backprop and the lower levels run on the same floats. What passed there, and rounding may have reached, is seen at 50
digits too, if the network is small enough.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from typing import TYPE_CHECKING, Any, Literal

from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.precision.multiprecision import LIGHT, PRECISE
from backpropcli.gradcheck.tolerances import UNDERFLOWN, UNIT

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.gradcheck.precision.rounding import Rounding
    from backpropcli.gradcheck.report import Row

LOST = 1e-3
"""A number off by more than this (relative) is lost; by less, it has lost digits."""
RESIDUE = 1e-6
"""The rounding residue of a gradient of 0 may be so large beside the gradients on the way to the loss."""
FURTHER_OFF = 1000.0
"""A float may be this many times further off than the same rule run in as many bits by mpmath."""
OUT_OF_RANGE = {53: UNDERFLOWN, 24: 1e-30}
"""What gradients below this are made of leaves the range of the format with so many bits."""
DECIMALS_RESIDUE = 1e-15
"""A gradient of decimals that is smaller than this beside that of their floats is 0."""
LOW = ("difference", "complex step", "local derivatives")
"""What judges on the same floats as backprop."""
RUNS = 10
"""So many runs of the network it takes about to see one component at the top."""

Kept = Literal["digits", "residue", "lost"]
"""What is left of a number that is not what it should be: most digits; the rounding residue of a 0; nothing."""


class NumberJudge:
    """Judges the numbers of gradients whose rules are right, at one point."""

    def __init__(self, rounding: Rounding, tolerance: float) -> None:
        self.rounding = rounding
        self.point = rounding.point
        self.tolerance = tolerance
        self._not_finite = 0

    def not_finite(self, c: Component) -> Row:
        """The row where the value, the gradient or the loss is not finite; only a few are looked at closely."""
        from backpropcli.gradcheck.precision import nonfinite

        self._not_finite += 1
        ask = self._not_finite <= nonfinite.FEW and self.point.work() <= LIGHT
        return nonfinite.row(self.rounding, c, self.tolerance, ask)

    def review(
        self,
        components: Sequence[Component],
        rows: MutableSequence[Row | None],
        most: float,
        at_the_top: Callable[[Component], Row],
    ) -> int:
        """Look at the numbers of those that passed on floats alone, and exchange their rows for those that follow.

        `most` numbers may be computed at 50 digits. Gives how many were left as they were, for that is too few.
        """
        doubtful = self._doubtful(components, rows)
        if not doubtful:
            return 0
        if self.point.work() > most:
            return len(doubtful)
        if not self.rounding.same_choices():
            return 0
        in_full = most // (RUNS * self.point.work())
        for k in doubtful:
            c, row = components[k], rows[k]
            reliable = self.rounding.converged(c)
            if reliable is None or self._right(c, reliable):
                continue
            if row is not None and row.method == "local derivatives":
                rows[k] = self._on_its_corner(c, row, float(reliable))
                continue
            top = at_the_top(c) if in_full > 0 else None
            in_full -= 1
            rows[k] = top if top and top.reason != "unsettled" else self.lossy(c, float(reliable), PRECISE[1])
        return 0

    def _doubtful(self, components: Sequence[Component], rows: Sequence[Row | None]) -> list[int]:
        """The numbers of those that passed on floats, and whose gradients rounding may have reached."""
        marks = self.rounding.doubtful(dict.fromkeys(c.slot for c in components))
        reached = [k for k, c in enumerate(components) if c.slot in marks and marks[c.slot][c.flat]] if marks else []
        return [k for k in reached if on_floats(rows[k])]

    def _right(self, c: Component, reliable: Any) -> bool:
        return bool(abs(c.backprop - reliable) <= self.tolerance * max(abs(c.backprop), abs(reliable)))

    def _on_its_corner(self, c: Component, row: Row, reliable: float) -> Row:
        """The row of a component on a corner, where no slope tells: the rule at many digits chooses the same sides, and
        each local derivative is right, so what rounding explains of the difference it has taken.
        """
        found = self.lossy(c, reliable, PRECISE[1])
        if found.reason == "rule" or (row.verdict == "unsure" and found.verdict == "pass"):
            return row
        where = row.note.partition(";")[0]
        return found._replace(note=f"{where}; {found.note}", node=row.node)

    def lossy(self, c: Component, reliable: float, many: int) -> Row:
        """The row where the rule is right at so `many` digits, and the float is not: it is as good as right, or lost,
        if it is off by no more than a run in so few bits may be.
        """
        n = Slope(reliable, UNIT * abs(reliable))
        if not explained(self.rounding, c, reliable, many):
            note = "the rule is right at 50 digits, but not as it was run"
            return c.row(n, "fail", "50 digits", self.tolerance, "rule", note=note)
        name = self.point.trace.plan.dtype
        kind = kept(self.rounding, c, reliable)
        if kind == "lost":
            note = f"the rule is right, but {name} has lost the number"
            return c.row(n, "fail", "50 digits", self.tolerance, "precision", note=note)._replace(reliable=reliable)
        note = f"the rule is right, but {name} loses its digits on the way"
        if kind == "residue":
            reliable, note = 0.0, f"0, but for the rounding of {name}"
        return c.row(n, "pass", "50 digits", self.tolerance, "digits", note=note)._replace(reliable=reliable)


def on_floats(row: Row | None) -> bool:
    """Whether a component has passed on one of the lower levels, or on a corner."""
    return row is not None and row.method in LOW and (row.verdict == "pass" or row.reason in ("corner", "jump"))


def explained(rounding: Rounding, c: Component, reliable: float, many: int) -> bool:
    """Whether rounding explains what a number is off by."""
    bits = bits_of(rounding.point)
    off, size = abs(c.backprop - reliable), max(abs(c.backprop), abs(reliable))
    # In fewer bits still, the loss scales with them: where all cancels, one run alone may be exact by luck.
    fewer = (bits, *range(bits - 13, bits, 3))
    expected = max(abs(float(rounding.digits.rule(c, many, b)) - reliable) * 2.0 ** (b - bits) for b in fewer)
    return size < OUT_OF_RANGE[bits] or off <= FURTHER_OFF * max(expected, rounding.rounded(c))


def kept(rounding: Rounding, c: Component, reliable: float) -> Kept:
    """What is left of a number that is not what it should be; a 0 is one also for the decimals that were written
    (0.1 · 3 - 0.3 is none in floats).
    """
    if as_good(rounding.point, c, reliable, LOST):
        return "digits"
    size = max(abs(c.backprop), abs(reliable))
    beside = rounding.beside(c)
    if reliable == 0.0 and size <= RESIDUE * beside:
        return "residue"
    tiny = size <= RESIDUE * min(beside, 1.0)
    written = tiny and abs(rounding.digits.as_written(c)) <= DECIMALS_RESIDUE * abs(reliable)
    return "residue" if written else "lost"


def as_good(point: Point, c: Component, reliable: Any, limit: float) -> bool:
    """Whether a gradient is as good as its reliable number: off by no more than this (relative), or out of range."""
    size = max(abs(c.backprop), abs(reliable))
    return bool(size < OUT_OF_RANGE[bits_of(point)] or abs(c.backprop - reliable) <= limit * size)


def bits_of(point: Point) -> int:
    """How many bits a number of backprop's own run has."""
    return 53 if point.trace.plan.dtype == "float64" else 24
