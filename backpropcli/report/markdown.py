"""Results as a Markdown table (GitHub's), to paste into a worksheet or an issue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, nested
from backpropcli.render.markdown import in_cell, table
from backpropcli.safe import markdown as escaped

if TYPE_CHECKING:
    from backpropcli.report.run_rows import Result


def run_markdown(result: Result, precision: Precision, heading: str) -> Iterator[str]:
    """The network's title, a line with its file and its loss, and a table.

    Its columns: `name`, `shape` where there are arrays, `formula`, `value`, gradient.
    """
    arrays = any(row.shape for row in result.rows)
    gradients = any(row.gradient is not None for row in result.rows)
    titles = ["name", *["shape"] * arrays, "formula", "value", *[f"d{result.loss}/d(name)"] * gradients]
    sides = ["left", *["left"] * arrays, "left", "right", *["right"] * gradients]
    rows = []
    for row in result.rows:
        cells = [in_cell(row.name)]
        if arrays:
            cells.append(f"({','.join(map(str, row.shape))}{',' * (len(row.shape) == 1)})" if row.shape else "")
        cells.append(in_cell(result.written(row)) if row.formula else row.kind)
        cells.append(nested(row.value, precision.show))
        if gradients:
            cells.append(nested(row.gradient, precision.show) if row.gradient is not None else "")
        rows.append(cells)
    if result.title:
        yield f"## {escaped(result.title)}\n\n"
    yield f"{escaped(heading)}\n\n"
    yield from table(titles, sides, rows)
