"""Results as CSV: one line for every number, with all its digits, for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any

from backpropcli.views.numbers import components, exact

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.views.run_rows import Result

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


def check_csv(report: Report) -> Iterator[str]:
    """A line for every component: `name,index,backprop,numerical,bound,verdict,reason`."""
    yield line(("name", "index", "backprop", "numerical", "bound", "verdict", "reason"))
    for row in report.rows:
        numbers = (exact(row.backprop), exact(row.numerical), exact(row.bound))
        yield line((row.name, ",".join(map(str, row.index)), *numbers, row.verdict, row.reason))


def line(fields: tuple[str, ...]) -> str:
    """One line, RFC 4180: a field with a comma, a quote or a line break stands in quotes."""
    return ",".join(map(_field, fields)) + "\n"


def _field(text: str) -> str:
    if "," in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text
