"""Of many times the first and the last are shown, and what is left out is said."""

from __future__ import annotations

from collections.abc import Iterable

MOST_TIMES, FIRST, LAST = 8, 3, 2
"""Of more times than these so many are shown at each end."""


def middle(times: Iterable[int]) -> tuple[int, ...]:
    """The times that are left out, in order; none where there are few."""
    found = sorted({*times})
    return tuple(found[FIRST : len(found) - LAST]) if len(found) > MOST_TIMES else ()


def said(left_out: tuple[int, ...]) -> str:
    """`t = 3 to 48`."""
    return f"t = {left_out[0]:,} to {left_out[-1]:,}"
