"""Complex steps: the imaginary part of the loss at x + ih, over h, as exact as float64 is on the way.

In arrays they move through a network as any perturbation does, only where they reach.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.large.carried import CarriedSlopes
from backpropcli.gradcheck.large.perturbation import Perturbation
from backpropcli.gradcheck.large.slopes import Slopes
from backpropcli.gradcheck.large.sparsity import Indices, indices
from backpropcli.ops.definition import Elementwise, Value
from backpropcli.ops.numbers.complexstep import slope, start, xp
from backpropcli.passes.forward import forward
from backpropcli.passes.forward import program as forward_program
from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point

Array = Any

GROUP = 256
"""So many complex steps are stacked in one pass."""
ROUNDED = 1e-12
"""The relative error that a complex step is given credit for: a few thousand roundings."""
LEAST = 1e-290
"""Below this the imaginary part leaves the range of float64."""
ROUGH = 1e-4
"""Carried slopes whose relative error is above this are looked at again, one by one,"""
FEW = 4e8
"""if that takes no more numbers than these: a second or two."""
IN_RANGE = 1e25
"""How much longer the complex step is that tells a slope of 0 from one too small for float64 to multiply."""


def complex_slopes(point: Point, components: Sequence[Component], size: float = 1.0) -> list[Slope]:
    """The imaginary part of the loss at x + ih, over h, for every component.

    h is 1e-30 times `size`: a larger one is less accurate, but keeps tiny slopes from underflowing.
    """
    if not components:
        return []
    if not point.plan.scalar:
        return _of_arrays(point, components, size)
    base = point.plan.forward(point.values, xp)
    found = []
    for first in range(0, len(components), GROUP):
        found += _stacked(point, components[first : first + GROUP], base, size)
    return [Slope(n / size, ROUNDED * abs(n / size) + LEAST / size) for n in found]


def _stacked(point: Point, components: Sequence[Component], base: list[Value], size: float) -> list[float]:
    copies, v = len(components), list(base)
    moved: dict[int, list[int]] = {}
    for k, c in enumerate(components):
        moved.setdefault(c.slot, []).append(k)
    for slot, rows in moved.items():
        shape = (copies, *point.graph.shapes[slot])
        direction = np.zeros((copies, math.prod(shape[1:])))
        direction[rows, [components[k].flat for k in rows]] = size
        v[slot] = start(np.broadcast_to(np.asarray(point.slots[slot], float), shape), direction.reshape(shape))
    later = point.downstream(set(moved))
    with quietly(xp):
        for step in forward_program(point.graph, later, copies=True):
            slot = step[0]
            own = v[slot][moved[slot]] if slot in moved else None
            forward([step], v, xp)
            if own is not None:  # a component downstream of another: its own copies stay where they were put
                v[slot] = np.broadcast_to(v[slot], (copies, *point.graph.shapes[slot])).copy().view(type(own))
                v[slot][moved[slot]] = own
        return point.totals(slope(v[point.target]), copies)


class Steps:
    """Complex steps of one size as an oracle of `CarriedSlopes`."""

    def __init__(self, point: Point, size: float) -> None:
        self.point = point
        self.size = size
        self.values = point.plan.forward(point.values, xp)

    def perturbation(self, slot: int) -> Perturbation:
        """The program for one slot, in complex numbers."""
        return Perturbation(self.point, slot, xp, self.values)

    def slopes(self, perturbation: Perturbation, x: Array, index: Indices) -> tuple[Array, Array]:
        """The slopes, and the error that a complex step is given credit for."""
        found = slope(perturbation.totals(index, start(x, np.full(x.shape, self.size)))) / self.size
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


def _of_arrays(point: Point, components: Sequence[Component], size: float) -> list[Slope]:
    """The complex-step slope of every component."""
    steps = Steps(point, size)
    carriers = CarriedSlopes(point, steps)
    result: list[Slope] = []
    for slot, group in groupby(components, key=lambda c: c.slot):
        some = list(group)
        each = carriers.perturbation(slot).work
        carried = carriers.carried(slot) if carriers.work(slot) < len(some) * each else None
        value, error = np.zeros(len(some)), np.full(len(some), np.inf)
        if carried is not None:
            flat = np.array([c.flat for c in some])
            value, error = carried.value.ravel()[flat], carried.error.ravel()[flat]
        rough = np.flatnonzero(~(error <= ROUGH * np.abs(value)))  # what cancels on the way back is looked at itself
        if len(rough) and (carried is None or each * len(rough) <= FEW):
            index = indices([some[k] for k in rough])
            x = np.array([some[k].x for k in rough])
            value[rough], error[rough] = steps.slopes(carriers.perturbation(slot), x, index)
        result += map(Slope, value.tolist(), error.tolist())
    return result
