"""The slopes of a step's argument from those of its result: pulled back through what is linear or works entry by entry.

Before it is believed, the way back is tried on a random change of the operation's own value. The slopes of an
elementwise operation are measured on its own values, every entry's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.gradcheck.large.slopes import EntrySlopes, Slopes
from backpropcli.gradcheck.tolerances import UNIT
from backpropcli.ops.definition import Elementwise, Part, Structural
from backpropcli.ops.table import tabled
from backpropcli.passes.backward import rule, unbroadcast

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Point

Array = Any
TRIED = 1e-9
"""The way back must agree with the operation's own value to this (relative)."""


class Pullback:
    """The way back through single steps; `oracle` measures elementwise ones."""

    def __init__(self, point: Point, oracle: EntrySlopes) -> None:
        self.point = point
        self.graph = point.graph
        self.oracle = oracle

    def direct(self, step: int) -> bool:
        """Whether slopes are pulled back through a step by a formula of ours, or by its own values."""
        operation = self.graph.operations[step]
        if isinstance(operation, Elementwise):
            return True
        if not isinstance(operation, Structural) or not tabled(operation):
            return False
        return operation.permutes or self._flat_product(step, operation)

    def passable(self, step: int) -> bool:
        """Whether slopes are pulled back through a step in any way, by its own rule too."""
        operation = self.graph.operations[step]
        return self.direct(step) or (isinstance(operation, Structural) and tabled(operation) and operation.affine)

    def _flat_product(self, step: int, operation: Structural) -> bool:
        """Whether a step is a product of vectors and matrices, without stacks of them."""
        ranks = [len(self.graph.shapes[a]) for a in self.graph.arguments[step]]
        return operation.matrix_product and hasattr(self.graph.options[step], "lifted") and max(ranks) < 3

    def back(self, step: int, k: int, found: Slopes) -> Slopes | None:
        """The slopes of a step's argument `k` from those of its result; None where the way back is not to be trusted.

        Errors are those of rounding, independent of each other: their squares add. (Their sizes would grow without
        bounds in fifty steps of a recurrence.)
        """
        self.point.beat()
        unknown = np.isinf(found.error)
        error = np.where(unknown, 0.0, found.error)
        if not self._linear(step):
            return self._entrywise(step, k, Slopes(found.value, error), unknown)
        with np.errstate(all="ignore"):
            value = self._carry(step, k, found.value, signed=True)
            squares = self._carry(step, k, error**2 + (4.0 * UNIT * found.value) ** 2, signed=False)
            if (squares < 0.0).any() or not self._tried(step, k, found.value, value):
                return None
            wide = np.sqrt(squares)
            if unknown.any():
                wide = np.where(self._carry(step, k, unknown.astype(float), signed=False) > 0.0, np.inf, wide)
        return Slopes(value, np.where(np.isfinite(value), wide, np.inf))

    def _linear(self, step: int) -> bool:
        operation = self.graph.operations[step]
        return not isinstance(operation, Elementwise) or (operation.signs is not None and tabled(operation))

    def _entrywise(self, step: int, k: int, found: Slopes, unknown: Array) -> Slopes:
        """The slopes of an argument of an elementwise step: those of the result, times what the step's own values say.

        `unknown` marks entries of the result without a slope.
        """
        graph, shape = self.graph, self.graph.shapes[self.graph.arguments[step][k]]
        with np.errstate(all="ignore"):
            local = self.oracle.local(step, k)
            value = found.value * local.value
            lost = np.isinf(local.error) | ~np.isfinite(value) | (unknown & (np.abs(local.value) + local.error > 0.0))
            squares = (found.error * local.value) ** 2 + (found.value * local.error) ** 2 + (4.0 * UNIT * value) ** 2
            value, squares = (np.broadcast_to(np.where(lost, 0.0, v), graph.shapes[step]) for v in (value, squares))
            value, wide = unbroadcast(value, shape, 0), np.sqrt(unbroadcast(squares, shape, 0))
            lost = unbroadcast(np.broadcast_to(lost, graph.shapes[step]).astype(float), shape, 0) > 0.0
        return Slopes(value, np.where(lost, np.inf, wide))

    def _carry(self, step: int, k: int, slopes: Array, signed: bool) -> Array:
        """Every entry's slope times what it moves in the result, added up; not `signed`: times its square."""
        operation, arguments = self.graph.operations[step], self.graph.arguments[step]
        shape, options = self.graph.shapes[arguments[k]], self.graph.options.get(step)
        if isinstance(operation, Elementwise):
            minus = signed and operation.signs is not None and operation.signs[k] < 0
            whole = np.broadcast_to(slopes, self.graph.shapes[step])
            return unbroadcast(-whole if minus else whole, shape, 0)
        assert isinstance(operation, Structural)
        if operation.permutes:
            assert options is not None
            return slopes.transpose(np.argsort([axis + len(shape) for axis in options.axes]))
        if operation.matrix_product:
            assert options is not None
            other = np.asarray(self.point.slots[arguments[1 - k]], float).reshape(options.lifted[1 - k])
            other = other if signed else other**2
            product = slopes.reshape(options.product)
            return (other.T @ product if k else product @ other.T).reshape(shape)
        return self._by_rule(step, k, slopes)

    def _by_rule(self, step: int, k: int, slopes: Array) -> Array:
        """What a step's own rule carries back, which is tried on its values before it is believed."""
        xp, graph = self.point.plan.numbers(copies=True), self.graph
        operation, options = graph.operations[step], graph.options[step]
        values = [np.broadcast_to(self.point.slots[a], self.graph.shapes[a]) for a in self.graph.arguments[step]]
        found = rule(operation, k)(xp, options, slopes, self.point.slots[step], *values)
        shape = values[k].shape
        if not isinstance(found, Part):
            return np.broadcast_to(found, shape)
        whole = np.zeros(shape)
        if found.unique:
            whole[found.where] += found.value
        else:
            xp.add_at(whole, found.where, found.value)
        return whole

    def _tried(self, step: int, k: int, result: Array, carried: Array) -> bool:
        """Whether a random change moves the operation's own value as the carried slopes say it does."""
        rng = np.random.default_rng(0)
        graph, xp = self.graph, self.point.plan.numbers(copies=True)
        values = [self.point.slots[a] for a in graph.arguments[step]]
        change = rng.normal(size=graph.shapes[graph.arguments[step][k]])
        zero = [np.zeros(graph.shapes[a]) if j != k else change for j, a in enumerate(graph.arguments[step])]
        operation: Any = graph.operations[step]
        if isinstance(operation, Elementwise):
            moved = operation.value(xp, *zero)  # a sum: what stands beside the change does not matter
        else:
            whole = [np.broadcast_to(v, graph.shapes[a]) for v, a in zip(values, graph.arguments[step], strict=True)]
            ends = [[v if j == k else w for j, w in enumerate(whole)] for v in (change, 0.0 * change)]
            moved, still = (operation.value(xp, graph.options[step], *given) for given in ends)
            moved = moved - still
        one, other = result * moved, carried * change
        size = np.abs(one).sum() + np.abs(other).sum()
        return bool(abs(one.sum() - other.sum()) <= TRIED * size)
