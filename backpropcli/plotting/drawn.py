"""What of a figure goes onto a canvas, from the back to the front: contours, lines, arrows, points."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from backpropcli.plotting.braille import clipped
from backpropcli.plotting.contours import segments
from backpropcli.plotting.thinning import thinned
from backpropcli.plotting.ticks import labels

if TYPE_CHECKING:
    from backpropcli.plotting.braille import Canvas
    from backpropcli.plotting.figure import Arrow, Contours, Figure, Line
    from backpropcli.plotting.signs import Signs

PER_COLUMN = 8
"""Points of a line for each column of the terminal: more are not seen."""
BANDS = "0123456789abcdefghijklmnopqrstuvwxyz"


def draw(shown: Figure, canvas: Canvas, signs: Signs) -> None:
    """All of the figure that is drawn between its axes."""
    for heights in shown.contours:
        if not (canvas.ascii and heights.numbered):
            _contours(shown, heights, canvas)
    for k, line in enumerate(shown.lines, 1):
        if line.path:
            _path(shown, line, canvas, signs.path, k + 2)
        elif not line.dotted:
            _line(shown, line, canvas, k)
    for k, line in enumerate(shown.lines, 1):
        if line.dotted:
            _dotted(shown, line, canvas, signs.behind, k)
    for arrow in shown.arrows:
        _arrow(shown, arrow, canvas, signs)
    for points in reversed(shown.points):
        for x, y in zip(points.x, points.y, strict=True):
            canvas.sign(shown.x.share(x), shown.y.share(y), signs.mark(points.mark), points.mark + 1)
    for heights in shown.contours:
        if canvas.ascii and heights.numbered:
            _bands(heights, canvas)


def _line(shown: Figure, line: Line, canvas: Canvas, paint: int) -> None:
    """A curve, straight from point to point; a point between two gaps is a dot."""
    xs, ys = thinned(line.x, line.y, canvas.columns * PER_COLUMN)
    before = (math.nan, math.nan)
    for x, y in zip(xs, ys, strict=True):
        place = (shown.x.share(x), _height(shown, y))
        canvas.line(*(before if math.isfinite(before[0] + before[1]) else place), *place, paint)
        before = place


def _path(shown: Figure, line: Line, canvas: Canvas, sign: str, paint: int) -> None:
    """Signs over whatever is there, a sign in each cell that is crossed."""
    shares = [(shown.x.share(x), _height(shown, y)) for x, y in zip(line.x, line.y, strict=True)]
    for start, end in pairwise([shares[0], *shares]):
        piece = clipped(*start, *end)
        if piece is None:
            continue
        x0, y0, x1, y1 = piece
        count = math.ceil(max(abs(x1 - x0) * canvas.columns, abs(y1 - y0) * canvas.rows, 0.5) * 2)
        for k in range(count + 1):
            canvas.sign(x0 + (x1 - x0) * k / count, y0 + (y1 - y0) * k / count, sign, paint)


def _height(shown: Figure, y: float) -> float:
    share = shown.y.share(y) if math.isfinite(y) else math.nan
    return share if abs(share) < 1e12 else math.nan


def _dotted(shown: Figure, line: Line, canvas: Canvas, sign: str, paint: int) -> None:
    """A line of signs, one a column, where nothing else is."""
    thin = thinned(line.x, line.y, canvas.columns * PER_COLUMN)
    shares = [(shown.x.share(x), _height(shown, y)) for x, y in zip(*thin, strict=True)]
    for (x0, y0), (x1, y1) in pairwise(shares):
        if not math.isfinite(x0 + y0 + x1 + y1):
            continue
        first, last = sorted((math.ceil(x0 * canvas.columns - 0.5), math.ceil(x1 * canvas.columns - 0.5)))
        for column in range(max(first, 0), min(last + 1, canvas.columns)):
            x = (column + 0.5) / canvas.columns
            if x1 != x0 and 0.0 <= (x - x0) / (x1 - x0) <= 1.0:
                canvas.sign(x, y0 + (y1 - y0) * (x - x0) / (x1 - x0), sign, paint, over=False)


def _arrow(shown: Figure, arrow: Arrow, canvas: Canvas, signs: Signs) -> None:
    """A line of dots with a head that points where it goes, as the terminal shows it (a cell is twice as high)."""
    (x0, x1), (y0, y1) = map(shown.x.share, arrow.x), map(shown.y.share, arrow.y)
    if not math.isfinite(x0 + x1 + y0 + y1):
        return
    canvas.line(x0, y0, x1, y1, 2)
    angle = math.atan2((y1 - y0) * canvas.rows * 2, (x1 - x0) * canvas.columns)
    canvas.sign(x1, y1, signs.heads[round(angle / (math.pi / 4)) % 8], 2)


def _contours(shown: Figure, heights: Contours, canvas: Canvas) -> None:
    """The lines of every level, and the level itself written on them where there is room."""
    for number, (level, name) in enumerate(zip(heights.levels, labels(list(heights.levels)), strict=True)):
        found = [
            (shown.x.share(x0), shown.y.share(y0), shown.x.share(x1), shown.y.share(y1))
            for x0, y0, x1, y1 in segments(heights.x, heights.y, heights.z, level)
        ]
        for piece in found:
            canvas.line(*piece, paint=1)
        if heights.numbered and found:
            _number(canvas, found, name, number)


def _bands(heights: Contours, canvas: Canvas) -> None:
    """In ASCII no line is fine enough: every second band between two levels is filled with its number."""
    for row in range(canvas.rows):
        for column in range(canvas.columns):
            x, y = (column + 0.5) / canvas.columns, 1 - (row + 0.5) / canvas.rows
            height = heights.z[round(y * (len(heights.y) - 1))][round(x * (len(heights.x) - 1))]
            band = bisect_left(heights.levels, height) if math.isfinite(height) else 1
            if band % 2 == 0:
                canvas.sign(x, y, BANDS[band % len(BANDS)], 1, over=False)


def bands(heights: Contours) -> str:
    """What the numbers of the bands mean: `0 below 1, 2 from 2 to 5`."""
    names = labels(list(heights.levels))
    said = []
    for k, (low, high) in enumerate(zip(["", *names], [*names, ""], strict=True)):
        range_ = f"from {low} to {high}" if low and high else f"below {high}" if high else f"above {low}"
        said += [f"{BANDS[k % len(BANDS)]} {range_}"] * (k % 2 == 0)
    return ", ".join(said)


def _number(canvas: Canvas, pieces: list[tuple[float, float, float, float]], name: str, number: int) -> None:
    """A level's number on its line: at a place that moves on from level to level, so that they keep apart."""
    start = len(pieces) * (number % 3 + 1) // 4
    for k in range(len(pieces)):
        x, y, _, _ = pieces[(start + k) % len(pieces)]
        place = canvas.cell(x, y)
        if place is not None and canvas.words(place[0], place[1] - len(name) // 2, name, 1):
            return
