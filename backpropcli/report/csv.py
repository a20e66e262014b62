"""Results as CSV: one line for every number, with all its digits, for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any

from backpropcli.notation.numbers import components, exact
from backpropcli.render.csv import line

if TYPE_CHECKING:
    from backpropcli.gradcheck import Checked, Report
    from backpropcli.report.run_rows import Result

HEADER = ("name", "kind", "formula", "index", "value", "gradient")


def run_csv(result: Result) -> Iterator[str]:
    """A line for every component: `index` is empty for a plain number, else `0,2`; no gradient is an empty field."""
    yield line(HEADER)
    for name, kind, formula, _, shape, value, gradient in result.rows:
        if not shape:
            yield line((name, kind, formula, "", exact(value), exact(gradient) if gradient is not None else ""))
            continue
        gradients: Any = (x for _, x in components(gradient)) if gradient is not None else repeat(None)
        for (index, x), g in zip(components(value), gradients, strict=False):
            place = ",".join(map(str, index))
            yield line((name, kind, formula, place, exact(x), exact(g) if g is not None else ""))


CHECK = ("name", "index", "backprop", "numerical", "bound", "verdict", "reason")


def check_csv(report: Report, failures: bool = False) -> Iterator[str]:
    """A line for every component: `name,index,backprop,numerical,bound,verdict,reason`; `failures`: unless it passed.

    Where other oracles were asked, each has a column with its number (empty where it could not judge). An expected
    number's name is its key (`dJ/dw1`), its reason `expected`: `backprop` beside the number and tolerance. So is it
    with external gradients, whose reason is `theirs`.
    """
    lines = list(map(line, _checks(report, failures)))
    yield from ([line((*CHECK, *report.against)), *lines] if lines or not failures else [])


def checks_csv(files: Iterable[Checked], failures: bool = False) -> Iterator[str]:
    """The same with the file in front; a file that could not be checked is a line whose reason is the error."""
    lines = []
    for checked in files:
        if checked.report is not None:
            lines += [line((checked.source, *fields)) for fields in _checks(checked.report, failures)]
        else:
            lines.append(line((checked.source, "", "", "", "", "", checked.verdict, _first_line(checked.error))))
    yield from ([line(("file", *CHECK)), *lines] if lines or not failures else [])


def _checks(report: Report, failures: bool) -> Iterator[tuple[str, ...]]:
    for row in report.rows:
        if not (failures and row.verdict == "pass"):
            numbers = (exact(row.backprop), exact(row.numerical), exact(row.bound))
            opinions = (exact(o.value) if o.verdict != "unsure" else "" for o in row.opinions)
            yield (row.name, ",".join(map(str, row.index)), *numbers, row.verdict, row.reason, *opinions)
    for number in report.expected:
        if not (failures and number.verdict == "pass"):
            numbers = (exact(number.got), exact(number.yours), exact(number.tolerance))
            yield (number.key, ",".join(map(str, number.index)), *numbers, number.verdict, "expected")
    for entry in report.external.components if report.external is not None else ():
        if not (failures and entry.verdict == "pass"):
            numbers = (exact(entry.right), exact(entry.theirs), exact(entry.allowed))
            key = f"d{report.of}/d{entry.name}"
            yield (key, ",".join(map(str, entry.index)), *numbers, entry.verdict, "theirs")
    for compared in report.external.gradients if report.external is not None else ():
        if compared.given is not None:  # there is no entry to compare
            yield (f"d{report.of}/d{compared.name}", "", "", "", "", "fail", "theirs")


def _first_line(error: Exception | None) -> str:
    return str(error).partition("\n")[0]
