"""Short ways to write one entry of the table: an elementwise operation of one argument `z`, or of two, `a` and `b`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backpropcli.ops.definition import XP, Body, Elementwise, Value

Slope = tuple[str, Body]
"""A local derivative: its textbook form, and its accurate body `(xp, y, *arguments)`."""
Entry = Callable[..., Elementwise]
TRANSCENDENTAL = 6.0
"""About how many additions an exponential costs, or a power."""
FLAT: Slope = ("0", lambda xp, y, *arguments: xp.nothing)
"""The local derivative of what is constant between its jumps: nothing is passed back, not even 0 times NaN."""


def one(
    name: str, formula: str, words: str, value: Body, slope: Slope, at: Sequence[float], **rest: Any
) -> Elementwise:
    """An operation of one argument, `z`."""
    return Elementwise(name, "z", words, formula=formula, value=value, partials={"z": slope}, samples=at, **rest)


def two(
    name: str,
    formula: str,
    words: str,
    value: Body,
    slopes: tuple[Slope, Slope],
    at: Sequence[tuple[float, float]],
    **rest: Any,
) -> Elementwise:
    """An operation of two arguments, `a` and `b`."""
    partials = dict(zip("ab", slopes, strict=True))
    return Elementwise(name, "a b", words, formula=formula, value=value, partials=partials, samples=at, **rest)


def one_or_zero(xp: XP, condition: Value) -> Value:
    """1.0 where the condition holds, else 0.0."""
    return xp.where(condition, 1.0, 0.0)


def taken(xp: XP, condition: Value, slope: Value = 1.0) -> Value:
    """The local derivative of an argument that the value looks at only where the condition holds."""
    return xp.where(condition, slope, xp.nothing)


def gaussian(xp: XP, z: Value) -> Value:
    """The standard normal density."""
    return xp.exp(-0.5 * z * z) / (xp.sqrt2 * xp.sqrtpi)


def gaussian_share(xp: XP, z: Value) -> Value:
    """How much of the standard normal lies below z: erfc keeps its digits far to the left, 1 + erf does not."""
    return 0.5 * xp.erfc(-z / xp.sqrt2)
