"""Where a drawing in characters that is too wide is broken into bands: behind layers, and where few lines pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Break(NamedTuple):
    """A place where a drawing may be broken: a column, and how little a reader would like it there."""

    column: int
    cost: int


def bands(breaks: Sequence[Break], total: int, width: int, head: Callable[[int], int]) -> list[tuple[int, int]]:
    """The bands, as pairs of columns, of a drawing of `total` columns: as few as can be, broken at the least cost.

    `head` says how many columns the names in front of a band take that begins at a column. A band is wider than `width`
    only where there is no place to break it.
    """
    places = [*(place for place in breaks if 0 < place.column < total), Break(total, 0)]
    best: list[tuple[int, int, int] | None] = [(0, 0, -1), *(None for _ in places)]  # bands, cost, where it began
    starts = [0, *(place.column for place in places)]
    for k, start in enumerate(starts[:-1]):
        reached = best[k]
        if reached is None:
            continue
        room = start + width - head(start)
        for j in range(k, len(places)):
            if places[j].column > room and j > k:
                break
            found = (reached[0] + 1, reached[1] + places[j].cost, k)
            known = best[j + 1]
            if known is None or found[:2] <= known[:2]:
                best[j + 1] = found
    result = []
    end = len(places)
    while end:
        step = best[end]
        assert step is not None
        result.append((starts[step[2]], starts[end]))
        end = step[2]
    return result[::-1]
