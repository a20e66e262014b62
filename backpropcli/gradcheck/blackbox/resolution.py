"""How finely a function from outside tells its values: printed digits, float32, and the noise of its rounding."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from backpropcli.gradcheck.tolerances import UNIT32

FULL = 12
"""Values with more significant digits than these were not rounded for printing, or no more than float64 rounds them."""
FEWEST = 4
"""With fewer digits, the values themselves may be as simple as that."""
ENOUGH = 4
"""So many different values, none of them 0, tell how they were printed."""
LENGTHS = 9
"""Values along a line, from whose differences noise is read."""


class Resolution(NamedTuple):
    """What is known of how values were written: `digits` significant ones (0: all), no more than `decimals`.

    `single`: they are float32 numbers.
    """

    digits: int = 0
    decimals: int = 0
    single: bool = False

    def unit(self, x: float) -> float:
        """The distance between two neighbouring values at `x`; 0 where nothing but float64's rounding is known."""
        if not x or not math.isfinite(x):
            return 0.0
        own = 2.0 * UNIT32 * abs(x) if self.single else 0.0
        if not self.digits:
            return own
        significant = 10.0 ** (math.floor(math.log10(abs(x))) - self.digits + 1)
        return max(own, significant, 10.0**-self.decimals)


def resolution(values: Iterable[float]) -> Resolution:
    """How these values were written, as far as they tell: six digits, seven, float32.

    A C++ stream writes six significant digits, printf's %f six decimals. What was rounded shows in all values at once:
    none has more digits, and most have as many.
    """
    distinct = [x for x in dict.fromkeys(values) if x and math.isfinite(x)]
    if len(distinct) < ENOUGH:
        return Resolution()
    written = [Decimal(repr(x)).as_tuple() for x in distinct]
    lengths = [len(str(int("".join(map(str, w.digits)))).rstrip("0")) for w in written]
    places = [max(0, -int(w.exponent)) for w in written]
    most, decimals = max(lengths), max(places)
    if most > FULL:
        return Resolution(single=all(x == float32(x) for x in distinct))
    often = sum(n >= most - 1 for n in lengths) >= 0.6 * len(lengths) or (
        sum(n >= decimals - 1 for n in places) >= 0.6 * len(places)
    )
    if most < FEWEST or not often:
        return Resolution()
    single = 8 <= most <= 9 and all(float(f"{float32(x):.{most}g}") == x for x in distinct)
    return Resolution(most, decimals, single)


def float32(x: float) -> float:
    """The float32 next to `x`; x itself where there is none."""
    try:
        found: float = struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return x
    return found


def noise(values: Sequence[float]) -> float | None:
    """The standard deviation of the rounding in values at equal distances; None where they do not tell.

    Moré and Wild, "Estimating Computational Noise" (SIAM J. Sci. Comput. 33, 2011): in a table of differences what is
    smooth dies away, and noise grows by a known factor from column to column.
    """
    column, factor, levels, turns = list(values), 1.0, [], []
    for k in range(1, len(values)):
        column = [b - a for a, b in pairwise(column)]
        factor *= k / (2.0 * (2.0 * k - 1.0))
        levels.append(math.sqrt(factor * sum(d * d for d in column) / len(column)))
        turns.append(min(column) < 0.0 < max(column))
    for k in range(len(levels) - 3):
        near = levels[k : k + 3]
        if turns[k] and max(near) <= 4.0 * min(near):
            return levels[k]
    return None


def flat(values: Sequence[float]) -> bool:
    """Whether at least half of the neighbours are equal: the distance is too small to tell noise."""
    return 2 * sum(a == b for a, b in pairwise(values)) >= len(values) - 1


def described(r: Resolution) -> str:
    """`6 digits`, `float32`; empty for a full float64."""
    if r.single:
        return "float32"
    return f"{r.digits} digits" if r.digits else ""
