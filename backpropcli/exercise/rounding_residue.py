"""The residue of rounding, taken away: 0.1 + 0.2 - 0.3 is 5.6e-17 in a computer, and 0 on paper.

The one rule for the quiz, worksheets and the page, whose script repeats what is recorded here: both passes run as they
do, and each number, as soon as it is there, is 0 where it is far smaller than what was added up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from math import prod
from typing import Any, NamedTuple

from backpropcli.engine.trace import Trace, one_entry
from backpropcli.ops.definition import XP, Elementwise, Value
from backpropcli.ops.numbers.careful import careful
from backpropcli.ops.numbers.careful import settled as numbers
from backpropcli.passes.backward import backward_arrays, backward_scalars, finite, scalar_program, unbroadcast
from backpropcli.passes.backward import program as backward_program
from backpropcli.passes.forward import forward
from backpropcli.passes.forward import program as forward_program
from backpropcli.passes.stepping import quietly

ROUNDING = 2e-15
"""A smaller part of the numbers that were added up to it is what rounding has left of 0."""
MOST = 4_000
"""Steps whose table of local derivatives has more entries than these are taken as they are."""


class Cleaned(NamedTuple):
    """A trace without what rounding has left of 0; by slot, how large its value and its gradient could well have been.

    Those sizes have the numbers' shapes: all that was added up, as if nothing had cancelled. None where no gradient is.
    """

    trace: Trace
    sizes: list[Any]
    gradient_sizes: list[Any]


def without_residue(trace: Trace) -> Cleaned:
    """A run with 0 for every value and gradient that rounding has left of 0, and what follows from it.

    A small number is kept where nothing cancelled, however small: sigmoid(-40) is 4.2e-18. A corner that such a
    value lies at is treated as one: relu there is 0, and its derivative too.
    """
    cleaning = _Cleaning(trace)
    cleaning.forward()
    if trace.of is not None:
        cleaning.backward()
    return Cleaned(cleaning.trace, cleaning.sizes, cleaning.gradient_sizes)


class _Cleaning:
    """Both passes again, with the sizes of all numbers beside them."""

    def __init__(self, trace: Trace) -> None:
        self.graph, self.plan, self.xp = trace.graph, trace.plan, trace.plan.numbers()
        self.v: list[Value] = list(trace.slots)
        self.g: list[Value] = [None] * len(self.v)
        self.seeds = trace.seeds() if trace.of is not None else {}
        self.everything = trace.everything
        self.trace = copy(trace)  # it reads the lists that the passes are writing
        self.trace.slots, self.trace.gradients = self.v, self.g
        self.sizes: list[Any] = [
            self._size(self.v[slot], slot) if op is None and self.v[slot] is not None else None
            for slot, op in enumerate(self.graph.operations)
        ]
        self.gradient_sizes: list[Any] = [None] * len(self.v)

    def forward(self) -> None:
        """Every step's value, cleaned before the next step uses it."""
        with quietly(self.xp):
            forward(self._after_each(forward_program(self.graph, range(len(self.graph)))), self.v, self.xp)

    def _after_each(self, steps: Iterable[Any]) -> Iterator[Any]:
        for step in steps:
            yield step
            slot = step[0]
            size: Any = self._size(self.v[slot], slot)
            reached: Any = 0.0
            for k, argument in enumerate(self.graph.arguments[slot]):
                reached = reached + self._reached(slot, k, argument)
            self.sizes[slot] = self.xp.maximum(reached, size)
            whole = self.trace.whole(self.v[slot], self.graph.shapes[slot])
            self.v[slot] = self.xp.where(size <= ROUNDING * self.sizes[slot], 0.0, whole)

    def backward(self) -> None:
        """Every gradient, cleaned before the step that hands it on; with care, where one might not be finite."""
        recording = self.xp.name == "recorder"
        self._back(careful(self.xp) if recording else self.xp)
        if not recording and not finite(self.g):
            self.gradient_sizes = [None] * len(self.v)
            self.g[:] = [None] * len(self.v)
            self._back(careful(self.xp))
            self.g[:] = [numbers(x, self.xp) for x in self.g]

    def _back(self, xp: XP) -> None:
        for slot, seed in self.seeds.items():
            self.g[slot] = seed
            self.gradient_sizes[slot] = self._size(seed, slot)
        idle = bytearray(len(self.v))
        for name in () if self.everything else self.graph.names("input", "target"):
            idle[self.graph.nodes[name].slot] = 1
        for slot in self.graph.constants:
            idle[slot] = 1
        make: Any = scalar_program if self.plan.scalar else backward_program
        steps = self._before_each(make(self.graph, range(max(self.seeds), -1, -1), idle), idle)
        with quietly(self.xp):
            if self.plan.scalar:
                backward_scalars(steps, self.v, self.g, xp)
            else:
                backward_arrays(steps, self.v, self.g, xp, self.graph)
            for slot, gradient in enumerate(self.g):  # what no step hands on: the data's
                if gradient is not None and self.graph.operations[slot] is None:
                    self._clean_gradient(slot)

    def _before_each(self, steps: Iterable[Any], idle: bytearray) -> Iterator[Any]:
        done = -1
        for step in steps:
            slot = step[0]
            if slot != done and self.g[slot] is not None:
                self._clean_gradient(slot)
                for k, argument in enumerate(self.graph.arguments[slot]):
                    if not idle[argument]:
                        before, new = self.gradient_sizes[argument], self._arrived(slot, k, argument)
                        self.gradient_sizes[argument] = new if before is None else before + new
            done = slot
            yield step

    def _clean_gradient(self, slot: int) -> None:
        size, own = self.gradient_sizes[slot], self._size(self.g[slot], slot)
        self.gradient_sizes[slot] = size = own if size is None else self.xp.maximum(size, own)
        # A product, which leaves NOTHING what it is; and no -0.
        self.g[slot] = self.g[slot] * self.xp.where(own <= ROUNDING * size, 0.0, 1.0) + 0

    # Sizes.

    def _size(self, value: Value, slot: int) -> Any:
        return abs(self.trace.whole(numbers(value, self.xp), self.graph.shapes[slot]))

    def _reached(self, slot: int, k: int, argument: int) -> Any:
        """What the size of an argument adds to a step's."""
        size, shape = self.sizes[argument], self.graph.shapes[slot]
        if isinstance(self.graph.operations[slot], Elementwise):
            return self.trace.whole(abs(self.trace.partial(slot, k)) * size, shape)
        table = self._table(slot, argument)
        if table is None:
            return 0.0
        axes = len(self.graph.shapes[argument])
        return self.trace.whole((table * size).sum(axis=tuple(range(-axes, 0))) if axes else table * size, shape)

    def _arrived(self, slot: int, k: int, argument: int) -> Any:
        """What the size of a step's gradient adds to an argument's."""
        size, shape, own = self.gradient_sizes[slot], self.graph.shapes[slot], self.graph.shapes[argument]
        if isinstance(self.graph.operations[slot], Elementwise):
            through = self.trace.whole(abs(self.trace.partial(slot, k)) * size, shape)
            return unbroadcast(through, own, 0) if shape else through
        table = self._table(slot, argument)
        if table is None:
            return 0.0
        import numpy as np

        return self.trace.whole(np.tensordot(size, table, axes=len(shape)), own)

    def _table(self, slot: int, argument: int) -> Any:
        """The sizes of all local derivatives of a structural step by an argument; None where there are too many."""
        shape, own = self.graph.shapes[slot], self.graph.shapes[argument]
        if prod(shape) * prod(own) > MOST:
            return None
        import numpy as np

        rows = []
        with self.plan.vanishing():
            for at in np.ndindex(*shape):
                upstream = one_entry(shape, at, "") if shape else 1.0
                rows.append(self.trace.whole(self.plan.hand_back(self.v, [slot], {slot: upstream})[argument], own))
        return abs(np.array(rows).reshape((*shape, *own)))
