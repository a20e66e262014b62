"""A network at one point, and its loss at points nearby: what the check may ask of the forward pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from backpropcli.engine import Plan, Trace, finite, run
from backpropcli.engine.nonfinite import marked
from backpropcli.gradcheck.acceptance import sees
from backpropcli.gradcheck.report import Method, Reason, Row, Verdict
from backpropcli.gradcheck.tolerances import UNIT
from backpropcli.ops.definition import Elementwise, Operation, Structural, Value
from backpropcli.ops.numbers.nothing import Unreached
from backpropcli.passes.forward import forward
from backpropcli.passes.forward import program as forward_program
from backpropcli.passes.stepping import odd_case, quietly

if TYPE_CHECKING:
    from backpropcli.gradcheck.differences import Slope
    from backpropcli.passes.backward import Gradients


class Component(NamedTuple):
    """One number that can be moved: where it stands, its value, and what backprop says of it."""

    name: str
    slot: int
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    flat: int
    x: float
    backprop: float

    def row(
        self,
        n: Slope,
        verdict: Verdict,
        method: Method,
        tolerance: float,
        reason: Reason = "",
        node: str = "",
        note: str = "",
    ) -> Row:
        """A row of the report; with this tolerance the slope `n` would have caught so small an error."""
        power = sees(n, tolerance)
        return Row(
            self.name, self.index, self.backprop, n.value, n.error, verdict, reason, node, note, method, sees=power
        )


Look = tuple[list[float], int]
"""The loss at each point asked for, and the slot of a branch that differs from the one here (-1: none does)."""


class Point:
    """A network, its values, and the node `of` that is differentiated; numbers are float64 whatever the plan's dtype.

    `trace` is backprop's own run in the plan's dtype: its gradients are what is judged. `slots` are the values here.
    """

    def __init__(self, plan: Plan, values: Mapping[str, Value], of: str, upstream: Value | None, everything: bool):
        self.trace: Trace = run(plan, values, of, upstream, everything)
        self.graph = plan.graph
        self.values = values
        self.of = of
        self.target = plan.graph.nodes[of].slot
        self.plan = plan if plan.dtype == "float64" else Plan(plan.graph)
        self.slots: list[Value] = self.trace.slots if self.plan is plan else self.plan.forward(values)
        self.gradients = self.trace.gradients
        seed: Value = self.trace.seeds()[self.target]
        self.seed = seed if getattr(seed, "ndim", 0) else float(seed)
        self.loss = self.total(self.slots[self.target])
        self.beat: Callable[[], None] = lambda: None
        """Called now and then while much is computed: somebody may be waiting."""
        self._branches: dict[int, Any] = {}
        self._sizes: list[float] | None = None
        self._users: list[list[int]] | None = None
        self._work: int | None = None
        self._marked: Gradients | None = None

    # What there is to move.

    def components(self, name: str, some: Iterable[int] | None = None) -> Iterator[Component]:
        """Every number of `name`, in order, with its gradient; or only `some`, by their flat numbers."""
        slot, gradient = self.graph.nodes[name].slot, self.trace.gradient(name)
        if not self.graph.shapes[slot]:
            if some is not None and not list(some):
                return
            yield Component(name, slot, (), 0, float(self.slots[slot]), float(gradient))
            return
        import numpy as np

        shape = self.graph.shapes[slot]
        flat = np.arange(math.prod(shape)) if some is None else np.fromiter(some, int)
        values = np.broadcast_to(self.slots[slot], shape).ravel()[flat]
        gradients = np.ravel(gradient)[flat].astype(float)
        indices = zip(*[k.tolist() for k in np.unravel_index(flat, shape)], strict=True)
        for index, number, x, g in zip(indices, flat.tolist(), values.tolist(), gradients.tolist(), strict=True):
            yield Component(name, slot, index, number, x, g)

    def reaches(self, slot: int) -> bool:
        """Whether a path leads from this slot to the loss."""
        return slot == self.target or self.gradients[slot] is not None or self.target in self.downstream({slot})

    # The loss.

    def total(self, value: Value) -> float:
        """The one number that is differentiated: the node's value, each entry times its upstream gradient."""
        product = value * self.seed
        return float(product.sum()) if getattr(product, "ndim", 0) else float(product)

    def totals(self, value: Value, copies: int) -> list[float]:
        """The one number that is differentiated, for every stacked copy."""
        product = value * self.seed
        rank = len(self.graph.shapes[self.target])
        if getattr(product, "ndim", 0) == rank:
            return [self.total(value)] * copies
        result: list[float] = product.reshape(copies, -1).sum(axis=1).tolist()
        return result

    def noise(self, slot: int) -> float:
        """The rounding error of the loss, as far as it comes from what lies downstream of `slot`.

        Every value on the way is rounded once, which moves the loss by UNIT times the value times its gradient; a sum
        rounds the size of what was added up. The errors are independent, so their squares add.
        """
        sizes = self.rounding_sizes()
        own = sizes[slot] if slot == self.target else 0.0
        return UNIT * math.hypot(own, *[sizes[s] for s in self.downstream({slot})])

    def rounding_sizes(self) -> list[float]:
        """By slot how much the loss would move if its value doubled: what its rounding is relative to."""
        if self._sizes is None:
            with quietly(self.plan.numbers()):
                self._sizes = [self._size(slot) for slot in range(len(self.slots))]
        return self._sizes

    def _size(self, slot: int) -> float:
        """How much the loss would move if a step's value doubled; an array's entries move one by one, squares add."""
        gradient, operation = self.gradients[slot], self.graph.operations[slot]
        if gradient is None or operation is None:
            return 0.0
        size = self.slots[slot]
        if not self.plan.scalar:
            import numpy as np
        if isinstance(operation, Structural):
            if operation.copies:
                return 0.0
            options, arguments = self.graph.options[slot], self.graph.arguments[slot]
            added = operation.value(self.plan.numbers(), options, *[np.abs(self.slots[a]) for a in arguments])
            size = np.fmax(np.abs(size), np.abs(added))
        moved = abs(gradient * size)
        if getattr(moved, "ndim", 0):
            moved[np.broadcast_to(gradient == 0.0, moved.shape)] = 0.0  # also of what a mask has made infinite
            largest = float(moved.max(initial=0.0))
            return largest * float((((moved / largest) ** 2).sum()) ** 0.5) if 0.0 < largest < math.inf else 0.0
        return float(moved) if gradient and math.isfinite(moved) else 0.0

    def unused(self, slot: int) -> Any:
        """True where the loss does not look at a step's value at all, or a mark on such entries; None where it does.

        All are taken as used where all values are finite: then it makes no difference to what is judged.
        """
        if self._marked is None:
            self._marked = marked(self.trace) if not all(map(finite, self.slots)) else []
        gradient = self._marked[slot] if self._marked else 0.0
        return True if type(gradient) is Unreached else getattr(gradient, "nothing", None)

    # Looking nearby.

    def look(self, components: Sequence[Component], places: Sequence[Sequence[float]]) -> Iterator[Look]:
        """For each component the loss at each of its places, in a plain loop (see also `large.nearby`)."""
        graph, xp = self.graph, self.plan.numbers()
        last, steps, watched = -1, [], []
        for component, xs in zip(components, places, strict=True):
            if component.slot != last:
                last, later = component.slot, self.downstream({component.slot})
                steps, watched = list(forward_program(graph, later)), self.watched(later)
            losses, corner = [], -1
            for x in xs:
                v = list(self.slots)
                v[last] = x
                forward(steps, v, xp)
                losses.append(self.total(v[self.target]))
                for slot, operation in watched:
                    if self.branch(operation, slot, v, graph.arguments[slot]) != self.branch_here(slot):
                        corner = slot if corner < 0 else min(slot, corner)
                        break
            yield losses, corner

    def entries(self) -> int:
        """How many numbers one copy of the network holds."""
        return sum(math.prod(shape) for shape in self.graph.shapes)

    def work(self) -> int:
        """How many numbers are computed for one copy of the network."""
        if self._work is None:
            self._work = max(1, sum(map(self.graph.work, range(len(self.graph)))))
        return self._work

    def users(self, slot: int) -> list[int]:
        """The steps that move with a slot, in evaluation order, one that uses it twice only once."""
        if self._users is None:
            self._users = [[] for _ in range(len(self.graph))]
            for step, arguments in enumerate(self.graph.arguments):
                for a in arguments if not self.graph.stops(step) else ():
                    if not self._users[a] or self._users[a][-1] != step:
                        self._users[a].append(step)
        return self._users[slot]

    def downstream(self, slots: set[int]) -> list[int]:
        """The steps that a change of any of `slots` reaches, in evaluation order: as much work as there are of them."""
        self.users(0)  # made once
        users, reached = self._users or [], bytearray(len(self.graph))
        waiting = list(slots)
        for slot in waiting:  # which grows
            for user in users[slot]:
                if not reached[user]:
                    reached[user] = 1
                    waiting.append(user)
        return sorted(waiting[len(slots) :])

    def move(self, component: Component, x: float) -> tuple[float, list[Any]]:
        """The loss with one component at `x`, and every choice made on the way to it."""
        value: Value = x
        if self.graph.shapes[component.slot]:
            value = self.slots[component.slot] + 0.0
            value.flat[component.flat] = x
        v = self.plan.reevaluate(self.slots, {component.slot: value})
        watched = self.watched(self.downstream({component.slot}))
        choices = [self.branch(operation, slot, v, self.graph.arguments[slot]) for slot, operation in watched]
        return self.total(v[self.target]), choices

    # Branches.

    def watched(self, later: Sequence[int]) -> list[tuple[int, Operation]]:
        """The steps among `later` that make a discrete choice and lead to the loss."""
        found = []
        for slot in later:
            operation = self.graph.operations[slot]
            if operation is not None and getattr(operation, "branch", None) and self.gradients[slot] is not None:
                found.append((slot, operation))
        return found

    def branch(self, operation: Any, slot: int, v: Sequence[Value], arguments: Sequence[int]) -> Any:
        """The choice that a step makes at the values `v`."""
        xp, values = self.plan.numbers(), [v[a] for a in arguments]
        body: Callable[..., Any] = operation.branch
        if isinstance(operation, Elementwise):
            try:
                return body(xp, *values)
            except (ArithmeticError, ValueError):
                return odd_case(body, *values)
        return body(xp, self.graph.options[slot], *values)

    def branch_here(self, slot: int) -> Any:
        """The choice that a step makes here, worked out once."""
        if slot not in self._branches:
            operation = self.graph.operations[slot]
            self._branches[slot] = self.branch(operation, slot, self.slots, self.graph.arguments[slot])
        return self._branches[slot]

    def constant(self, component: Component, places: Sequence[float]) -> bool:
        """Whether the loss stays the same because the change dies where an operation passes nothing on.

        That is: at every place the change is stopped by steps whose value is exactly 0, or exactly another argument
        of an operation that chooses between them, or a whole step of a staircase; not by being rounded away.
        Graphs of plain numbers only.
        """
        graph, here, slot = self.graph, self.slots, component.slot
        if not self.plan.scalar:
            return False
        later = self.downstream({slot})
        steps = list(forward_program(graph, later))
        for x in places:
            v = list(here)
            v[slot] = x
            forward(steps, v, self.plan.numbers())
            for s in later:
                moved = [a for a in graph.arguments[s] if v[a] != here[a]]
                if not moved or self.gradients[s] is None:
                    continue
                if v[s] != here[s]:
                    if s == self.target:
                        return False
                elif v[s] != 0.0 and not self._chosen(s, v, moved):
                    return False
        return True

    def _chosen(self, slot: int, v: Sequence[Value], moved: Sequence[int]) -> bool:
        kind = self.passes_on(slot)
        others = [a for a in self.graph.arguments[slot] if a not in moved]
        return kind == "steps" or (kind == "one" and any(v[a] == v[slot] for a in others))

    def passes_on(self, slot: int) -> Literal["steps", "one", "all"]:
        """What a step passes on: whole steps of a staircase only, one of its arguments, or something of all."""
        operation = self.graph.operations[slot]
        if not isinstance(operation, Elementwise):
            return "all"
        return "steps" if operation.staircase else "one" if operation.picks else "all"
