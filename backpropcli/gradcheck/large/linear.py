"""Slopes carried back through what is linear or works entry by entry: those of relu(x @ W) with respect to W follow
from those at the result.

A product's entries are often far fewer than its weights', and a change of one of them reaches less. So differences are
taken at the result, and x carries them to every weight: no difference of a linear function says more than the function
itself. Before it is believed, the way back is tried on a random change of the operation's own value. The slopes of an
elementwise operation are measured on its own values, every entry's. What comes out can only pass a gradient: one that
it does not pass is looked at for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from backpropcli.engine.backward import rule, unbroadcast
from backpropcli.engine.stepping import quietly
from backpropcli.gradcheck.differences import UNIT
from backpropcli.gradcheck.large.calibrations import Calibrations
from backpropcli.gradcheck.large.perturbation import Changes
from backpropcli.gradcheck.large.propagation import known
from backpropcli.ops.definition import Elementwise, Part, Structural

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.point import Point

Array = Any
WORTH = 0.5
"""Carrying back pays if it costs less than this share of looking at every entry itself."""
TRIED = 1e-9
"""The way back must agree with the operation's own value to this (relative)."""


LIGHT = 1e8
"""Only where more numbers than these would be computed slopes are carried along every use: some may be very many."""
FAR_LESS = 0.1
"""It pays where it takes no more than this share of the work."""
STOPS = 64
"""So many steps that cannot be passed may lie on the way."""


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
        self._through: dict[int, float] = {}
        self._total: dict[int, Slopes] = {}

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
        """The one linear or elementwise step that uses a slot; -1 where there is none, or more than one use."""
        users = [s for s in self.point.users(slot) if self.point.gradients[s] is not None]
        if len(users) != 1 or slot == self.point.target or users[0] == self.point.target:
            return -1
        (step,) = users
        operation, arguments = self.graph.operations[step], self.graph.arguments[step]
        if arguments.count(slot) != 1 or operation is None:
            return -1
        if isinstance(operation, Elementwise):
            return step
        if not isinstance(operation, Structural) or not known(operation):
            return -1
        return step if operation.permutes or self._flat_product(step, operation) else -1

    def _flat_product(self, step: int, operation: Structural) -> bool:
        """Whether a step is a product of vectors and matrices, without stacks of them."""
        ranks = [len(self.graph.shapes[a]) for a in self.graph.arguments[step]]
        return operation.matrix_product and hasattr(self.graph.options[step], "lifted") and max(ranks) < 3

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
                    elif self._everywhere(s):
                        self._work[s] = self.through(s)
        return self._work[slot]

    def through(self, slot: int) -> float:
        """The same where slopes are carried back along every use, those of a step that uses a slot many times added up;
        infinite where too much on the way cannot be passed.
        """
        if slot not in self._through:
            later = [s for s in [slot, *self.point.downstream({slot})] if self._leads(s)]
            stops = [s for s in later if self.uses(s) is None]
            known = len(stops) <= STOPS and slot not in stops
            work = sum(map(self.own_work, stops)) + sum(map(self.entries, later)) if known else np.inf
            self._through[slot] = float(work)
        return self._through[slot]

    def _everywhere(self, slot: int) -> bool:
        """Whether that pays: by far, for nothing is known before all is, and somebody may press Ctrl-C."""
        return self.own_work(slot) > LIGHT and self.through(slot) < FAR_LESS * self.own_work(slot)

    def uses(self, slot: int) -> list[tuple[int, int]] | None:
        """The steps that use a slot, each with the argument's number; None where one of them cannot be passed."""
        if slot == self.point.target:
            return None
        steps = [s for s in self.point.users(slot) if self._leads(s)]
        if any(step == self.point.target or not self._passable(step) for step in steps):
            return None
        return [(s, k) for s in steps for k, a in enumerate(self.graph.arguments[s]) if a == slot]

    def _leads(self, slot: int) -> bool:
        return slot == self.point.target or self.point.gradients[slot] is not None

    def _passable(self, step: int) -> bool:
        operation = self.graph.operations[step]
        if isinstance(operation, Elementwise):
            return True
        if not isinstance(operation, Structural) or not known(operation):
            return False
        return operation.affine or self._flat_product(step, operation)

    def total(self, slot: int) -> Slopes:
        """The slopes of a slot, carried back along every use."""
        for s in reversed([slot, *self.point.downstream({slot})]):
            if s in self._total or not self._leads(s):
                continue
            uses = self.uses(s)
            parts = [self._back(s, step, k, self._total[step]) for step, k in uses] if uses is not None else [None]
            added: Slopes | None = None
            for part in parts:
                if part is None:
                    added = self.direct(s)
                    break
                added = part if added is None else Slopes(added.value + part.value, np.hypot(added.error, part.error))
            assert added is not None  # it leads to the loss
            self._total[s] = added
        return self._total[slot]

    def own_work(self, slot: int) -> float:
        """The same where every entry is looked at itself."""
        return 6.0 * self.entries(slot) * self.changes(slot).work

    def carried(self, slot: int) -> Slopes | None:
        """The slopes of a slot, from further on; None where every entry is better looked at itself."""
        path = [slot]
        while self.next(path[-1]) >= 0 and self.work(path[-1]) < self.own_work(path[-1]):
            path.append(self.next(path[-1]))
        last = path[-1]
        everywhere = self._everywhere(last)
        if len(path) == 1 and not everywhere:
            return None
        found = self.total(last) if everywhere else self.direct(last)
        for s, step in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
            carried = self._back(s, step, self.graph.arguments[step].index(s), found)
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

    def _back(self, slot: int, step: int, k: int, found: Slopes) -> Slopes | None:
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
            if (squares < 0.0).any() or not self._tried(slot, step, k, found.value, value):
                return None
            wide = np.sqrt(squares)
            if unknown.any():
                wide = np.where(self._carry(step, k, unknown.astype(float), signed=False) > 0.0, np.inf, wide)
        return Slopes(value, np.where(np.isfinite(value), wide, np.inf))

    def _linear(self, step: int) -> bool:
        operation = self.graph.operations[step]
        return not isinstance(operation, Elementwise) or (operation.signs is not None and known(operation))

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
            whole = [np.broadcast_to(v, graph.shapes[a]) for v, a in zip(values, graph.arguments[step], strict=True)]
            ends = [[v if j == k else w for j, w in enumerate(whole)] for v in (change, 0.0 * change)]
            moved, still = (operation.value(xp, graph.options[step], *given) for given in ends)
            moved = moved - still
        one, other = result * moved, carried * change
        size = np.abs(one).sum() + np.abs(other).sum()
        return bool(abs(one.sum() - other.sum()) <= TRIED * size)


class Oracle(Protocol):
    """Where the slopes of single entries come from: differences, or complex steps."""

    def changes(self, slot: int) -> Changes:
        """The program for one slot."""

    def slopes(self, changes: Changes, x: Array, index: tuple[Array, ...]) -> tuple[Array, Array]:
        """The slopes of entries (their values, and their numbers by axis), and the errors; inf where there is none."""

    def local(self, step: int, k: int) -> Slopes:
        """The slope of every entry of an elementwise step with its argument `k`, from the step's own values."""


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
        found = Calibrations(values[k], noise, self.goal).run(look)
        unknown = found.cornered | ~np.isfinite(found.value)
        value = np.where(unknown, 0.0, found.value)
        return Slopes(value.reshape(shape), np.where(unknown, np.inf, found.error).reshape(shape))
