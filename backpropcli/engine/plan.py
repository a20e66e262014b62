"""A plan: a graph made ready to run, forward and backward, many times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from backpropcli.passes.backward import (
    BackStep,
    Gradients,
    ScalarBackStep,
    backward_arrays,
    backward_scalars,
    finite,
    finite_numbers,
    scalar_program,
)
from backpropcli.passes.backward import program as backward_program
from backpropcli.passes.forward import Step, forward
from backpropcli.passes.forward import program as forward_program
from backpropcli.passes.stepping import convert, quietly

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import XP, Operation, Value


class Plan:
    """A graph and the number system it runs on, with its steps made ready once.

    `dtype` is "float64" or "float32". A graph of plain numbers runs on Python's floats, without NumPy, unless copies of
    it are stacked; any other `xp` (complex steps, 40 digits) can be given to each call.
    """

    def __init__(self, graph: Graph, dtype: str = "float64") -> None:
        self.graph = graph
        self.dtype = dtype
        self.scalar = graph.scalar
        self._programs: dict[tuple[str, bool], list[Any] | None] = {}
        self._idle: dict[bool, bytearray] = {}
        self._ends: dict[bool, list[int]] = {}

    def numbers(self, copies: bool = False) -> XP:
        """The namespace that this plan runs on: plain floats where they do, else arrays of its dtype."""
        if self.scalar and not copies and self.dtype == "float64":
            from backpropcli.ops.numbers.scalar import xp

            return xp
        from backpropcli.ops.numbers.array import namespace

        return namespace(self.dtype)

    # Forward.

    def forward(self, values: Mapping[str, Value], xp: XP | None = None, copies: bool = False) -> list[Value]:
        """Every slot's value, from the data's values by name.

        With `copies`, data may have one leading axis, the same length for all that have it: that many versions of the
        network are computed in one pass, and what depends on none of them is computed once.
        """
        xp = xp or self.numbers(copies)
        v = self.load(values, xp)
        self.forward_in(v, xp, copies)
        return v

    def forward_in(self, v: list[Value], xp: XP, copies: bool = False) -> None:
        """Every step's value into its slot of `v`, where data and constants are in place."""
        with quietly(xp):
            forward(self._steps(copies), v, xp)

    def load(self, values: Mapping[str, Value], xp: XP) -> list[Value]:
        """A list by slot with data and constants in place, as numbers of `xp`; None for steps."""
        v: list[Value] = [None] * len(self.graph)
        for name, node in self.graph.nodes.items():
            if node.kind != "node":
                v[node.slot] = convert(xp, values[name])
        for slot, value in self.graph.constants.items():
            v[slot] = convert(xp, value)
        return v

    def reevaluate(
        self, v: list[Value], changed: Mapping[int, Value], xp: XP | None = None, copies: bool = False
    ) -> list[Value]:
        """The values after some slots (data or steps) are set by hand: only what lies downstream is computed again.

        What feeds a changed step is left alone, and what an operation `stops` is held. `v` is not written to.
        """
        xp = xp or self.numbers(copies)
        v = list(v)
        reached = bytearray(len(v))
        for slot, value in changed.items():
            v[slot] = value
            reached[slot] = 1
        arguments, stops = self.graph.arguments, self.graph.stops
        later = []
        for slot in range(min(changed) + 1, len(v)):
            if not reached[slot]:
                for a in arguments[slot]:
                    if reached[a]:
                        if not stops(slot):
                            reached[slot] = 1
                            later.append(slot)
                        break
        with quietly(xp):
            forward(forward_program(self.graph, later, copies), v, xp)
        return v

    def vanishing(self) -> AbstractContextManager[Any]:
        """While 0 times anything may be taken for 0: what counts is how large numbers are."""
        return nullcontext()

    def work_out(self, v: list[Value], steps: Iterable[int]) -> None:
        """Compute these steps alone, each value into its slot of `v`."""
        xp = self.numbers()
        with quietly(xp):
            forward(forward_program(self.graph, steps), v, xp)

    def hand_back(self, v: list[Value], steps: Iterable[int], seeds: Mapping[int, Value]) -> Gradients:
        """What these steps alone, from the last to the first, make of the upstream gradients in `seeds`."""
        xp, slots, idle = self.numbers(), list(steps), bytearray(len(v))
        g: Gradients = [None] * len(v)
        for slot, seed in seeds.items():
            g[slot] = seed
        with quietly(xp):
            if self.scalar:
                backward_scalars(scalar_program(self.graph, slots, idle), v, g, xp)
            else:
                backward_arrays(backward_program(self.graph, slots, idle), v, g, xp, self.graph)
            if finite(g[a] for slot in slots for a in self.graph.arguments[slot]):
                return g
            from backpropcli.engine.strong_zeros import backward_again

            make: Any = scalar_program if self.scalar else backward_program
            return backward_again(lambda g: make(self.graph, slots, idle), v, seeds, xp, self.graph, self.scalar)

    def _steps(self, copies: bool) -> Iterable[Step]:
        return self._ready(("forward", copies), lambda: forward_program(self.graph, range(len(self.graph)), copies))

    def _ready(self, key: tuple[str, bool], make: Callable[[], Iterator[Any]]) -> Iterable[Any]:
        """A program: made on the way in the first run (which may be the only one), kept from the second on."""
        if key not in self._programs:
            self._programs[key] = None
            return make()
        steps = self._programs[key]
        if steps is None:
            steps = self._programs[key] = list(make())
        return steps

    # Backward.

    def backward(
        self,
        v: list[Value],
        seeds: Mapping[int, Value],
        xp: XP | None = None,
        everything: bool = True,
        until: int = 0,
    ) -> Gradients:
        """Gradients by slot, from the upstream gradients of the slots in `seeds` (1 for the loss's own slot).

        Data other than parameters get a gradient only with `everything`: the gradient of a large batch of inputs can
        cost as much as all the rest. `until`: steps below this slot are left alone. Nothing comes back along a path
        that the value did not take, whatever stands there: see `careful`.
        """
        xp = xp or self.numbers(any(getattr(seed, "ndim", 0) for seed in seeds.values()))
        g: Gradients = [None] * len(v)
        top = max(seeds)
        for slot, seed in seeds.items():
            g[slot] = seed
        slots = range(top, until - 1, -1)
        if until == 0 and top == len(v) - 1:
            steps: Iterable[Any] = self._ready(("backward", everything), lambda: self.back(slots, everything))
        else:
            steps = self.back(slots, everything)
        with quietly(xp):
            if self.scalar:
                backward_scalars(steps, v, g, xp)
                fine = finite_numbers(g)
            else:
                backward_arrays(steps, v, g, xp, self.graph)
                fine = finite(g[slot] for slot in self._last(everything)) if until == 0 else finite(g)
            return g if fine else self.backward_again(v, seeds, xp, everything, until)

    def backward_again(
        self, v: list[Value], seeds: Mapping[int, Value], xp: XP, everything: bool = True, until: int = 0
    ) -> Gradients:
        """The same with care, whatever came out: gradients that are 0 because nothing came are marked as such."""
        from backpropcli.engine.strong_zeros import backward_again

        slots = range(max(seeds), until - 1, -1)
        return backward_again(lambda g: self.back(slots, everything), v, seeds, xp, self.graph, self.scalar)

    def back(self, slots: range, everything: bool) -> Iterator[BackStep] | Iterator[ScalarBackStep]:
        """The steps of the backward pass among these slots, in that order."""
        if everything not in self._idle:
            self._idle[everything] = self.without_gradient(everything)
        make = scalar_program if self.scalar else backward_program
        return make(self.graph, slots, self._idle[everything])

    def _last(self, everything: bool) -> list[int]:
        """The slots at which a gradient goes no further: if any one on the way is not finite, one of these is not."""
        if everything not in self._ends:
            idle, graph = self._idle[everything], self.graph
            self._ends[everything] = [
                slot
                for slot, (operation, arguments) in enumerate(zip(graph.operations, graph.arguments, strict=True))
                if not idle[slot] and (_keeps(operation) or all(idle[a] for a in arguments))
            ]
        return self._ends[everything]

    def without_gradient(self, everything: bool) -> bytearray:
        """A mark on every slot that gets no gradient: constants, and inputs and targets unless `everything`."""
        idle = bytearray(len(self.graph))
        for slot in self.graph.constants:
            idle[slot] = 1
        if not everything:
            for node in self.graph.nodes.values():
                if node.kind in ("input", "target"):
                    idle[node.slot] = 1
        return idle


def _keeps(operation: Operation | None) -> bool:
    """Whether an operation does not hand all of its upstream gradient on."""
    return operation is not None and (operation.stops or getattr(operation, "drops", False))
