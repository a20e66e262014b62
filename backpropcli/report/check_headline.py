"""What a check found, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision
from backpropcli.report.coverage import counted
from backpropcli.report.points_words import points_clause

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report


def headline(report: Report, precision: Precision, expected_first: bool) -> str:
    """How many gradients are right, with the size of what a program computes."""
    line = _finding(report, precision, expected_first)
    if report.size is None:
        return line
    sizes = f"{report.size:,} parameter{'s' if report.size != 1 else ''}"
    return f"{sizes}, {report.of} = {Precision().show(report.loss)}\n{line}"


def verdict_line(report: Report) -> str:
    """`4 of 4 gradients are right`, or what is wrong or unsure of how many."""
    parts = []
    if report.rows:
        parts.append(count(report))
    if report.expected:
        wrong, total = report.wrong_expected, len(report.expected)
        parts.append(
            f"{wrong} of {total} expected numbers {_is(wrong)} wrong"
            if wrong
            else f"{total} of {total} expected numbers agree{'s' if total == 1 else ''}"
        )
    return "; ".join(parts) or "nothing was checked"


def settled(report: Report) -> bool:
    """Whether all gradients are right, or what float64 lost of them was given by the user."""
    return all(row.verdict == "pass" or report.answered(row) for row in report.rows)


def _finding(report: Report, precision: Precision, expected_first: bool) -> str:
    if report.eps is None or not report.rows:
        line = verdict_line(report)
        if expected_first and settled(report):
            line = line.rpartition("; ")[2]
        elif report.verdict == "pass" and report.power:
            line += points_clause(report)
            return f"{line} (a mistake above {Precision(1).show(report.power * 100)} % would show)"
        return line + points_clause(report)
    j, e = report.of, step_shown(report)
    at = f", with {j} = {precision.show(report.loss)}" if isinstance(report.loss, float) else ""
    if report.difference == "central":
        return f"slope = ({j}(p + {e}) - {j}(p - {e})) / {Precision(10).show(2 * (report.eps or 0))}"
    if report.difference == "forward":
        return f"slope = ({j}(p + {e}) - {j}) / {e}{at}"
    return f"slope = ({j} - {j}(p - {e})) / {e}{at}"


def count(report: Report) -> str:
    """`4 of 4 gradients are right`."""
    total = len(report.rows)
    failed, unsure = report.count("fail"), report.count("unsure")
    lost = sum(row.reason == "precision" for row in report.rows)
    words = [(failed - lost, "wrong"), (lost, f"lost in {report.dtype}"), (unsure, "not judged")]
    odd = [(many, word) for many, word in words if many]
    of, along = counted(report)
    if not odd:
        if of and report.coverage is not None and report.coverage.differing:
            return f"{total:,} of {of} gradients are right, but a random direction over all is not"
        return f"{total:,} of {of or f'{total:,}'} gradients{along} {_is(total)} right"
    if of:
        parts = [f"{many:,} {word}" for many, word in odd]
        return f"{' and '.join(parts)} of {total:,} gradients that were looked at ({of} in all)"
    if not failed:
        return f"{unsure:,} of {total:,} gradients could not be judged"
    (first, word), rest = odd[0], odd[1:]
    return ", ".join(
        [
            f"{first:,} of {total:,} gradients {_is(first)} {word}",
            *(f"{many:,} {word}" for many, word in rest),
        ]
    )


def step_shown(report: Report) -> str:
    """The step that the user chose."""
    return Precision(10).show(report.eps or 0.0)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
