"""A plan run forward and backward many times, over parameters that stand in one flat vector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine.trace import seed
from backpropcli.passes.backward import backward_scalars, finite_numbers
from backpropcli.passes.forward import forward
from backpropcli.passes.forward import program as forward_program
from backpropcli.passes.stepping import convert, quietly

if TYPE_CHECKING:
    from backpropcli.engine.kept import Kept
    from backpropcli.engine.plan import Plan
    from backpropcli.ops.definition import Value
    from backpropcli.ops.numbers.calls import Call
    from backpropcli.ops.shape import Shape


class Piece(NamedTuple):
    """Where a parameter stands in the flat vector, and its shape."""

    slice: slice
    shape: Shape


class Repeated:
    """`run()` gives the loss and fills `gradient`, which like `flat` has one parameter after the other (`parts`).

    Both are arrays of the plan's dtype; lists of floats where the plan runs on those. Whoever trains changes `flat` in
    place. Several plans may run over the same `flat`: other batches of one network. `finite` says whether the last
    run's loss and gradients are. On arrays both passes are written down once (`kept`), and made again in every run.
    """

    def __init__(
        self, plan: Plan, of: str, parameters: Sequence[str], values: Mapping[str, Value], flat: Any = None
    ) -> None:
        graph = plan.graph
        self.plan = plan
        self.of = graph.nodes[of].slot
        self.plainly = plan.scalar and plan.dtype == "float64"
        self.parts = pieces([(name, graph.shape(name)) for name in parameters])
        self._places = [(graph.nodes[name].slot, piece) for name, piece in self.parts.items()]
        self._xp = plan.numbers()
        self._v = plan.load(values, self._xp)
        self.flat = flat if flat is not None else self._gathered(values)
        self.gradient: Any = [0.0] * len(self.flat) if self.plainly else self.flat * 0
        self.finite = True
        self._seeds = {self.of: seed(plan, of, None)}
        self._kept: Kept | None = None
        self._back: list[Call] = []
        self._numbers = [(slot, piece.slice.start) for slot, piece in self._places]
        self._onward: list[Any] = []
        self._backward: list[Any] = []
        if not self.plainly:
            self._keep()

    def _gathered(self, values: Mapping[str, Value]) -> Any:
        """The parameters' values in one vector."""
        if self.plainly:
            return [float(values[name]) for name in self.parts]
        import numpy as np

        flat = np.empty(sum(prod(piece.shape) for piece in self.parts.values()), self.plan.dtype)
        for name, piece in self.parts.items():
            flat[piece.slice] = np.asarray(values[name]).ravel()
        return flat

    def _keep(self) -> None:
        """Data and parameters get places of their own, and the forward pass is written down."""
        import numpy as np

        from backpropcli.engine.kept import Kept

        moving = []
        for node in self.plan.graph.nodes.values():
            if node.kind != "node":
                moving.append(node.slot)
        moving += self.plan.graph.drawn
        for slot in moving:
            self._v[slot] = np.array(self._v[slot])
        for slot, piece in self._places:
            self._v[slot] = self.flat[piece.slice].reshape(piece.shape)
        with quietly(self._xp):
            self._kept = Kept(self.plan, self._v, moving)
        self._v = [self._kept.value(slot) for slot in range(len(self._v))]

    def give(self, values: Mapping[str, Value]) -> None:
        """Other data, of the same shapes, from the next run on."""
        for name, value in values.items():
            self._put(self.plan.graph.nodes[name].slot, value)

    def draw(self, update: int | None) -> None:
        """The random constants of update number `update`, from the next run on; None: those of a network at rest."""
        for slot, (operation, o) in self.plan.graph.drawn.items():
            maker: Any = operation
            self._put(slot, maker.resting(o) if update is None else maker.drawn(o, update))

    def _put(self, slot: int, value: Value) -> None:
        """Another value of a slot's shape, or a number for all of it."""
        if self._kept is None:
            self._v[slot] = convert(self._xp, value)
        else:
            self._v[slot][...] = value

    def forward(self) -> float:
        """The loss alone."""
        with quietly(self._xp):
            self._forward()
        return float(self._v[self.of])

    def run(self) -> float:
        """The loss; its gradients stand in `gradient`."""
        with quietly(self._xp):
            self._forward()
            total = self._back_plainly() if self._kept is None else self._back_kept(self._kept)
        loss = float(self._v[self.of])
        self.finite = loss - loss == 0.0 and total - total == 0.0
        return loss

    def _forward(self) -> None:
        if self._kept is None:
            self._forward_plainly()
        else:
            replay(self._kept.forward)

    def _back_kept(self, kept: Kept) -> float:
        """The backward pass on arrays, into `gradient`; its sum."""
        if not self._back:
            self._back = kept.backward(self._seeds, self._views())
        replay(self._back)
        total = float(self.gradient.sum())
        if total - total != 0.0:  # 0 times infinity may be nothing at all
            self._gather(self.plan.backward_again(self._v, self._seeds, self._xp, everything=False))
            total = float(self.gradient.sum())
        return total

    def _forward_plainly(self) -> None:
        """The forward pass on floats. Its steps are kept here: a plan keeps them from its second run on alone."""
        v, flat = self._v, self.flat
        if not self._onward:
            self._onward = list(forward_program(self.plan.graph, range(len(v))))
        for slot, k in self._numbers:
            v[slot] = flat[k]
        forward(self._onward, v, self._xp)

    def _back_plainly(self) -> float:
        """The backward pass on floats, into `gradient`; its sum. A plan would make the steps anew in every run where
        the loss is not the last of all nodes, which it is not where there are metrics.
        """
        if not self._backward:
            self._backward = list(self.plan.back(range(self.of, -1, -1), everything=False))
        g: list[Value | None] = [None] * len(self._v)
        g[self.of] = self._seeds[self.of]
        backward_scalars(self._backward, self._v, g, self._xp)
        if not finite_numbers(g):
            g = self.plan.backward_again(self._v, self._seeds, self._xp, everything=False)
        gradient = self.gradient
        for slot, k in self._numbers:
            found = g[slot]
            gradient[k] = 0.0 if found is None else found
        total: float = sum(gradient)
        return total

    def _views(self) -> dict[int, Value]:
        """Where the gradients of the parameters' slots belong."""
        return {slot: self.gradient[piece.slice].reshape(piece.shape) for slot, piece in self._places}

    def _gather(self, found: Sequence[Value | None]) -> None:
        """The parameters' gradients into one vector."""
        gradient = self.gradient
        for slot, piece in self._places:
            g = found[slot]
            gradient[piece.slice].reshape(piece.shape)[...] = 0.0 if g is None else g

    def value(self, name: str) -> Value:
        """The value of a node, an input or a target in the last run, which the next one may write over."""
        return self._v[self.plan.graph.nodes[name].slot]


def replay(calls: Iterable[Call]) -> None:
    """Make calls again, in order."""
    for function, arguments in calls:
        function(*arguments)


def pieces(parameters: Sequence[tuple[str, Shape]]) -> dict[str, Piece]:
    """Where parameters of these shapes stand, one after the other."""
    found, start = dict[str, Piece](), 0
    for name, shape in parameters:
        found[name] = Piece(slice(start, start + prod(shape)), shape)
        start += prod(shape)
    return found
