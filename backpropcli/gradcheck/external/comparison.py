"""External gradients beside what is right: every component judged, array by array."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.gradcheck.external.judgement import ON_CORNER, Entry, Judge
from backpropcli.gradcheck.external.notes import notes, tolerance
from backpropcli.gradcheck.external.ties import add_up
from backpropcli.gradcheck.external.tolerance import spread
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.gradcheck.external.naming import Match, Matched
    from backpropcli.gradcheck.point.point import Point
    from backpropcli.gradcheck.report import Row, Verdict
    from backpropcli.language.data.precision import Precision
    from backpropcli.ops.definition import Value


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


class Comparison:
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


def compare(
    trace: Trace,
    matched: Matched,
    rows: Sequence[Row],
    values: Mapping[str, Value],
    source: str,
    precision: Precision,
    seen: Callable[[], Point],
) -> Comparison:
    """Every component of what was matched against `trace`, backprop's own run in float64, and `rows`, its check, at the
    point that is `seen` where corners are shared.
    """
    cornered = any(row.left is not None for row in rows)
    noise = spread(trace, values, [m.name for m in matched.matches], cornered)
    judged, single = _judged(trace, matched, rows, precision, noise)
    judged = _together(judged, rows, seen)
    gradients = [_compared(m, trace.graph.shape(m.name), e) for m, e in zip(matched.matches, judged, strict=True)]
    gradients += [_misshapen(m, trace) for m in matched.misshapen]
    order = {name: k for k, name in enumerate(trace.graph.nodes)}
    gradients.sort(key=lambda g: order[g.name])
    everything = [e for entries in judged for e in entries]
    loss = (matched.loss, float(trace.value(trace.of or ""))) if matched.loss is not None and trace.of else None
    said = list(notes(source, precision, everything, single))
    return Comparison(source, precision, gradients, everything, matched.missing, loss, single, said)


def _judged(
    trace: Trace, matched: Matched, rows: Sequence[Row], precision: Precision, noise: Mapping[str, Any]
) -> tuple[list[list[Entry]], bool]:
    """The entries of every array, and whether they were judged as single precision.

    Few digits may come from single precision; it is told by wrong ones that are wrong just so much.
    """
    opinions = {(row.name, row.index): row for row in rows}

    def by(judge: Judge) -> list[list[Entry]]:
        return [list(judge.entries(m, trace, noise[m.name])) for m in matched.matches]

    judged = by(Judge(precision, opinions))
    if precision.kind == "float32":
        return judged, True
    wrong = [(k, n) for k, entries in enumerate(judged) for n, e in enumerate(entries) if e.verdict == "fail"]
    if precision.single and wrong:
        other = by(Judge(precision, opinions, single=True))
        if any(other[k][n].verdict == "pass" for k, n in wrong):
            return other, True
    return judged, False


def _together(judged: Sequence[list[Entry]], rows: Sequence[Row], seen: Callable[[], Point]) -> list[list[Entry]]:
    """The entries, of which those fail that share a corner and do not add up."""
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
