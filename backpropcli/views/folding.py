"""A long, low drawing broken into bands, one below the other, as a text is broken into lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import inf, sqrt
from typing import NamedTuple

from backpropcli.views.layout import Box, Layout, Point

WIDEST = 2600.0
"""A drawing up to so wide is left as it is."""
PROPORTION = 1.7
"""How wide for its height a broken drawing should be."""
MOST_BROKEN = 3
"""A drawing is broken only where so many edges, by their sources, pass at most."""
INDENT, BESIDE = 70.0, 20.0
"""Room in front of a band for the names of the edges that come in, at least; and what a long name needs beside it."""
BETWEEN, FRAMES_BETWEEN = 44.0, 56.0
"""Space between two bands, and between two with frames."""
SHORTEST, LONGEST = 0.4, 1.25
"""How long a band may be, as a part of its share of the whole; the last may be shorter."""
BROKEN = 0.3
"""A broken layer is as bad as a band half as long as its share."""


class Band(NamedTuple):
    """A part of the drawing, from one column's right side to another's, and how far it is moved."""

    start: float
    end: float
    across: float
    down: float

    def moved(self, point: Point) -> Point:
        """Where a point of this band goes."""
        return Point(point.x + self.across, point.y + self.down)


def folded(
    plan: Layout, widths: Mapping[str, float], layers: Iterable[Sequence[str]] = (), framed: bool = False,
    widest: float = WIDEST,
) -> Layout:
    """The same drawing in bands, if it is wider than `widest`, much wider than high, and few edges break.

    `widths` says how wide the name of each node is, `layers` are the names that should stay together, `framed` leaves
    room for their frames.
    """
    if plan.width <= widest or plan.width < 3 * plan.height:
        return plan
    passing = _passing(plan)
    cuts = _cuts(plan, passing, [_reach(plan, names) for names in layers], widest)
    if not cuts:
        return plan
    indents = [0.0, *(max(INDENT, *(widths[name] + BESIDE for name in passing[cut])) for cut in cuts)]
    bands = _bands(plan, [0.0, *cuts, plan.width], indents, FRAMES_BETWEEN if framed else BETWEEN)

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
        width=width, height=height, centres=centres, boxes=boxes, exits=exits, routes=routes, entering=list(entering),
        bands={name: bands.index(band_of(centre.x)) for name, centre in plan.centres.items()},
    )


def _reach(plan: Layout, names: Sequence[str]) -> tuple[float, float]:
    """How far left and right the boxes of a layer stand."""
    places = [plan.centres[name].x for name in names if name in plan.centres]
    return min(places, default=0.0), max(places, default=0.0)


def _passing(plan: Layout) -> dict[float, set[str]]:
    """The sources of the edges that pass the right side of each column."""
    result: dict[float, set[str]] = {}
    for (source, _), (points,) in plan.routes.items():
        for point in points[:-2]:
            result.setdefault(point.x, set()).add(source)
    return result


def _cuts(
    plan: Layout, passing: Mapping[float, set[str]], layers: Sequence[tuple[float, float]], widest: float
) -> list[float]:
    """Where to break the drawing: evenly, between layers rather than inside one, and where few edges pass.

    Nowhere if that cannot be done.
    """
    count = max(2, round(sqrt(plan.width / (PROPORTION * (plan.height + BETWEEN)))))
    possible = [x for x in plan.columns[:-1] if 0 < len(passing.get(x, ())) <= MOST_BROKEN]
    limit = max(plan.width / count, widest / 2)
    stops = [0.0, *possible, plan.width]
    best: list[tuple[float, int]] = [(0.0, -1), *((inf, -1) for _ in stops[1:])]  # cost, and where its band began
    for k, end in enumerate(stops[1:], 1):
        last = k == len(stops) - 1
        broken = 0.0 if last or not any(a < end < b for a, b in layers) else BROKEN
        for j in range(k - 1, -1, -1):
            share = (end - stops[j]) / limit
            if share > LONGEST:
                break
            if last or share > SHORTEST:
                cost = best[j][0] + broken + (share - 1) ** 2 * (0.5 if share < 1 else 1)
                best[k] = min(best[k], (cost, j))
    cuts: list[float] = []
    place = best[-1][1]
    while place > 0:
        cuts.append(stops[place])
        place = best[place][1]
    return cuts[::-1]


def _bands(plan: Layout, limits: Sequence[float], indents: Sequence[float], between: float) -> list[Band]:
    """The bands between the limits, one below the other."""
    result: list[Band] = []
    down = 0.0
    for (start, end), indent in zip(pairwise(limits), indents, strict=True):
        heights = [
            height
            for name, box in plan.boxes.items() if start < plan.centres[name].x <= end
            for height in (box.top, box.bottom)
        ]  # fmt: skip
        heights += [p.y for (way,) in plan.routes.values() for p in way if start <= p.x <= end]
        top, bottom = min(heights), max(heights)
        result.append(Band(start, end, indent - start, down - top))
        down += bottom - top + between
    return result
