"""The rows of a small matrix, one below the other, so that its columns stand on their decimal points."""

from __future__ import annotations

from typing import NamedTuple


class Blanks(NamedTuple):
    """Blanks as wide as a digit, a minus sign and a decimal point; and what divides columns."""

    digit: str = " "
    minus: str = " "
    point: str = " "
    gap: str = " "


CELLS = Blanks()
"""In characters that are all of one width."""
PROPORTIONAL = Blanks("\u2007", "\u2004", "\u2008", "\u2002")
"""In print: a figure space, a third of an em, a punctuation space, half an em."""


def aligned(rows: tuple[str, ...], blanks: Blanks = CELLS) -> tuple[str, ...]:
    """Rows such as `[0.5 -1]`, `[12 0.25]` with blanks that bring their columns in line; a single row as it is."""
    grid = [row[1:-1].split(" ") for row in rows]
    if len(rows) < 2 or len(set(map(len, grid))) != 1 or any(row[:1] != "[" for row in rows):
        return rows
    columns = [_column(list(column), blanks) for column in zip(*grid, strict=True)]
    return tuple(f"[{blanks.gap.join(cells)}]" for cells in zip(*columns, strict=True))


def _column(cells: list[str], blanks: Blanks) -> list[str]:
    parts = [_parts(cell) for cell in cells]
    widest = max(len(whole) for _, whole, _ in parts)
    longest = max(len(rest) for _, _, rest in parts)
    signs = any(sign for sign, _, _ in parts)
    points = any("." in rest for _, _, rest in parts)
    result = []
    for sign, whole, rest in parts:
        missing = longest - len(rest)
        point = bool(missing and points and "." not in rest)
        left = blanks.digit * (widest - len(whole)) + (blanks.minus if signs and not sign else "")
        result.append(left + sign + whole + rest + blanks.point * point + blanks.digit * (missing - point))
    return result


def _parts(number: str) -> tuple[str, str, str]:
    """A number's sign, what stands in front of its decimal point, and the rest."""
    sign = "-" if number.startswith("-") else ""
    number = number[len(sign) :]
    cut = next((k for k, character in enumerate(number) if character in ".e"), len(number))
    return sign, number[:cut], number[cut:]
