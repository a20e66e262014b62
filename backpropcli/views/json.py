"""Results as JSON: numbers round-trip exactly, non-finite ones are strings; written a row a line, in linear time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.views.run_rows import Result, Row

CHUNK = 2_000
"""Rows that are joined before they are written."""


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


def check_json(report: Report, source: str) -> Iterator[str]:
    """`backprop.check/1`: {"format", "spec", "loss", "verdict", "difference", "eps", "parameters": [{"name", "index",
    "backprop", "numerical", "bound", "verdict", "reason", "note"}], "expected": [{"name", "index", "expected",
    "backprop", "within", "verdict"}], "culprit"}.
    """
    yield f'{{"format": "backprop.check/1", "spec": {quoted(source)}, "loss": {quoted(report.of)}, '
    yield f'"verdict": "{report.verdict}", "difference": {quoted(report.difference)}, "eps": {anything(report.eps)}, '
    yield '"parameters": ['
    yield from listed(
        anything({
            "name": row.name,
            "index": list(row.index),
            "backprop": row.backprop,
            "numerical": row.numerical,
            "bound": row.bound,
            "verdict": row.verdict,
            "reason": row.reason,
            "note": row.note,
        })
        for row in report.rows
    )
    yield '], "expected": ['
    yield from listed(
        anything({
            "name": claim.key,
            "index": list(claim.index),
            "expected": claim.yours,
            "backprop": claim.got,
            "within": claim.tolerance,
            "verdict": claim.verdict,
        })
        for claim in report.claims
    )
    culprit = report.culprit
    found = None if culprit is None else {
        "node": culprit.node, "operation": culprit.operation, "argument": culprit.argument,
        "at": dict(culprit.at), "gradient": culprit.says, "slope": culprit.slope,
    }  # fmt: skip
    yield f'], "culprit": {anything(found)}}}\n'


def listed(items: Iterable[str]) -> Iterator[str]:
    """The items of a list, each on its own line, in large chunks."""
    chunk: list[str] = []
    before = "\n  "
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield before + ",\n  ".join(chunk)
            before = ",\n  "
            chunk.clear()
    if chunk:
        yield before + ",\n  ".join(chunk)
    if chunk or before[0] == ",":
        yield "\n"


def _row(row: Row) -> str:
    name, kind, formula, inputs, shape, value, gradient = row
    return (
        f'{{"name": {quoted(name)}, "kind": "{kind}", "formula": {quoted(formula) if formula else "null"}, '
        f'"inputs": [{", ".join(map(quoted, inputs)) if inputs else ""}], "shape": {list(shape) if shape else "[]"}, '
        f'"value": {number(value) if not shape else array(value)}, '
        f'"gradient": {"null" if gradient is None else number(gradient) if not shape else array(gradient)}}}'
    )


def number(x: float) -> str:
    """The shortest text that reads back as the same float64 (2.0 keeps its point); "NaN", "Infinity" where it is none.

    >>> number(0.1), number(float("nan"))
    ('0.1', '"NaN"')
    """
    if x - x == 0:
        return float.__repr__(x) if isinstance(x, float) else repr(float(x))
    return '"NaN"' if x != x else '"Infinity"' if x > 0 else '"-Infinity"'


def array(value: Any) -> str:
    """A number, or nested lists of numbers."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        return number(value)
    if value and not isinstance(value[0], list):
        return f"[{', '.join(map(number, value))}]"
    return f"[{', '.join(map(array, value))}]"


def text(value: str | None) -> str:
    """A string, or null."""
    return "null" if value is None else quoted(value)


def anything(value: Any) -> str:
    """A value of plain Python or NumPy types, in the same spelling."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(str(k))}: {anything(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(anything, value))}]"
    return array(value)
