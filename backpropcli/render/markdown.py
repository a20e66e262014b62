"""Tables and documents as Markdown (GitHub's), to paste into a worksheet or an issue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backpropcli.notation.maths import Maths
from backpropcli.render.document import Equations, Heading, Lines, Section, Verbatim, Walk, Whole, wholes
from backpropcli.render.rows import WIDTH, lay_out
from backpropcli.render.table import Cell, Column, Table
from backpropcli.safe import code
from backpropcli.safe import markdown as escaped


def any_markdown(table_: Table) -> Iterator[str]:
    """A table of the terminal's as Markdown: headline, rows, and the sentences under it."""
    kept = table_.kept
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


def markdown(document: Iterable[Section]) -> Iterator[str]:
    """A document as Markdown; worked lines are code."""
    for section in wholes(document):
        yield from _section(section)
        yield "\n"


def _section(section: Whole) -> Iterator[str]:
    match section:
        case Heading(text=words):
            yield f"## {escaped(words)}\n"
        case Walk(rows=rows):
            yield "```text\n" + "".join(f"{line}\n" for line in lay_out(rows, WIDTH)) + "```\n"
        case Verbatim(lines=lines):
            yield _paragraph("\n".join(lines))
        case Table():
            yield from any_markdown(section)
        case Equations():
            yield from any_markdown(_steps(section))
        case Lines(lines=lines):
            yield _paragraph("\n".join(line for line, _ in lines))
        case _:
            yield _paragraph(section)


def _steps(section: Equations) -> Table:
    """Equations as a table: what each is, and its formula."""
    (word, first), *rest = section.rows
    if isinstance(first, Maths):
        first = f"{section.left} = {first}"
    return Table([Column("step"), Column("formula")], [[[word, first], *map(list, rest)]])


def _paragraph(text: str) -> str:
    return "  \n".join(map(escaped, text.splitlines())) + "\n"
