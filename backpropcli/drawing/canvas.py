"""A sheet of character cells: texts, and lines that know whose they are, so that a crossing is no junction."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Literal, NamedTuple

from backpropcli.render.width import width_of

LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8
LINES = {
    LEFT: "─",
    RIGHT: "─",
    LEFT | RIGHT: "─",
    UP: "│",
    DOWN: "│",
    UP | DOWN: "│",
    RIGHT | DOWN: "┌",
    LEFT | DOWN: "┐",
    RIGHT | UP: "└",
    LEFT | UP: "┘",
    LEFT | RIGHT | DOWN: "┬",
    LEFT | RIGHT | UP: "┴",
    RIGHT | UP | DOWN: "├",
    LEFT | UP | DOWN: "┤",
    LEFT | RIGHT | UP | DOWN: "┼",
}
VERTICAL = UP | DOWN
TO_ASCII = str.maketrans("─│┌┐└┘┬┴├┤┼▶◀▲▼×·−≤≥≠→┄…", "-|+++++++++><^v**-<>!>~.")
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


Paint = Literal["", "value", "gradient"]
"""What a text is; each has a colour of its own in a terminal that shows colours."""
COLOURS = {"value": "36", "gradient": "35"}


class TangledError(Exception):
    """Two lines would lie on top of each other: this graph is no picture."""


class Cell(NamedTuple):
    """A place on the sheet."""

    row: int
    column: int


class Canvas:
    """Cells that are written to; rows may be negative."""

    def __init__(self, coloured: bool = False) -> None:
        self.coloured = coloured
        self._texts: dict[Cell, str] = {}
        self._paints: dict[Cell, Paint] = {}
        self._lines: dict[Cell, dict[str, int]] = {}
        self._overhang: set[Cell] = set()
        self._columns: dict[int, set[Cell]] = {}
        self.crossed = False
        """Whether two lines have crossed in what was read."""

    def overhang(self, row: int, column: int, text: str, paint: Paint = "") -> None:
        """Write a sign that is left out where the drawing is broken in front of it."""
        self._overhang.add(Cell(row, column))
        self.text(row, column, text, paint)

    def text(self, row: int, column: int, text: str, paint: Paint = "") -> None:
        """Write a text, over lines if need be; a wide sign takes two cells."""
        for sign in text:
            size = 1 if sign.isascii() else width_of(sign)
            if not size and (before := self._texts.get(Cell(row, column - 1))):
                self._texts[Cell(row, column - 1)] = before + sign
                continue
            for k in range(size):
                if Cell(row, column + k) in self._texts:
                    raise TangledError
                self._texts[Cell(row, column + k)] = "" if k else sign
                self._paints[Cell(row, column + k)] = paint
                self._columns.setdefault(column + k, set()).add(Cell(row, column + k))
            column += size

    def across(self, net: str, row: int, start: int, end: int) -> None:
        """A line of a net from one column to another of the same row."""
        for column in range(start, end + 1):
            self.mark(net, row, column, (LEFT if column > start else 0) | (RIGHT if column < end else 0))

    def down(self, net: str, column: int, start: int, end: int) -> None:
        """A line of a net from one row to another of the same column."""
        start, end = min(start, end), max(start, end)
        for row in range(start, end + 1):
            self.mark(net, row, column, (UP if row > start else 0) | (DOWN if row < end else 0))

    def mark(self, net: str, row: int, column: int, sides: int) -> None:
        """Lines of a net from the middle of a cell to some of its sides."""
        own = self._lines.setdefault(Cell(row, column), {})
        self._columns.setdefault(column, set()).add(Cell(row, column))
        own[net] = own.get(net, 0) | sides

    def _sign(self, cell: Cell) -> str:
        """The sign of a cell: where two nets cross, the upright one passes in front."""
        nets = [sides for sides in self._lines.get(cell, {}).values() if sides]
        if cell in self._texts:
            if any(sides & VERTICAL for sides in nets) or len(nets) > 1:
                raise TangledError
            return self._texts[cell]
        if len(nets) > 1:
            flat = [sides for sides in nets if not sides & VERTICAL]
            if len(nets) > 2 or len(flat) != 1 or VERTICAL not in nets:
                raise TangledError
            self.crossed = True
            return "│"
        return LINES[nets[0]] if nets else "─"

    def size(self) -> int:
        """The number of columns."""
        return max(self._columns, default=-1) + 1

    def entering(self) -> dict[int, set[str]]:
        """The nets whose lines come into a column from the left, by column."""
        result: dict[int, set[str]] = {}
        for cell, own in self._lines.items():
            for net, sides in own.items():
                if sides & LEFT:
                    result.setdefault(cell.column, set()).add(net)
        return result

    def rows(self, start: int = 0, end: int | None = None) -> list[tuple[str, str]]:
        """The lines of text between two columns, each with the net whose line comes in from the left.

        Empty lines at the top and the bottom are left out. A line of the drawing that goes on to the right or comes
        from the left has a dashed sign there.
        """
        stop = self.size() if end is None else end
        cells = sorted(
            cell
            for column in range(start, stop)
            for cell in self._columns.get(column, ())
            if not (0 < start == column and cell in self._overhang)
        )
        if not cells:
            return []
        found = {row: list(own) for row, own in groupby(cells, attrgetter("row"))}
        lines = [self._row(found.get(row, []), start, end) for row in range(cells[0].row, cells[-1].row + 1)]
        filled = [k for k, (line, _) in enumerate(lines) if line]
        return lines[filled[0] : filled[-1] + 1] if filled else []

    def _row(self, cells: list[Cell], start: int, end: int | None) -> tuple[str, str]:
        """A line of text from its cells, and the net whose line comes in from the left."""
        signs: list[tuple[str, Paint]] = []
        column, entering = start, ""
        for cell in cells:
            if cell.column > column:
                signs.append((" " * (cell.column - column), ""))
            if cell.column == start and start:
                entering = next((net for net, sides in self._lines.get(cell, {}).items() if sides & LEFT), "")
            sign = self._sign(cell)
            comes = cell.column == start and entering
            if sign == "─" and (comes or (cell.column + 1 == end and self._leaves(cell))):
                sign = "┄"
            signs.append((sign, self._paints.get(cell, "")))
            column = cell.column + 1
        return self._line(signs), entering

    def _line(self, signs: list[tuple[str, Paint]]) -> str:
        """The signs of a row as a line, without blanks at its end; in colours where there are any."""
        while signs and not signs[-1][0].strip():
            signs.pop()
        if not self.coloured:
            return "".join(text for text, _ in signs)
        return "".join(
            painted("".join(text for text, _ in part), paint) for paint, part in groupby(signs, itemgetter(1))
        )

    def _leaves(self, cell: Cell) -> bool:
        return any(sides & RIGHT for sides in self._lines.get(cell, {}).values())


def painted(text: str, paint: Paint) -> str:
    """A text in the colour of what it is."""
    return f"\x1b[{COLOURS[paint]}m{text}\x1b[0m" if paint and text else text


def to_ascii(text: str) -> str:
    """A formula in ASCII signs: `(a2-y)^2/2`, `w1*x`."""
    result = []
    raised = False
    for sign in text:
        plain = sign.translate(RAISED)
        if plain != sign and not raised:
            result.append("^")
        raised = plain != sign
        result.append(plain)
    text = "".join(result).replace("≤", "<=").replace("≥", ">=").replace("≠", "!=").replace("…", "...")
    return text.translate(TO_ASCII)
