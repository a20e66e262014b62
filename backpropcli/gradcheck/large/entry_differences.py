"""Differences as an oracle for arrays: each entry with a step of its own, all of them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.gradcheck.large.perturbation import Perturbation
from backpropcli.gradcheck.large.searches import searched
from backpropcli.gradcheck.large.slopes import Slopes
from backpropcli.gradcheck.tolerances import UNIT
from backpropcli.ops.definition import Elementwise
from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.gradcheck.large.sparsity import Indices
    from backpropcli.gradcheck.point.point import Point
    from backpropcli.gradcheck.stepsize import StepSearch

Array = Any


class Differences:
    """Central differences, extrapolated, with an error below `goal` (relative) where that can be had."""

    def __init__(self, point: Point, goal: float) -> None:
        self.point = point
        self.goal = goal

    def perturbation(self, slot: int) -> Perturbation:
        """The program for one slot, in float64."""
        return Perturbation(self.point, slot)

    def slopes(self, perturbation: Perturbation, x: Array, index: Indices) -> tuple[Array, Array]:
        """The slopes and their errors."""
        found = self.search(perturbation, x, index)
        return found.value, np.where(found.cornered, np.inf, found.error)

    def search(self, perturbation: Perturbation, x: Array, index: Indices) -> StepSearch:
        """The search for each entry's own step, all of them side by side."""
        noise = self.point.noise(perturbation.slot)
        return searched(
            x, noise, self.goal, lambda active, places: perturbation.look(tuple(k[active] for k in index), places)
        )

    def local(self, step: int, k: int) -> Slopes:
        """The slope of every entry of an elementwise step with its argument `k`, by differences of its own values."""
        graph, xp = self.point.graph, self.point.plan.numbers(copies=True)
        shape, operation = graph.shapes[step], graph.operations[step]
        assert isinstance(operation, Elementwise)
        values = [np.broadcast_to(self.point.slots[a], shape).ravel() for a in graph.arguments[step]]
        branch = None if operation.branch is None else np.asarray(operation.branch(xp, *values))

        def look(active: Array, places: Array) -> tuple[Array, Array]:
            given = [places if j == k else v[active][:, None] for j, v in enumerate(values)]
            with quietly(xp):
                y = np.broadcast_to(operation.value(xp, *given), places.shape)
                turned: Array = np.zeros(len(active), bool)
                if branch is not None and operation.branch is not None:
                    here = np.broadcast_to(branch, values[k].shape)[active][:, None]
                    there = np.broadcast_to(operation.branch(xp, *given), places.shape)
                    turned = (there != here).any(axis=1)
            return y, np.where(turned, step, -1)

        noise = UNIT * np.abs(np.broadcast_to(self.point.slots[step], shape).ravel())
        found = searched(values[k], noise, self.goal, look)
        unknown = found.cornered | ~np.isfinite(found.value)
        value = np.where(unknown, 0.0, found.value)
        return Slopes(value.reshape(shape), np.where(unknown, np.inf, found.error).reshape(shape))
