"""The signs that a figure is drawn with in a terminal."""

from __future__ import annotations

from typing import NamedTuple


class Signs(NamedTuple):
    """Axes, lines, and marks of points: the first is the point that a plot is about, the others are classes."""

    left: str
    tick_left: str
    corner: str
    floor: str
    tick_below: str
    line: str
    behind: str
    path: str
    arrow: str
    heads: str
    """The head of an arrow to the right, up, left and down, and between them."""
    marks: str
    ascii: bool

    def mark(self, number: int) -> str:
        """The sign of a kind of points."""
        return self.marks[number] if number < len(self.marks) else self.marks[1 + (number - 1) % (len(self.marks) - 1)]


UNICODE = Signs("│", "┤", "└", "─", "┴", "⠒", "·", "•", "→", "→↗↑↖←↙↓↘", "◆○●△▲□■◇★+×", False)
ASCII = Signs("|", "+", "+", "-", "+", "*", ".", "*", ">", ">/^\\</v\\", "Xo@^A#%dV+x", True)


def signs(ascii: bool) -> Signs:
    """In braille's company, or in plain ASCII."""
    return ASCII if ascii else UNICODE
