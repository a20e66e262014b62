"""One component of an external gradient, judged by backprop's own and by the check's opinion of that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.gradcheck.precision.verdict import LOST
from backpropcli.gradcheck.tolerances import TOLERANCE, TOLERANCE32
from backpropcli.language.data.precision import EPS, Precision

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.gradcheck.external.naming import Match
    from backpropcli.gradcheck.report import Row, Verdict

TOLERANCE16 = 4e-3
"""What half precision is given credit for."""
ROUNDING = "both are 0, but for rounding"
"""The note of an entry that says nothing."""
OWN_WRONG = "backprop's own gradient is wrong here"
"""The note of an entry that was judged by the check's numerical opinion."""
ON_CORNER = "on a corner"
"""How the note of an entry begins that lies between the slopes of a corner."""
OWN_LOST = "float64 lost backprop's own number here"
"""The note of an entry that was judged by 50 digits."""
SAFETY = 8.0
"""Another program's rounding may be so many times the worst of them."""
LUCKY = 0.25
"""An entry's rounding is at least so much of the whole array's (root mean square)."""
COARSE = 0.01
"""Where the digits cut off may hide more than this (relative), agreement says too little."""


class Entry(NamedTuple):
    """One component: `theirs` against `right`, which is `backprop` unless that failed its own check.

    `numerical` ± `bound` is the check's independent opinion, None where it has none. `allowed` is how far off theirs
    may be. `note` says why a verdict is what it is, where that is not plain.
    """

    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    theirs: float
    right: float
    backprop: float
    numerical: float | None
    bound: float | None
    allowed: float
    verdict: Verdict
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """theirs/right; None where right is 0 or one of them is not finite."""
        if self.right == 0.0 or not math.isfinite(self.theirs / self.right if self.right else math.nan):
            return None
        return self.theirs / self.right

    @property
    def off(self) -> float:
        """How far off theirs is, relative to what is right: 0 where both are 0, infinite where only one is."""
        if self.theirs == self.right:
            return 0.0
        off = abs(self.theirs - self.right) / abs(self.right) if self.right else math.inf
        return math.inf if math.isnan(off) else off


class _Measure(NamedTuple):
    """What one number is measured by: how much rounding in single precision spreads it, and how far it is known."""

    right: float
    rounded: float
    slack: float = 0.0
    note: str = ""


class Judge:
    """Judges components by the precision of their file."""

    def __init__(self, precision: Precision, opinions: Mapping[tuple[str, tuple[int, ...]], Row], single: bool = False):
        self.precision = precision
        self.opinions = opinions
        kind = "float32" if single else precision.kind
        self.relative = {"float16": TOLERANCE16, "float32": TOLERANCE32}.get(kind, TOLERANCE)
        self.amplify = {"float16": EPS["float16"], "float32": EPS["float32"]}.get(kind, EPS["float64"]) / EPS["float32"]

    def entries(self, m: Match, trace: Trace, noise: Any) -> Iterator[Entry]:
        """An entry for every component."""
        right = trace.gradient(m.name)
        if not getattr(right, "ndim", 0):
            yield self.entry(m.name, (), float(m.value), float(right), float(noise))
            return
        import numpy as np

        # An entry that is lucky in every run need not be in another program's: its neighbours tell how far it may be.
        noise = np.fmax(noise, LUCKY * float((noise**2).mean()) ** 0.5)
        flat = (m.value.ravel().tolist(), right.ravel().tolist(), noise.ravel().tolist())
        for index, theirs, own, rounded in zip(np.ndindex(right.shape), *flat, strict=True):
            yield self.entry(m.name, index, theirs, own, rounded)

    def entry(self, name: str, index: tuple[int, ...], theirs: float, own: float, rounded: float) -> Entry:
        """One component; the numerical opinion is taken for right where backprop's own gradient failed its check."""
        row = self.opinions.get((name, index))
        measure = self._measure(row, own, rounded)
        right = measure.right
        size = max(abs(theirs), abs(right))
        noise = SAFETY * measure.rounded * self.amplify
        plain = self.relative * size + noise + measure.slack
        hidden = self.precision.allows(theirs) if theirs or self.precision.kind == "decimals" else 0.0
        verdict, note = _verdict(theirs, measure, row, size, noise, plain, hidden)
        numerical, bound = (row.numerical, row.bound) if row is not None else (None, None)
        return Entry(name, index, theirs, right, own, numerical, bound, plain + hidden, verdict, note)

    def _measure(self, row: Row | None, own: float, rounded: float) -> _Measure:
        """What theirs is measured by: backprop's own gradient, or what its check knows better."""
        if row is None:
            return _Measure(own, rounded)
        own_noise = SAFETY * rounded * EPS["float64"] / EPS["float32"]
        if row.verdict == "fail" and row.reason == "rule" and abs(own - row.numerical) > own_noise:
            return _Measure(row.numerical, rounded, 3.0 * row.bound, OWN_WRONG)
        if row.reason == "digits":
            slack = abs(row.numerical - own) + 3.0 * row.bound
            least = LOST * abs(row.numerical) / SAFETY / self.amplify if row.numerical else math.inf
            return _Measure(own, min(rounded, least), slack)
        if row.verdict == "fail" and row.reliable is not None:
            return _Measure(row.reliable, 0.0, note=OWN_LOST)  # what other floats would lose is lost, not right
        return _Measure(own, rounded)


def _verdict(
    theirs: float, measure: _Measure, row: Row | None, size: float, noise: float, plain: float, hidden: float
) -> tuple[Verdict, str]:
    """The verdict on one number, and why, where that is not plain.

    It may be off by `plain`, of which `noise` is rounding, and by what the digits that were cut off may hide.
    """
    right, off = measure.right, abs(theirs - measure.right)
    if not math.isfinite(theirs):
        return "fail", f"it is {_odd(theirs)}"
    if not math.isfinite(right):
        return "fail", f"backprop's gradient is {_odd(right)}"
    if off <= plain:
        return "pass", measure.note or (ROUNDING if size <= noise else "")
    if off <= plain + hidden:
        return ("pass", "") if hidden <= COARSE * size else ("unsure", "too few digits to judge")
    if row is not None and _between(theirs, row, plain + hidden):
        return "pass", f"{ON_CORNER}, between its slopes: {row.note}"
    if row is not None and row.verdict == "unsure":
        return "unsure", "the check itself could not settle this one"
    return "fail", measure.note


def _odd(x: float) -> str:
    return "NaN" if math.isnan(x) else "infinite"


def _between(theirs: float, row: Row, allowed: float) -> bool:
    """Whether theirs lies between the slopes of the two sides of a corner."""
    if row.left is None or row.right is None:
        return False
    low, high = sorted((row.left, row.right))
    return low - allowed <= theirs <= high + allowed
