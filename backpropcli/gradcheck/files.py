"""Several networks checked: what came of each file, the worst first, and the one status of them all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from backpropcli.errors import BackpropError, Place
from backpropcli.gradcheck.report import ExpectedNumber, Report, Row, indexed

if TYPE_CHECKING:
    from backpropcli.gradcheck.external.comparison import Compared

Outcome = Literal["bug", "error", "fail", "unsure", "pass"]
"""A file's verdict; `error`: it could not be checked at all; `bug`: backprop itself is at fault."""
STATUS: dict[Outcome, int] = {"bug": 70, "error": 2, "fail": 1, "unsure": 3, "pass": 0}
"""The exit status of each, the worst first: over several files the first that applies."""
WORST_FIRST = list(STATUS)


class Finding(NamedTuple):
    """A gradient of backprop's, an expected number, or a gradient of theirs, that did not pass: `whose` it is.

    For an array it is about the worst component. `name` is the parameter, `key` the component (`dJ/dW[3, 1]`), `count`
    of its `size` components have the same `verdict`. `got` is what is judged, `right` ± `bound` what it should be.
    `slip` is the shape of the error in a word or two; `note` says more where there is more. `place` is where the spec
    has it (for a fault in a rule: the rule).
    """

    name: str
    key: str
    verdict: Literal["fail", "unsure"]
    got: float
    right: float
    bound: float
    slip: str
    note: str
    count: int  # type: ignore[assignment]  # shadows tuple.count
    size: int
    whose: Literal["backprop", "expected", "theirs"] = "backprop"
    place: Place | None = None


class Checked(NamedTuple):
    """What came of one file: a report, or the error that stood in its way; `seconds` it took.

    `place` is where the network's file has a name.
    """

    source: str
    report: Report | None = None
    error: Exception | None = None
    seconds: float = 0.0
    place: Callable[[str], Place | None] = lambda name: None

    @property
    def verdict(self) -> Outcome:
        """The report's verdict, or the kind of the error."""
        if self.report is not None:
            return self.report.verdict
        return "error" if isinstance(self.error, BackpropError) else "bug"

    def findings(self) -> list[Finding]:
        """What did not pass: parameters in order, then expected numbers, then external gradients."""
        report = self.report
        if report is None:
            return []
        found = []
        for name, rows in by_parameter(report).items():
            odd = [row for row in rows if row.verdict == "fail"] or [row for row in rows if row.verdict == "unsure"]
            if odd:
                found.append(self._of_rows(name, odd, len(rows)))
        found += [self._of_expected(number) for number in report.expected if number.verdict != "pass"]
        theirs = report.external.gradients if report.external is not None else ()
        return found + [self._of_theirs(report.of, compared) for compared in theirs if compared.verdict != "pass"]

    def weakest(self) -> Row | None:
        """The component that passed and about which least is known: on a corner, short of digits, least sharp."""
        rows = self.report.rows if self.report is not None else ()
        odd = [row for row in rows if row.verdict == "pass" and row.reason]
        sharp = [row for row in rows if row.verdict == "pass" and row.sees is not None]
        return odd[0] if odd else max(sharp, key=lambda row: row.sees or 0.0, default=None)

    def _of_rows(self, name: str, odd: list[Row], size: int) -> Finding:
        report = self.report
        assert report is not None
        worst = max(odd, key=distance)
        verdict: Literal["fail", "unsure"] = "fail" if worst.verdict == "fail" else "unsure"
        culprit = report.culprit if worst.reason == "rule" else None
        place = (culprit.place if culprit is not None else None) or self.place(name)
        return Finding(
            name,
            f"d{report.of}/d{worst.label}",
            verdict,
            worst.backprop,
            worst.nearest,
            worst.bound,
            slip_of(worst, report.dtype),
            worst.note,
            len(odd),
            size,
            place=place,
        )

    def _of_expected(self, number: ExpectedNumber) -> Finding:
        return Finding(
            number.key,
            indexed(number.key, number.index),
            "fail" if number.verdict == "fail" else "unsure",
            number.yours,
            number.right,
            number.tolerance,
            slip(number.yours, number.right),
            number.diagnosis,
            number.wrong,
            number.size,
            whose="expected",
            place=number.place,
        )

    def _of_theirs(self, of: str, compared: Compared) -> Finding:
        worst, wrong = compared.worst, compared.wrong
        shape = slip(worst.theirs, worst.right) if compared.given is None else worst.note
        return Finding(
            compared.name,
            f"d{of}/d{indexed(compared.name, worst.index)}",
            "fail" if wrong else "unsure",
            worst.theirs,
            worst.right,
            worst.allowed,
            shape,
            worst.note,
            wrong or compared.unsure,
            compared.size,
            whose="theirs",
            place=self.place(compared.name),
        )


def by_parameter(report: Report) -> dict[str, list[Row]]:
    """The rows of a report, parameter by parameter."""
    found: dict[str, list[Row]] = {}
    for row in report.rows:
        found.setdefault(row.name, []).append(row)
    return found


class Summary(NamedTuple):
    """All files, those with the worst verdict first and otherwise in their order; the verdict and status over all."""

    files: list[Checked]
    verdict: Outcome
    status: int


def sum_up(files: Iterable[Checked]) -> Summary:
    """The files in order, and the one verdict: the worst."""
    ordered = sorted(files, key=lambda checked: WORST_FIRST.index(checked.verdict))
    verdict = ordered[0].verdict if ordered else "pass"
    return Summary(ordered, verdict, STATUS[verdict])


def distance(row: Row) -> float:
    """How far a component is off, for finding the worst: relative to its slope; what is no number is furthest off."""
    off = abs(row.backprop - row.nearest)
    if not math.isfinite(off):
        return math.inf
    return off / max(abs(row.backprop), abs(row.nearest), 1e-300)


def slip_of(row: Row, dtype: str) -> str:
    """The shape of a gradient's error; on a corner there is no one slope that a factor could be told from."""
    if row.reason == "precision":
        return f"lost in {dtype}"
    if row.reason == "elsewhere":  # it is right here
        return row.note
    if row.left is None or row.right is None or not row.cornered:
        return slip(row.backprop, row.numerical)
    low, high = sorted((row.left, row.right))
    return f"not from {low:.6g} to {high:.6g}" if math.isfinite(row.backprop) else slip(row.backprop, 0.0)


def slip(got: float, right: float) -> str:
    """The shape of an error in a word or two.

    >>> slip(-2.0, 2.0), slip(0.0, 2.0), slip(6.0, 2.0), slip(2.1, 2.0)
    ('sign', 'zero', '3 times too large', '5 % off')
    """
    if not math.isfinite(got):
        return "NaN" if got != got else "infinite"
    if not math.isfinite(right):
        return "not settled"
    if right == 0.0:
        return "should be 0" if got else ""
    ratio = got / right
    if ratio == 0.0:
        return "zero"
    if abs(ratio + 1.0) < 1e-5:
        return "sign"
    if ratio < 0.0:
        return "sign and size"
    for n in range(2, 11):
        if abs(ratio / n - 1.0) < 1e-5:
            return f"{n} times too large"
        if abs(ratio * n - 1.0) < 1e-5:
            return f"{n} times too small"
    if ratio > 10.0:
        return f"{ratio:.2g} times too large"
    percent = 100.0 * abs(ratio - 1.0)
    return f"{percent:.0f} % off" if percent >= 10.0 else f"{percent:.2g} % off"
