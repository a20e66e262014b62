"""Coordinates across the ranks: long chains straight, neighbours apart.

Brandes & Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001), with blocks placed by longest paths: four
drawings, each pushed to one of its corners, of which every vertex takes the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.drawing.ranks import Layers

Apart = Callable[[int, int], float]
"""The least distance between two vertices of a rank, the first directly above the second."""

SWEEPS = 24
"""Times that every vertex is drawn to its neighbours."""

MOST_SWEPT = 200_000
"""Vertices times sweeps, at most: a very large graph has fewer sweeps, but never less than 6."""

ALONE = 6.0
"""How much stronger it is drawn to one that has no other neighbour on that side, as a part of all others together."""


def across(graph: Layers, apart: Apart, whole: bool = False) -> list[float]:
    """A coordinate for every vertex, top to bottom in each rank's order, the smallest 0.

    `whole` leaves out the averaging: distances that are whole numbers then give coordinates that are.
    """
    count = len(graph.forward)
    if not count:
        return []
    conflicts = _conflicts(graph)
    drawings: list[list[float]] = []
    for from_right in (False, True):
        for from_below in (False, True):
            ranks = [list(reversed(rank)) if from_below else rank for rank in graph.ranks]
            ordered = ranks[::-1] if from_right else ranks
            neighbours = graph.forward if from_right else graph.backward
            root, align = _aligned(ordered, neighbours, conflicts, count)
            distance = (lambda u, v: apart(v, u)) if from_below else apart
            y = _compacted(ordered, root, align, distance, count)
            drawings.append([-c for c in y] if from_below else y)
    widths = [max(y) - min(y) for y in drawings]
    narrow = drawings[widths.index(min(widths))]
    if whole:
        best = min(drawings, key=lambda y: (_bends(graph, y), max(y) - min(y)))
        return [c - min(best) for c in best]
    low, high = min(narrow), max(narrow)
    for k, y in enumerate(drawings):
        shift = high - max(y) if k % 2 else low - min(y)
        drawings[k] = [c + shift for c in y]
    middle = []
    for four in zip(*drawings, strict=True):
        ordered4 = sorted(four)
        middle.append((ordered4[1] + ordered4[2]) / 2)
    low = min(middle)
    return [c - low for c in middle]


def _bends(graph: Layers, y: Sequence[float]) -> int:
    """Edges that are not straight."""
    return sum(y[v] != y[w] for v, users in enumerate(graph.forward) for w in users)


def _conflicts(graph: Layers) -> set[tuple[int, int]]:
    """Edges that cross the middle of a long edge: they are not straightened, so that the long one can be."""
    found: set[tuple[int, int]] = set()
    for left, right in zip(graph.ranks, graph.ranks[1:], strict=False):
        position = {v: k for k, v in enumerate(left)}
        start, scanned = 0, 0
        for k, w in enumerate(right):
            inner = next((v for v in graph.backward[w] if graph.passing(v)), None) if graph.passing(w) else None
            if inner is None and k < len(right) - 1:
                continue
            end = position[inner] if inner is not None else len(left)
            for u in right[scanned : k + 1]:
                for v in graph.backward[u]:
                    if not start <= position[v] <= end and not (graph.passing(u) and graph.passing(v)):
                        found.add((min(u, v), max(u, v)))
            scanned, start = k + 1, end
    return found


def _aligned(
    ranks: Sequence[Sequence[int]], neighbours: Sequence[Sequence[int]], conflicts: set[tuple[int, int]], count: int
) -> tuple[list[int], list[int]]:
    """Chains of vertices that share a coordinate: each vertex's first of the chain, and its next (around)."""
    root, align = list(range(count)), list(range(count))
    position = [0] * count
    for rank in ranks:
        for k, v in enumerate(rank):
            position[v] = k
    for rank in ranks:
        reached = -1
        for v in rank:
            sides = sorted(neighbours[v], key=position.__getitem__)
            middle = (len(sides) - 1) / 2
            for k in range(int(middle), int(middle + 0.5) + 1) if sides else ():
                w = sides[k]
                if align[v] == v and reached < position[w] and (min(v, w), max(v, w)) not in conflicts:
                    align[w] = v
                    root[v] = align[v] = root[w]
                    reached = position[w]
    return root, align


def _compacted(
    ranks: Sequence[Sequence[int]], root: Sequence[int], align: Sequence[int], apart: Apart, count: int
) -> list[float]:
    """Coordinates of chains: as far up as the distances allow, then down where that costs nothing."""
    before: dict[int, dict[int, float]] = {}
    after: dict[int, dict[int, float]] = {}
    for rank in ranks:
        for u, v in pairwise(rank):
            a, b, distance = root[u], root[v], apart(u, v)
            if distance > before.setdefault(b, {}).get(a, -1.0):
                before[b][a] = distance
                after.setdefault(a, {})[b] = distance
    roots = [v for v in range(count) if root[v] == v]
    order = _topological(roots, before, after)
    y: dict[int, float] = {}
    for v in order:
        y[v] = max((y[u] + d for u, d in before.get(v, {}).items()), default=0.0)
    for v in reversed(order):
        room = min((y[w] - d for w, d in after.get(v, {}).items()), default=None)
        if room is not None and before.get(v, {}):
            y[v] = max(y[v], room)
        elif room is not None:
            y[v] = room
    return [y[root[v]] for v in range(count)]


def _topological(
    roots: Sequence[int], before: dict[int, dict[int, float]], after: dict[int, dict[int, float]]
) -> list[int]:
    waiting = {v: len(before.get(v, {})) for v in roots}
    ready = [v for v in roots if not waiting[v]]
    order = []
    while ready:
        v = ready.pop()
        order.append(v)
        for w in after.get(v, {}):
            waiting[w] -= 1
            if not waiting[w]:
                ready.append(w)
    return order


def straightened(graph: Layers, y: list[float], apart: Apart, reach: float) -> None:
    """Level out, in place, the small kinks: a vertex moves to a neighbour's height, up to `reach`, where there is room.

    One that stands level with the next rank stays.
    """
    for rank in graph.ranks:
        for k, v in enumerate(rank):
            if any(abs(y[w] - y[v]) < 0.01 for w in (*graph.forward[v], *graph.backward[v])):
                continue
            near = sorted((abs(y[w] - y[v]), y[w]) for w in (*graph.backward[v], *graph.forward[v]))
            if near and near[0][0] <= reach:
                above, below = rank[k - 1] if k else None, rank[k + 1] if k + 1 < len(rank) else None
                place = near[0][1]
                if (above is None or place - y[above] >= apart(above, v)) and (
                    below is None or y[below] - place >= apart(v, below)
                ):
                    y[v] = place


def led_on(graph: Layers, y: list[float], apart: Apart, reach: float) -> None:
    """Level out, in place, what goes on from a node behind a line that passes it: `x + f(x)` stands level with `f(x)`.

    A node that one node and passing lines feed moves, with all that goes on level from it, to that node's height, up to
    `reach`, where there is room.
    """
    for rank in graph.ranks:
        for v in rank:
            near = [w for w in graph.backward[v] if not graph.passing(w)]
            if graph.passing(v) or len(near) != 1 or len(graph.backward[v]) == 1:
                continue
            place, moving = y[near[0]], [v]
            for w in moving:
                moving += [u for u in graph.forward[w] if abs(y[u] - y[v]) < 0.01 and u not in moving]
            if 0.01 < abs(place - y[v]) <= reach and all(_free(graph, y, apart, w, place, moving) for w in moving):
                for w in moving:
                    y[w] = place


def _free(graph: Layers, y: list[float], apart: Apart, v: int, place: float, moving: list[int]) -> bool:
    """Whether a vertex may stand there, beside those of its rank that do not move with it."""
    rank = next(rank for rank in graph.ranks if v in rank)
    k = rank.index(v)
    above, below = rank[k - 1] if k else None, rank[k + 1] if k + 1 < len(rank) else None
    return (above is None or above in moving or place - y[above] >= apart(above, v)) and (
        below is None or below in moving or y[below] - place >= apart(v, below)
    )


def relaxed(graph: Layers, apart: Apart) -> list[float]:
    """Coordinates that keep the drawing low, where straight chains would make it much higher than its fullest rank.

    Every vertex is drawn to the mean of its neighbours, rank by rank, the nearest places in order and apart being found
    by isotonic regression (pool adjacent violators).
    """
    return _Relaxation(graph, apart).places()


class _Relaxation:
    """Coordinates on their way."""

    def __init__(self, graph: Layers, apart: Apart) -> None:
        self.graph = graph
        self.y = [0.0] * len(graph.forward)
        self.alone = [_alone(graph, v) for v in range(len(graph.forward))]
        self.offsets = [list(accumulate((apart(u, v) for u, v in pairwise(rank)), initial=0.0)) for rank in graph.ranks]
        for rank, offsets in zip(graph.ranks, self.offsets, strict=True):
            for v, offset in zip(rank, offsets, strict=False):
                self.y[v] = offset - offsets[-1] / 2

    def places(self) -> list[float]:
        """Sweep to and fro, then make straight what is nearly so."""
        graph = self.graph
        sweeps = max(6, min(SWEEPS, MOST_SWEPT // len(self.y)))
        for sweep in range(sweeps):
            ranks = range(len(graph.ranks))
            fed = graph.backward if sweep % 2 == 0 else graph.forward
            for r in ranks if sweep % 2 == 0 else reversed(ranks):
                self._settle(r, [self._pulled(v, fed[v] if sweep < sweeps - 4 else []) for v in graph.ranks[r]])
        for r, rank in enumerate(graph.ranks):
            before = [next((w for w in self.alone[v] if w in graph.backward[v]), v) for v in rank]
            self._settle(r, [(self.y[w], 1.0 if w == v else ALONE) for v, w in zip(rank, before, strict=True)])
        low = min(self.y, default=0.0)
        return [c - low for c in self.y]

    def _pulled(self, v: int, near: Sequence[int]) -> tuple[float, float]:
        """Where the neighbours draw a vertex (all of them, if there are none on the one side), and how strongly."""
        graph, y = self.graph, self.y
        near = near or graph.backward[v] + graph.forward[v]
        pulls = [(1.0, y[w]) for w in near] + [(ALONE * max(len(near), 1), y[w]) for w in self.alone[v]]
        if not pulls:
            return y[v], 0.1
        heavy = sum(pull for pull, _ in pulls)
        return sum(pull * place for pull, place in pulls) / heavy, 4.0 if graph.passing(v) else 1.0 + heavy

    def _settle(self, r: int, wanted: Sequence[tuple[float, float]]) -> None:
        """Give a rank the places next to those that are wanted, by their weights, in order and apart."""
        offsets = self.offsets[r]
        places = [place - offset for (place, _), offset in zip(wanted, offsets, strict=False)]
        found = _isotonic(places, [weight for _, weight in wanted])
        for v, place, offset in zip(self.graph.ranks[r], found, offsets, strict=False):
            self.y[v] = place + offset


def _alone(graph: Layers, v: int) -> list[int]:
    """The neighbours of a vertex to which it is the only one, as they are to it: a line that should be straight."""
    result = []
    for own, back in ((graph.backward, graph.forward), (graph.forward, graph.backward)):
        if len(own[v]) == 1 and len(back[own[v][0]]) == 1:
            result.append(own[v][0])
    return result


def _isotonic(wanted: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The rising numbers next to those that are wanted, by weighted least squares."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for value, weight in zip(wanted, weights, strict=True):
        size = 1
        while pools and pools[-1][0] >= value:
            mean, heavy, many = pools.pop()
            value = (mean * heavy + value * weight) / (heavy + weight)
            weight, size = weight + heavy, size + many
        pools.append((value, weight, size))
    return [mean for mean, _, size in pools for _ in range(size)]
