"""Remainders and whole quotients: what is left of a division, and how often it goes."""

from __future__ import annotations

from functools import partial

from backpropcli.ops.definition import UNIT_SLOPE, XP, Elementwise, Value
from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import FLAT, Entry

two: Entry = partial(entries.two, group="arithmetic")

PAIRS = ((7.0, 3.0), (-7.0, 3.0), (7.5, -2.0), (-0.3, -0.25), (1e6, 0.3), (0.5, 4.0))


def mod(xp: XP, a: Value, b: Value) -> Value:
    """The remainder with the sign of b."""
    left = xp.fmod(a, b)
    return xp.where(left == 0, left, xp.where((left < 0) == (b < 0), left, left + b))


def quotient(xp: XP, a: Value, b: Value) -> Value:
    """How often b goes into a: the whole number next to (a - a % b) / b, else what a / b is."""
    found = xp.round(xp.divide(a - mod(xp, a, b), b))
    return xp.where(b == 0, xp.divide(a, b), found)


def times(xp: XP, a: Value, b: Value) -> Value:
    """How often b goes into a towards 0."""
    return xp.round(xp.divide(a - xp.fmod(a, b), b))


OPERATIONS = (
    two(
        "mod",
        "a - b * floor(a / b)",
        "the remainder of a division, with the sign of b",
        mod,
        (("1", UNIT_SLOPE), ("-floor(a / b)", lambda xp, y, a, b: -quotient(xp, a, b))),
        PAIRS,
        infix="%",
        aliases=["remainder"],
        branch=quotient,
        keywords={"x1": "a", "x2": "b"},
    ),
    two(
        "fmod",
        "a - b * trunc(a / b)",
        "the remainder of a division, with the sign of a",
        lambda xp, a, b: xp.fmod(a, b),
        (("1", UNIT_SLOPE), ("-trunc(a / b)", lambda xp, y, a, b: -times(xp, a, b))),
        PAIRS,
        branch=times,
        keywords={"x1": "a", "x2": "b"},
    ),
    Elementwise(
        "floor_divide",
        "a b",
        "how often b goes into a; its gradient is zero",
        group="rounding",
        formula="floor(a / b)",
        value=quotient,
        partials={"a": FLAT, "b": FLAT},
        branch=quotient,
        samples=PAIRS,
        infix="//",
        keywords={"x1": "a", "x2": "b"},
        staircase=True,
    ),
)
