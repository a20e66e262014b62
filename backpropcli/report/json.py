"""Results as JSON: numbers round-trip exactly, non-finite ones are strings; written a row a line, in linear time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.render.json import anything, array, listed, number, text
from backpropcli.report.against_table import opinion_fields
from backpropcli.report.coverage import coverage_fields
from backpropcli.report.fault_words import fault_fields
from backpropcli.report.precision_words import lost_fields
from backpropcli.safe import quoted

if TYPE_CHECKING:
    from backpropcli.errors import Place
    from backpropcli.gradcheck import Checked, Report
    from backpropcli.report.run_rows import Result, Row


def run_json(result: Result) -> Iterator[str]:
    """`backprop.run/1`: {"format", "spec", "title"?, "loss", "nodes": [{"name", "kind", "formula", "inputs", "shape",
    "value", "gradient"}, ...]}, nodes in order; data have no formula, and what was not asked for is null.
    """
    yield f'{{"format": "backprop.run/1", "spec": {quoted(result.source)}, '
    if result.title:
        yield f'"title": {quoted(result.title)}, '
    yield f'"loss": {text(result.loss)}, "nodes": ['
    yield from listed(map(_row, result.rows))
    yield "]}\n"


def check_json(report: Report, source: str, failures: bool = False) -> Iterator[str]:
    """`backprop.check/1`: {"format", "spec", "loss", "verdict", "difference", "eps", "coverage": {"checked",
    "total", "directions", "differing", "blind", "seed", "sample", "interrupted"}, "parameters": [{"name", "index",
    "backprop", "numerical", "bound", "verdict", "reason", "note"}], "expected": [{"name", "index", "expected",
    "backprop", "within", "verdict", "diagnosis", "file", "line"}], "culprit": {"node", "operation", "argument", "at",
    "gradient", "slope", "file", "line"}, "notes": sentences, about shapes that hardly were meant and what else there is
    to say}. With other oracles each parameter has "opinions": {oracle: {"value", "error", "verdict", "why"}}; with a
    fault there is "broken": {"fault", "steps", "what", "moves", "caught", "found"}. With external gradients there is
    "gradients" (see `external_json.fields`); of a program or a function there is "outside": {"judged", "value", "size",
    "notes"}. With further points there is "points": {"asked", "seed", "moved", "checked", "skipped", "unsure", "wrong":
    [{"point", "value", "values", "parameters", "culprit"}]}. `failures` leaves out what passed.
    """
    yield f'{{"format": "backprop.check/1", "spec": {quoted(source)}, "loss": {quoted(report.of)}, '
    yield f'"verdict": "{report.verdict}", "difference": {quoted(report.difference)}, "eps": {anything(report.eps)}, '
    yield f'"coverage": {anything(coverage_fields(report))}, '
    yield '"parameters": ['
    yield from listed(
        anything(
            {
                "name": row.name,
                "index": list(row.index),
                "backprop": row.backprop + 0.0,  # no -0.0
                "numerical": row.numerical,
                "bound": row.bound,
                "verdict": row.verdict,
                "reason": row.reason,
                "note": row.note,
                **({"reliable": row.reliable} if row.reliable is not None else {}),
                **({"opinions": opinion_fields(row.opinions)} if report.against else {}),
            }
        )
        for row in report.rows
        if not (failures and row.verdict == "pass")
    )
    yield '], "expected": ['
    yield from listed(
        anything(
            {
                "name": number.key,
                "index": list(number.index),
                "expected": number.yours,
                "backprop": number.got,
                "within": number.tolerance,
                **({"reliable": number.reliable} if number.reliable is not None else {}),
                "verdict": number.verdict,
                "diagnosis": number.diagnosis,
                **_where(number.place),
            }
        )
        for number in report.expected
        if not (failures and number.verdict == "pass")
    )
    broken = f', "broken": {anything(fault_fields(report))}' if report.fault is not None else ""
    theirs = ""
    if report.external is not None:
        from backpropcli.report.external_json import fields

        theirs = f', "gradients": {anything(fields(report.external, failures))}'
    outside = ""
    if report.size is not None:
        known = {"judged": report.judged, "value": report.loss, "size": report.size, "notes": list(report.notes)}
        outside = f', "outside": {anything(known)}'
    lost = f', "lost": {anything(lost_fields(report))}' if report.lost else ""
    notes = [*report.shapes, *(report.notes if report.size is None else ())]
    notes += [str(report.differing)] if report.differing is not None else []
    more = f', "notes": {anything(notes)}'
    if report.points is not None:
        from backpropcli.report.points_words import points_fields

        more += f', "points": {anything(points_fields(report, _culprit))}'
    yield f'], "culprit": {anything(_culprit(report))}{lost}{broken}{theirs}{outside}{more}}}\n'


def _culprit(report: Report) -> dict[str, Any] | None:
    culprit = report.culprit
    return (
        None
        if culprit is None
        else {
            "node": culprit.node,
            "operation": culprit.operation,
            "argument": culprit.argument,
            "entry": list(culprit.entry),
            "along": list(culprit.along),
            "at": dict(culprit.at),
            "gradient": culprit.says,
            "slope": culprit.slope,
            **_where(culprit.place),
        }
    )


def checks_json(files: Sequence[Checked], verdict: str, failures: bool = False) -> Iterator[str]:
    """`backprop.checks/1`: {"format", "verdict", "files": [a `backprop.check/1` each, the worst first]}.

    A file that could not be checked is {"format": "backprop.check/1", "spec", "verdict": "error", "error": {"message",
    "file", "line", "column", "hint"}}, with the verdict "bug" where backprop itself is at fault. `failures` leaves out
    files and components that passed.
    """
    yield f'{{"format": "backprop.checks/1", "verdict": "{verdict}", "files": ['
    before = "\n"
    for checked in files:
        if failures and checked.verdict == "pass":
            continue
        if checked.report is not None:
            one = "".join(check_json(checked.report, checked.source, failures)).rstrip("\n")
        else:
            one = anything(
                {
                    "format": "backprop.check/1",
                    "spec": checked.source,
                    "verdict": checked.verdict,
                    "error": _error(checked.error),
                }
            )
        yield before + one
        before = ",\n"
    yield "\n]}\n" if before[0] == "," else "]}\n"


def _error(error: Exception | None) -> dict[str, Any]:
    """An error's parts; null where there is no place."""
    place: Place | None = getattr(error, "place", None)
    return {
        "message": getattr(error, "message", repr(error)),
        **_where(place),
        "column": place.column if place is not None and place.line else None,
        "hint": getattr(error, "hint", ""),
    }


def _where(place: Place | None) -> dict[str, Any]:
    """A place's file and line; null where it is in none."""
    known = place is not None and place.line > 0
    return {"file": place.file if place and known else None, "line": place.line if place and known else None}


def _row(row: Row) -> str:
    name, kind, formula, inputs, shape, value, gradient = row
    return (
        f'{{"name": {quoted(name)}, "kind": "{kind}", "formula": {quoted(formula) if formula else "null"}, '
        f'"inputs": [{", ".join(map(quoted, inputs)) if inputs else ""}], "shape": {list(shape) if shape else "[]"}, '
        f'"value": {number(value) if not shape else array(value)}, '
        f'"gradient": {"null" if gradient is None else number(gradient) if not shape else array(gradient)}}}'
    )
