"""Slopes carried back through what is linear: those of x @ W with respect to W follow from those at the product.

A product's entries are often far fewer than its weights', and a change of one of them reaches less. So differences are
taken at the result, and x carries them to every weight: no difference of a linear function says more than the function
itself. Before it is believed, the way back is tried on a random change of the operation's own value. What comes out
can only pass a gradient: one that it does not pass is looked at for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from backpropcli.engine.backward import unbroadcast
from backpropcli.gradcheck.calibrations import Calibrations
from backpropcli.gradcheck.changes import Changes
from backpropcli.gradcheck.differences import UNIT
from backpropcli.gradcheck.moves import PERMUTING, known
from backpropcli.ops.definition import Elementwise

if TYPE_CHECKING:
    from backpropcli.gradcheck.point import Point

Array = Any
WORTH = 0.5
"""Carrying back pays if it costs less than this share of looking at every entry itself."""
TRIED = 1e-9
"""The way back must agree with the operation's own value to this (relative)."""


class Slopes(NamedTuple):
    """By entry of one slot: the slope and its error (inf where there is none to be had)."""

    value: Array
    error: Array


class Ways:
    """The slopes of whole arrays, each looked at where that is cheapest, by one `oracle`."""

    def __init__(self, point: Point, oracle: Oracle) -> None:
        self.point = point
        self.graph = point.graph
        self.oracle = oracle
        self._changes: dict[int, Changes] = {}
        self._direct: dict[int, Slopes] = {}
        self._work: dict[int, float] = {}

    def changes(self, slot: int) -> Changes:
        """The program for one slot, made once."""
        if slot not in self._changes:
            self._changes[slot] = self.oracle.changes(slot)
        return self._changes[slot]

    def entries(self, slot: int) -> int:
        """How many numbers a slot holds."""
        size = 1
        for n in self.graph.shapes[slot]:
            size *= n
        return size

    def next(self, slot: int) -> int:
        """The one linear step that uses a slot; -1 where there is none, or more than one use."""
        users = [s for s in self.point.users(slot) if self.point.gradients[s] is not None]
        if len(users) != 1 or slot == self.point.target or users[0] == self.point.target:
            return -1
        (step,) = users
        operation, arguments = self.graph.operations[step], self.graph.arguments[step]
        if arguments.count(slot) != 1 or operation is None or not known(operation):
            return -1
        if isinstance(operation, Elementwise):
            return step if operation.name in ("add", "subtract", "identity", "negative") else -1
        if operation.name in ("matmul", "dot"):
            flat = hasattr(self.graph.options[step], "lifted") and max(len(self.graph.shapes[a]) for a in arguments) < 3
            return step if flat else -1
        return step if operation.name in PERMUTING else -1

    def work(self, slot: int) -> float:
        """About how many numbers are computed for the slopes of all entries of a slot, in the cheapest way."""
        if slot not in self._work:
            path = [slot]
            while path[-1] not in self._work and self.next(path[-1]) >= 0:
                path.append(self.next(path[-1]))
            for s in reversed(path):
                if s not in self._work:
                    self._work[s] = self.own_work(s)
                    step = self.next(s)
                    if step >= 0 and self.work(step) < WORTH * self._work[s]:
                        self._work[s] = self._work[step] + self.entries(s)
        return self._work[slot]

    def own_work(self, slot: int) -> float:
        """The same where every entry is looked at itself."""
        return 6.0 * self.entries(slot) * self.changes(slot).work

    def carried(self, slot: int) -> Slopes | None:
        """The slopes of a slot, from further on; None where every entry is better looked at itself."""
        path = [slot]
        while self.next(path[-1]) >= 0 and self.work(path[-1]) < self.own_work(path[-1]):
            path.append(self.next(path[-1]))
        if len(path) == 1:
            return None
        found = self.direct(path[-1])
        for s, step in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
            carried = self._back(s, step, found)
            if carried is None:
                return None
            found = carried
        return found

    def direct(self, slot: int) -> Slopes:
        """The slopes by differences of every entry of a slot."""
        if slot not in self._direct:
            shape = self.graph.shapes[slot]
            x = np.broadcast_to(np.asarray(self.point.slots[slot], float), shape)
            index = tuple(k.ravel() for k in np.indices(shape))
            value, error = self.oracle.slopes(self.changes(slot), x.ravel(), index)
            unknown = ~(np.isfinite(value) & np.isfinite(error))
            value, error = np.where(unknown, 0.0, value), np.where(unknown, np.inf, error)
            self._direct[slot] = Slopes(value.reshape(shape), error.reshape(shape))
        return self._direct[slot]

    def _back(self, slot: int, step: int, found: Slopes) -> Slopes | None:
        """The slopes of an argument from those of a linear step's result."""
        k = self.graph.arguments[step].index(slot)
        unknown = np.isinf(found.error)
        error = np.where(unknown, 0.0, found.error)
        with np.errstate(all="ignore"):
            value = self._carry(step, k, found.value, signed=True)
            if not self._tried(slot, step, k, found.value, value):
                return None
            wide = self._carry(step, k, error, signed=False)
            added = self._carry(step, k, np.abs(found.value), signed=False)
            wide = wide + 4.0 * UNIT * added
            if unknown.any():
                wide = np.where(self._carry(step, k, unknown.astype(float), signed=False) > 0.0, np.inf, wide)
        return Slopes(value, np.where(np.isfinite(value), wide, np.inf))

    def _carry(self, step: int, k: int, slopes: Array, signed: bool) -> Array:
        """Every entry's slope times what it moves in the result, added up; sizes instead of numbers if not `signed`."""
        operation, arguments = self.graph.operations[step], self.graph.arguments[step]
        shape, options = self.graph.shapes[arguments[k]], self.graph.options.get(step)
        name = operation.name if operation is not None else ""
        if name in PERMUTING:
            assert options is not None
            return slopes.transpose(np.argsort([axis + len(shape) for axis in options.axes]))
        if name in ("matmul", "dot"):
            assert options is not None
            other = np.asarray(self.point.slots[arguments[1 - k]], float).reshape(options.lifted[1 - k])
            other = other if signed else np.abs(other)
            product = slopes.reshape(options.product)
            return (other.T @ product if k else product @ other.T).reshape(shape)
        minus = signed and (name == "negative" or (name == "subtract" and k == 1))
        whole = np.broadcast_to(slopes, self.graph.shapes[step])
        return unbroadcast(-whole if minus else whole, shape, 0)

    def _tried(self, slot: int, step: int, k: int, result: Array, carried: Array) -> bool:
        """Whether a random change moves the operation's own value as the carried slopes say it does."""
        rng = np.random.default_rng(0)
        graph, xp = self.graph, self.point.plan.numbers(copies=True)
        values = [self.point.slots[a] for a in graph.arguments[step]]
        change = rng.normal(size=graph.shapes[slot])
        zero = [np.zeros(graph.shapes[a]) if j != k else change for j, a in enumerate(graph.arguments[step])]
        operation: Any = graph.operations[step]
        if isinstance(operation, Elementwise):
            moved = operation.value(xp, *zero)  # a sum: what stands beside the change does not matter
        else:
            given = [change if j == k else v for j, v in enumerate(values)]
            moved = operation.value(xp, graph.options[step], *given)
        one, other = result * moved, carried * change
        size = np.abs(one).sum() + np.abs(other).sum()
        return bool(abs(one.sum() - other.sum()) <= TRIED * size)


class Oracle(Protocol):
    """Where the slopes of single entries come from: differences, or complex steps."""

    def changes(self, slot: int) -> Changes:
        """The program for one slot."""

    def slopes(self, changes: Changes, x: Array, index: tuple[Array, ...]) -> tuple[Array, Array]:
        """The slopes of entries (their values, and their numbers by axis), and the errors; inf where there is none."""


class Differences:
    """Calibrated differences."""

    def __init__(self, point: Point, goal: float) -> None:
        self.point = point
        self.goal = goal

    def changes(self, slot: int) -> Changes:
        """The program for one slot, in float64."""
        return Changes(self.point, slot)

    def slopes(self, changes: Changes, x: Array, index: tuple[Array, ...]) -> tuple[Array, Array]:
        """The slopes and their errors."""
        found = self.search(changes, x, index)
        return found.value, np.where(found.cornered, np.inf, found.error)

    def search(self, changes: Changes, x: Array, index: tuple[Array, ...]) -> Calibrations:
        """The search for each entry's own step, all of them side by side."""
        searches = Calibrations(x, self.point.noise(changes.slot), self.goal)
        return searches.run(lambda active, places: changes.look(tuple(k[active] for k in index), places))
