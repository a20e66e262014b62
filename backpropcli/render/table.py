"""A table as the commands print it, title, header, rules and numbers aligned on the point, in plain text or in colour.

`Table` says what stands where; `Layout` fits it (to a terminal's width, where there is one) into padded cells; `text`
and `rich_table` print the same layout, one without Rich (fast, for pipes and files), one with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from backpropcli.render.width import Block, cut, cut_middle, pad, width_of, worded, wrap

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

Grid = list[list[str]]
"""The numbers of an array, row by row; `6 ± 2e-12` is a grid of one row too."""
Cell = str | Grid
INDENT = "  "
NARROWEST = 10
"""An elastic column is cut to this before anything else has to give way."""
NARROWEST_NAME = 12
"""A column of names is not cut further than this."""
WIDEST_CELL = 240
"""A text that is longer than this runs on where nothing is cut, and the other rows keep their columns."""


class Column(NamedTuple):
    """A column: `point` aligns numbers on the decimal point, and arrays entry by entry.

    `elastic` may be cut in a narrow terminal, or with `wrap` goes on in the next line; `gap` is the space in front of
    it, `inner` the one between the entries of an array; `style` and `styles` (by text) are Rich styles.
    """

    title: str
    align: Literal["left", "right", "point"] = "left"
    elastic: bool = False
    wrap: bool = False
    gap: int = 3
    inner: int = 2
    style: str = ""
    styles: dict[str, str] = {}  # noqa: RUF012 - read only
    last: bool = False
    """Names, which are cut in their middle when nothing else is left to give way."""


class Table(NamedTuple):
    """What to print: columns, and rows (a cell for each column) in sections, which rules divide."""

    columns: Sequence[Column]
    sections: Sequence[Sequence[Sequence[Cell]]]
    title: str = ""
    footers: Sequence[str] = ()

    @property
    def kept(self) -> list[int]:
        """The columns that say anything: with a title, or with something in a row."""
        rows = [row for section in self.sections for row in section]
        return [k for k, column in enumerate(self.columns) if column.title or any(row[k] for row in rows)]

    def layout(self, width: int | None = None) -> Layout:
        """The padded cells; within `width` columns where that can be done by cutting the elastic ones."""
        return Layout(self, width)

    def text(self, width: int | None = None) -> str:
        """Plain text, each line without trailing spaces."""
        return "\n".join(self.layout(width).lines()) + "\n"


class Part:
    """A column and its cells: padded `blocks`, `size` columns wide, the title at its `side`, `gap` in front."""

    def __init__(self, column: Column, cells: list[list[Cell]]) -> None:
        self.column = column
        self.cells = cells
        self.gap = column.gap
        self.blocks, self.size, self.side = _column(column, cells)
        if column.align == "left" and not column.last:
            self.size = min(self.size, WIDEST_CELL)

    def tighten(self) -> None:
        """The entries of arrays as close as can be."""
        if self.column.align == "point" and self.column.inner > 1:
            self.blocks, self.size, self.side = _column(self.column._replace(inner=1), self.cells)

    def cut(self) -> None:
        """What does not fit goes on in the next line, or is cut."""
        if self.column.elastic or self.column.last:
            shorten = wrap if self.column.wrap else cut_middle if self.column.last else cut
            self.blocks = [[shorten(block, self.size) for block in section] for section in self.blocks]

    @property
    def overflows(self) -> bool:
        """Whether a text is wider than the widest column."""
        texts = (block for section in self.blocks for block in section if type(block) is str)
        return self.size >= WIDEST_CELL and any(len(text) > self.size for text in texts)


def fit(parts: list[Part], room: int) -> bool:
    """Fit columns into so much room as far as that can be done; whether names were cut or a column was left out."""
    _closer(parts, room)
    _narrow([part for part in parts if part.column.elastic], parts, NARROWEST, room)
    hard = _narrow([part for part in parts if part.column.last], parts, NARROWEST_NAME, room)
    if 0 < excess(parts, room) <= sum(part.gap - 1 for part in parts[1:]):
        hard = True
        for part in parts:
            part.gap = 1
    for part in reversed(parts[1:]):  # what can be done without
        if excess(parts, room) > 0 and part.column.elastic and part.column.title:
            hard = True
            parts.remove(part)
    for part in parts:
        part.cut()
    return hard


def _closer(parts: Sequence[Part], room: int) -> None:
    """Columns, and then the entries of arrays, nearer to each other, where there is no room for them."""
    if excess(parts, room) > 0:
        for part in parts:
            part.gap = 2 if part.column.align == "left" else part.gap
    if excess(parts, room) > sum(max(part.size - NARROWEST, 0) for part in parts if part.column.elastic):
        for part in parts:
            part.gap = min(part.gap, 2)
            part.tighten()


def excess(parts: Sequence[Part], room: int) -> int:
    """By how much columns are wider than the room for them."""
    return sum(part.size for part in parts) + sum(part.gap for part in parts[1:]) - room


def _narrow(some: Sequence[Part], parts: Sequence[Part], least: int, room: int) -> bool:
    """Narrow some of the columns, one after the other, as far as is needed and they may; whether any was."""
    found = False
    for part in some:
        if (more := excess(parts, room)) > 0:
            found = found or part.size > least
            part.size = max(min(part.size, least), part.size - more)
    return found


class Layout:
    """A table's padded cells: `titles` (the header), `sections` of blocks; a cell carries the gap behind it."""

    def __init__(self, table: Table, width: int | None = None) -> None:
        parts = [
            Part(table.columns[k], [[row[k] for row in section] for section in table.sections]) for k in table.kept
        ]
        self.hard = fit(parts, width - len(INDENT)) if width is not None else False
        """Whether names were cut or a column was left out to fit the width."""
        self.title, self.footers = table.title, list(table.footers)
        if width is not None:
            self.title = "\n".join(part for line in table.title.split("\n") for part in worded(line, width))
            self.footers = [part for text in table.footers for line in text.split("\n") for part in worded(line, width)]
        behind = [" " * part.gap for part in parts[1:]] + [""] * bool(parts)
        self.table = table
        self.columns = [part.column for part in parts]
        sizes = [part.size for part in parts]
        self.sizes = [s + len(b) for s, b in zip(sizes, behind, strict=True)]
        self.width = len(INDENT) + sum(self.sizes)
        self.overflows = any(part.overflows for part in parts)
        """Whether a text runs on behind its column."""
        self.titles = [pad(part.column.title, part.size, part.side) + b for part, b in zip(parts, behind, strict=True)]
        self.sections = [
            _section([part.blocks[number] for part in parts], sizes, behind) for number in range(len(table.sections))
        ]

    def lines(self) -> Iterator[str]:
        """The table as plain text, line by line."""
        if self.title:
            yield self.title
            if self.columns:
                yield ""
        if not self.columns:  # all there is to say is in the title and under it
            yield from (["", *self.footers] if self.footers else [])
            return
        yield (INDENT + "".join(self.titles)).rstrip()
        rule = INDENT + "─" * (self.width - len(INDENT))
        for section in self.sections:
            if not section:
                continue
            yield rule
            for cells in section:
                yield (INDENT + "".join(cells)).rstrip()
        if self.footers:
            yield ""
            yield from self.footers

    def rich_table(self) -> RichTable:
        """The same lines as a Rich table, without title, indent and footers."""
        from rich.box import Box
        from rich.table import Table as RichTable
        from rich.text import Text

        space, rule = "    \n", " ── \n"
        box = Box(space + space + rule + space + rule + rule + space + space)
        result = RichTable(box=box, show_edge=False, padding=0, pad_edge=False, header_style="bold", border_style="dim")
        last = len(self.columns) - 1
        for k, (title, size) in enumerate(zip(self.titles, self.sizes, strict=True)):
            # Rich itself puts one space between two columns.
            inside = size - (k < last)
            result.add_column(
                Text(title[:inside] if k < last else title), min_width=inside, no_wrap=True, overflow="ignore"
            )
        for section in self.sections:
            for cells in section:
                result.add_row(
                    *[_styled(cell[:-1] if k < last else cell, self.columns[k]) for k, cell in enumerate(cells)]
                )
            if section:
                result.add_section()
        return result


def plain_text(table: Table) -> str:
    """A table as plain text, with nothing cut."""
    return table.text()


def _column(column: Column, sections: list[list[Cell]]) -> tuple[list[list[Block]], int, str]:
    """A column's padded blocks, its width, and the side its title stands at."""
    if column.align == "point":
        return _numbers(column, sections)
    widest = max((width_of(str(cell)) for section in sections for cell in section), default=0)
    size = max(widest, width_of(column.title))
    if column.align == "right":
        return [[pad(str(cell), size, "right") for cell in section] for section in sections], size, "right"
    return [[str(cell) for cell in section] for section in sections], size, "left"


def _numbers(column: Column, sections: list[list[Cell]]) -> tuple[list[list[Block]], int, str]:
    """Numbers aligned on the point: the first of each row over the whole table, the others within their section."""
    front = 0
    has_grid = False
    for section in sections:
        for cell in section:
            if isinstance(cell, str):
                front = max(front, _whole(cell))
            elif cell:
                has_grid = True
                front = max(front, *(_whole(row[0]) for row in cell if row))
    blocks: list[list[Block]] = []
    widest = 0
    for section in sections:
        wholes, rests = _measure(section, front) if has_grid else ([front], [0])
        padded: list[Block] = []
        for cell in section:
            if isinstance(cell, str):
                block: Block = " " * (front - _whole(cell)) + cell if cell else ""
                widest = max(widest, len(block))
            else:
                block = [_line(row, wholes, rests, column.inner) for row in cell]
                widest = max(widest, *map(len, block)) if block else widest
            padded.append(block)
        blocks.append(padded)
    size = max(widest, width_of(column.title))
    if has_grid:
        return blocks, size, "left"
    if size > widest:
        shift = " " * (size - widest)
        blocks = [[shift + block if block else "" for block in section] for section in blocks]  # type: ignore[operator]
    return blocks, size, "right"


def _whole(text: str) -> int:
    """How many characters stand in front of the decimal point (of the first number, where there are two)."""
    if text.isdecimal():
        return len(text)
    for k, c in enumerate(text):
        if c in ".e" or (c == " " and text[0] != "±"):
            return k
        if c == " ":
            return 2 + _whole(text[2:])
    return len(text)


def _measure(section: list[Cell], front: int) -> tuple[list[int], list[int]]:
    """For each entry of the arrays of a section: the widths in front of the point and from it on."""
    wholes, rests = [front], [0]
    for cell in section:
        if isinstance(cell, str):
            continue
        for row in cell:
            for k, text in enumerate(row):
                whole = _whole(text)
                if k == len(wholes):
                    wholes.append(whole)
                    rests.append(len(text) - whole)
                else:
                    wholes[k] = max(wholes[k], whole)
                    rests[k] = max(rests[k], len(text) - whole)
    return wholes, rests


def _line(row: list[str], wholes: list[int], rests: list[int], inner: int) -> str:
    """One row of an array, each entry with its point under those above."""
    parts = []
    for text, whole, rest in zip(row, wholes, rests, strict=False):
        ahead = whole - _whole(text)
        parts.append(" " * ahead + text + " " * (whole + rest - ahead - len(text)))
    return (" " * inner).join(parts).rstrip()


def _section(blocks: list[list[Block]], sizes: list[int], behind: list[str]) -> list[list[str]]:
    """The lines of a section, each a list of padded cells; an array takes as many lines as it has rows."""
    lines = []
    for row in zip(*blocks, strict=True):
        height = max((len(b) for b in row if type(b) is list), default=1)
        for number in range(max(height, 1)):
            cells = []
            for block, size, space in zip(row, sizes, behind, strict=True):
                text = block if type(block) is str else block[number] if number < len(block) else ""
                if number and type(block) is str:
                    text = ""
                cells.append((text.ljust(size) if text.isascii() else pad(text, size, "left")) + space)
            lines.append(cells)
    return lines


def _styled(text: str, column: Column) -> Text:
    """A cell in its style: by its text where the column says so, red where a number is not finite."""
    from rich.text import Text

    bare = text.strip()
    style = column.styles.get(bare, column.style)
    if column.align == "point" and ("NaN" in bare or "Infinity" in bare):
        style = "bold red"
    return Text(text, style=style, no_wrap=True, overflow="ignore")
