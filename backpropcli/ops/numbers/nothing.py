"""Nothing: the gradient that comes along a path which the value never took, a strong zero: times NaN it is nothing.

A local derivative of 0 may have two meanings. It may be a number (the slope of z² at 0), and 0 · ∞ is NaN then. Or the
value did not look at the argument at all (relu(z) for z < 0, the branch that `where` leaves out): nothing is passed
back, whatever stands behind. Bodies say the second with `xp.nothing`, which is 0.0 in every namespace; in one made
`careful` it is NOTHING, which no product turns into NaN and no sum notices.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, prod
from typing import Any


class Nothing:
    """The one and only NOTHING: it swallows factors, and leaves sums as they are."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOTHING"

    def __float__(self) -> float:
        return 0.0

    def __neg__(self) -> Nothing:
        return self

    __pos__ = __abs__ = __neg__

    def _times(self, other: Any) -> Any:
        return NotImplemented if whole(other) else self

    __mul__ = __rmul__ = __truediv__ = _times

    def _plus(self, other: Any) -> Any:
        if whole(other):
            return NotImplemented
        return self if type(other) is int and other == 0 else other  # the 0 that NumPy begins a sum with

    __add__ = __radd__ = __rsub__ = _plus

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if whole(other) else -other


NOTHING = Nothing()


class Unreached(float):
    """The 0.0 that is shown for NOTHING, and knows that it is one: `careful.lifted` makes it NOTHING again."""

    __slots__ = ()


ZERO = Unreached()


def whole(value: Any) -> bool:
    """Whether it is an array, whose entries are to be met one by one."""
    return bool(getattr(value, "ndim", 0))


def entry(value: Any, place: tuple[int, ...]) -> float:
    """One number of a gradient or a local derivative, an `Unreached` where it is marked as nothing."""
    if not place:
        return value if type(value) is Unreached else float(value)
    marks = getattr(value, "nothing", None)
    return ZERO if marks is not None and marks[place] else float(value[place])


def product(factors: Iterable[float]) -> float:
    """The product of such numbers: nothing if one of them is, whatever the others are."""
    known = list(factors)
    return ZERO if any(type(x) is Unreached for x in known) else prod(known)


def unheard(*factors: float) -> bool:
    """Whether a product is nothing although one of its factors is not finite: where 0 · NaN would be written."""
    return any(type(x) is Unreached for x in factors) and not all(map(isfinite, factors))


def total(terms: Iterable[float]) -> float:
    """The sum of such numbers: nothing if all of them are."""
    known = list(terms)
    return ZERO if known and all(type(x) is Unreached for x in known) else sum(known, 0.0)
