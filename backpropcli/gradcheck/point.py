"""A network at one point, and its loss at points nearby: what the check may ask of the forward pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.engine import Plan, Trace, offenders, run
from backpropcli.engine.forward import forward, odd_case
from backpropcli.engine.forward import program as forward_program
from backpropcli.engine.plan import quietly
from backpropcli.engine.stacking import lifted, together
from backpropcli.gradcheck.differences import UNIT
from backpropcli.ops.definition import Elementwise, Operation, Structural, Value

ENTRIES = 2_000_000
"""So many numbers may be held for stacked copies at a time."""
COPIES = 384
"""So many copies of a scalar graph are stacked: their numbers still fit a processor's cache."""
LOOP = 150_000
"""Up to so many evaluations of a node, a plain loop over floats is faster than importing NumPy."""

CHOICES = frozenset({"maximum", "minimum", "clip", "where"})
"""Operations whose value is one of their arguments: what the others do does not reach it."""


class Component(NamedTuple):
    """One number that can be moved: where it stands, its value, and what backprop says of it."""

    name: str
    slot: int
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    flat: int
    x: float
    backprop: float


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
        seed: Value = self.gradients[self.target]
        self.seed = seed if getattr(seed, "ndim", 0) else float(seed)
        self.loss = self.total(self.slots[self.target])
        self._branches: dict[int, Any] = {}
        self._sizes: list[float] | None = None

    # What there is to move.

    def components(self, name: str) -> Iterator[Component]:
        """Every number of `name`, in order, with its gradient."""
        slot, gradient = self.graph.nodes[name].slot, self.trace.gradient(name)
        if not self.graph.shapes[slot]:
            yield Component(name, slot, (), 0, float(self.slots[slot]), float(gradient))
            return
        import numpy as np

        value = np.broadcast_to(self.slots[slot], self.graph.shapes[slot])
        flat_values, flat_gradients = value.ravel().tolist(), gradient.ravel().tolist()
        for flat, index in enumerate(np.ndindex(value.shape)):
            yield Component(name, slot, index, flat, flat_values[flat], float(flat_gradients[flat]))

    def reaches(self, slot: int) -> bool:
        """Whether a path leads from this slot to the loss."""
        return slot == self.target or self.target in self.graph.downstream(slot)

    # The loss.

    def total(self, value: Value) -> float:
        """The one number that is differentiated: the node's value, each entry times its upstream gradient."""
        product = value * self.seed
        return float(product.sum()) if getattr(product, "ndim", 0) else float(product)

    def totals(self, value: Value, copies: int) -> list[float]:
        """The same for every stacked copy."""
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
        sizes = self._rounding()
        own = sizes[slot] if slot == self.target else 0.0
        return UNIT * math.hypot(own, *(sizes[s] for s in self.graph.downstream(slot)))

    def _rounding(self) -> list[float]:
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
        if isinstance(operation, Structural):
            if operation.group == "shapes":
                return 0.0
            import numpy as np

            size = np.abs(size)
            if operation.group in ("reductions", "linear algebra"):
                options, arguments = self.graph.options[slot], self.graph.arguments[slot]
                added = operation.value(self.plan.numbers(), options, *[np.abs(self.slots[a]) for a in arguments])
                size = np.fmax(size, np.abs(added))
        moved = abs(gradient * size)
        if getattr(moved, "ndim", 0):
            largest = float(moved.max(initial=0.0))
            return largest * float((((moved / largest) ** 2).sum()) ** 0.5) if 0.0 < largest < math.inf else largest
        return float(moved)

    # Looking nearby.

    def look(self, components: Sequence[Component], places: Sequence[Sequence[float]]) -> list[Look]:
        """For each component the loss at each of its places, in one way or the other: a loop, or stacked copies."""
        evaluations = sum(map(len, places)) * len(self.graph)
        if self.plan.scalar and evaluations <= LOOP:
            return list(self._one_by_one(components, places))
        return list(self._stacked(components, places))

    def _one_by_one(self, components: Sequence[Component], places: Sequence[Sequence[float]]) -> Iterator[Look]:
        graph, xp = self.graph, self.plan.numbers()
        last, steps, watched = -1, [], []
        for component, xs in zip(components, places, strict=True):
            if component.slot != last:
                last, later = component.slot, list(graph.downstream(component.slot))
                steps, watched = list(forward_program(graph, later)), self._watched(later)
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

    def _stacked(self, components: Sequence[Component], places: Sequence[Sequence[float]]) -> Iterator[Look]:
        room = COPIES if self.plan.scalar else max(1, min(ENTRIES // max(self.entries(), 1), 4096))
        width = max(map(len, places), default=1)
        group = max(1, room // width)
        for start in range(0, len(components), group):
            yield from self._stack(components[start : start + group], places[start : start + group])

    def _stack(self, components: Sequence[Component], places: Sequence[Sequence[float]]) -> Iterator[Look]:
        import numpy as np

        graph, xp = self.graph, self.plan.numbers(copies=True)
        copies = sum(map(len, places))
        v, first = list(self.slots), 0
        for slot in dict.fromkeys(c.slot for c in components):
            shape = graph.shapes[slot]
            v[slot] = np.broadcast_to(np.asarray(self.slots[slot], float), (copies, *shape)).copy()
        for component, xs in zip(components, places, strict=True):
            rows = v[component.slot].reshape(copies, -1)
            rows[first : first + len(xs), component.flat] = xs
            first += len(xs)
        later = self.downstream({c.slot for c in components})
        with quietly(xp):
            forward(forward_program(graph, later, copies=True), v, xp)
            losses = self.totals(v[self.target], copies)
            corners = self._corners(v, later, copies).tolist()
        first = 0
        for xs in places:
            here = [c for c in corners[first : first + len(xs)] if c >= 0]
            yield losses[first : first + len(xs)], min(here, default=-1)
            first += len(xs)

    def entries(self) -> int:
        """How many numbers one copy of the network holds."""
        return sum(math.prod(shape) for shape in self.graph.shapes)

    def first_nonfinite(self) -> str:
        """The node at which a value, or else a gradient, first stops being finite; empty where all are."""
        for found in offenders(self.trace):
            return found.node if found.what == "value" else found.inputs[0][0].split(".")[0]
        return ""

    def downstream(self, slots: set[int]) -> list[int]:
        """The steps that a change of any of `slots` reaches, in evaluation order."""
        if len(slots) == 1:
            return list(self.graph.downstream(next(iter(slots))))
        reached, arguments = bytearray(len(self.graph)), self.graph.arguments
        for slot in slots:
            reached[slot] = 1
        later = []
        for slot in range(min(slots), len(reached)):
            if any(reached[a] for a in arguments[slot]):
                reached[slot] = 1
                later.append(slot)
        return later

    def move(self, component: Component, x: float) -> tuple[float, list[Any]]:
        """The loss with one component at `x`, and every choice made on the way to it."""
        value: Value = x
        if self.graph.shapes[component.slot]:
            value = self.slots[component.slot] + 0.0
            value.flat[component.flat] = x
        v = self.plan.reevaluate(self.slots, {component.slot: value})
        watched = self._watched(list(self.graph.downstream(component.slot)))
        choices = [self.branch(operation, slot, v, self.graph.arguments[slot]) for slot, operation in watched]
        return self.total(v[self.target]), choices

    # Branches.

    def _watched(self, later: Sequence[int]) -> list[tuple[int, Operation]]:
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

    def _corners(self, v: Sequence[Value], later: Sequence[int], copies: int) -> Any:
        """By copy, the first step whose choice differs from the one here; -1 where none does."""
        import numpy as np

        graph, xp = self.graph, self.plan.numbers(copies=True)
        first = np.full(copies, -1)
        for slot, operation in self._watched(later):
            shapes = [graph.shapes[a] for a in graph.arguments[slot]]
            body: Any = getattr(operation, "branch", None)
            values = [v[a] for a in graph.arguments[slot]]
            if isinstance(operation, Elementwise):
                there = lifted(body, [len(s) for s in shapes])(xp, *values)
            else:
                options = graph.options[slot]

                def bound(xp: Any, *given: Value, body: Any = body, options: Any = options) -> Any:
                    return body(xp, options, *given)

                there = together(bound, shapes)(xp, *values)
            here = np.asarray(self.branch_here(slot))
            changed = np.asarray(there) != here
            if changed.ndim > here.ndim:
                changed = changed.reshape(copies, -1).any(axis=1)
                first[(first < 0) & changed] = slot
        return first

    def constant(self, component: Component, places: Sequence[float]) -> bool:
        """Whether the loss stays the same because the change dies where an operation passes nothing on.

        That is: at every place the change is stopped by steps whose value is exactly 0, or exactly another argument
        of an operation that chooses between them, or a whole step of a staircase; not by being rounded away.
        Graphs of plain numbers only.
        """
        graph, here, slot = self.graph, self.slots, component.slot
        if not self.plan.scalar:
            return False
        later = list(graph.downstream(slot))
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
        operation = self.graph.operations[slot]
        if operation is None:
            return False
        others = [a for a in self.graph.arguments[slot] if a not in moved]
        staircase = operation.group in ("rounding", "comparisons") or operation.name == "sign"
        return staircase or (operation.name in CHOICES and any(v[a] == v[slot] for a in others))
