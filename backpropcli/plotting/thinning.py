"""Long series made short: of each stretch the lowest and the highest value stay, so that no peak is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence


def thinned(x: Sequence[float], y: Sequence[float], most: int) -> tuple[list[float], list[float]]:
    """At most about `most` points of a series, its ends among them; a stretch without a finite value stays a gap.

    >>> thinned([0, 1, 2, 3, 4, 5, 6, 7], [5, 9, 1, 2, 3, 4, 8, 6], 6)
    ([0, 1, 2, 5, 6, 7], [5, 9, 1, 4, 8, 6])
    """
    count = len(y)
    if count <= most:
        return list(x), list(y)
    stretches = max((most - 2) // 2, 1)
    chosen = [0]
    for k in range(stretches):
        start, stop = 1 + (count - 2) * k // stretches, 1 + (count - 2) * (k + 1) // stretches
        chosen += _extremes(y, start, stop)
    chosen.append(count - 1)
    return [x[k] for k in chosen], [y[k] for k in chosen]


def _extremes(y: Sequence[float], start: int, stop: int) -> list[int]:
    """Where the lowest and the highest finite value of a stretch are, in order."""
    finite = [k for k in range(start, stop) if math.isfinite(y[k])]
    if not finite:
        return [start] if start < stop else []
    return sorted({min(finite, key=y.__getitem__), max(finite, key=y.__getitem__)})
