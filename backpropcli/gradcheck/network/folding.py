"""The network as it is run, each recurrence one step, beside the unrolled one that is checked: both say the same.

What stands here is a bug in backprop, never one of the network: the check's own rows judge its rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backpropcli.engine import Plan, run
from backpropcli.engine.rounding import GROWN, Shaken
from backpropcli.gradcheck.point.owner import rows
from backpropcli.gradcheck.report import indexed
from backpropcli.gradcheck.tolerances import TOLERANCE32, UNIT, UNIT32

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.gradcheck.point.point import Point
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import Value

Array = Any
ALIKE = 1e-9
"""Two numbers that differ by no more than this (relative, in float64) are the same."""
ROUNDINGS = 64.0
"""Others may differ by so many times what rounding does to them: the two add up in another order."""


class Differing(NamedTuple):
    """One number that the network has otherwise when it is run than when it is unrolled: `key` is `dJ/dW[0, 1]`."""

    key: str
    folded: float
    unrolled: float

    def __str__(self) -> str:
        return (
            f"A bug in backprop, not in the network: {self.key} is {self.folded!r} where it is run or trained, and "
            f"{self.unrolled!r} with a node for each time, which is what was checked. Reported with the network, it "
            "can be mended."
        )


def differing(
    folded: Graph, point: Point, values: Mapping[str, Value], upstream: Value | None, dtype: str
) -> Differing | None:
    """The first number that differs by more than rounding; `point` is the unrolled network's.

    Compared are the loss and the gradients of everything that both have, rows and whole arrays.
    """
    of, seed = _target(folded, point.of, upstream)
    one = run(Plan(folded, dtype), values, of, seed, everything=True)
    other = run(Plan(point.graph, dtype), values, point.of, upstream, everything=True)
    loose = _Loose(point, other, dtype)
    for key, slots, mine, theirs in _pairs(one, other, point.of):
        off = _first(mine, theirs, loose, slots)
        if off is not None:
            return Differing(indexed(key, off), float(np.asarray(mine)[off]), float(np.asarray(theirs)[off]))
    return None


def _target(folded: Graph, of: str, upstream: Value | None) -> tuple[str, Value | None]:
    """The node that is differentiated as the folded network has it, and its upstream gradient: of h[3] a row of h."""
    if of in folded.nodes:
        return of, upstream
    name, _, number = of.rpartition("[")
    seed = np.zeros(folded.shape(name))
    seed[int(number[:-1])] = 1.0 if upstream is None else upstream
    return name, seed


def _pairs(one: Trace, other: Trace, of: str) -> Iterator[tuple[str, list[int], Array, Array]]:
    """What both have: a key, its slots in the unrolled network (none for a value), and what each says."""
    if of in one.graph.nodes:
        yield of, [], one.value(of), other.value(of)
    for name in one.graph.nodes:
        each = rows(other.graph, name)
        slots = [other.graph.nodes[row].slot for row in each or [name]]
        found = np.stack([other.gradient(row) for row in each]) if each else other.gradient(name)
        yield f"d{of}/d{name}", slots, one.gradient(name), found


class _Loose:
    """How far two right gradients may be apart."""

    def __init__(self, point: Point, trace: Trace, dtype: str) -> None:
        self.alike = ALIKE if dtype == "float64" else TOLERANCE32
        self.rounding = ROUNDINGS / GROWN * (1.0 if dtype == "float64" else UNIT32 / UNIT)
        self.point, self.trace = point, trace
        self._runs: list[list[Value | None]] = []
        self._plain: list[Value | None] = []

    def rounded(self, slots: list[int], shape: tuple[int, ...]) -> Array:
        """About what rounding does to each entry; infinite where it may do anything."""
        if not self._runs:
            plan = self.point.plan
            v = plan.forward(self.point.values)
            seeds = self.trace.seeds()
            self._plain, self._runs = plan.backward(v, seeds), Shaken(plan, v).gradients(seeds)
        own = self._stacked(self._plain, slots, shape)
        with np.errstate(all="ignore"):
            off = [np.abs(self._stacked(run, slots, shape) - own) for run in self._runs]
            return np.nan_to_num(np.max(off, axis=0), nan=np.inf, posinf=np.inf)

    def _stacked(self, gradients: list[Value | None], slots: list[int], shape: tuple[int, ...]) -> Array:
        shapes = self.point.graph.shapes
        every = [0.0 if gradients[s] is None else np.asarray(gradients[s], float) for s in slots]
        return np.stack([np.broadcast_to(g, shapes[s]) for g, s in zip(every, slots, strict=True)]).reshape(shape)


def _first(mine: Array, theirs: Array, loose: _Loose, slots: list[int]) -> tuple[int, ...] | None:
    """The entry that differs most beside its own size; None where all are the same, or rounding has to do with it."""
    a, b = np.asarray(mine, float), np.asarray(theirs, float)
    with np.errstate(all="ignore"):
        off = np.where(np.isfinite(a) | ~np.isfinite(b), np.abs(a - b), np.inf)
        off = np.where(np.isfinite(b), off, 0.0)  # its own row says so
        size = np.maximum(np.abs(a), np.abs(b))
        wrong = off > loose.alike * size
        if wrong.any() and slots:
            wrong &= off > loose.rounding * loose.rounded(slots, a.shape) + loose.alike * size
        if not wrong.any():
            return None
        worst = np.argmax(np.where(wrong, off / size, 0.0))
    return tuple(int(k) for k in np.unravel_index(worst, a.shape))
