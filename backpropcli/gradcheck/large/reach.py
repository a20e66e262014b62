"""What lies downstream of many slots at once: sets as bits, many slots in one pass over the graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from backpropcli.graph import Graph

WIDTH = 2048
"""So many slots share a pass: a set of them is one integer of so many bits."""
ROWS = 512
"""So many steps' sets are spread into single bits at a time."""
FAINT = 1e-140
"""Beside the largest size a smaller one's square may vanish: it is left to be added up for itself."""


def added_up(graph: Graph, sizes: Sequence[float], slots: Sequence[int]) -> list[float | None]:
    """For each of `slots` the root of the sum of the squared `sizes` of all steps downstream of it.

    None where squares leave the range of float64: that one must be added up for itself.
    """
    result: list[float | None] = []
    for first in range(0, len(slots), WIDTH):
        result += _block(graph, sizes, slots[first : first + WIDTH])
    return result


def _block(graph: Graph, sizes: Sequence[float], slots: Sequence[int]) -> list[float | None]:
    start, width = min(slots), -(-len(slots) // 8)
    marks = [0] * (len(graph) - start)
    own = dict.fromkeys(slots, 0)
    for k, slot in enumerate(slots):
        own[slot] |= 1 << k
    rows, weights = [], []
    for slot in range(start, len(graph)):
        mark = 0
        for a in graph.arguments[slot]:
            if a >= start:
                mark |= marks[a - start]
        if mark and sizes[slot] > 0.0:
            rows.append(mark)
            weights.append(sizes[slot])
        marks[slot - start] = mark | own.get(slot, 0)
    largest = max(weights, default=0.0)
    total = np.zeros(8 * width)
    if 0.0 < largest < math.inf:
        squares = (np.array(weights) / largest) ** 2
        for first in range(0, len(rows), ROWS):
            packed = b"".join(mark.to_bytes(width, "little") for mark in rows[first : first + ROWS])
            bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(-1, width), axis=1, bitorder="little")
            total += squares[first : first + ROWS] @ bits
    return [largest * math.sqrt(t) if t > FAINT else None for t in total[: len(slots)].tolist()]
