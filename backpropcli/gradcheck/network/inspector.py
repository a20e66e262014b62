"""The judge of a network, with the local derivatives at hand: for points on a corner, and for finding the fault."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from backpropcli.gradcheck.network.judge import Judge
from backpropcli.gradcheck.network.suspects import suspects
from backpropcli.gradcheck.point.owner import node_of, step_said

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.culprit import Locals
    from backpropcli.gradcheck.point.corners import Sides
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.gradcheck.precision.cause import Lost
    from backpropcli.gradcheck.report import Culprit, Reason, Row

ALONE = 500
"""In a way to the loss of more steps than this, the others are not judged once one is found wrong."""
TOLD = 16
"""Of so many gradients at the most it is said where their digits go."""


class Inspector:
    """The judge of a network, with the local derivatives at hand for points on a corner and for finding the fault."""

    def __init__(self, point: Point, tolerance: float) -> None:
        self.point = point
        self.judge = Judge(point, self.on_corner, tolerance, self.known)

    @cached_property
    def locals(self) -> Locals:
        """The local derivatives, judged when they are first needed."""
        from backpropcli.gradcheck.network.culprit import Locals

        return Locals(self.point)

    @cached_property
    def _wrong(self) -> set[int]:
        """The steps whose own rule is wrong."""
        return self.locals.wrong(self._leading())

    def _leading(self) -> list[int]:
        """The steps that lead to the loss."""
        return [s for s, gradient in enumerate(self.point.gradients) if gradient is not None]

    def on_the_way(self, slots: Iterable[int]) -> list[int]:
        """The steps through which these slots reach the loss."""
        return [s for s in self.point.downstream(set(slots)) if self.point.gradients[s] is not None]

    def lost(self, components: Sequence[Component], rows: Sequence[Row]) -> tuple[Lost, ...]:
        """Where the digits of those gradients go that float64 did not keep."""
        some = [(c, row.reliable) for c, row in zip(components, rows, strict=True) if row.reliable]
        if not some:
            return ()
        from backpropcli.gradcheck.precision.cause import leaks

        return tuple(leaks(self.judge.context.rounding, [(c, x) for c, x in some[:TOLD] if x is not None]))

    def culprit(self, components: Sequence[Component], rows: Sequence[Row]) -> Culprit | None:
        """The first wrong operation on the way of those whose rule is wrong, and whether it is the only one."""
        judged = zip(components, rows, strict=True)
        wrong = {c.slot for c, row in judged if row.verdict == "fail" and row.reason == "rule"}
        if not wrong:
            return None
        way = self.on_the_way(wrong)
        found = self.locals.first_wrong(way)
        if found is None or len(way) > ALONE:
            return found
        operations = self.point.graph.operations
        others = [slot for slot in way if getattr(operations[slot], "name", "") != found.operation]
        return found._replace(alone=self.locals.verdict(others) == "pass")

    def doubted(self, components: Sequence[Component], rows: Sequence[Row]) -> list[Row]:
        """The rows; what passed by differences of the loss alone goes to the top where a rule on its way is doubted."""
        doubts = suspects(self.point, self._leading())
        result = list(rows)
        if doubts:
            passed = [k for k, row in enumerate(rows) if row.verdict == "pass" and row.method == "difference"]
            again = [k for k in passed if not doubts.isdisjoint(self.on_the_way({components[k].slot}))]
            for k, row in zip(again, self.judge.at_the_top([components[k] for k in again]), strict=True):
                if row.reason != "unsettled":  # what was found stands where the top could not tell
                    result[k] = row
        return result

    def known(self, c: Component) -> bool:
        """Whether an operation whose own rule is wrong lies on a component's way to the loss."""
        return not self._wrong.isdisjoint(self.on_the_way({c.slot}))

    def on_corner(self, c: Component, slot: int, found: Sides) -> Row:
        """On a corner of the network: right if every local derivative on the way is right for its own operation."""
        node, what = self._named(slot)
        verdict = self.locals.verdict(self.on_the_way({c.slot}))
        note = f"{what} jumps here" if found.jump else f"{what} is on its corner"
        reason: Reason = "rule" if verdict == "fail" else "jump" if found.jump else "corner"
        if not math.isfinite(c.backprop):
            verdict, reason = "fail", "nonfinite"
            note += f", and backprop's gradient is {c.backprop}"
        elif verdict == "pass" and found.known and not found.hold(c.backprop):
            verdict = "unsure"
            note += "; the chain rule does not apply there, though each local derivative is right"
        row = self.judge.context.row(c, found.middle, verdict, "local derivatives", reason, node, note)
        return row._replace(left=found.left.value, right=found.right.value, sees=None)

    def _named(self, slot: int) -> tuple[str, str]:
        """The node that a step is in, and the step in words: its formula, where that is one step."""
        if slot < 0:
            return "", "the loss"
        graph = self.point.graph
        node = node_of(graph, slot)
        return node.name, node.formula if len(graph.steps(node.name)) == 1 else step_said(graph, slot)
