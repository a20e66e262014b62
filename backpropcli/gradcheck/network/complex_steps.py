"""Complex steps in arrays: they move through a network as any change does, only where they reach."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from backpropcli.engine.stepping import quietly
from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.large.linear import Slopes, Ways
from backpropcli.gradcheck.large.perturbation import Changes
from backpropcli.gradcheck.network.oracles import LEAST, ROUNDED
from backpropcli.gradcheck.network.point import Component, Point
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.numbers.complexstep import slope, start, xp

Array = Any

ROUGH = 1e-4
"""Carried slopes whose relative error is above this are looked at again, one by one,"""
FEW = 4e8
"""if that takes no more numbers than these: a second or two."""


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

    def local(self, step: int, k: int) -> Slopes:
        """The slope of every entry of an elementwise step with its argument `k`, by complex steps of its own values."""
        operation, arguments = self.point.graph.operations[step], self.point.graph.arguments[step]
        shape = self.point.graph.shapes[step]
        assert isinstance(operation, Elementwise)
        values = [np.broadcast_to(np.asarray(self.point.slots[a], float), shape) for a in arguments]
        moved = [start(v, np.full(shape, 1.0 if j == k else 0.0)) for j, v in enumerate(values)]
        with quietly(xp):
            found = np.broadcast_to(slope(operation.value(xp, *moved)), shape)
        return Slopes(found, np.where(np.isfinite(found), ROUNDED * np.abs(found), np.inf))


def slopes_of_arrays(point: Point, components: Sequence[Component], size: float) -> list[Slope]:
    """The complex-step slope of every component."""
    steps = Steps(point, size)
    ways = Ways(point, steps)
    result: list[Slope] = []
    for slot, group in groupby(components, key=lambda c: c.slot):
        some = list(group)
        each = ways.changes(slot).work
        carried = ways.carried(slot) if ways.work(slot) < len(some) * each else None
        value, error = np.zeros(len(some)), np.full(len(some), np.inf)
        if carried is not None:
            flat = np.array([c.flat for c in some])
            value, error = carried.value.ravel()[flat], carried.error.ravel()[flat]
        rough = np.flatnonzero(~(error <= ROUGH * np.abs(value)))  # what cancels on the way back is looked at itself
        if len(rough) and (carried is None or each * len(rough) <= FEW):
            index = tuple(np.array([some[k].index for k in rough], int).reshape(len(rough), -1).T)
            x = np.array([some[k].x for k in rough])
            value[rough], error[rough] = steps.slopes(ways.changes(slot), x, index)
        result += map(Slope, value.tolist(), error.tolist())
    return result
