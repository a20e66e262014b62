"""What a printed value or gradient should be: the same, but from 50 digits where rounding may have reached it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backpropcli.engine.rounding import LOSES, loses
from backpropcli.gradcheck.precision.multiprecision import PRECISE, WORK
from backpropcli.gradcheck.precision.rounding import VANISHED, Rounding, same, vanishes

ROUNDED = 1e-15
"""Every number of a float64 network may be off by as much."""


class Reliable:
    """The numbers of a network that float64 lost, by name; None where it kept them, or where nobody can tell.

    `limit`: how far a number may be off, relatively, and still count as kept.
    """

    def __init__(self, rounding: Rounding) -> None:
        self.rounding = rounding
        self.point = rounding.point

    def value(self, name: str, limit: float = LOSES) -> Any:
        """A name's value: a float or an array."""
        slot = self.point.graph.nodes[name].slot
        return self._better(
            self.point.slots[slot],
            [v[slot] for v in self.rounding.shaken.runs],
            lambda many: self.rounding.digits.run(many)[0][slot],
            limit,
        )

    def gradient(self, name: str, of: str, limit: float = LOSES) -> Any:
        """The gradient of `of` (one number, or the node that is checked) by a name."""
        point, graph = self.point, self.point.graph
        slot, target = graph.nodes[name].slot, graph.nodes[of].slot
        seed = point.seed if of == point.of else point.plan.numbers().number(1.0)
        own = point.plan.backward(point.slots, {target: seed})[slot]
        if own is None:
            return None
        others = [g[slot] for g in self.rounding.shaken.gradients({target: seed})]
        return self._better(own, others, lambda many: self.rounding.digits.back(many, target, seed)[slot], limit)

    def _better(self, own: Any, others: list[Any], exact: Callable[[int], Any], limit: float) -> Any:
        point = self.point
        if point.trace.plan is not point.plan or point.work() > WORK:
            return None
        marks = loses(own, others, max(ROUNDED, min(LOSES, limit)))
        if not (marks.any() if getattr(marks, "ndim", 0) else marks) or not self.rounding.same_choices():
            return None
        return converged_array(exact)


def converged_array(exact: Callable[[int], Any]) -> Any:
    """A number, or an array, from as many digits as it takes until more of them change nothing; None if none do."""
    import numpy as np

    rough = np.asarray(exact(PRECISE[0]), object)
    for many in PRECISE[1:]:
        fine = np.asarray(exact(many), object)
        pairs = zip(rough.ravel(), fine.ravel(), strict=True)
        if all(same(a, b) or vanishes(b, many) for a, b in pairs):
            found = np.where(np.abs(fine) < VANISHED, 0.0, fine).astype(float)
            return found if found.ndim else float(found)
        rough = fine
    return None
