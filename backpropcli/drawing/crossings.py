"""The order of nodes within their ranks: few crossings, by barycentre sweeps and exchanges of neighbours.

Sugiyama, Tagawa & Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981); crossings are
counted as inversions by insertion, after Barth, Mutzel & Jünger, "Simple and Efficient Bilayer Cross Counting" (2004).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.drawing.ranks import Layers

PATIENCE = 4
"""Sweeps without progress before the best order so far is taken."""
MOST_SWEEPS = 24
MOST_EXCHANGED = 4_000
"""Vertices of a graph whose neighbours are still exchanged pair by pair."""


def untangle(graph: Layers) -> int:
    """Reorder `graph.ranks` in place so that few edges cross; the number of crossings that are left."""
    ranks = graph.ranks
    position = [0] * len(graph.forward)
    for rank in ranks:
        _number(rank, position)
    best, fewest = [list(rank) for rank in ranks], crossings(graph)
    idle = 0
    for sweep in range(MOST_SWEEPS):
        if not fewest or idle >= PATIENCE:
            break
        if sweep % 2 == 0:
            for rank in ranks[1:]:
                _sort(rank, graph.backward, position)
        else:
            for rank in reversed(ranks[:-1]):
                _sort(rank, graph.forward, position)
        if len(position) <= MOST_EXCHANGED:
            _exchange(graph, position, 2)
        found = crossings(graph)
        idle += 1
        if found < fewest:
            best, fewest, idle = [list(rank) for rank in ranks], found, 0
    ranks[:] = best
    return fewest


def crossings(graph: Layers) -> int:
    """How many pairs of edges between neighbouring ranks cross."""
    return sum(_between(left, right, graph.forward) for left, right in zip(graph.ranks, graph.ranks[1:], strict=False))


def _between(left: Sequence[int], right: Sequence[int], forward: Sequence[Sequence[int]]) -> int:
    position = {v: k for k, v in enumerate(right)}
    ends = [position[forward[v][0]] if len(forward[v]) == 1 else -1 for v in left if forward[v]]
    if -1 not in ends and all(a <= b for a, b in pairwise(ends)):
        return 0  # the common case: lines that pass side by side
    count = 0
    seen: list[int] = []  # where the edges so far end, in order
    for v in left:
        for end in sorted(position[w] for w in forward[v]):
            place = bisect_right(seen, end)
            count += len(seen) - place
            seen.insert(place, end)
    return count


def _number(rank: Sequence[int], position: list[int]) -> None:
    for k, v in enumerate(rank):
        position[v] = k


def _sort(rank: list[int], neighbours: Sequence[Sequence[int]], position: list[int]) -> None:
    """Sort a rank by the barycentres of its neighbours; a vertex without any keeps its place."""
    keys = {v: _middle(neighbours[v], position) for v in rank if neighbours[v]}
    moving = iter(sorted(keys, key=lambda v: (keys[v], position[v])))
    rank[:] = [next(moving) if v in keys else v for v in rank]
    _number(rank, position)


def _middle(neighbours: Sequence[int], position: Sequence[int]) -> float:
    if len(neighbours) == 1:
        return position[neighbours[0]]
    return sum(position[w] for w in neighbours) / len(neighbours)


def _exchange(graph: Layers, position: list[int], rounds: int) -> None:
    """Exchange neighbours in a rank where that leaves fewer crossings, until nothing changes or so many rounds."""
    for _ in range(rounds):
        changed = False
        for rank in graph.ranks:
            for k in range(len(rank) - 1):
                u, v = rank[k], rank[k + 1]
                gain = 0
                for side in (graph.backward, graph.forward):
                    if side[u] and side[v]:
                        gain += _gain([position[w] for w in side[u]], [position[w] for w in side[v]])
                if gain > 0:
                    rank[k], rank[k + 1] = v, u
                    position[u], position[v] = k + 1, k
                    changed = True
        if not changed:
            return


def _gain(first: list[int], second: list[int]) -> int:
    """How many crossings fewer the edges of two neighbours have if they change places."""
    if len(first) == 1 and len(second) == 1:
        return (first[0] > second[0]) - (first[0] < second[0])
    if max(first) <= min(second):  # the common case: nothing crosses as it is
        return -1
    gain = 0
    for a in first:
        for b in second:
            gain += (a > b) - (a < b)
    return gain
