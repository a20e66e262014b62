"""Formula text to tokens, by one compiled regular expression."""

from __future__ import annotations

import re
from itertools import accumulate

from backpropcli.errors import FormulaError
from backpropcli.language.file.reading import composed

LONGEST = 1_000_000
"""A formula may have this many characters."""

SPACE = " \t\r\n\u00a0\u2002\u2003\u2009\u202f\u3000"
"""What may stand between tokens: spaces that people type and paste; other white space is refused by its code point."""

SIGNS = {"·": "*", "⋅": "*", "×": "*", "−": "-", "≤": "<=", "≥": ">=", "≠": "!="}
"""Signs as backprop prints them, and what they are read as."""
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺"
PLAIN = str.maketrans(RAISED, "0123456789-+")

# Every character belongs to a token (the last alternative takes what nothing else does), and a token keeps the space
# behind it: so the tokens' lengths alone give their places.
_PATTERN = rf"""(?:
      0[xX][0-9a-fA-F_]+ | 0[oO][0-7_]+ | 0[bB][01_]+
    | (?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?
    | NAME
    | \*\* | // | <= | >= | == | != | && | \|\| | := | -> | => | \.\.\.
    | "[^"\n]*" | '[^'\n]*'
    | .
    )[{SPACE}]*"""
_TOKEN = re.compile(_PATTERN.replace("NAME", r"[^\W\d]\w*"), re.VERBOSE | re.DOTALL)
_TYPESET = re.compile(
    _PATTERN.replace("NAME", rf"[{RAISED}]+ | [^\W\d](?:[^\W{RAISED}]|[\u0300-\u036f])*"), re.VERBOSE | re.DOTALL
)
"""The tokens of a text that is not plain ASCII: names may have accents, powers are set high."""


def tokens(text: str) -> tuple[list[str], list[int]]:
    """The tokens, with an empty one at the end, and where each begins.

    >>> tokens("w1 * x")
    (['w1', '*', 'x', ''], [0, 3, 5, 6])
    """
    if len(text) > LONGEST:
        raise FormulaError(f"this formula has {len(text):,} characters; {LONGEST:,} is the most")
    body = text.lstrip(SPACE)
    pieces = (_TOKEN if text.isascii() else _TYPESET).findall(body)
    starts = list(accumulate(map(len, pieces), initial=len(text) - len(body)))
    found = [piece.rstrip(SPACE) for piece in pieces]
    if not text.isascii():
        found, starts = _typeset(found, starts)
    found.append("")
    return found, starts


def _typeset(pieces: list[str], places: list[int]) -> tuple[list[str], list[int]]:
    """The tokens of a text that is not plain ASCII, as backprop prints it: x² · w is x**2 * w.

    Names are the same however their accents were typed; places stay those of the text.
    """
    found: list[str] = []
    starts: list[int] = []
    for piece, start in zip(pieces, places, strict=False):
        power = piece.translate(PLAIN) if piece[:1] and piece[0] in RAISED else ""
        sign, number = (power[:1], power[1:]) if power[:1] in ("-", "+") else ("", power)
        if number.isdecimal():
            made = ["**", *([sign] if sign else []), number]
            starts += [start] * (len(made) - 1) + [start + len(sign)]
        else:
            made = [piece if piece.isascii() else SIGNS.get(piece) or composed(piece)]
            starts.append(start)
        found += made
    starts.append(places[-1])
    return found, starts
