"""A table as the commands print it, title, header, rules and numbers aligned on the point, in plain text or in colour.

`Table` says what stands where; `Layout` fits it (to a terminal's width, where there is one) into padded cells; `text`
and `rich_table` print the same layout, one without Rich (fast, for pipes and files), one with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

Grid = list[list[str]]
"""The numbers of an array, row by row; `6 ± 2e-12` is a grid of one row too."""
Cell = str | Grid
Block = str | list[str]
"""A padded cell: one line, or the lines of an array."""
INDENT = "  "
NARROWEST = 10
"""An elastic column is cut to this before anything else has to give way."""
NARROWEST_NAME = 12
"""A column of names is not cut further than this."""
WIDEST_CELL = 240
"""A text that is longer than this runs on where nothing is cut, and the other rows keep their columns."""

NARROW = "─…±◀→·−∂αβγδεζηθλμνξπρστφχψωΔΣ"
"""Signs and Greek letters that are known to take one column: a table need not import Rich to measure them."""


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

    def layout(self, width: int | None = None) -> Layout:
        """The padded cells; within `width` columns where that can be done by cutting the elastic ones."""
        return Layout(self, width)

    def text(self, width: int | None = None) -> str:
        """Plain text, each line without trailing spaces."""
        return "\n".join(self.layout(width).lines()) + "\n"


class Layout:
    """A table's padded cells: `titles` (the header), `sections` of blocks; a cell carries the gap behind it."""

    def __init__(self, table: Table, width: int | None = None) -> None:
        kept = [k for k, c in enumerate(table.columns) if c.title or any(r[k] for s in table.sections for r in s)]
        columns = [table.columns[k] for k in kept]
        blocks: list[list[list[Block]]] = []
        sizes: list[int] = []
        aligned: list[str] = []
        for column, k in zip(columns, kept, strict=True):
            cells = [[row[k] for row in section] for section in table.sections]
            padded, size, side = _column(column, cells)
            size = min(size, WIDEST_CELL) if column.align == "left" and not column.last else size
            blocks.append(padded)
            sizes.append(size)
            aligned.append(side)
        gaps = [c.gap for c in columns[1:]]
        self.hard = False
        """Whether names were cut or a column was left out to fit the width."""
        if width is not None:
            fixed = len(INDENT) - width
            if fixed + sum(sizes) + sum(gaps) > 0:
                gaps = [2 if c.align == "left" else g for g, c in zip(gaps, columns[1:], strict=True)]
            if fixed + sum(sizes) + sum(gaps) > sum(
                s - NARROWEST for s, c in zip(sizes, columns, strict=True) if c.elastic and s > NARROWEST
            ):
                gaps = [min(2, g) for g in gaps]
                for k, column in enumerate(columns):
                    if column.align == "point" and column.inner > 1:
                        cells = [[row[kept[k]] for row in section] for section in table.sections]
                        blocks[k], sizes[k], aligned[k] = _column(column._replace(inner=1), cells)
            for least, wanted in ((NARROWEST, "elastic"), (NARROWEST_NAME, "last")):
                for k, column in enumerate(columns):
                    excess = fixed + sum(sizes) + sum(gaps)
                    if excess > 0 and getattr(column, wanted):
                        self.hard = self.hard or (wanted == "last" and sizes[k] > least)
                        sizes[k] = max(min(sizes[k], least), sizes[k] - excess)
            if 0 < fixed + sum(sizes) + sum(gaps) <= sum(gaps) - len(gaps):
                gaps = [1] * len(gaps)
                self.hard = True
            for k in reversed(range(1, len(columns))):  # what can be done without
                if fixed + sum(sizes) + sum(gaps) > 0 and columns[k].elastic and columns[k].title:
                    self.hard = True
                    del columns[k], blocks[k], sizes[k], aligned[k], gaps[k - 1]
            for k, column in enumerate(columns):
                if column.elastic or column.last:
                    fit = _wrap if column.wrap else _cut_middle if column.last else _cut
                    blocks[k] = [[fit(b, sizes[k]) for b in section] for section in blocks[k]]
        self.title, self.footers = table.title, list(table.footers)
        if width is not None:
            self.title = "\n".join(part for line in table.title.split("\n") for part in worded(line, width))
            self.footers = [part for text in table.footers for line in text.split("\n") for part in worded(line, width)]
        behind = [" " * g for g in gaps] + [""] * bool(columns)
        self.table = table
        self.columns = columns
        self.sizes = [s + len(b) for s, b in zip(sizes, behind, strict=True)]
        self.width = len(INDENT) + sum(self.sizes)
        self.overflows = any(
            type(b) is str and len(b) > s
            for column, s in zip(blocks, sizes, strict=True)
            if s >= WIDEST_CELL
            for section in column
            for b in section
        )
        """Whether a text runs on behind its column."""
        self.titles = [pad(c.title, s, a) + b for c, s, a, b in zip(columns, sizes, aligned, behind, strict=True)]
        self.sections = [
            _section([blocks[k][number] for k in range(len(columns))], sizes, behind)
            for number in range(len(table.sections))
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


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters take two, combining ones none."""
    if text.isascii() or all(c < "\u0300" or c in NARROW for c in text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def pad(text: str, size: int, side: str) -> str:
    """`text` in `size` columns, at the left or at the right side."""
    space = " " * max(size - width_of(text), 0)
    return space + text if side == "right" else text + space


def _cut(block: Block, size: int) -> Block:
    """A text with … at its end where it is wider than `size`."""
    if isinstance(block, list):
        return block
    block = block.rstrip()
    if width_of(block) <= size:
        return block
    while width_of(block) > size - 1:
        block = block[:-1]
    return block.rstrip() + "…"


def _cut_middle(block: Block, size: int) -> Block:
    """A name with … in its middle where it is wider than `size`: what tells names apart often stands at the end."""
    if isinstance(block, list) or width_of(block := block.rstrip()) <= size:
        return block
    tail = ""
    while width_of(tail) < (size - 1) // 2:
        tail = block[-len(tail) - 1] + tail
    head = block
    while width_of(head) > size - 1 - width_of(tail):
        head = head[:-1]
    return f"{head}…{tail}"


def worded(line: str, width: int) -> list[str]:
    """A line of words in as many lines as a terminal needs, broken at blanks; those below keep its indent."""
    if width_of(line) <= width:
        return [line]
    from textwrap import wrap

    indent = line[: len(line) - len(line.lstrip())]
    return wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _wrap(block: Block, size: int) -> Block:
    """A text in as many lines as it needs; a word that is wider than a line is left whole."""
    if isinstance(block, list) or len(block) <= size:
        return block
    from textwrap import wrap

    return wrap(block, size, break_long_words=False, break_on_hyphens=False)


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
