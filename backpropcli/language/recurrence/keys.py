"""The left sides of a recurrence: `h[0]`, where it starts, and `h[t]`, what holds for every t."""

from __future__ import annotations

import re
from typing import NamedTuple

from backpropcli.language.file.sections import RESERVED

_KEY = re.compile(r"\s*([^\W\d]\w*)\s*\[([^\[\]]*)\]\s*")
_INSIDE = re.compile(r"(?:(?P<row>-?\d+)|(?P<letter>[^\W\d]\w*)(?:\s*(?P<sign>\+|<=)\s*(?P<number>\d+))?)")
LAST = 10**9
"""No sequence is longer."""


class Subscript(NamedTuple):
    """A key with a subscript.

    `row` is the number in h[0]; else `letter` is the one in h[t]. `h[T]` has the letter T and `beyond` 0, `h[T+1]` 1:
    the row behind the last one. `h[t <= 8]` has `most` 8.
    """

    name: str
    row: int | None
    letter: str
    beyond: int
    most: int | None

    @property
    def starts(self) -> bool:
        """Whether it gives one row, and no rule for all."""
        return self.row is not None or self.letter.isupper()


def subscript(key: str) -> Subscript | None:
    """What a key with a subscript says; None for a plain name, or where it says something else."""
    found = _KEY.fullmatch(key)
    inside = _INSIDE.fullmatch(found[2].strip()) if found else None
    if found is None or inside is None or found[1] in RESERVED:
        return None
    number = int(inside["number"] or 0)
    if inside["row"] is not None:
        return Subscript(found[1], int(inside["row"]), "", 0, None)
    if (inside["sign"] == "+" and not inside["letter"].isupper()) or number > LAST:
        return None
    return Subscript(found[1], None, inside["letter"], number, number if inside["sign"] == "<=" else None)
