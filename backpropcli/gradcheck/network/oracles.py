"""The upper rungs: the complex step, and the rule beside a difference at 50 digits or more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from backpropcli.engine.forward import forward
from backpropcli.engine.forward import program as forward_program
from backpropcli.engine.stepping import quietly
from backpropcli.gradcheck.differences import UNIT, Slope
from backpropcli.gradcheck.network.point import Component, Point
from backpropcli.ops.definition import Value

PRECISE = (50, 120, 400, 1000)
"""Digits, one after the other until the difference is sharp."""
GROUP = 256
"""So many complex steps are stacked in one pass."""
ROUNDED = 1e-12
"""The relative error that a complex step is given credit for: a few thousand roundings."""
SAME = 1e-6
"""Two sides that differ by less than this (relative) are the same."""
STAYS = 0.8
"""What is smooth has sides half as far apart at half the step (0.71 for the root of a step); a corner's stay."""
LEAST = 1e-290
"""Below this the imaginary part leaves the range of float64."""


def complex_slopes(point: Point, components: Sequence[Component], size: float = 1.0) -> list[Slope]:
    """The imaginary part of the loss at x + ih, over h, for every component.

    h is 1e-30 times `size`: a larger one is less accurate, but keeps tiny slopes from underflowing.
    """
    if not components:
        return []
    from backpropcli.ops.numbers.complexstep import xp

    if not point.plan.scalar:
        from backpropcli.gradcheck.network.complex_steps import slopes_of_arrays

        return slopes_of_arrays(point, components, size)
    base = point.plan.forward(point.values, xp)
    found = []
    for first in range(0, len(components), GROUP):
        found += _stacked(point, components[first : first + GROUP], base, xp, size)
    return [Slope(n / size, ROUNDED * abs(n / size) + LEAST / size) for n in found]


def _stacked(point: Point, components: Sequence[Component], base: list[Value], xp: Any, size: float) -> list[float]:
    import numpy as np

    from backpropcli.ops.numbers.complexstep import slope, start

    copies, v = len(components), list(base)
    moved: dict[int, list[int]] = {}
    for k, c in enumerate(components):
        moved.setdefault(c.slot, []).append(k)
    for slot, rows in moved.items():
        shape = (copies, *point.graph.shapes[slot])
        direction = np.zeros((copies, math.prod(shape[1:])))
        direction[rows, [components[k].flat for k in rows]] = size
        v[slot] = start(np.broadcast_to(np.asarray(point.slots[slot], float), shape), direction.reshape(shape))
    later = point.downstream(set(moved))
    with quietly(xp):
        for step in forward_program(point.graph, later, copies=True):
            slot = step[0]
            own = v[slot][moved[slot]] if slot in moved else None
            forward([step], v, xp)
            if own is not None:  # a component downstream of another: its own copies stay where they were put
                v[slot] = np.broadcast_to(v[slot], (copies, *point.graph.shapes[slot])).copy().view(type(own))
                v[slot][moved[slot]] = own
        return point.totals(slope(v[point.target]), copies)


class Exact(NamedTuple):
    """What many digits say of one component: backprop's rule, the slope of the values ± error, and its two sides.

    `gap` is how far the two sides are apart at twice the step: on a corner as far as here, else farther.
    """

    rule: Any
    slope: Any
    error: Any
    left: Any
    right: Any
    gap: Any

    @property
    def two_sided(self) -> bool:
        """Whether the slopes to the left and to the right are not the same: a corner, or a jump."""
        apart = abs(self.right - self.left)
        size = max(abs(self.left), abs(self.right))
        return bool(apart > SAME * size + 12 * self.error and apart > STAYS * self.gap)


UNKNOWN_EXACT = Exact(0.0, 0.0, math.inf, 0.0, 0.0, 0.0)


class Digits:
    """Rule and difference at many digits, for one point: the forward pass and the rule are run once for all."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self._runs: dict[tuple[int, int], tuple[list[Value], list[Value | None]]] = {}
        self._sizes: dict[int, list[Any]] = {}
        self._written: list[Value | None] | None = None

    def run(self, digits: int, bits: int = 0) -> tuple[list[Value], list[Value | None]]:
        """Values and gradients by slot at so many digits (or bits: 53 are those of float64, 24 of float32)."""
        if (digits, bits) not in self._runs:
            from backpropcli.ops.numbers.precise import mp, xp

            point = self.point
            with mp.workprec(bits) if bits else mp.workdps(digits):
                v = point.plan.forward(point.values, xp)
                seed = xp.asarray(point.seed) if getattr(point.seed, "ndim", 0) else xp.number(point.seed)
                self._runs[digits, bits] = v, point.plan.backward(v, {point.target: seed}, xp)
        return self._runs[digits, bits]

    def back(self, digits: int, slot: int, seed: Any) -> list[Value | None]:
        """The gradients of another slot, from its upstream gradient, at so many digits."""
        from backpropcli.ops.numbers.precise import mp, xp

        v, _ = self.run(digits)
        with mp.workdps(digits):
            start = xp.asarray(seed) if getattr(seed, "ndim", 0) else xp.number(seed)
            return self.point.plan.backward(v, {slot: start}, xp)

    def rule(self, c: Component, digits: int, bits: int = 0) -> Any:
        """Backprop's own gradient of a component, run at so many digits."""
        from backpropcli.ops.numbers.precise import mp

        gradient = self.run(digits, bits)[1][c.slot]
        if gradient is None:
            return mp.mpf(0)
        return gradient.ravel()[c.flat] if getattr(gradient, "ndim", 0) else gradient

    def as_written(self, c: Component) -> Any:
        """The rule's gradient of a component at 50 digits where every number is the decimal that is written for it: 0.1
        itself, and not the float next to it.
        """
        if self._written is None:
            from backpropcli.ops.numbers.precise import decimals, mp

            point = self.point
            with mp.workdps(PRECISE[0]):
                v = point.plan.forward(point.values, decimals)
                seed = decimals.asarray(point.seed) if getattr(point.seed, "ndim", 0) else decimals.number(point.seed)
                self._written = point.plan.backward(v, {point.target: seed}, decimals)
        gradient: Any = self._written[c.slot]
        return gradient.ravel()[c.flat] if getattr(gradient, "ndim", 0) else gradient

    def opinion(self, c: Component, digits: int) -> Exact:
        """Central differences over h and h/2, extrapolated; h is a third of the digits away."""
        from backpropcli.ops.numbers.precise import mp, xp

        point = self.point
        with mp.workdps(digits):
            v, _ = self.run(digits)
            x = mp.mpf(c.x)
            if point.graph.operations[c.slot] is not None:  # a node's value, which has more digits here than its float
                x = v[c.slot].ravel()[c.flat] if point.graph.shapes[c.slot] else v[c.slot]
            h = mp.mpf(10) ** -(digits // 3) * (abs(x) if x else 1)
            places = (x + h, x - h, x + h / 2, x - h / 2)
            if point.graph.shapes[c.slot]:
                import numpy as np

                losses = []
                for place in places:
                    value = np.array(v[c.slot], object)
                    value.reshape(-1)[c.flat] = place
                    losses.append(self._loss(point.plan.reevaluate(v, {c.slot: value}, xp), xp))
            else:
                losses = [self._loss(point.plan.reevaluate(v, {c.slot: place}, xp), xp) for place in places]
            here = self._loss(v, xp)
            wide, narrow = (losses[0] - losses[1]) / (2 * h), (losses[2] - losses[3]) / h
            slope = narrow + (narrow - wide) / 3
            noise = point.noise(c.slot) / UNIT
            size = max(abs(here), self._rounding(c.slot, digits), mp.mpf(noise) if math.isfinite(noise) else 0)
            error = abs(slope - narrow) + mp.mpf(10) ** (2 - digits) * size / h
            rule = self.rule(c, digits)
            gap = (losses[0] - here) / h - (here - losses[1]) / h
            return Exact(rule, slope, error, (here - losses[3]) / (h / 2), (losses[2] - here) / (h / 2), abs(gap))

    def _rounding(self, slot: int, digits: int) -> Any:
        """The most that a value downstream of a slot moves the loss by, if it doubles: what rounding is relative to."""
        v, g = self.run(digits)
        if digits not in self._sizes:
            self._sizes[digits] = [moved(value, gradient) for value, gradient in zip(v, g, strict=True)]
        sizes = self._sizes[digits]
        return max((sizes[s] for s in self.point.downstream({slot})), default=0)

    def _loss(self, v: list[Value], xp: Any) -> Any:
        product = v[self.point.target] * xp.number(self.point.seed)
        return product.sum() if getattr(product, "ndim", 0) else product


def moved(value: Value, gradient: Value | None) -> Any:
    """How much the loss moves if a value doubles, or every entry of an array; 0 where that is not finite."""
    if gradient is None:
        return 0
    product = abs(value * gradient)
    total = product.sum() if getattr(product, "ndim", 0) else product
    return total if total - total == 0 else 0
