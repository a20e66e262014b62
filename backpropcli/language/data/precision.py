"""How precise the numbers of a file are, by the digits that it has: a C++ stream prints six."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

Kind = Literal["digits", "decimals", "float16", "float32", "float64"]
_NUMBER = re.compile(r"[-+]?(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?\Z")
MANY = 9
"""No number needs more significant digits than these to be told from its neighbours in single precision."""
USUAL = 6
"""What a C++ stream and C's %g print when nobody says otherwise."""
EPS = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}
"""Half a unit in the last place, relative."""


class Precision(NamedTuple):
    """What a file keeps of its numbers: `count` significant digits, `count` decimals, or all of a float format."""

    kind: Kind
    count: int = 0  # type: ignore[assignment]  # shadows tuple.count

    @property
    def single(self) -> bool:
        """Whether the numbers may come from a program that computes in single precision: none needs more digits."""
        return self.kind in ("float32", "decimals") or (self.kind == "digits" and self.count <= MANY)

    def allows(self, x: float) -> float:
        """How far off a number may be, written like this, because of what was cut off; `x` is its size.

        For six significant digits and more it is the same for all of them, relatively: half a unit of the last digit of
        1.00000. Few digits are no room to be generous in: half a unit of the number's own last digit.
        """
        if self.kind == "decimals":
            return 0.5 * 10.0**-self.count * 1.000001
        if self.kind == "digits":
            if self.count >= USUAL or not math.isfinite(x) or x == 0.0:
                return 5.0 * 10.0**-self.count * abs(x)
            return 0.5 * 10.0 ** (math.floor(math.log10(abs(x))) + 1 - self.count) * 1.000001
        return EPS[self.kind] * abs(x)


class Written(NamedTuple):
    """What a number's text shows: significant digits, decimals, and whether it says that it is no whole number."""

    digits: int
    decimals: int
    pointed: bool


def written(text: str) -> Written | None:
    """What a number's text shows; None for what is no decimal number.

    >>> written("0.00107828"), written("6")
    (Written(digits=6, decimals=8, pointed=True), Written(digits=1, decimals=0, pointed=False))
    """
    match = _NUMBER.match(text.strip())
    if match is None or not (match[1] or match[2]):
        return None
    digits = (match[1] + match[2]).lstrip("0")
    pointed = "." in text or match[3] is not None
    return Written(len(digits), max(0, len(match[2]) - int(match[3] or 0)), pointed)


def precision_of(texts: Iterable[str]) -> Precision:
    """How precise numbers written like this are.

    Whole numbers are taken as exact. The others have either as many significant digits as the longest (trailing zeros
    may be left out, as `%g` and C++ do) or as many decimals (as `%f` does): whichever more of them have.
    """
    seen = [w for w in map(written, texts) if w is not None and w.pointed]
    if not seen:
        return Precision("float64")
    digits, decimals = max(w.digits for w in seen), max(w.decimals for w in seen)
    if sum(w.decimals == decimals for w in seen) > sum(w.digits == digits for w in seen) and digits <= 15:
        return Precision("decimals", decimals)
    return Precision("digits", digits) if digits < 16 else Precision("float64")
