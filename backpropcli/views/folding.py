"""A long, low drawing broken into bands, one below the other, as a text is broken into lines."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from backpropcli.views.layout import Box, Layout, Point

WIDEST = 2600.0
"""A drawing up to so wide is left as it is."""
PROPORTION = 1.7
"""How wide for its height a broken drawing should be."""
MOST_BROKEN = 3
"""A drawing is broken only where so many edges, by their sources, pass at most."""
INDENT = 70.0
"""Room in front of a band for the names of the edges that come in."""
BETWEEN = 44.0
"""Space between two bands."""


class Band(NamedTuple):
    """A part of the drawing, from one column's right side to another's, and how far it is moved."""

    start: float
    end: float
    across: float
    down: float

    def moved(self, point: Point) -> Point:
        """Where a point of this band goes."""
        return Point(point.x + self.across, point.y + self.down)


def folded(plan: Layout, widest: float = WIDEST) -> Layout:
    """The same drawing in bands, if it is wider than `widest`, much wider than high, and few edges break."""
    if plan.width <= widest or plan.width < 3 * plan.height:
        return plan
    cuts = _cuts(plan, widest)
    if not cuts:
        return plan
    bands = _bands(plan, [0.0, *cuts, plan.width])

    def band_of(x: float) -> Band:
        return next(band for band in bands if x <= band.end + 0.01)

    routes: dict[tuple[str, str], list[list[Point]]] = {}
    entering: dict[tuple[str, Point], None] = {}
    for edge, (points,) in plan.routes.items():
        pieces: list[list[Point]] = [[]]
        for point, following in zip(points, [*points[1:], None], strict=True):
            band = band_of(point.x)
            pieces[-1].append(band.moved(point))
            if following is not None and band_of(following.x) is not band:
                start = band_of(following.x).moved(point)
                entering[edge[0], start] = None
                pieces.append([start])
        routes[edge] = pieces
    centres = {name: band_of(centre.x).moved(centre) for name, centre in plan.centres.items()}
    boxes = {}
    for name, box in plan.boxes.items():
        band = band_of(plan.centres[name].x)
        boxes[name] = Box(*band.moved(Point(box.left, box.top)), *band.moved(Point(box.right, box.bottom)))
    exits = {name: band_of(plan.centres[name].x).moved(point) for name, point in plan.exits.items()}
    width = max(band.end + band.across for band in bands)
    height = max([*(box.bottom for box in boxes.values()), *(p.y for ways in routes.values() for w in ways for p in w)])
    return plan._replace(
        width=width, height=height, centres=centres, boxes=boxes, exits=exits, routes=routes, entering=list(entering)
    )


def _cuts(plan: Layout, widest: float) -> list[float]:
    """Where to break the drawing: as evenly as few broken edges allow; nowhere if that cannot be done."""
    count = max(2, round(sqrt(plan.width / (PROPORTION * (plan.height + BETWEEN)))))
    passing: dict[float, set[str]] = {}
    for (source, _), (points,) in plan.routes.items():
        for point in points[:-2]:
            passing.setdefault(point.x, set()).add(source)
    possible = [x for x in plan.columns[:-1] if 0 < len(passing.get(x, ())) <= MOST_BROKEN]
    limit = max(plan.width / count, widest / 2)
    cuts: list[float] = []
    start = 0.0
    while plan.width - start > 1.15 * limit:
        within = [x for x in possible if start < x <= start + 1.08 * limit]
        if not within or within[-1] < start + 0.4 * limit:
            return []
        start = within[-1]
        cuts.append(start)
    return cuts


def _bands(plan: Layout, limits: list[float]) -> list[Band]:
    result: list[Band] = []
    down = 0.0
    for start, end in pairwise(limits):
        heights = [
            height
            for name, box in plan.boxes.items() if start < plan.centres[name].x <= end
            for height in (box.top, box.bottom)
        ]  # fmt: skip
        heights += [p.y for (way,) in plan.routes.values() for p in way if start <= p.x <= end]
        top, bottom = min(heights), max(heights)
        result.append(Band(start, end, (INDENT if start else 0.0) - start, down - top))
        down += bottom - top + BETWEEN
    return result
