"""A canvas of braille: two columns and four rows of dots in a cell of the terminal, and signs over them."""

from __future__ import annotations

import math

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""What to add to U+2800 for the dot in this row and column of a cell."""
ACROSS, DOWN = 2, 4


class Canvas:
    """Cells, row 0 at the top. In `ascii` a cell with any dot is a star.

    Places are shares of the whole: (0, 0) is the lower left corner, (1, 1) the upper right one.
    """

    def __init__(self, columns: int, rows: int, ascii: bool = False) -> None:
        self.columns, self.rows, self.ascii = columns, rows, ascii
        self._dots: dict[tuple[int, int], int] = {}
        self._signs: dict[tuple[int, int], str] = {}
        self._paint: dict[tuple[int, int], int] = {}

    def cell(self, x: float, y: float) -> tuple[int, int] | None:
        """The row and column at a place; None outside the canvas, and for NaN."""
        if not (-1e-9 <= x <= 1 + 1e-9 and -1e-9 <= y <= 1 + 1e-9):
            return None
        row = min(int((1 - y) * self.rows), self.rows - 1)
        return max(row, 0), min(max(int(x * self.columns), 0), self.columns - 1)

    def line(self, x0: float, y0: float, x1: float, y1: float, paint: int = 0) -> None:
        """The dots between two places, as far as they are on the canvas; nothing where one is not finite."""
        ends = clipped(x0, y0, x1, y1)
        if ends is None:
            return
        wide, high = self.columns * ACROSS - 1, self.rows * DOWN - 1
        a, b, c, d = ends[0] * wide, (1 - ends[1]) * high, ends[2] * wide, (1 - ends[3]) * high
        count = max(math.ceil(max(abs(c - a), abs(d - b))), 1)
        for k in range(count + 1):
            self._dot(round(a + (c - a) * k / count), round(b + (d - b) * k / count), paint)

    def _dot(self, x: int, y: int, paint: int) -> None:
        place = (y // DOWN, x // ACROSS)
        self._dots[place] = self._dots.get(place, 0) | DOTS[y % DOWN][x % ACROSS]
        self._paint[place] = paint

    def sign(self, x: float, y: float, sign: str, paint: int = 0, over: bool = True) -> None:
        """A sign in the cell at a place; `over` all that is there, or only where nothing is."""
        place = self.cell(x, y)
        if place is not None and (over or (place not in self._dots and place not in self._signs)):
            self._signs[place] = sign
            self._paint[place] = paint

    def words(self, row: int, column: int, text: str, paint: int = 0) -> bool:
        """A text over dots, where no sign stands and it fits; whether it was written."""
        cells = [(row, column + k) for k in range(len(text))]
        if not 0 <= row < self.rows or column < 0 or column + len(text) > self.columns:
            return False
        beside = [(row, column - 1), (row, column + len(text))]
        if any(cell in self._signs for cell in (*cells, *beside)):
            return False
        for cell, sign in zip(cells, text, strict=True):
            self._signs[cell] = sign
            self._paint[cell] = paint
        return True

    def lines(self) -> list[list[tuple[str, int]]]:
        """The rows, each sign with the number of its colour (0: none)."""
        return [[self._shown((row, column)) for column in range(self.columns)] for row in range(self.rows)]

    def _shown(self, place: tuple[int, int]) -> tuple[str, int]:
        sign = self._signs.get(place)
        if sign is None:
            bits = self._dots.get(place, 0)
            sign = " " if not bits else "*" if self.ascii else chr(0x2800 + bits)
        return sign, self._paint.get(place, 0) if sign != " " else 0


def clipped(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float] | None:
    """The part of a line inside the unit square (Liang and Barsky 1984); None where there is none."""
    dx, dy = x1 - x0, y1 - y0
    if not (math.isfinite(dx) and math.isfinite(dy)):
        return None
    enter, leave = 0.0, 1.0
    for step, room in ((-dx, x0), (dx, 1 - x0), (-dy, y0), (dy, 1 - y0)):
        if step == 0.0:
            if room < 0.0:
                return None
        elif step < 0.0:
            enter = max(enter, room / step)
        else:
            leave = min(leave, room / step)
    if enter > leave:
        return None
    inside = (x0 + enter * dx, y0 + enter * dy, x0 + leave * dx, y0 + leave * dy)
    return tuple(min(max(v, 0.0), 1.0) for v in inside)  # type: ignore[return-value]  # four, as there were
