"""Complex steps in arrays: they move through a network as any change does, only where they reach."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from backpropcli.gradcheck.changes import Changes
from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.linear import Ways
from backpropcli.gradcheck.opinions import LEAST, ROUNDED
from backpropcli.gradcheck.point import Component, Point
from backpropcli.ops.numbers.complexstep import slope, start, xp

Array = Any
MANY = 0.5
"""If more than this share of an array's entries is asked for, slopes are carried back to all of them."""


class Steps:
    """Complex steps of one size as an oracle of `Ways`."""

    def __init__(self, point: Point, size: float) -> None:
        self.point = point
        self.size = size
        self.values = point.plan.forward(point.values, xp)

    def changes(self, slot: int) -> Changes:
        """The program for one slot, in complex numbers."""
        return Changes(self.point, slot, xp, self.values)

    def slopes(self, changes: Changes, x: Array, index: tuple[Array, ...]) -> tuple[Array, Array]:
        """The slopes, and the error that a complex step is given credit for."""
        found = slope(changes.totals(index, start(x, np.full(x.shape, self.size)))) / self.size
        return found, ROUNDED * np.abs(found) + LEAST / self.size


def slopes_of_arrays(point: Point, components: Sequence[Component], size: float) -> list[Slope]:
    """The complex-step slope of every component."""
    steps = Steps(point, size)
    ways = Ways(point, steps)
    result: list[Slope] = []
    for slot, group in groupby(components, key=lambda c: c.slot):
        some = list(group)
        carried = ways.carried(slot) if len(some) > MANY * ways.entries(slot) else None
        if carried is not None:
            flat = np.array([c.flat for c in some])
            value, error = carried.value.ravel()[flat], carried.error.ravel()[flat]
        else:
            index = tuple(np.array([c.index for c in some], int).reshape(len(some), -1).T)
            value, error = steps.slopes(ways.changes(slot), np.array([c.x for c in some]), index)
        result += map(Slope, value.tolist(), error.tolist())
    return result
