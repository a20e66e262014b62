"""A network at 50 digits and more: its values, backprop's rule, and differences of its values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.tolerances import MARGIN, SHARP, SIDES_AGREE, UNIT

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.ops.definition import Value

WORK = 400_000
"""So many numbers are computed at 50 digits before the rest is left unsure: some seconds. Of a network larger than that
none are: there the operation to blame is confirmed alone."""
LIGHT = 20_000
"""Only a network of no more numbers is run at 50 digits for a mere word: what is not finite, a warning of `run`."""
PRECISE = (50, 120, 400, 1000)
"""Digits, one after the other until the difference is sharp."""


STAYS = 0.8
"""What is smooth has sides half as far apart at half the step (0.71 for the root of a step); a corner's stay."""


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
    def rounded(self) -> Slope:
        """The slope as a float, with what rounding to one leaves."""
        return Slope(float(self.slope), float(self.error) + UNIT * abs(float(self.slope)))

    def tells(self, size: Any) -> bool:
        """Whether the error is small beside numbers of this size: `SHARP` times the smallest floats would be 0."""
        return bool(MARGIN / SHARP * self.error <= size)

    @property
    def two_sided(self) -> bool:
        """Whether the slopes to the left and to the right are not the same: a corner, or a jump."""
        apart = abs(self.right - self.left)
        size = max(abs(self.left), abs(self.right))
        return bool(apart > SIDES_AGREE * size + 12 * self.error and apart > STAYS * self.gap)


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

    def exact(self, c: Component, digits: int) -> Exact:
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
