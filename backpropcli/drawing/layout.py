"""A computation graph laid out from left to right: where its boxes stand, and the ways of its edges round them.

Columns are ranks by longest path; an edge that passes a column has a place of its own in it, as high as a line needs,
and bends only in the gaps between columns, where no box is. So no edge runs through a box or its texts, whatever the
graph. Units are whatever the blocks are measured in.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from backpropcli.drawing.coordinates import across, led_on, relaxed, straightened
from backpropcli.drawing.crossings import untangle
from backpropcli.drawing.ranks import Layers, layers, ranked

STEEPNESS = 0.35
"""A gap between columns is at least this part as wide as its edges are high."""

TOO_HIGH = 1.2
"""A drawing with straight chains may be so many times as high as its fullest column."""

LOWER = 0.85
"""Else they are bent where that makes it lower than this part of its height."""

KINK = 22.0
"""An edge that rises or falls by less than this is made straight where there is room."""


class Block(NamedTuple):
    """What a node needs: distances from the centre of its box to all sides of what belongs to it, texts included.

    `entry` is how far left of the centre edges arrive, `ports` how far above and below it they may.
    """

    name: str
    left: float
    right: float
    above: float
    below: float
    entry: float = 0.0
    ports: float = 0.0


class Point(NamedTuple):
    """A place."""

    x: float
    y: float


class Box(NamedTuple):
    """The room that a block takes."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two rooms overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class Spans(NamedTuple):
    """Distances: between blocks of a column, of a passing edge to its neighbours, and the least gap between columns."""

    block: float = 18.0
    edge: float = 9.0
    gap: float = 34.0
    widest_gap: float = 220.0


SPANS = Spans()


class Layout(NamedTuple):
    """Where everything is.

    `centres` and `boxes` are by name; `exits` is where a node's edges begin, `routes` the way of each edge as points,
    by (source, target): a straight line where two points have the same height, elsewhere a curve that leaves and
    arrives level. A way that is broken, because the drawing goes on further down, has several pieces; `entering` says
    whose they are where they begin again. `columns` are the right sides of the columns, `crossings` counts the pairs
    of edges that cross. `bands` says, by name, in which band of a broken drawing a node stands.
    """

    width: float
    height: float
    centres: dict[str, Point]
    boxes: dict[str, Box]
    exits: dict[str, Point]
    routes: dict[tuple[str, str], list[list[Point]]]
    crossings: int
    columns: list[float]
    entering: list[tuple[str, Point]]
    bands: dict[str, int]


def layout(blocks: Sequence[Block], edges: Sequence[tuple[str, str]], spans: Spans = SPANS) -> Layout:
    """Lay out a graph whose blocks stand in evaluation order; edges lead from earlier ones to later ones, each once."""
    number = {block.name: k for k, block in enumerate(blocks)}
    pairs = [(number[a], number[b]) for a, b in edges]
    rank = ranked(len(blocks), pairs)
    graph = layers(rank, pairs)
    count = untangle(graph)

    def apart(u: int, v: int) -> float:
        below = blocks[u].below if u < graph.real else 0.0
        above = blocks[v].above if v < graph.real else 0.0
        return below + above + (spans.block if u < graph.real and v < graph.real else spans.edge)

    y = across(graph, apart)
    fullest = max((sum(apart(u, v) for u, v in pairwise(r)) for r in graph.ranks), default=0.0)
    if max(y, default=0.0) > TOO_HIGH * fullest:
        lower = relaxed(graph, apart)
        y = lower if max(lower) < LOWER * max(y) else y
    straightened(graph, y, apart, KINK)
    led_on(graph, y, apart, KINK)
    top = min((y[v] - block.above for v, block in enumerate(blocks)), default=0.0)
    y = [c - min(top, 0.0) for c in y]
    lefts, rights, centre = _columns(graph, blocks, y, spans)
    centres = {b.name: Point(centre[rank[v]], y[v]) for v, b in enumerate(blocks)}
    boxes = {
        b.name: Box(c.x - b.left, c.y - b.above, c.x + b.right, c.y + b.below)
        for b, c in zip(blocks, centres.values(), strict=True)
    }
    exits = {b.name: Point(rights[rank[v]], y[v]) for v, b in enumerate(blocks)}
    ports = _ports(graph, blocks, y, rank, pairs)
    routes: dict[tuple[str, str], list[list[Point]]] = {}
    for edge, (a, b) in zip(edges, pairs, strict=True):
        points = [exits[edge[0]]]
        for r in range(rank[a] + 1, rank[b]):
            place = graph.chains[a][r]
            points += [Point(lefts[r], y[place]), Point(rights[r], y[place])]
        arrival = ports[a, b]
        points += [Point(lefts[rank[b]], arrival), Point(centres[edge[1]].x - blocks[b].entry, arrival)]
        routes[edge] = [points]
    width = rights[-1] if rights else 0.0
    height = max([*y, *(box.bottom for box in boxes.values())], default=0.0)
    return Layout(width, height, centres, boxes, exits, routes, count, rights, [], {})


def _columns(
    graph: Layers, blocks: Sequence[Block], y: Sequence[float], spans: Spans
) -> tuple[list[float], list[float], list[float]]:
    """The left and the right side of every column, and where the centres of its boxes stand."""
    lefts, rights, centres = [], [], []
    x = 0.0
    for rank in graph.ranks:
        real = [v for v in rank if v < graph.real]
        lefts.append(x)
        x += max((blocks[v].left for v in real), default=0.0)
        centres.append(x)
        x += max((blocks[v].right for v in real), default=0.0)
        rights.append(x)
        steepest = max((abs(y[v] - y[w]) for v in rank for w in graph.forward[v]), default=0.0)
        x += min(max(spans.gap, STEEPNESS * steepest), spans.widest_gap)
    return lefts, rights, centres


def _ports(
    graph: Layers, blocks: Sequence[Block], y: Sequence[float], rank: Sequence[int], pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], float]:
    """The height at which each edge arrives: level ones in the middle, the others above and below it in their order."""
    arriving: dict[int, list[tuple[float, int]]] = {}
    for a, b in pairs:
        last = graph.chains[a][rank[b] - 1] if rank[b] - rank[a] > 1 else a
        arriving.setdefault(b, []).append((y[last], a))
    result = {}
    for b, sources in arriving.items():
        sources.sort()
        size = blocks[b].ports
        higher = sum(height < y[b] - 0.5 for height, _ in sources)
        lower = sum(height > y[b] + 0.5 for height, _ in sources)
        for k, (_, a) in enumerate(sources):
            result[a, b] = y[b]
            if len(sources) > 1 and k < higher:
                result[a, b] -= size * (higher - k) / higher
            elif len(sources) > 1 and k >= len(sources) - lower:
                result[a, b] += size * (k - len(sources) + lower + 1) / lower
    return result
