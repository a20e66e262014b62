"""A table as an HTML table, for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.render.table import Cell, Table


def html_table(table: Table) -> str:
    """One `<table>`: a `<tbody>` for each section, numbers to the right, arrays in lines."""
    kept = table.kept
    head = "".join(f"<th>{escape(table.columns[k].title)}</th>" for k in kept)
    bodies = []
    for section in table.sections:
        rows = ("".join(_cell(row[k], table.columns[k].align) for k in kept) for row in section)
        bodies.append("<tbody>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</tbody>")
    caption = f"<caption>{escape(table.title)}</caption>" if table.title else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead>{''.join(bodies)}</table>"


def _cell(cell: Cell, align: str) -> str:
    side = "left" if align == "left" else "right"
    inside = escape(cell) if isinstance(cell, str) else "<br>".join("&ensp;".join(map(escape, row)) for row in cell)
    return f'<td style="text-align: {side}">{inside}</td>'
