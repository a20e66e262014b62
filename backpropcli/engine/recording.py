"""A run on numbers that are not known yet: both passes written down on a tape, for another language to repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.engine.plan import Plan
from backpropcli.engine.trace import Trace, seed
from backpropcli.ops.numbers.careful import careful
from backpropcli.ops.numbers.nothing import NOTHING
from backpropcli.ops.numbers.recorder import Recorded, Tape, asarray, namespace
from backpropcli.passes.backward import Gradients, backward_arrays, backward_scalars, program, scalar_program
from backpropcli.passes.forward import forward

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import XP, Value

ZEROED = np.frompyfunc(lambda x: 0.0 if x is NOTHING else x, 1, 1)
"""An array with 0 in the place of NOTHING."""


class RecordedPlan(Plan):
    """A plan whose numbers are entries of a tape. From each value at a slot in `moving`, an input of the tape is taken.

    That input is 0 for the run as it is: minus 0 changes no number, not even -0.
    """

    def __init__(self, graph: Graph, tape: Tape, moving: Sequence[int] = ()) -> None:
        super().__init__(graph)
        self.tape = tape
        self.moving = frozenset(moving)
        self._xp = namespace(tape)

    def forward(self, values: Mapping[str, Value], xp: XP | None = None, copies: bool = False) -> list[Value]:
        """Every slot's value; what moves is taken away as soon as the value is there."""
        if not self.moving:
            return super().forward(values, xp, copies)
        xp = xp or self._xp
        v = self.load(values, xp)
        for step in self._steps(copies):
            forward([step], v, xp)
            if step[0] in self.moving:
                v[step[0]] = v[step[0]] - self.tape.input()
        return v

    def backward(
        self,
        v: list[Value],
        seeds: Mapping[int, Value],
        xp: XP | None = None,
        everything: bool = True,
        until: int = 0,
    ) -> Gradients:
        """Gradients by slot, worked out with care: whether all will be finite is not known yet."""
        return self._back(self.back(range(max(seeds), until - 1, -1), everything), v, seeds)

    def hand_back(self, v: list[Value], steps: Iterable[int], seeds: Mapping[int, Value]) -> Gradients:
        """What these steps alone make of the upstream gradients, in the same way."""
        make: Any = scalar_program if self.scalar else program
        return self._back(make(self.graph, steps, bytearray(len(v))), v, seeds)

    def _back(self, steps: Any, v: list[Value], seeds: Mapping[int, Value]) -> Gradients:
        g: Gradients = [None] * len(v)
        for slot, given in seeds.items():
            g[slot] = given
        if self.scalar:
            backward_scalars(steps, v, g, careful(self._xp))
        else:
            backward_arrays(steps, v, g, careful(self._xp), self.graph)
        return g

    @contextmanager
    def vanishing(self) -> Iterator[None]:
        """While 0 times anything is written down as 0: else a table of derivatives would be full of such products."""
        self.tape.vanishing = True
        try:
            yield
        finally:
            self.tape.vanishing = False

    def numbers(self, copies: bool = False) -> XP:
        """The recorder's namespace."""
        return self._xp


class RecordedTrace(Trace):
    """A trace of entries: values and gradients by name are Recorded, or object arrays of them, of their full shape."""

    def value(self, name: str) -> Any:
        """The value of an input, target, parameter or node."""
        return self.whole(self.slots[self._slot(name)], self.graph.shape(name))

    def gradient(self, name: str, of: str | None = None) -> Any:
        """The gradient of the node that was differentiated; constant 0 where no path leads to it."""
        return self.whole(self.gradients[self._slot(name)], self.graph.shape(name))

    def local(self, name: str, argument: str) -> Any:
        """The local derivative d(name)/d(argument), None where there is no single one."""
        return self.tangent(name, argument)

    def along(self, steps: Sequence[int], argument: int, result: int, marked: bool = False) -> Value | None:
        """The local derivative of one slot with respect to another, through these steps alone."""
        found = self._carried(steps, argument, result, careful(self.plan.numbers()))
        if found is None:
            return None
        return found if getattr(found, "ndim", 0) else self.whole(found, ())

    def contribution(self, name: str, argument: str) -> Any:
        """The part of the gradient of `argument` that comes through node `name`, which uses it."""
        node, slot = self.graph.nodes[name], self._slot(argument)
        upstream = self.gradients[node.slot]
        found = None
        if upstream is not None:
            found = self.plan.backward(self.slots, {node.slot: upstream}, until=node.first)[slot]
        return self.whole(found, self.graph.shape(argument))

    def partial(self, slot: int, k: int, xp: XP | None = None) -> Value:
        """The local derivative of an elementwise step with respect to its argument number `k`."""
        found = super().partial(slot, k, xp)
        return found if xp or getattr(found, "ndim", 0) else self.whole(found, ())

    def whole(self, value: Value | None, shape: tuple[int, ...]) -> Any:
        """A number of the tape, or an array of its full shape; None (no path) and NOTHING are 0."""
        assert isinstance(self.plan, RecordedPlan)
        if shape:
            return np.broadcast_to(ZEROED(asarray(0.0 if value is None else value)), shape)
        if isinstance(value, np.ndarray):
            value = value[()]
        return value if isinstance(value, Recorded) else self.plan.tape.constant(value or 0.0)


def record(
    graph: Graph, of: str, upstream: Value | None = None, most: int | None = None, moving: Sequence[int] = ()
) -> tuple[RecordedTrace, Tape, Mapping[str, Any]]:
    """Both passes of a graph on a tape: the trace, the tape, and the data's own entries by name.

    Inputs of the tape are the entries of the graph's data, in order, then one for each slot in `moving`, in the order
    of the slots, which is taken away from the value there. `most` and TooLongError as for a Tape.
    """
    tape = Tape(most)
    data: dict[str, Any] = {}
    for name, node in graph.nodes.items():
        if node.kind != "node":
            made = np.empty(graph.shape(name), object)
            for index in np.ndindex(made.shape):
                made[index] = tape.input()
            data[name] = asarray(made) if made.ndim else made[()]
    plan = RecordedPlan(graph, tape, moving)
    slots = plan.forward(data)
    gradients = plan.backward(slots, {graph.nodes[of].slot: seed(plan, of, upstream)})
    return RecordedTrace(plan, of, slots, gradients, True), tape, data
