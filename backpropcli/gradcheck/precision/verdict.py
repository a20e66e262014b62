"""The verdict on a right rule whose number is not: kept, short of digits, or lost.

Backprop and the lower rungs run on the same floats. What passed there, and rounding may have reached, is seen at 50
digits too, if the network is small enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from backpropcli.gradcheck.differences import UNIT, Slope
from backpropcli.gradcheck.network.oracles import PRECISE
from backpropcli.gradcheck.report import Row

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.oracles import Digits
    from backpropcli.gradcheck.network.point import Component, Point
    from backpropcli.gradcheck.network.verdicts import Judge
    from backpropcli.gradcheck.precision.digits import Numbers

LOST = 1e-3
"""A number off by more than this (relative) is lost; by less, it has lost digits."""
ZERO = 1e-6
"""What rounding leaves of a gradient of 0 may be so large beside the gradients on the way to the loss."""
LOSS = 1000.0
"""A float may be this many times further off than the same rule run in as many bits by mpmath."""
TINY = {53: 1e-200, 24: 1e-30}
"""What gradients below this are made of leaves the range of the format."""
GONE = 1e-15
"""A gradient of decimals that is smaller than this beside that of their floats is 0."""
LOW = ("difference", "complex step", "local derivatives")
"""What judges on the same floats as backprop."""
RUNS = 10
"""So many runs of the network it takes about to see one component at the top."""


def seen(judge: Judge, components: Sequence[Component], most: float) -> int:
    """Look at the numbers of those that passed on floats alone, and put the rows that follow into the judge's `done`.

    `most` numbers may be computed at 50 digits. Gives how many were left as they were, for that is too few.
    """
    numbers, done = judge.numbers(), judge.done
    marks = numbers.doubtful(dict.fromkeys(c.slot for c in components))
    if not marks:
        return 0
    doubtful = [k for k, c in enumerate(components) if c.slot in marks and marks[c.slot][c.flat]]
    doubtful = [k for k in doubtful if on_floats(done[k])]
    if doubtful and judge.point.work() > most:
        return len(doubtful)
    if not doubtful or not numbers.same_choices(judge.digits()):
        return 0
    in_full = most // (RUNS * judge.point.work())
    for k in doubtful:
        c = components[k]
        reliable = numbers.settled(judge.digits(), c)
        if reliable is None or abs(c.backprop - reliable) <= judge.tolerance * max(abs(c.backprop), abs(reliable)):
            continue
        row = done[k]
        if row is not None and row.method == "local derivatives":
            done[k] = on_its_corner(judge, c, row, float(reliable))
            continue
        row = next(judge.at_the_top([c])) if in_full > 0 else None
        in_full -= 1
        done[k] = row if row and row.reason != "unsettled" else lossy(judge, c, float(reliable), PRECISE[1])
    return 0


def on_its_corner(judge: Judge, c: Component, row: Row, reliable: float) -> Row:
    """The row of a component on a corner, where no slope tells: the rule at many digits chooses the same sides, and
    each local derivative is right, so what rounding explains of the difference it has taken.
    """
    found = lossy(judge, c, reliable, PRECISE[1])
    if found.reason == "rule" or (row.verdict == "unsure" and found.verdict == "pass"):
        return row
    where = row.note.partition(";")[0]
    return found._replace(note=f"{where}; {found.note}", node=row.node)


def on_floats(row: Row | None) -> bool:
    """Whether a component has passed on one of the lower rungs, or on a corner."""
    return row is not None and row.method in LOW and (row.verdict == "pass" or row.reason in ("corner", "jump"))


def lossy(judge: Judge, c: Component, reliable: float, many: int) -> Row:
    """The row where the rule is right at so `many` digits, and the float is not: it is as good as right, or lost, if it
    is off by no more than a run in so few bits may be.
    """
    n = Slope(reliable, UNIT * abs(reliable))
    if not explained(judge.numbers(), judge.digits(), c, reliable, many):
        note = "the rule is right at 50 digits, but not as it was run"
        return judge.row(c, n, "fail", "50 digits", "rule", note=note)
    name = judge.point.trace.plan.dtype
    kind = kept(judge.numbers(), judge.digits(), c, reliable)
    if kind == "lost":
        note = f"the rule is right, but {name} has lost the number"
        return judge.row(c, n, "fail", "50 digits", "precision", note=note)._replace(reliable=reliable)
    note = f"the rule is right, but {name} loses its digits on the way"
    if kind == "zero":
        reliable, note = 0.0, f"0, but for the rounding of {name}"
    return judge.row(c, n, "pass", "50 digits", "digits", note=note)._replace(reliable=reliable)


def explained(numbers: Numbers, digits: Digits, c: Component, reliable: float, many: int) -> bool:
    """Whether rounding explains what a number is off by."""
    bits = bits_of(numbers.point)
    off, size = abs(c.backprop - reliable), max(abs(c.backprop), abs(reliable))
    # In fewer bits still, the loss scales with them: where all cancels, one run alone may be exact by luck.
    fewer = (bits, *range(bits - 13, bits, 3))
    expected = max(abs(float(digits.rule(c, many, b)) - reliable) * 2.0 ** (b - bits) for b in fewer)
    return size < TINY[bits] or off <= LOSS * max(expected, numbers.rounded(c))


def kept(numbers: Numbers, digits: Digits, c: Component, reliable: float) -> Literal["digits", "zero", "lost"]:
    """What is left of a number that is not what it should be: most digits; what a 0 leaves, for the decimals that were
    written (0.1 · 3 - 0.3 is none in floats); or nothing to speak of.
    """
    size = max(abs(c.backprop), abs(reliable))
    if size < TINY[bits_of(numbers.point)] or abs(c.backprop - reliable) <= LOST * size:
        return "digits"
    beside = numbers.beside(c)
    if reliable == 0.0 and size <= ZERO * beside:
        return "zero"
    tiny = size <= ZERO * min(beside, 1.0)
    return "zero" if tiny and abs(digits.as_written(c)) <= GONE * abs(reliable) else "lost"


def bits_of(point: Point) -> int:
    """How many bits a number of backprop's own run has."""
    return 53 if point.trace.plan.dtype == "float64" else 24
