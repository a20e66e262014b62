"""What a worksheet consists of, before it is written in a format: parts, and their lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from backpropcli.drawing.model import Picture

BLANK = "________"
"""What stands in the place of an answer."""
PAPER = 868.0
"""How wide a drawing may be, in pixels, which the paper's width makes a third smaller."""


class Entry(NamedTuple):
    """A line of a sheet: mathematics between equals signs, the answer or a blank, and what is to be said of it."""

    sides: tuple[str, ...]
    answer: str
    remark: str = ""


class Part(NamedTuple):
    """A part of a sheet: a heading, what is given (names and numbers), lines, a drawing of the graph, and a list.

    `level` is the heading's. `numbered`: the entries are counted.
    """

    heading: str
    lines: Sequence[str] = ()
    entries: Sequence[Entry] = ()
    given: Sequence[tuple[str, str]] = ()
    picture: Picture | None = None
    level: int = 2
    numbered: bool = True
