"""Mistakes with whole arrays: the right numbers in another order. Rows of the table in `table`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from backpropcli.gradcheck.mistakes.table import Mistake, Right, Wrong

BLOCKS = (2, 3, 4)
"""A gradient in so many equal blocks (the gates of a cell) may have them in another order."""


def _turned_round(right: Right) -> Iterator[Wrong]:
    if right.number.ndim > 1 and min(right.number.shape) > 1:
        yield Wrong(np.flip(right.number))


def _reversed(right: Right) -> Iterator[Wrong]:
    r = right.number
    for axis in range(r.ndim):
        if r.shape[axis] > 1 and r.size > 2:
            yield Wrong(np.flip(r, axis), {"lines": lines(r.ndim, axis)})


def _two_swapped(right: Right) -> Iterator[Wrong]:
    if len(right.off) == 2:
        (a, b), swapped = right.off, right.number.copy()
        swapped[a], swapped[b] = right.number[b], right.number[a]
        yield Wrong(swapped, {"first": index(a), "second": index(b)})


def _reordered(right: Right) -> Iterator[Wrong]:
    r = right.number
    for axis in reversed(range(r.ndim)):
        for count in BLOCKS:
            if r.shape[axis] % count or r.shape[axis] == count == 2:
                continue
            blocks = np.split(r, count, axis)
            for order in permutations(range(count)):
                if list(order) != sorted(order):
                    about = {"lines": lines(r.ndim, axis), "count": count, "order": ", ".join(map(str, order))}
                    yield Wrong(np.concatenate([blocks[k] for k in order], axis), about)


TURNED_ROUND = Mistake(
    "turned round", _turned_round, seen="it is turned by 180 degrees, flipped along every axis (a convolution's kernel)"
)
REVERSED = Mistake("reversed", _reversed, seen="the {lines} are in reverse order")
TWO_SWAPPED = Mistake("swapped", _two_swapped, seen="{first} and {second} are swapped")
REORDERED = Mistake(
    "reordered",
    _reordered,
    seen="the {lines} are the right ones in another order: of {count} equal blocks (gates?) theirs are {order}",
)


def lines(ndim: int, axis: int) -> str:
    """What lies side by side along an axis: `rows`."""
    return "entries" if ndim == 1 else ("rows", "columns")[axis] if ndim == 2 else f"slices along axis {axis}"


def index(at: Sequence[int]) -> str:
    """`[0, 1]`."""
    return f"[{', '.join(map(str, at))}]"
