"""Worked rows, `name = formula = numbers = result   remark`, laid out in columns that fit the page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

WIDTH = 80
"""Columns of a line where nobody said how wide the terminal is."""
WIDEST_NAME = 3
"""A name may take one part in so many of a line."""
MARGIN = "  "
GAPS = (1, 3, 2)
"""Blanks behind the name, the formula and the numbers."""
REMARK_GAP = "   "

Cells = tuple[str, str, str, str]
"""Name, formula, numbers, result; the last three with their sign (`= 2 · 1`, `+ 3 · 4`)."""


class Row(NamedTuple):
    """One worked quantity.

    Where several terms are added, `formula` and `numbers` have one entry a term, and `products` has each term's
    number; else `products` is empty. `numbers` is empty where putting numbers in says nothing new. `result` may have
    several lines (an array). `mark` stands behind the result, `remark` there too or on a line of its own.
    """

    name: str
    formula: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    result: str = ""
    mark: str = ""
    remark: str = ""
    products: tuple[str, ...] = ()

    def flat(self) -> Cells:
        """The row on one line."""
        numbers = _equals(_added(self.numbers))
        if self.products:
            numbers += (" " if numbers else "") + _equals(_added(self.products))
        return self.name, _equals(_added(self.formula)), numbers, _equals(self.result)

    def stacked(self) -> list[Cells]:
        """One term a line and the total under them, so that every column adds up."""
        lines: list[Cells] = []
        for k in range(len(self.formula)):
            sign = "+" if k else "="
            columns = (self.formula, self.numbers, self.products)
            cells = [f"{sign} {_inner(column[k]) if k else column[k]}" if column else "" for column in columns]
            lines.append(("" if k else self.name, cells[0], cells[1], cells[2]))
        if not self.products:
            return [*lines[:-1], (*lines[-1][:3], _equals(self.result))]
        return [*lines, ("", "", "", _equals(self.result))]


def _equals(text: str) -> str:
    return f"= {text}" if text else ""


def _added(terms: Sequence[str]) -> str:
    return " + ".join(_inner(term) if k else term for k, term in enumerate(terms))


def _inner(term: str) -> str:
    """A term behind a plus sign: `(-3) · 2`."""
    return re.sub(r"^-\S+", lambda found: f"({found.group()})", term)


def _behind(remark: str) -> int:
    """The room that a mark or remark needs."""
    return len(REMARK_GAP) + len(remark) if remark else 0


def lay_out(rows: Sequence[Row], width: int = WIDTH, wrap: bool = False) -> Iterator[str]:
    """The rows as lines: in columns as many as fit into `width` together, the others broken before their `=`.

    With `wrap`, a single part that is wider than that goes on in the next line; without, it is left whole (a remark,
    which is words, goes on in any case). A name that would push everything else out of the page stands on a line of its
    own.
    """
    longest = width // WIDEST_NAME
    above = [row.name if len(row.name) > longest and row.flat()[1:] != ("", "", "") else "" for row in rows]
    rows = [row._replace(name="") if name else row for row, name in zip(rows, above, strict=True)]
    head = max((len(row.name) for row in rows), default=0)
    grids = [_grid(row, head, width) for row in rows]
    columns = _columns(rows, grids, head, width)
    for row, grid, name in zip(rows, grids, above, strict=True):
        if name:
            yield MARGIN + name
        column = len(MARGIN) + sum(columns) + sum(GAPS)
        own = _columns([row], [grid], head, width) if len(grid) > 1 else columns
        if column + _behind(row.mark) <= width and all(_within(cells, columns) for cells in grid):
            lines = [line for cells in grid for line in _aligned(cells, columns)]
        elif len(grid) > 1 and all(_within(cells, own) for cells in grid):
            lines = [line for cells in grid for line in _aligned(cells, own)]
        else:
            lines = _broken(grid, head, width)
        for line in _remarked(lines, row, column, head, width):
            if wrap and len(line) > width:
                yield from _wrapped(line, head, width)
            else:
                yield line


def _grid(row: Row, head: int, width: int) -> list[Cells]:
    """One line of cells; several where terms are added and one line would be too wide."""
    flat = row.flat()
    return row.stacked() if len(row.formula) > 1 and _length(flat, head) + _behind(row.mark) > width else [flat]


def _length(cells: Cells, head: int) -> int:
    """The length of a line whose cells nobody else widens."""
    shown = [len(_first(cell)) for cell in cells[1:] if cell]
    return len(MARGIN) + head + GAPS[0] + sum(shown) + sum(GAPS[1 : len(shown)])


def _first(cell: str) -> str:
    return cell.partition("\n")[0]


def _columns(rows: Sequence[Row], grids: Sequence[Sequence[Cells]], head: int, width: int) -> tuple[int, int, int, int]:
    """Widths of the four columns: as many rows, shortest first, as make lines of at most `width` together."""
    sizes = []
    for row, grid in zip(rows, grids, strict=True):
        length = max(_length(cells, head) for cells in grid)
        widths = [max(len(_first(cells[k])) for cells in grid) for k in (1, 2, 3)]
        sizes.append((length + _behind(row.mark), *widths, _behind(row.mark)))
    sizes.sort()
    best = (head, 0, 0, 0)
    widest = [list(accumulate((size[k] for size in sizes), max)) for k in (1, 2, 3, 4)]
    for a, b, c, mark in zip(*widest, strict=True):
        if len(MARGIN) + head + sum(GAPS) + a + b + c + mark > width:
            break
        best = (head, a, b, c)
    return best


def _within(cells: Cells, columns: tuple[int, int, int, int]) -> bool:
    return all(len(_first(cell)) <= size for cell, size in zip(cells, columns, strict=True))


def _aligned(cells: Cells, columns: tuple[int, int, int, int]) -> list[str]:
    """The cells in their columns; a result of several lines goes on under its first."""
    line = MARGIN
    for cell, size, gap in zip(cells, columns, (*GAPS, 0), strict=True):
        *done, last = cell.split("\n")
        start = len(line) + (0 if cell is cells[0] else 2)
        if done:
            head, *middle = done
            return [line + head, *(" " * start + part for part in (*middle, last))]
        line += last.ljust(size) + " " * (gap if size else 0)
    return [line.rstrip()]


def _broken(grid: Sequence[Cells], head: int, width: int) -> list[str]:
    """A row that does not fit on one line: formula, numbers and result under each other, joined where there is room."""
    lines = []
    line = MARGIN + grid[0][0].ljust(head)
    fresh = True
    for k in (1, 2, 3):
        cells = [cells[k] for cells in grid if cells[k]]
        if k == 3 and len(cells) > 1:  # the terms' products and their sum: short enough for one line
            cells = [" ".join(cells)]
        for cell in cells:
            first, *rest = cell.split("\n")
            if not fresh and (len(line) + 1 + len(first) > width or k < 3):
                lines.append(line)
                line = MARGIN + " " * head
            line += " " + first
            fresh = False
            if rest:
                start = len(line) - len(first) + 2
                lines += [line, *(" " * start + part for part in rest[:-1])]
                line = " " * start + rest[-1]
    return [*lines, line]


def _remarked(lines: list[str], row: Row, column: int, head: int, width: int) -> list[str]:
    """The lines with mark and remark behind the last, in their column if there is room, else on a line of their own."""
    words = REMARK_GAP.join(filter(None, [row.mark, row.remark]))
    for behind, below in ((words, ""), (row.mark, row.remark)):
        for start in (column, len(lines[-1])):
            if behind and len(lines[-1]) <= start and start + _behind(behind) <= width:
                under = _wrapped(MARGIN + " " * (head + GAPS[0] + 2) + below, head, width) if below else []
                return [*lines[:-1], lines[-1].ljust(start) + REMARK_GAP + behind, *under]
    return [*lines, *_wrapped(MARGIN + " " * (head + GAPS[0] + 2) + words, head, width)] if words else lines


def _wrapped(line: str, head: int, width: int) -> list[str]:
    """A line that is too wide, going on in the next behind a blank; what has no blank is left whole."""
    indent = " " * (len(MARGIN) + head + GAPS[0] + 4)
    start = len(line) - len(line.lstrip())
    return textwrap.wrap(
        line[start:],
        width,
        initial_indent=line[:start],
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
