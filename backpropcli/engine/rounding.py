"""How much of a run may be rounding: the same run again, each rounding made larger, and in a random direction.

A float64 is off by up to half a unit of its last place after every operation. Most networks hardly pass that on; one
that cancels (1 - cos(x) for a small x) can turn it into most of what it prints. So every result is moved by `GROWN`
roundings, forward and backward, and what that does to a value or a gradient, divided by `GROWN`, is about what rounding
did to it in the first place: the cheap cousin of Monte Carlo arithmetic (Parker 1997). It costs two runs, says nothing
of what is right, and is the same for the same network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.engine.strong_zeros import backward_again
from backpropcli.ops.definition import XP, Elementwise, Operation, Structural, Value
from backpropcli.ops.numbers.careful import among_numbers
from backpropcli.passes.backward import Gradients, backward_arrays, backward_scalars, finite
from backpropcli.passes.forward import Step, forward, program
from backpropcli.passes.stepping import GENERAL, quietly

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.engine.trace import Trace

UNIT = 2.0**-53
"""The relative error of one rounding."""
GROWN = 32.0
"""So many roundings every result is moved by: enough to stand out from those of the run itself."""
DRAWS = 2
"""So many runs, each with other directions."""
LEAST = 5e-324 * GROWN
"""What rounding does to numbers so small that they have lost digits, or all of them, by leaving float64's range."""
SMALL = 1e-290
"""Numbers below this are that small."""
LOSES = 1e-7
"""What may be off by this (relative) is worth a second look: a tenth of what the check calls right."""

Shake = Callable[[Value], Value]


class Shaken:
    """Some runs of a plan in float64 with larger roundings, from the same data and the same upstream gradients.

    `slots` are the values of its plain run.
    """

    def __init__(self, plan: Plan, slots: Sequence[Value]) -> None:
        self.plan = plan
        self.slots = slots
        self.runs = [self._forward(draw) for draw in range(DRAWS)]

    def gradients(self, seeds: Mapping[int, Value], everything: bool = True) -> list[Gradients]:
        """By run the gradients by slot, from the upstream gradients of some slots."""
        return [self._backward(v, seeds, everything, draw) for draw, v in enumerate(self.runs)]

    def _forward(self, draw: int) -> list[Value]:
        xp, graph = self.plan.numbers(), self.plan.graph
        v = [
            value if operation is None else None for value, operation in zip(self.slots, graph.operations, strict=True)
        ]
        with quietly(xp):
            forward(self._shaking(v, shaker(self.plan.scalar, draw), xp), v, xp)
        return v

    def _shaking(self, v: list[Value], shake: Shake, xp: XP) -> Iterator[Step]:
        """The steps of the forward pass; what each one gives is moved before the next one is handed out."""
        graph = self.plan.graph
        for slot, body, a, b, arguments in program(graph, range(len(graph))):
            operation = graph.operations[slot]
            if operation is not None and adds_up(operation):
                # A sum rounds the size of what it adds up, which its value does not tell.
                yield slot, _of_shaken(body, shake), a, GENERAL, arguments
                continue
            yield slot, body, a, b, arguments
            if operation is not None and not operation.exact:
                v[slot] = shake(v[slot])
                if isinstance(operation, Elementwise) and operation.underflows:
                    v[slot] = risen(v[slot], [v[k] for k in arguments], xp)

    def _backward(self, v: list[Value], seeds: Mapping[int, Value], everything: bool, draw: int) -> Gradients:
        xp, plan = self.plan.numbers(), self.plan
        g: Gradients = [None] * len(v)
        for slot, seed in seeds.items():
            g[slot] = seed
        back, shake = range(max(seeds), -1, -1), shaker(plan.scalar, draw + DRAWS)
        steps = self._shaking_back(plan.back(back, everything), g, shake)
        with quietly(xp):
            if plan.scalar:
                backward_scalars(steps, v, g, xp)
            else:
                backward_arrays(steps, v, g, xp, plan.graph)
            if finite(g):
                return g
            return backward_again(
                lambda g: self._shaking_back(plan.back(back, everything), g, lambda y: among_numbers(shake, y, xp)),
                v,
                seeds,
                xp,
                plan.graph,
                plan.scalar,
            )

    def _shaking_back(self, steps: Iterable[Any], g: Gradients, shake: Shake) -> Iterator[Any]:
        """The steps of the backward pass; the upstream gradient of each is moved before it is handed out."""
        last = -1
        for step in steps:
            slot = step[0]
            if slot != last and g[slot] is not None:
                g[slot] = shake(g[slot])
            last = slot
            yield step


def adds_up(operation: Operation) -> bool:
    """Whether an operation adds up entries of its arguments, so that they may cancel within it."""
    return isinstance(operation, Structural) and not operation.copies


def _of_shaken(body: Callable[..., Value], shake: Shake) -> Callable[..., Value]:
    return lambda xp, *values: body(xp, *map(shake, values))


def shaker(scalar: bool, draw: int) -> Shake:
    """What moves a number, or every entry of an array, by half of `GROWN` roundings up to all of them."""
    if scalar:
        return _numbers(draw)
    import numpy as np

    rng = np.random.default_rng(draw)

    def shake(y: Any) -> Any:
        t = rng.random(np.shape(y))
        t = t - (t < 0.5)
        return y + y * (t * (GROWN * UNIT)) + np.where((np.abs(y) < SMALL) & (y != 0.0), t * LEAST, 0.0)

    return shake


def _numbers(draw: int) -> Shake:
    """The same for plain numbers, without NumPy: a linear congruential generator's directions are random enough."""
    state = 12345 + draw

    def shake(y: float) -> float:
        nonlocal state
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        t = state / 0x80000000
        t = t if t >= 0.5 else t - 1.0
        moved = y + y * (t * (GROWN * UNIT))
        return moved if not 0.0 < abs(y) < SMALL else moved + t * LEAST

    return shake


def risen(y: Value, arguments: Sequence[Value], xp: XP) -> Value:
    """`y`, with a number out of float64's range where it is 0 though no argument is."""
    if isinstance(y, float):
        return LEAST if y == 0.0 and 0.0 not in arguments else y
    import numpy as np

    gone = np.equal(y, 0.0)
    if not gone.any():
        return y
    for x in arguments:
        gone = gone & np.not_equal(x, 0.0)
    return np.where(gone, LEAST, y)


def loses(own: Value, others: Sequence[Value], limit: float = LOSES) -> Any:
    """Whether a number, or by entry whether an array's, may be off by more than `limit` (relative); `others` are those
    of shaken runs.
    """
    if type(own) is float and all(type(x) is float for x in others):
        off = [abs(x - own) for x in others]
        return any(not x <= max(limit * GROWN * max(abs(own), x), SMALL) or x == math.inf for x in off)
    import numpy as np

    found = np.zeros(np.shape(own), bool)
    with np.errstate(all="ignore"):
        for x in others:
            off = np.abs(np.asarray(x, float) - own)
            found |= ~(off <= np.maximum(limit * GROWN * np.maximum(np.abs(own), np.abs(x)), SMALL)) | np.isinf(off)
    return found


LARGEST_LOOP, LARGEST = 5_000, 200_000
"""A run with more steps, or more numbers, than this is not run again for a mere warning."""


def reached(trace: Trace, names: Iterable[str]) -> bool:
    """Whether rounding may have reached the gradient of any of these names, in a float64 run that is cheap to repeat.

    Where that would not be cheap, it is not looked at.
    """
    plan, graph = trace.plan, trace.graph
    if trace.of is None or plan.dtype != "float64" or len(graph) > LARGEST_LOOP:
        return False
    if not plan.scalar and sum(map(graph.work, range(len(graph)))) > LARGEST:
        return False
    slots = [graph.nodes[name].slot for name in names]
    some = [slot for slot in slots if trace.gradients[slot] is not None]
    if not some:
        return False
    gradients = Shaken(plan, trace.slots).gradients(trace.seeds())
    return any(_any(loses(trace.gradients[slot], [g[slot] for g in gradients])) for slot in some)


def _any(mark: Any) -> bool:
    return bool(mark.any()) if getattr(mark, "ndim", 0) else bool(mark)
