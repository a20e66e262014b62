"""What was compared, and how a guess at the mistake is tried: the backward pass again, as long as the budget lasts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.gradcheck.external.edges import Edge, Step, rerun
from backpropcli.gradcheck.external.spelling import Spelling
from backpropcli.ops.numbers.array import xp
from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.gradcheck.external.error_patterns import Shown
    from backpropcli.gradcheck.external.localize import Localization

WORK = 4_000_000
"""So many numbers may be computed again in looking for the mistake."""
MOST, LEAST = 600, 24
"""At most and at least so many backward passes."""


class Case:
    """Gradients that are wrong, those that are right, and what else has to do with them.

    `left` is how many backward passes there may still be, `keys` are their names by ours.
    """

    def __init__(
        self, trace: Trace, where: Localization, wrong: Sequence[Shown], right: Sequence[Shown], keys: Mapping[str, str]
    ) -> None:
        self.keys = keys
        self.trace = trace
        self.graph = trace.graph
        self.where = where
        self.wrong = wrong
        self.shown = [*wrong, *right]
        self.names = [s.name for s in self.shown]
        self.spell = Spelling(trace.graph)
        entries = sum(math.prod(shape) for shape in trace.graph.shapes)
        self.most = self.left = max(LEAST, min(MOST, WORK // max(entries, 1)))

    def rerun(self, changed: Mapping[int, Any], slots: list[Any] | None = None) -> dict[str, Any]:
        """The gradients with other rules at some steps, or at other values."""
        self.left -= 1
        return rerun(self.trace, changed, self.names, slots)

    def fits(self, other: Mapping[str, Any]) -> bool:
        """Whether gradients are theirs."""
        return all(s.fits(other[s.name]) for s in self.shown)

    def gives(self, changed: Mapping[int, Any], slots: list[Any] | None = None) -> bool:
        """Whether a backward pass with other rules, or at other values, gives their numbers.

        A guess that raises is no guess.
        """
        with quietly(xp):
            try:
                return self.fits(self.rerun(changed, slots))
            except Exception:
                return False

    def step(self, edge: Edge) -> Step:
        """An edge, in numbers and in words."""
        return Step(self.trace, edge, self.spell)

    def node(self, edge: Edge) -> str:
        """The node that an edge comes from."""
        return self.spell.owner(edge.slot).name

    def equation(self, name: str) -> str:
        """`t2 = w2 * a1`; the name alone where the formula is long."""
        formula = self.graph.nodes[name].formula
        return f"{name} = {formula}" if len(formula) <= 40 else name
