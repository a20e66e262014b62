"""Slopes of a function from its values alone: difference quotients, Romberg's extrapolation, one-sided slopes.

What is written here works on plain floats, and on NumPy arrays of them side by side: `Kind` names the few functions
that floats and arrays do not share. Floats need no NumPy.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from backpropcli.gradcheck.tolerances import UNIT

Difference = Literal["central", "forward", "backward"]
Number = Any
"""A float, or an array of them."""

SECOND, THIRD = 5119 / 8192, 2239 / 8192
"""The second and third step, in steps: short in binary, so that x ± h is exact; no common measure above h / 8192."""
Q2, Q3 = SECOND**2, THIRD**2
WEIGHTS = (Q2 * Q3 / ((Q2 - 1) * (Q3 - 1)), Q3 / ((1 - Q2) * (Q3 - Q2)), Q2 / ((1 - Q3) * (Q2 - Q3)))
"""Of the three plain differences in the extrapolated slope: what is off by h² and by h⁴ cancels."""
AMPLIFIED = math.hypot(WEIGHTS[0], WEIGHTS[1] / SECOND, WEIGHTS[2] / THIRD) / math.sqrt(2)
"""What extrapolation does to the rounding of six values."""
INWARD = (-13 / 3, 19 / 2, -7.0, 11 / 6)
"""Weights of f(t), f(2t), f(3t), f(4t) whose sum over t is f'(0), exact for cubics; f(0) itself is not used."""
LIMIT = (4.0, -6.0, 4.0, -1.0)
"""Weights of the same four values whose sum is the limit of f at 0 from that side."""
INWARD_ROUNDING, LIMIT_ROUNDING = 13.0, 15.0
"""What these weights do to the rounding of four values, at the most."""
LARGEST_POWER = 1023
"""The largest power of two among floats."""


class Kind(NamedTuple):
    """What floats and arrays do not share."""

    where: Callable[[Any, Any, Any], Any]
    larger: Callable[[Any, Any], Any]
    smaller: Callable[[Any, Any], Any]
    finite: Callable[[Any], Any]
    negation: Callable[[Any], Any]
    frexp: Callable[[Any], Any]
    ldexp: Callable[[Any, Any], Any]


FLOATS = Kind(
    lambda condition, a, b: a if condition else b, max, min, math.isfinite, operator.not_, math.frexp, math.ldexp
)


class Slope(NamedTuple):
    """A slope and the size of its error, in the same units: it is `value` ± `error`. Of an array, both are arrays."""

    value: float
    error: float


UNKNOWN = Slope(math.nan, math.inf)
"""No slope could be found."""


def scale(x: Number, xp: Kind = FLOATS) -> Number:
    """The power of two at or above max(1, |x|), if there is such a float: steps that are multiples of it are exact in
    binary.
    """
    return xp.where(abs(x) <= 1.0, 1.0, xp.ldexp(1.0, xp.smaller(xp.frexp(x)[1], LARGEST_POWER)))


def quotient(difference: Difference, here: float, above: float, below: float, step: float) -> float:
    """The plain difference quotient of a lecture, from J(p), J(p + step) and J(p - step)."""
    if difference == "forward":
        return (above - here) / step
    if difference == "backward":
        return (here - below) / step
    return (above - below) / (2.0 * step)


def rounding(difference: Difference, noise: float, step: float) -> float:
    """The error that the rounding of J (`noise` in each value) leaves in a difference quotient."""
    return noise * math.sqrt(2.0) / (2.0 * step if difference == "central" else step)


def largest(values: Sequence[Number], xp: Kind = FLOATS) -> Number:
    """The largest size among some values; by entry among arrays."""
    found = abs(values[0])
    for value in values[1:]:
        found = xp.larger(found, abs(value))
    return found


def romberg(
    values: Sequence[Number], points: Sequence[Number], noise: Number, xp: Kind = FLOATS
) -> tuple[Slope, Number]:
    """The extrapolated slope from the values at x ± each of three steps, the widest first, with its error; the rounding
    alone.

    The error is the difference of the last two estimates, plus rounding.
    """
    d1 = (values[0] - values[1]) / (points[0] - points[1])
    d2 = (values[2] - values[3]) / (points[2] - points[3])
    d3 = (values[4] - values[5]) / (points[4] - points[5])
    r = d3 + WEIGHTS[0] * (d1 - d3) + WEIGHTS[1] * (d2 - d3)  # the weights add up to 1
    narrow = d3 + (d3 - d2) * Q3 / (Q2 - Q3)
    h = (points[0] - points[1]) / 2.0
    spread = noise + UNIT * largest(values, xp)
    rounded = AMPLIFIED * spread / h + 4.0 * UNIT * abs(r)
    known = xp.finite(r)
    return Slope(xp.where(known, r, math.nan), xp.where(known, abs(r - narrow) + rounded, math.inf)), rounded


def one_sided(values: Sequence[float], step: float, noise: float) -> Slope:
    """The slope at 0 from f(step), f(2 step), f(3 step), f(4 step) alone (`step` < 0: from the left), without f(0).

    The error is what remains of the same slope from the first three values, and the rounding.
    """
    cubic = sum(w * v for w, v in zip(INWARD, values, strict=True)) / step
    square = (-2.5 * values[0] + 4.0 * values[1] - 1.5 * values[2]) / step
    rounded = INWARD_ROUNDING * (noise + UNIT * largest(values)) / abs(step)
    return Slope(cubic, abs(cubic - square) + rounded) if math.isfinite(cubic) else UNKNOWN


def limit(values: Sequence[float], noise: float) -> Slope:
    """What f tends to at 0, from f(step), f(2 step), f(3 step), f(4 step); the error is what remains of the same from
    the first three values, and the rounding.
    """
    cubic = sum(w * v for w, v in zip(LIMIT, values, strict=True))
    square = 3.0 * values[0] - 3.0 * values[1] + values[2]
    return Slope(cubic, abs(cubic - square) + LIMIT_ROUNDING * (noise + UNIT * largest(values)))
