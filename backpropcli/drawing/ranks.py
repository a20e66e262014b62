"""Ranks of a layered drawing: which column each node stands in, and which columns its edges pass through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Edge = tuple[int, int]


class Layers(NamedTuple):
    """A graph with edges only from one rank to the next.

    Vertices below `real` are nodes; the others are places where a long edge passes through a rank, one chain of them
    for each source, which all edges of that source share. `ranks[r]` lists the vertices of rank r, `forward[v]` and
    `backward[v]` a vertex's neighbours in the next and in the former rank. `chains[s]` are the passing places of
    source s by rank.
    """

    real: int
    ranks: list[list[int]]
    forward: list[list[int]]
    backward: list[list[int]]
    chains: dict[int, dict[int, int]]

    def passing(self, v: int) -> bool:
        """Whether a vertex is a passing place."""
        return v >= self.real


def ranked(count: int, edges: Sequence[Edge]) -> list[int]:
    """A rank for each of `count` nodes, by longest path; every edge goes from a lower number to a higher one.

    A node with at most one input stands as far right as its users allow, so that its edges are short.
    """
    inputs: list[list[int]] = [[] for _ in range(count)]
    users: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        inputs[b].append(a)
        users[a].append(b)
    rank = [0] * count
    for v in range(count):
        rank[v] = max((rank[a] + 1 for a in inputs[v]), default=0)
    for v in reversed(range(count)):
        if users[v] and len(inputs[v]) <= 1:
            rank[v] = min(rank[b] for b in users[v]) - 1
    return rank


def layers(rank: Sequence[int], edges: Sequence[Edge]) -> Layers:
    """The nodes rank by rank, with passing places in every rank that an edge crosses."""
    count = len(rank)
    lists: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    forward: list[list[int]] = [[] for _ in range(count)]
    backward: list[list[int]] = [[] for _ in range(count)]
    chains: dict[int, dict[int, int]] = {}
    for v in range(count):
        lists[rank[v]].append(v)
    for a, b in edges:
        last = a
        for r in range(rank[a] + 1, rank[b]):
            chain = chains.setdefault(a, {})
            if r not in chain:
                chain[r] = len(forward)
                forward.append([])
                backward.append([last])
                forward[last].append(chain[r])
                lists[r].append(chain[r])
            last = chain[r]
        forward[last].append(b)
        backward[b].append(last)
    return Layers(count, lists, forward, backward, chains)
