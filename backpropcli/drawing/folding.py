"""A long, low drawing broken into bands, one below the other, as a text is broken into lines."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil, inf, sqrt
from typing import NamedTuple

from backpropcli.drawing.layout import Box, Layout, Point

WIDEST, LEFT = 1500.0, 1.1
"""A drawing has bands of at most this width, but one that is hardly wider, by this factor, is left as it is."""
TALLEST = 6000.0
"""One that would be higher than this has wider bands: it cannot be seen at once anyway, and is as wide as high."""
PROPORTION = 1.5
"""How wide for its height such a one is."""
FLAT = 1.2
"""A drawing is not broken unless it is so many times as wide as high: it would only become a tower."""
INDENT, BESIDE, BEND = 70.0, 20.0, 26.0
"""Room in front of a band for the names of the edges that come in, at least; what a long name needs beside it, and what
lines need that stand closer than their names."""
NAME = 17.0
"""The height of such a name."""
BETWEEN, FRAMES_BETWEEN = 44.0, 56.0
"""Space between two bands, and between two with frames."""
BROKEN, PASSING = 2.0, 0.03
"""How bad a broken layer is, where a band half as long as its share is 0.1; and each of the edges that are broken."""
A_BAND = 0.5
"""How bad a band more is."""


class Band(NamedTuple):
    """A part of the drawing, from one column's right side to another's, and how far it is moved.

    `names` are the heights, before that, of the names of the edges that come in, which are led to their places where
    it is `bent`; `bottom` is where it ends.
    """

    start: float
    end: float
    across: float
    down: float
    names: Mapping[str, float]
    bent: bool
    bottom: float

    def moved(self, point: Point) -> Point:
        """Where a point of this band goes."""
        return Point(point.x + self.across, point.y + self.down)

    def moved_box(self, box: Box) -> Box:
        """Where a box of this band goes."""
        return Box(*self.moved(Point(box.left, box.top)), *self.moved(Point(box.right, box.bottom)))


def folded(
    plan: Layout,
    widths: Mapping[str, float],
    layers: Iterable[Sequence[str]] = (),
    framed: bool = False,
    widest: float | None = None,
) -> Layout:
    """The drawing in bands of at most `widest`, where they can be; without it, of what suits the drawing.

    `widths` says how wide the name of each node is, `layers` are the names that should stay together, `framed` leaves
    room for their frames. An edge that is broken begins again with the name of the node that it comes from.
    """
    between = FRAMES_BETWEEN if framed else BETWEEN
    if plan.width <= (widest or LEFT * WIDEST) or (widest is None and plan.width < FLAT * plan.height):
        return plan
    area = plan.width * (plan.height + between)
    most = widest or (WIDEST if area < TALLEST * WIDEST else max(WIDEST, sqrt(PROPORTION * area)))
    passing = _passing(plan)
    heads = {x: _Head.of(names, widths) for x, names in passing.items()}
    cuts = _cuts(plan, heads, [_reach(plan, names) for names in layers], most)
    if not cuts:
        return plan
    head = [_Head(0.0, {}), *(heads.get(cut, _Head(0.0, {})) for cut in cuts)]
    return _moved(plan, _bands(plan, [0.0, *cuts, plan.width], head, between))


def _moved(plan: Layout, bands: Sequence[Band]) -> Layout:
    """The drawing with everything where its band is."""
    ends = [band.end for band in bands]

    def band_of(x: float) -> Band:
        return bands[bisect_left(ends, x - 0.01)]

    routes: dict[tuple[str, str], list[list[Point]]] = {}
    entering: dict[tuple[str, Point], None] = {}
    for edge, (points,) in plan.routes.items():
        pieces: list[list[Point]] = [[]]
        for point, following in zip(points, [*points[1:], points[-1]], strict=True):
            band, begins = band_of(point.x), band_of(following.x)
            pieces[-1].append(band.moved(point))
            if begins is not band:
                start, level = begins.moved(point), begins.names[edge[0]] + begins.down
                label = Point(start.x - BEND if begins.bent else start.x, level)
                entering[edge[0], label] = None
                pieces.append([label, start] if begins.bent else [start])
        routes[edge] = pieces
    own = {name: band_of(centre.x) for name, centre in plan.centres.items()}
    return plan._replace(
        width=max(band.end + band.across for band in bands),
        height=max(band.bottom for band in bands),
        centres={name: own[name].moved(centre) for name, centre in plan.centres.items()},
        boxes={name: own[name].moved_box(box) for name, box in plan.boxes.items()},
        exits={name: own[name].moved(point) for name, point in plan.exits.items()},
        routes=routes,
        entering=list(entering),
        bands={name: bisect_left(ends, centre.x - 0.01) for name, centre in plan.centres.items()},
    )


def _reach(plan: Layout, names: Sequence[str]) -> tuple[float, float]:
    """How far left and right the boxes of a layer stand."""
    places = [plan.centres[name].x for name in names if name in plan.centres]
    return min(places, default=0.0), max(places, default=0.0)


class _Head(NamedTuple):
    """What stands in front of a band: its width, the heights of the names; `bent` where these are not their lines'."""

    width: float
    names: Mapping[str, float]
    bent: bool = False

    @classmethod
    def of(cls, passing: Mapping[str, float], widths: Mapping[str, float]) -> _Head:
        """The head of a band into which edges come at these heights; its names are spread so that each can be read."""
        order = sorted(passing, key=passing.__getitem__)
        groups: list[tuple[float, int]] = []  # the mean of heights less their places in the group, and how many
        for k, name in enumerate(order):
            mean, count = passing[name] - k * NAME, 1
            while groups and groups[-1][0] > mean:
                other, many = groups.pop()
                mean, count = (mean * count + other * many) / (count + many), count + many
            groups.append((mean, count))
        places = [mean for mean, count in groups for _ in range(count)]
        names = {name: place + k * NAME for k, (name, place) in enumerate(zip(order, places, strict=True))}
        bent = any(abs(names[name] - height) > 0.5 for name, height in passing.items())
        width = max([INDENT, *(widths[name] + BESIDE for name in passing)]) + BEND * bent
        return cls(width, names if bent else passing, bent)


def _passing(plan: Layout) -> dict[float, dict[str, float]]:
    """The sources of the edges that pass the right side of each column, and where."""
    result: dict[float, dict[str, float]] = {}
    for (source, _), (points,) in plan.routes.items():
        for point in points[:-2]:
            result.setdefault(point.x, {})[source] = point.y
    return result


def _cuts(
    plan: Layout, heads: Mapping[float, _Head], layers: Sequence[tuple[float, float]], most: float
) -> list[float]:
    """Where to break the drawing into bands of at most `most`, each with its head: evenly, as few bands as can be,
    between layers rather than inside one, and where few edges pass.
    """
    stops = [0.0, *plan.columns[:-1], plan.width]
    fronts = [0.0, *(heads[x].width if x in heads else 0.0 for x in stops[1:])]
    room = most - sum(fronts) / len(fronts)
    limit = plan.width / max(1, ceil(plan.width / room)) if room > 0 else most
    best: list[tuple[float, int]] = [(0.0, -1), *((inf, -1) for _ in stops[1:])]  # cost, and where its band began
    for k, end in enumerate(stops[1:], 1):
        last = k == len(stops) - 1
        broken = 0.0 if last or not any(a < end < b for a, b in layers) else BROKEN
        if not last and end in heads:
            count = len(heads[end].names)
            broken += PASSING * count / (1 + count / 20)
        for j in range(k - 1, -1, -1):
            if end - stops[j] + fronts[j] > most and j < k - 1:
                break
            share = (end - stops[j]) / limit
            cost = best[j][0] + A_BAND + broken + (share - 1) ** 2 * (0.5 if share < 1 else 1)
            best[k] = min(best[k], (cost, j))
    cuts: list[float] = []
    place = best[-1][1]
    while place > 0:
        cuts.append(stops[place])
        place = best[place][1]
    return cuts[::-1]


def _bands(plan: Layout, limits: Sequence[float], heads: Sequence[_Head], between: float) -> list[Band]:
    """The bands between the limits, one below the other."""
    result: list[Band] = []
    down = 0.0
    heights: list[list[float]] = [[] for _ in heads]
    ends = list(limits[1:])
    for name, box in plan.boxes.items():
        heights[bisect_left(ends, plan.centres[name].x - 0.01)] += box.top, box.bottom
    for (way,) in plan.routes.values():
        for point in way:
            heights[bisect_left(ends, point.x - 0.01)].append(point.y)
    for (start, end), head, own in zip(pairwise(limits), heads, heights, strict=True):
        names = [y + side for y in head.names.values() for side in (-NAME, NAME / 2)]
        top, bottom = min([*own, *names]), max([*own, *names])
        result.append(Band(start, end, head.width - start, down - top, head.names, head.bent, down + bottom - top))
        down += bottom - top + between
    return result
