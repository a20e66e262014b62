"""Formula text to tokens, by one compiled regular expression."""

from __future__ import annotations

import re
from itertools import accumulate

from backpropcli.errors import FormulaError
from backpropcli.spec.files import composed

LONGEST = 1_000_000
"""A formula may have this many characters."""

SPACE = " \t\r\n\u00a0\u2002\u2003\u2009\u202f\u3000"
"""What may stand between tokens: spaces that people type and paste; other white space is refused by its code point."""

# Every character belongs to a token (the last alternative takes what nothing else does), and a token keeps the space
# behind it: so the tokens' lengths alone give their places.
_TOKEN = re.compile(
    rf"""(?:
      0[xX][0-9a-fA-F_]+ | 0[oO][0-7_]+ | 0[bB][01_]+
    | (?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?
    | [^\W\d][\w\u0300-\u036f]*
    | \*\* | // | <= | >= | == | != | && | \|\| | := | -> | => | \.\.\.
    | "[^"\n]*" | '[^'\n]*'
    | .
    )[{SPACE}]*""",
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> tuple[list[str], list[int]]:
    """The tokens, with an empty one at the end, and where each begins.

    >>> tokens("w1 * x")
    (['w1', '*', 'x', ''], [0, 3, 5, 6])
    """
    if len(text) > LONGEST:
        raise FormulaError(f"this formula has {len(text):,} characters; {LONGEST:,} is the most")
    body = text.lstrip(SPACE)
    pieces = _TOKEN.findall(body)
    starts = list(accumulate(map(len, pieces), initial=len(text) - len(body)))
    found = [piece.rstrip(SPACE) for piece in pieces]
    if not text.isascii():  # names are the same however their accents were typed; places stay those of the text
        found = [piece if piece.isascii() else composed(piece) for piece in found]
    found.append("")
    return found, starts
