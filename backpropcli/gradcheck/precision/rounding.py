"""Rounding: how far it may have led gradients astray, and what they are without it.

Differences and complex steps run on the same floats as backprop, and lose the same digits: where they agree, all three
may be wrong together. So wherever rounding may have taken digits (a cheap bound says where), the gradient is compared
with the same rule at 50 digits or more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backpropcli.engine.rounding import GROWN, Shaken, loses
from backpropcli.gradcheck.point.corners import differs
from backpropcli.gradcheck.precision.multiprecision import PRECISE, Digits
from backpropcli.ops.definition import Elementwise

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.passes.backward import Gradients

CONVERGED = 1e-12
"""A number is known once twice as many digits say the same, to this (relative)."""
RANGE, VANISHED = 308, 1e-300
"""What is smaller than this (absolute) with more digits than float64 has powers of ten is 0."""


def same(rough: Any, fine: Any) -> bool:
    """Whether a number has converged: twice as many digits say the same."""
    return bool(fine and abs(fine - rough) <= CONVERGED * abs(fine))


def vanishes(fine: Any, many: int) -> bool:
    """Whether what is left of a number at so many digits is the rounding residue of a 0."""
    return many > RANGE and bool(abs(fine) < VANISHED)


class Rounding:
    """How far rounding may have led the gradients at one point astray, and what they should be."""

    def __init__(self, point: Point) -> None:
        self.point = point

    @cached_property
    def digits(self) -> Digits:
        """The network at 50 digits and more."""
        return Digits(self.point)

    @cached_property
    def shaken(self) -> Shaken:
        """Runs with larger roundings."""
        return Shaken(self.point.plan, self.point.slots)

    @cached_property
    def gradients(self) -> list[Gradients]:
        """Their gradients by slot."""
        return self.shaken.gradients({self.point.target: self.point.seed})

    def doubtful(self, slots: Iterable[int]) -> dict[int, list[bool]]:
        """By slot and entry whether rounding may have reached its gradient; those slots alone where it may have."""
        if self.point.trace.plan is not self.point.plan:  # single precision was compared with double already
            return {}
        return {slot: marks for slot in slots if any(marks := self._marks(slot))}

    def _marks(self, slot: int) -> list[bool]:
        """By entry of a slot whether rounding may have reached its gradient; empty where it has reached none."""
        own = self.point.gradients[slot]
        if own is None:
            return []
        found = loses(own, [g[slot] for g in self.gradients])
        if not getattr(found, "ndim", 0):
            return [bool(found)]
        import numpy as np

        return np.broadcast_to(found, self.point.graph.shapes[slot]).ravel().tolist() if found.any() else []

    def rounded(self, c: Component) -> float:
        """About how far rounding moves the gradient of a component; infinite where it may do anything."""
        if self.point.trace.plan is not self.point.plan:
            return 0.0
        worst = 0.0
        for gradients in self.gradients:
            there = gradients[c.slot]
            if getattr(there, "ndim", 0):
                import numpy as np

                there = np.broadcast_to(np.asarray(there), self.point.graph.shapes[c.slot]).ravel()[c.flat]
            off = abs(float(there or 0.0) - c.backprop) / GROWN
            worst = max(worst, off if off == off else math.inf)
        return worst

    def beside(self, c: Component) -> float:
        """The largest gradient on a component's way to the loss: what its own is added up from, about."""
        sizes = [0.0]
        for slot in self.point.downstream({c.slot}):
            gradient = self.point.gradients[slot]
            if gradient is not None:
                largest = abs(gradient).max(initial=0.0) if getattr(gradient, "ndim", 0) else abs(gradient)
                sizes.append(float(largest))
        return max(s for s in sizes if math.isfinite(s))

    def converged(self, c: Component) -> Any:
        """The number that the rule gives of a component where rounding is no matter: that of so many digits that more
        of them change nothing; None where it has not converged.
        """
        rough = self.digits.rule(c, PRECISE[0])
        for many in PRECISE[1:]:
            fine = self.digits.rule(c, many)
            if same(rough, fine):
                return fine
            if vanishes(fine, many):
                return fine * 0
            rough = fine
        return None

    def same_choices(self) -> bool:
        """Whether every operation on the way chooses at 50 digits as it did in floats: what rounding decides is a
        corner, and the number on its other side is no better.
        """
        from backpropcli.ops.numbers.precise import mp, xp

        point, (v, _) = self.point, self.digits.run(PRECISE[0])
        with mp.workdps(PRECISE[0]):
            for slot, operation in point.watched(range(len(point.graph))):
                given = [v[a] for a in point.graph.arguments[slot]]
                branch: Any = operation.branch  # type: ignore[attr-defined]  # watched steps have one
                there = (
                    branch(xp, *given)
                    if isinstance(operation, Elementwise)
                    else branch(xp, point.graph.options[slot], *given)
                )
                if differs(there, point.branch_here(slot)):
                    return False
        return True
