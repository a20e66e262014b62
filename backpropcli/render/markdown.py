"""Tables and sections as Markdown (GitHub's), to paste into a worksheet or an issue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.safe import code
from backpropcli.safe import markdown as escaped

if TYPE_CHECKING:
    from backpropcli.render.table import Cell, Table


def any_markdown(table_: Table) -> Iterator[str]:
    """A table of the terminal's as Markdown: headline, rows, and the sentences under it."""
    kept = [k for k, c in enumerate(table_.columns) if c.title or any(r[k] for s in table_.sections for r in s)]
    if table_.title:
        yield "\n\n".join(map(escaped, table_.title.split("\n"))) + "\n\n"
    if kept:
        rows = [[_flat(row[k]) for k in kept] for section in table_.sections for row in section]
        sides = ["left" if table_.columns[k].align == "left" else "right" for k in kept]
        yield from table([table_.columns[k].title for k in kept], sides, rows)
    if table_.footers:
        yield "\n" + "\n".join(map(escaped, table_.footers)) + "\n"


def table(titles: Sequence[str], sides: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table whose cells are Markdown already, padded so that its source reads well too."""
    sizes = [max(3, len(title), *(len(row[k]) for row in rows)) for k, title in enumerate(titles)]

    def line(cells: Sequence[str]) -> str:
        padded = (c.rjust(s) if d == "right" else c.ljust(s) for c, s, d in zip(cells, sizes, sides, strict=True))
        return f"| {' | '.join(padded)} |\n"

    yield line([escaped(title) for title in titles])
    yield line(["-" * (s - 1) + ":" if d == "right" else "-" * s for s, d in zip(sizes, sides, strict=True)])
    for row in rows:
        yield line(row)


def _flat(cell: Cell) -> str:
    """A terminal's cell in one line."""
    return escaped(cell if isinstance(cell, str) else " ".join(" ".join(row) for row in cell))


def in_cell(text: str) -> str:
    """Code in a table's cell, which a bar would end."""
    return code(text).replace("|", "\\|")


def told(section: str | Table, first: bool) -> Iterator[str]:
    """One section of a telling (`explain`, `derive`): a table, a paragraph, or the heading, which comes first."""
    if not isinstance(section, str):
        yield from any_markdown(section)
    elif first:
        yield f"## {escaped(section)}\n"
    else:
        yield "  \n".join(map(escaped, section.splitlines())) + "\n"
    yield "\n"
