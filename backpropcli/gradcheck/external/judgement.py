"""Somebody else's gradients, judged component by component against backprop's own and the check's opinion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.engine import Trace
from backpropcli.gradcheck.external.naming import Match, Matched
from backpropcli.gradcheck.external.tolerance import spread
from backpropcli.gradcheck.network.point import Point
from backpropcli.gradcheck.network.verdicts import TOLERANCE, TOLERANCE32
from backpropcli.gradcheck.precision.verdict import LOST
from backpropcli.gradcheck.report import Row, Verdict
from backpropcli.language.data.precision import EPS, Precision
from backpropcli.ops.definition import Shape, Value, show_shape

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


class Compared(NamedTuple):
    """One array of the file: how many of its components are wrong, and the one that is furthest off.

    `given` is its shape in the file where that is not the gradient's (all of it is wrong then), None where it is.
    """

    key: str
    name: str
    shape: Shape
    size: int
    wrong: int
    unsure: int
    worst: Entry
    given: Shape | None = None

    @property
    def verdict(self) -> Verdict:
        """`fail` if any component is wrong, else `unsure` if any could not be judged, else `pass`."""
        return "fail" if self.wrong else "unsure" if self.unsure else "pass"


class Foreign:
    """What a comparison found: `gradients` by array, in our order, and `components`, every number of them.

    `precision` is that of the file; `single` says that it was judged as single precision, which its digits alone did
    not tell. `loss` is (theirs, ours) where the file says its loss. `where`, `likely` and `sure` are sentences about
    the fault, empty where there is nothing to say; `notes` are sentences about the judgement.
    """

    def __init__(
        self,
        source: str,
        precision: Precision,
        gradients: Sequence[Compared],
        components: Sequence[Entry],
        missing: Sequence[str],
        loss: tuple[float, float] | None,
        single: bool,
        notes: Sequence[str],
    ) -> None:
        self.source = source
        self.precision = precision
        self.gradients = tuple(gradients)
        self.components = tuple(components)
        self.missing = tuple(missing)
        self.loss = loss
        self.single = single
        self.notes = list(notes)
        self.where = ""
        self.likely: tuple[str, ...] = ()
        self.sure = ""

    @property
    def entries(self) -> list[Entry]:
        """The components that did not pass."""
        return [entry for entry in self.components if entry.verdict != "pass"]

    @property
    def size(self) -> int:
        """How many components were compared."""
        return sum(g.size for g in self.gradients)

    @property
    def wrong(self) -> int:
        """How many of them are wrong."""
        return sum(g.wrong for g in self.gradients)

    @property
    def unsure(self) -> int:
        """How many could not be judged."""
        return sum(g.unsure for g in self.gradients)

    @property
    def verdict(self) -> Verdict:
        """`fail` if any is wrong, else `unsure` if any could not be judged, else `pass`."""
        return "fail" if self.wrong else "unsure" if self.unsure else "pass"

    @property
    def tolerance(self) -> float:
        """How far off, relatively, a number could be and still pass; for fixed decimals it is absolute."""
        return tolerance(self.precision, self.single)


def tolerance(precision: Precision, single: bool = False) -> float:
    """How far off a number of such a file may be: relative, but for fixed decimals absolute."""
    if precision.kind == "decimals":
        return 0.5 * 10.0**-precision.count
    if precision.kind == "float16":
        return TOLERANCE16
    least = TOLERANCE32 if single or precision.kind == "float32" else TOLERANCE
    return max(least, 5.0 * 10.0**-precision.count) if precision.kind == "digits" else least


def compare(
    trace: Trace,
    matched: Matched,
    rows: Sequence[Row],
    values: Mapping[str, Value],
    source: str,
    precision: Precision,
    seen: Callable[[], Point],
) -> Foreign:
    """Every component of what was matched against `trace`, backprop's own run in float64, and `rows`, its check, at the
    point that is `seen` where corners are shared.
    """
    opinions = {(row.name, row.index): row for row in rows}
    cornered = any(row.left is not None for row in rows)
    noise = spread(trace, values, [m.name for m in matched.matches], cornered)
    judge = _Judge(precision, opinions)
    judged = [list(judge.entries(m, trace, noise[m.name])) for m in matched.matches]
    single = precision.kind == "float32"
    if precision.single and not single and any(e.verdict == "fail" for entries in judged for e in entries):
        # Few digits may come from single precision; it is told by wrong ones that are wrong just so much.
        again = _Judge(precision._replace(), opinions, single=True)
        other = [list(again.entries(m, trace, noise[m.name])) for m in matched.matches]
        if any(
            a.verdict == "fail" and b.verdict == "pass"
            for x, y in zip(judged, other, strict=True)
            for a, b in zip(x, y, strict=True)
        ):
            judged, single, judge = other, True, again
    judged = _together(judged, rows, seen)
    gradients = [_compared(m, trace.graph.shape(m.name), e) for m, e in zip(matched.matches, judged, strict=True)]
    everything = [e for entries in judged for e in entries]
    if matched.misshapen:
        order = {name: k for k, name in enumerate(trace.graph.nodes)}
        gradients += [_misshapen(m, trace) for m in matched.misshapen]
        gradients.sort(key=lambda g: order[g.name])
    loss = (matched.loss, float(trace.value(trace.of or ""))) if matched.loss is not None and trace.of else None
    notes = list(_notes(source, precision, everything, single))
    return Foreign(source, precision, gradients, everything, matched.missing, loss, single, notes)


def _together(judged: Sequence[list[Entry]], rows: Sequence[Row], seen: Callable[[], Point]) -> list[list[Entry]]:
    """The same, where those that share a corner and do not add up fail."""
    from backpropcli.gradcheck.external.ties import add_up

    everything = [e for entries in judged for e in entries]
    differing = [(e.name, e.index) for e in everything if e.note.startswith(ON_CORNER)]
    wrong = add_up(everything, differing, rows, seen)
    return [
        [e._replace(verdict="fail", note=wrong[e.name, e.index]) if (e.name, e.index) in wrong else e for e in entries]
        for entries in judged
    ]


def _compared(m: Match, shape: Shape, entries: Sequence[Entry]) -> Compared:
    order = {"fail": 2, "unsure": 1, "pass": 0}
    worst = max(entries, key=lambda e: (order[e.verdict], not math.isfinite(e.theirs), e.off))
    wrong, unsure = (sum(e.verdict == v for e in entries) for v in ("fail", "unsure"))
    return Compared(m.key, m.name, shape, len(entries), wrong, unsure, worst)


def _misshapen(m: Match, trace: Trace) -> Compared:
    """A gradient that has not the shape of what it is the gradient of: there are no entries to compare."""
    shape, given = trace.graph.shape(m.name), tuple(getattr(m.value, "shape", ()))
    note = f"it has the shape {show_shape(given)}, and {m.name} has {show_shape(shape)}"
    right = trace.gradient(m.name)
    own = float(right) if not getattr(right, "ndim", 0) else math.nan
    worst = Entry(m.name, (), math.nan, own, own, None, None, 0.0, "fail", note)
    size = math.prod(shape)
    return Compared(m.key, m.name, shape, size, size, 0, worst, given)


class _Judge:
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
        right, note, slack = own, "", 0.0
        numerical, bound = (row.numerical, row.bound) if row is not None else (None, None)
        own_noise = SAFETY * rounded * EPS["float64"] / EPS["float32"]
        if row is not None and row.verdict == "fail" and row.reason == "rule" and abs(own - row.numerical) > own_noise:
            right, slack, note = row.numerical, 3.0 * row.bound, OWN_WRONG
        elif row is not None and row.reason == "digits":
            slack = abs(row.numerical - own) + 3.0 * row.bound
            rounded = min(rounded, LOST * abs(row.numerical) / SAFETY / self.amplify) if row.numerical else rounded
        elif row is not None and row.verdict == "fail" and row.reliable is not None:
            right, rounded, note = row.reliable, 0.0, OWN_LOST  # what other floats would lose is lost, not right
        size = max(abs(theirs), abs(right))
        noise = SAFETY * rounded * self.amplify
        plain = self.relative * size + noise + slack
        hidden = self.precision.allows(theirs) if theirs or self.precision.kind == "decimals" else 0.0
        off = abs(theirs - right)
        verdict: Verdict
        if not (math.isfinite(theirs) and math.isfinite(right)):
            verdict = "fail"
            note = f"it is {_odd(theirs)}" if not math.isfinite(theirs) else f"backprop's gradient is {_odd(right)}"
        elif off <= plain:
            verdict = "pass"
            note = note or (ROUNDING if size <= noise else "")
        elif off <= plain + hidden:
            verdict = "pass" if hidden <= COARSE * size else "unsure"
            note = "" if verdict == "pass" else "too few digits to judge"
        elif row is not None and _between(theirs, row, plain + hidden):
            verdict, note = "pass", f"{ON_CORNER}, between its slopes: {row.note}"
        elif row is not None and row.verdict == "unsure":
            verdict, note = "unsure", "the check itself could not settle this one"
        else:
            verdict = "fail"
        return Entry(name, index, theirs, right, own, numerical, bound, plain + hidden, verdict, note)


def _odd(x: float) -> str:
    return "NaN" if math.isnan(x) else "infinite"


def _between(theirs: float, row: Row, allowed: float) -> bool:
    """Whether theirs lies between the slopes of the two sides of a corner."""
    if row.left is None or row.right is None:
        return False
    low, high = sorted((row.left, row.right))
    return low - allowed <= theirs <= high + allowed


def _notes(source: str, precision: Precision, entries: Sequence[Entry], single: bool) -> Iterator[str]:
    """What there is to say of the judgement, only where it matters."""
    verdicts = {e.verdict for e in entries}
    needed = [
        e
        for e in entries
        if e.verdict != "fail"
        and abs(e.theirs - e.right) > TOLERANCE * max(abs(e.theirs), abs(e.right))
        and e.note != ROUNDING
    ]
    if any(e.note == OWN_LOST for e in entries):
        yield "float64 lost some of backprop's own numbers, so theirs were judged by 50 digits there."
    if any(e.right != e.backprop and e.note != OWN_LOST for e in entries):
        yield (
            "backprop's own gradient failed its check where the network's hand-derived rule is wrong, so theirs was "
            "judged by the numerical opinion there."
        )
    if needed and verdicts != {"pass"}:
        limit = f"{tolerance(precision, single):.0e}".replace("e-0", "e-")
        if precision.kind == "digits":
            default = " (a C++ stream's default)" if precision.count == 6 else ""
            digits = f"{precision.count} significant digit{'s' if precision.count > 1 else ''}"
            yield (
                f"{source} has at most {digits}{default}, so it was judged to {limit}. "
                "std::setprecision(17) makes the check sharper."
            )
        elif precision.kind == "decimals":
            yield (
                f"{source} has {precision.count} decimals, so it was judged to ± {limit}. Significant digits "
                "(%.17g) make the check sharper."
            )
        elif precision.kind in ("float16", "float32"):
            yield f"{source} is in {precision.kind}, so it was judged to {limit}. float64 makes the check sharper."
    if single and precision.kind != "float32":
        yield (
            f"{source} is as far off as single precision is, so it was judged to {TOLERANCE32:.0e}. "
            "Double precision makes the check sharper."
        ).replace("e-0", "e-")
    cornered = sum(e.note.startswith(ON_CORNER) for e in entries)
    if cornered:
        yield (
            f"{cornered} of theirs differ{'s' if cornered == 1 else ''} from backprop's where the network is on a "
            "corner, and lie" + ("s" if cornered == 1 else "") + " between the slopes of its two sides: as right."
        )
