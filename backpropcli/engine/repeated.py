"""A plan run forward and backward many times, over parameters that stand in one flat vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine.stepping import convert
from backpropcli.engine.trace import seed

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape


class Piece(NamedTuple):
    """Where a parameter stands in the flat vector, and its shape."""

    slice: slice
    shape: Shape


class Repeated:
    """`run()` gives the loss and fills `gradient`, which like `flat` has one parameter after the other (`parts`).

    Both are arrays of the plan's dtype; lists of floats where the plan runs on those. Whoever trains changes `flat` in
    place. Several plans may run over the same `flat`: other batches of one network. `finite` says whether the last
    run's loss and gradients are.
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
        for slot, piece in self._places:
            if piece.shape:
                self._v[slot] = self.flat[piece.slice].reshape(piece.shape)
        self._numbers = [(slot, piece.slice.start) for slot, piece in self._places if not piece.shape]

    def _gathered(self, values: Mapping[str, Value]) -> Any:
        """The parameters' values in one vector."""
        if self.plainly:
            return [float(values[name]) for name in self.parts]
        import numpy as np

        flat = np.empty(sum(prod(piece.shape) for piece in self.parts.values()), self.plan.dtype)
        for name, piece in self.parts.items():
            flat[piece.slice] = np.asarray(values[name]).ravel()
        return flat

    def give(self, values: Mapping[str, Value]) -> None:
        """Other data, of the same shapes, from the next run on."""
        for name, value in values.items():
            self._v[self.plan.graph.nodes[name].slot] = convert(self._xp, value)

    def forward(self) -> float:
        """The loss alone."""
        for slot, k in self._numbers:
            self._v[slot] = self.flat[k]
        self.plan.forward_in(self._v, self._xp)
        return float(self._v[self.of])

    def run(self) -> float:
        """The loss; its gradients stand in `gradient`."""
        loss = self.forward()
        found = self.plan.backward(self._v, self._seeds, self._xp, everything=False)
        gradient = self.gradient
        total: float = loss
        for slot, piece in self._places:
            g = found[slot]
            if not piece.shape:
                gradient[piece.slice.start] = 0.0 if g is None else g
            elif g is None:
                gradient[piece.slice] = 0.0
            else:
                gradient[piece.slice].reshape(piece.shape)[...] = g
        total += sum(gradient) if self.plainly else float(gradient.sum())
        self.finite = total - total == 0.0
        return loss

    def value(self, name: str) -> Value:
        """The value of a node, an input or a target in the last run; a parameter's is of now."""
        return self._v[self.plan.graph.nodes[name].slot]


def pieces(parameters: Sequence[tuple[str, Shape]]) -> dict[str, Piece]:
    """Where parameters of these shapes stand, one after the other."""
    found, start = dict[str, Piece](), 0
    for name, shape in parameters:
        found[name] = Piece(slice(start, start + prod(shape)), shape)
        start += prod(shape)
    return found
