"""A figure as plain data: axes, lines, points, contours and words; who draws it knows nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Numbers = Sequence[float]
SMALLEST, LARGEST = 5e-324, 1.7e308
"""Of the numbers that an axis may end with."""


class Axis(NamedTuple):
    """What is along an edge, from `low` to `high`, both finite and low < high; both above 0 where it is `log`."""

    label: str
    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high one; NaN where it has no place."""
        if self.log:
            if not value > 0.0:
                return math.nan
            low = math.log(self.low)
            return (math.log(value) - low) / (math.log(self.high) - low)
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)  # a difference of large numbers overflows


class Line(NamedTuple):
    """A curve through points in order; what is not finite leaves a gap.

    `dotted`: it stands behind the others; `path`: it stands over contours, and its points are to be seen.
    """

    label: str
    x: Numbers
    y: Numbers
    dotted: bool = False
    path: bool = False


class Points(NamedTuple):
    """Single points, marked by a sign of the table `MARKS`."""

    label: str
    x: Numbers
    y: Numbers
    mark: int = 0


class Arrow(NamedTuple):
    """A direction, from one place to another."""

    label: str
    x: tuple[float, float]
    y: tuple[float, float]


class Contours(NamedTuple):
    """Lines of equal height over a grid: `z[row][column]` at `(x[column], y[row])`. `numbered`: heights are written."""

    label: str
    x: Numbers
    y: Numbers
    z: Sequence[Numbers]
    levels: Numbers
    name: str = ""
    """What the height is called."""
    numbered: bool = True


class Figure(NamedTuple):
    """A picture with its headline, and sentences below it. `kind` says of which plot it is, for other programs."""

    kind: str
    source: str
    headline: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...] = ()
    points: tuple[Points, ...] = ()
    contours: tuple[Contours, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    notes: tuple[str, ...] = ()


def axis(label: str, values: Iterable[float], log: bool = False, margin: float = 0.0) -> Axis:
    """An axis that holds all finite values (above 0 where it is logarithmic), with a part of them left at both ends.

    >>> axis("J", [3.0]).low, axis("J", [float("nan")]).high
    (2.0, 1.0)
    """
    found = [v for v in values if math.isfinite(v) and (v > 0.0 or not log)]
    low, high = (min(found), max(found)) if found else (1.0, 1.0) if log else (0.0, 1.0)
    if log:
        if high <= low * 1.0001:
            low, high = max(low / 2, SMALLEST), min(high * 2, LARGEST)
        ratio = math.exp((math.log(high) - math.log(low)) * margin)
        return Axis(label, max(low / ratio, SMALLEST), min(high * ratio, LARGEST), True)
    if high / 2 - low / 2 <= 1e-13 * max(abs(low), abs(high)):
        room = max(abs(low), 3.0) / 3
        low, high = low - room, high + room
    room = (high / 2 - low / 2) * 2 * margin if margin else 0.0
    return Axis(label, max(low - room, -LARGEST), min(high + room, LARGEST))
