"""Lines of equal height on a grid: marching squares, a straight piece in each cell that a level runs through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Segment = tuple[float, float, float, float]
"""(x0, y0, x1, y1)."""


def segments(x: Sequence[float], y: Sequence[float], z: Sequence[Sequence[float]], level: float) -> Iterator[Segment]:
    """The pieces of one level's line; none in a cell where a height is NaN or infinite.

    In a saddle, where two lines enter a cell, the mean of its corners decides how they are joined.
    """
    for row in range(len(y) - 1):
        for column in range(len(x) - 1):
            corners = (z[row][column], z[row][column + 1], z[row + 1][column + 1], z[row + 1][column])
            if not (min(corners) <= level < max(corners) and all(height - height == 0 for height in corners)):
                continue
            places = (
                (x[column], y[row]),
                (x[column + 1], y[row]),
                (x[column + 1], y[row + 1]),
                (x[column], y[row + 1]),
            )
            yield from _cell(corners, places, level)


def _cell(corners: tuple[float, ...], places: tuple[tuple[float, float], ...], level: float) -> Iterator[Segment]:
    """The pieces in one cell: where the line crosses the edges, joined two by two."""
    above = [height > level for height in corners]
    crossed = [k for k in range(4) if above[k] != above[(k + 1) % 4]]
    points = [_crossing(corners[k], corners[(k + 1) % 4], places[k], places[(k + 1) % 4], level) for k in crossed]
    if len(points) == 4 and (sum(height / 4 for height in corners) > level) != above[0]:
        points = points[1:] + points[:1]
    for k in range(0, len(points) - 1, 2):
        yield (*points[k], *points[k + 1])


def _crossing(
    a: float, b: float, at: tuple[float, float], to: tuple[float, float], level: float
) -> tuple[float, float]:
    share = (level - a) / (b - a)
    return at[0] + (to[0] - at[0]) * share, at[1] + (to[1] - at[1]) * share
