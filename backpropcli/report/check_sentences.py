"""What a check says under its tables, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, apart, component_name, exact
from backpropcli.report.against_table import against_sentences
from backpropcli.report.check_headline import count, step_shown, verdict_line
from backpropcli.report.fault_words import fault_sentences
from backpropcli.report.precision_words import lost_sentences

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.report import Culprit, ExpectedNumber

ALONG = 4
"""So many arguments that share a corner are named."""


def sentences(report: Report, precision: Precision, expected: Sequence[ExpectedNumber]) -> Iterator[str]:
    """What is wrong with the `expected` numbers that are shown and with the gradients, where, and what a step tells."""
    for number in expected:
        if number.verdict != "pass" and (number.diagnosis or _line(number)):
            yield _sentence_of(number)
    yield from _lost(report, precision)
    yield from lost_sentences(report)
    yield from where(report, precision)
    yield from _unsettled(report)
    yield from against_sentences(report)
    yield from fault_sentences(report)
    if report.eps is not None:
        yield _told_by_step(report)


def _told_by_step(report: Report) -> str:
    """What the step that the user chose can tell."""
    if blind := _blind(report):
        return (
            f"A step of {step_shown(report)} tells nothing about {blind} of {len(report.rows)} gradients: its own "
            f"error is as large as they are. The verdict is that of the check's own steps: {verdict_line(report)}."
        )
    if report.difference != "central" and report.rows and report.verdict == "pass":
        return (
            f"{count(report)}, as far as a step of {step_shown(report)} can tell (± is the step's own error). "
            "Without --eps the check is far sharper."
        )
    return _sentence(verdict_line(report)) + "."


def _lost(report: Report, precision: Precision) -> list[str]:
    """Which numbers backprop itself did not keep, where expected ones were judged."""
    lost = [c for c in report.expected if c.reliable is not None]
    if not lost:
        return []
    shown = [f"{component_name(c.key, c.index)} = {precision.show(c.got)}" for c in lost[:3]]
    more = ", ..." if len(lost) > len(shown) else ""
    return [f"Float64 has lost backprop's own {', '.join(shown)}{more}: what was expected is judged by 50 digits."]


def _blind(report: Report) -> int:
    """How many gradients are smaller than the error of the step that the user chose."""
    if report.eps is None:
        return 0
    return sum(
        row.numerical - row.numerical != 0 or (row.backprop != 0 and not row.bound < abs(row.backprop))
        for row in report.rows
        if row.backprop - row.backprop == 0 and (row.left is None or row.left == row.right)
    )


def where(report: Report, precision: Precision) -> list[str]:
    """The operation whose rule is wrong."""
    culprit = report.culprit
    if culprit is None:
        return []
    at = ", ".join(f"{name} = {Precision().show(x)}" for name, x in culprit.at)
    place = culprit.place
    line = f", {place.file}:{place.line}" if place is not None and place.line else ""
    names = ", ".join(name for name, _ in culprit.at)
    what = f"{culprit.operation}({names})" if names else f"{culprit.operation} in {culprit.label}"
    if names and culprit.node.endswith("]"):  # a rule of all times: the first at which it is wrong
        what += f" in {culprit.node}"
    text = f"Where: {what}{line}. {_says(culprit, f'At {at} its' if at else 'Its')}"
    if culprit.diagnosis:
        text += f" {_sentence(culprit.diagnosis)}."
    return [f"{text} Every other operation is right." if culprit.alone else text]


def _unsettled(report: Report) -> list[str]:
    """What would settle the components that could not be judged."""
    names = list(dict.fromkeys(row.name for row in report.rows if row.reason == "unsettled"))
    if not names:
        return []
    shown = " or ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return [f"What could not be judged is neither right nor wrong here; try it with another value of {shown}."]


def _says(culprit: Culprit, its: str) -> str:
    """What a wrong rule says, and what is right: of one entry, or of several that share a corner."""
    show = Precision().show
    if culprit.along:
        shown = [*culprit.along[:ALONG], *(["..."] if len(culprit.along) > ALONG else [])]
        them = f"{', '.join(shown[:-1])} and {shown[-1]}"
        return (
            f"{its} gradients for {them}, which share a corner, come to {show(culprit.says)} where all of them move "
            f"together; the slope of its value is {show(culprit.slope)} that way."
        )
    return f"{its} gradient{_by(culprit)} says {show(culprit.says)}; the slope of its value is {show(culprit.slope)}."


def _by(culprit: Culprit) -> str:
    """For which argument, and which entry of it, where there are several."""
    if culprit.entry:
        return f" for {culprit.argument}[{', '.join(map(str, culprit.entry))}]"
    return f" for {culprit.argument}" if len(culprit.at) != 1 else ""


def _sentence_of(number: ExpectedNumber) -> str:
    """`dE/dw5 (mazur.yaml:18): digits 8 and 9 differ (swapped?)`."""
    place = f" ({_line(number)})" if _line(number) else ""
    expected = number.text or apart(Precision(10), number.yours, number.right).show(number.yours)
    return f"{number.key}{place}: {number.diagnosis or f'expected {expected}, got {exact(number.right)}'}"


def _line(number: ExpectedNumber) -> str:
    place = number.place
    return f"{place.file}:{place.line}" if place is not None and place.line else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
