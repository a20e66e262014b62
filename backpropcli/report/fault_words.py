"""A fault put in on purpose, in words: what was broken, and whether it was caught and found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report


def fault_opening(report: Report) -> str:
    """What stands above the table: what was broken; empty where nothing was."""
    fault = report.fault
    return f"Broken on purpose ({fault.text}): {fault.words}." if fault is not None else ""


def fault_sentences(report: Report) -> list[str]:
    """What stands below it: caught or not, and whether the culprit is the step that was broken."""
    fault, culprit = report.fault, report.culprit
    if fault is None:
        return []
    wrong = report.count("fail")
    if not wrong and report.coverage is not None and report.coverage.interrupted:
        return ["Interrupted before the fault was caught."]
    if not wrong:
        moved = f"d{report.of}/d{fault.name} by {Precision(2).show(fault.moves * 100)} %"
        power = report.power
        sees = f", and mistakes above {Precision(2).show(power * 100)} % would show" if power else ""
        return [f"Not caught: the fault moves {moved}{sees}."]
    many = f"{wrong} gradient{'s' if wrong > 1 else ''} wrong"
    if fault.found_by(culprit):
        assert culprit is not None
        return [f"Caught: {many}, and the check found the culprit, {culprit.operation} in {culprit.label}."]
    if culprit is not None:
        return [f"Caught: {many}. The check names {culprit.operation} in {culprit.label}, not {fault.labels[0]}."]
    return [f"Caught: {many}. The check cannot name the culprit."]


def fault_fields(report: Report) -> dict[str, object] | None:
    """The fault for JSON."""
    fault = report.fault
    if fault is None:
        return None
    return {
        "fault": fault.text,
        "steps": list(fault.labels),
        "what": fault.words,
        "moves": fault.moves,
        "caught": report.count("fail") > 0,
        "found": fault.found_by(report.culprit),
    }
