"""The number, not only the rule: whether float64 kept the digits of a gradient whose rule is right.

Differences and complex steps run on the same floats as backprop, and lose the same digits: where they agree, all three
may be wrong together. So wherever rounding may have taken digits (a cheap bound says where), the gradient is compared
with the same rule at 50 digits or more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from backpropcli.engine.backward import Gradients
from backpropcli.engine.rounding import GROWN, Shaken, loses
from backpropcli.gradcheck.network.corners import differs
from backpropcli.gradcheck.network.oracles import PRECISE, Digits
from backpropcli.gradcheck.network.point import Component, Point
from backpropcli.ops.definition import Elementwise

SETTLED = 1e-12
"""The rule's number is known once twice as many digits say the same, to this (relative)."""
RANGE, GONE = 308, 1e-300
"""What is smaller than this with more digits than float64 has powers of ten is 0."""


class Numbers:
    """How far rounding may have led the gradients at one point astray, and what they should be."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self._shaken: Shaken | None = None
        self._gradients: list[Gradients] | None = None

    @property
    def shaken(self) -> Shaken:
        """Runs with larger roundings."""
        if self._shaken is None:
            self._shaken = Shaken(self.point.plan, self.point.slots)
        return self._shaken

    @property
    def gradients(self) -> list[Gradients]:
        """Their gradients by slot."""
        if self._gradients is None:
            self._gradients = self.shaken.gradients({self.point.target: self.point.gradients[self.point.target]})
        return self._gradients

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

    def settled(self, digits: Digits, c: Component) -> Any:
        """The number that the rule gives of a component where digits are no matter; None where it has not settled."""
        rough = digits.rule(c, PRECISE[0])
        for many in PRECISE[1:]:
            fine = digits.rule(c, many)
            if fine and abs(fine - rough) <= SETTLED * abs(fine):
                return fine
            if many > RANGE and abs(fine) < GONE:
                return fine * 0
            rough = fine
        return None

    def same_choices(self, digits: Digits) -> bool:
        """Whether every operation on the way chooses at 50 digits as it did in floats: what rounding decides is a
        corner, and the number on its other side is no better.
        """
        from backpropcli.ops.numbers.precise import mp, xp

        point, (v, _) = self.point, digits.run(PRECISE[0])
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
