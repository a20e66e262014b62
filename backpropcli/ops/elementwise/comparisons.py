"""Comparisons and logic: 1.0 for true and 0.0 for false; their gradients are zero."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import FLAT, Entry, one_or_zero

if TYPE_CHECKING:
    from backpropcli.ops.definition import Body, Elementwise

one: Entry = partial(entries.one, group="comparisons", staircase=True)

PAIRS = ((1.0, 2.0), (2.0, 1.0), (1.5, 1.5), (0.0, -3.0), (0.0, 0.0))


def two(name: str, formula: str, words: str, holds: Body, **rest: Any) -> Elementwise:
    """A predicate of `a` and `b`; its branch is its own answer."""
    return entries.two(
        name,
        formula,
        f"{words}, else 0; its gradient is zero",
        lambda xp, a, b: one_or_zero(xp, holds(xp, a, b)),
        (FLAT, FLAT),
        PAIRS,
        branch=holds,
        group="comparisons",
        staircase=True,
        **rest,
    )


INF = float("inf")


def test_of(name: str, formula: str, words: str, holds: Body) -> Elementwise:
    """A predicate of one number."""
    return one(
        name,
        formula,
        f"{words}, else 0; its gradient is zero",
        lambda xp, z: one_or_zero(xp, holds(xp, z)),
        FLAT,
        (0.0, 1.0, -2.5),
        branch=holds,
    )


OPERATIONS = (
    test_of("isnan", "z != z", "1 where z is NaN", lambda xp, z: z != z),
    test_of("isinf", "abs(z) == inf", "1 where z is infinite", lambda xp, z: xp.abs(z) == INF),
    test_of("isfinite", "abs(z) < inf", "1 where z is a finite number", lambda xp, z: xp.abs(z) < INF),
    two("less", "a < b", "1 where a is less than b", lambda xp, a, b: a < b, infix="<", aliases=["lt"]),
    two("less_equal", "a <= b", "1 where a is at most b", lambda xp, a, b: a <= b, infix="<=", aliases=["le"]),
    two("greater", "a > b", "1 where a is greater than b", lambda xp, a, b: a > b, infix=">", aliases=["gt"]),
    two("greater_equal", "a >= b", "1 where a is at least b", lambda xp, a, b: a >= b, infix=">=", aliases=["ge"]),
    two("equal", "a == b", "1 where a is exactly b", lambda xp, a, b: a == b, infix="==", aliases=["eq"]),
    two("not_equal", "a != b", "1 where a is not exactly b", lambda xp, a, b: a != b, infix="!=", aliases=["ne"]),
    two(
        "logical_and",
        "a & b",
        "1 where neither a nor b is 0",
        lambda xp, a, b: xp.logical_and(a != 0, b != 0),
        infix="&",
    ),
    two("logical_or", "a | b", "1 where a or b is not 0", lambda xp, a, b: xp.logical_or(a != 0, b != 0), infix="|"),
    one(
        "logical_not",
        "~z",
        "1 where z is 0, else 0; its gradient is zero",
        lambda xp, z: one_or_zero(xp, z == 0),
        FLAT,
        (0.0, 1.0, -2.5),
        branch=lambda xp, z: z == 0,
        prefix="~",
    ),
)
