"""Where the digits go: the step that turns rounding into most of its value, and the form that would keep them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine import Plan, finite
from backpropcli.errors import BackpropError
from backpropcli.gradcheck.point.owner import owner
from backpropcli.gradcheck.precision.forms import Found, forms, old, rewritten, text
from backpropcli.gradcheck.precision.multiprecision import PRECISE
from backpropcli.gradcheck.tolerances import UNIT
from backpropcli.ops.definition import Elementwise, Operation

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component
    from backpropcli.gradcheck.precision.rounding import Rounding

AMPLIFIES = 1e3
"""A step that makes rounding so many times larger, relative to its value, is where digits go."""
AS_RIGHT = 1e-6
"""A gradient that is right to this, once the form is another one, has kept its digits."""
BETTER = 1e-3
"""Another form is offered if what is off becomes so many times less."""
MANY, EQUAL = PRECISE[1], 1e-30
"""Two forms have the same value if they agree to this at so many digits."""
NEAR = 24
"""So many steps behind the one that loses digits are looked at for a form that it is part of."""


class Leak(NamedTuple):
    """Where digits go: in a step of `node`, `operation`, whose numbers are `shown` (`1 - 0.999999995`).

    `left` are about so many digits of its value. `instead` is what keeps them, in the place of `old` (the name of a
    node where it is all of its formula); empty where no such form is known. `helps`: the gradient keeps its digits too.
    """

    node: str
    operation: str
    shown: str
    left: int
    instead: str = ""
    old: str = ""
    helps: bool = False
    finite: bool = True
    """Whether its value is still a number."""


class Lost(NamedTuple):
    """A component that float64 lost digits of, and where they go; None: in what comes back to it on several paths."""

    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    leak: Leak | None


class Leaks:
    """The search at one point, from the same network at 50 digits."""

    def __init__(self, rounding: Rounding) -> None:
        self.point = rounding.point
        self.digits = rounding.digits
        self._found: dict[int, Leak | None] = {}
        self._off: list[float] | None = None

    def of(self, c: Component, reliable: float) -> Leak | None:
        """Where the digits of a component's gradient go; None where no single step of the forward pass loses them."""
        step = self.step(c)
        if step < 0:
            return None
        if step not in self._found:
            self._found[step] = self._leak(step, c, reliable)
        return self._found[step]

    def step(self, c: Component) -> int:
        """The step on a component's way, or that feeds it, which makes rounding largest; -1 where none does."""
        point, off = self.point, self.off()
        worst, most = -1, AMPLIFIES
        for slot in self._subgraph(c):
            before = max([UNIT, *(off[a] for a in point.graph.arguments[slot])])
            grown = off[slot] / before
            if grown > most:
                worst, most = slot, grown
        return worst

    def off(self) -> list[float]:
        """By slot how far off its float is, relative to its largest entry; 0 where that cannot be told."""
        if self._off is None:
            exact, _ = self.digits.run(PRECISE[0])
            self._off = [apart(x, y) for x, y in zip(self.point.slots, exact, strict=True)]
        return self._off

    def _subgraph(self, c: Component) -> list[int]:
        """The steps that lead to the loss from a component, and those that they are computed from."""
        graph = self.point.graph
        needed = bytearray(len(graph))
        for slot in self.point.downstream({c.slot}):
            needed[slot] = self.point.gradients[slot] is not None
        for slot in range(len(graph) - 1, -1, -1):
            if needed[slot]:
                for a in graph.arguments[slot]:
                    needed[a] = 1
        return [slot for slot in range(len(graph)) if needed[slot] and graph.operations[slot] is not None]

    def _leak(self, step: int, c: Component, reliable: float) -> Leak:
        point, graph = self.point, self.point.graph
        operation = graph.operations[step]
        assert operation is not None
        shown = self._shown(step, operation) if isinstance(operation, Elementwise) else ""
        left, still = digits_left(self.off()[step]), finite(point.slots[step])
        leak = Leak(owner(graph, step), operation.name, shown, left, finite=still)
        best: Leak | None = None
        for found in self._forms(step):
            gradient = self._with(found, c)
            if gradient is None:
                continue
            name = owner(graph, found.root)
            better = leak._replace(
                instead=text(graph, found),
                old=name if graph.nodes[name].slot == found.root else old(graph, found),
                helps=abs(gradient - reliable) <= AS_RIGHT * abs(reliable),
            )
            if better.helps:
                return better
            best = best or better
        return best or leak

    def _shown(self, step: int, operation: Operation) -> str:
        """A step that works entry by entry, in the numbers of its worst entry."""
        point = self.point
        entry = largest(point.slots[step], self.digits.run(PRECISE[0])[0][step])
        shape = point.graph.shapes[step]
        return in_numbers(operation, tuple(at(point.slots[a], entry, shape) for a in point.graph.arguments[step]))

    def _forms(self, step: int) -> Iterator[Found]:
        """The forms that a step is part of, the largest first."""
        near = [s for s in self.point.downstream({step})[:NEAR] if self.point.gradients[s] is not None]
        found = [f for root in (step, *near) for f in forms(self.point.graph, root) if step in f.inside]
        yield from sorted(found, key=lambda f: -len(f.inside))

    def _with(self, found: Found, c: Component) -> float | None:
        """The gradient of a component with another form; None where that form is no better, or not the same."""
        point = self.point
        try:
            graph, moved = rewritten(point.graph, found)
            if "..." in text(point.graph, found):
                return None
            plan = Plan(graph)
            same = apart(self._exact(plan, moved[found.root]), self.digits.run(MANY)[0][found.root]) <= EQUAL
            v = plan.forward(point.values)
            g = plan.backward(v, {moved[point.target]: point.seed})
        except (BackpropError, ArithmeticError, ValueError):
            return None
        right = self.digits.run(PRECISE[0])[0][found.root]
        if not same or apart(v[moved[found.root]], right) > max(BETTER * self.off()[found.root], 16.0 * UNIT):
            return None
        gradient = g[moved[c.slot]]
        return at(gradient, c.index, point.graph.shapes[c.slot]) if gradient is not None else None

    def _exact(self, plan: Plan, slot: int) -> Any:
        from backpropcli.ops.numbers.precise import mp, xp

        with mp.workdps(MANY):
            return plan.forward(self.point.values, xp)[slot]


def in_numbers(operation: Operation, given: Sequence[float]) -> str:
    """An operation with numbers for its arguments: `1 - 0.999999995`."""
    numbers = [f"{x:.16g}".replace("e-0", "e-").replace("e+", "e") for x in given]
    if operation.infix and len(numbers) == 2:
        return f" {operation.infix} ".join(f"({n})" if k and n[0] == "-" else n for k, n in enumerate(numbers))
    return f"{operation.name}({', '.join(numbers)})"


def apart(a: Any, b: Any) -> float:
    """How far apart two values are, relative to the largest entry of the second: 1 where only the first is not finite,
    0 where the second is 0 or not finite.
    """
    gap, size = abs(a - b), abs(b)
    if getattr(gap, "ndim", 0):
        if not gap.size:
            return 0.0
        gap, size = gap.max(), size.max()
    if not size or size - size != 0:
        return 0.0
    return float(gap / size) if gap - gap == 0 else 1.0


def largest(a: Any, b: Any) -> tuple[int, ...]:
    """The entry at which two values are furthest apart."""
    gap = abs(a - b)
    if not getattr(gap, "ndim", 0):
        return ()
    flat, index = int(gap.argmax()), []
    for n in reversed(gap.shape):
        flat, k = divmod(flat, n)
        index.append(k)
    return tuple(reversed(index))


def at(value: Any, index: Sequence[int], shape: Sequence[int]) -> float:
    """The entry of a value that is broadcast to a shape; of one of another shape its first."""
    if not getattr(value, "ndim", 0):
        return float(value)
    own = tuple(index[len(index) - value.ndim :])
    if len(own) != value.ndim or len(shape) < value.ndim:
        return float(value.flat[0])
    return float(value[tuple(0 if n == 1 else k for k, n in zip(own, value.shape, strict=True))])


def digits_left(off: float) -> int:
    """About how many digits are right of a number that is so far off."""
    return max(0, min(15, math.floor(-math.log10(off)))) if off > 0.0 else 15


def leaks(rounding: Rounding, lost: Sequence[tuple[Component, float]]) -> list[Lost]:
    """Where the digits of some components go, each step told once; with the number that each of them should have."""
    search = Leaks(rounding)
    told: dict[Leak | None, Component] = {}
    for c, reliable in lost:
        leak = search.of(c, reliable)
        told.setdefault(leak, c)
    return [Lost(c.name, c.index, leak) for leak, c in told.items()]
