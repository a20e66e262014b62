"""Where the fault is: each operation's local derivative, judged alone from its own inputs.

One operation is a network of its own: its arguments are the data, its result the loss. So the whole ladder of
`verdicts` judges it, and what that finds wrong is wrong in this operation, whatever stands around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from backpropcli.engine import Plan
from backpropcli.gradcheck.corners import Sides
from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.point import Component, Point
from backpropcli.gradcheck.report import Culprit, Row, Verdict
from backpropcli.gradcheck.verdicts import Judge
from backpropcli.graph import Graph
from backpropcli.ops.definition import Elementwise, Operation, Value

SAMPLE = 12
"""So many entries of an elementwise operation are judged, those spread evenly over its result."""
SAMPLE_WHOLE = 32
"""So many entries of each argument of any other operation."""


class Locals:
    """The local derivatives at one point, each judged once."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self._judged: dict[int, tuple[Verdict, Culprit | None]] = {}

    def first_wrong(self, slots: Iterable[int]) -> Culprit | None:
        """The first of these steps, in order of evaluation, whose local derivative is wrong."""
        for slot in sorted(slots):
            culprit = self.judge(slot)[1]
            if culprit is not None:
                return culprit
        return None

    def wrong(self, slots: Iterable[int]) -> set[int]:
        """Those of these steps whose local derivative is wrong."""
        return {slot for slot in slots if self.judge(slot)[0] == "fail"}

    def verdict(self, slots: Iterable[int]) -> Verdict:
        """`fail` if the local derivative of any of these steps is wrong, else `unsure` if any could not be judged."""
        found = {self.judge(slot)[0] for slot in slots}
        return "fail" if "fail" in found else "unsure" if "unsure" in found else "pass"

    def judge(self, slot: int) -> tuple[Verdict, Culprit | None]:
        """The verdict on one step, and what is wrong with it."""
        if slot not in self._judged:
            self._judged[slot] = self._judge(slot)
        return self._judged[slot]

    def _judge(self, slot: int) -> tuple[Verdict, Culprit | None]:
        graph = self.point.graph
        operation = graph.operations[slot]
        if operation is None or self.point.gradients[slot] is None:
            return "pass", None
        worst: Verdict = "pass"
        for alone, values in self._alone(operation, slot):
            for row in judge_alone(alone, values):
                if row.verdict == "fail" and row.reason != "nonfinite":
                    return "fail", self._culprit(slot, operation, row, values)
                if row.verdict != "pass":
                    worst = "unsure"
        return worst, None

    def _alone(self, operation: Operation, slot: int) -> Iterator[tuple[Graph, dict[str, Value]]]:
        """The step as a network of its own, or as several: one for each sampled entry of an elementwise one."""
        graph, slots = self.point.graph, self.point.slots
        arguments = graph.arguments[slot]
        constants = [a in graph.constants for a in arguments]
        values = [slots[a] for a in arguments]
        shapes = [graph.shapes[a] for a in arguments]
        options = graph.options.get(slot)
        if not isinstance(operation, Elementwise):
            yield lone(operation, values, shapes, constants, options, graph.shapes[slot])
            return
        if not graph.shapes[slot]:
            yield lone(operation, [float(v) for v in values], [()] * len(values), constants, None, ())
            return
        import numpy as np

        flat = [np.broadcast_to(v, graph.shapes[slot]).ravel() for v in values]
        size = flat[0].size
        for k in sorted({round(j * (size - 1) / max(SAMPLE - 1, 1)) for j in range(SAMPLE)}):
            yield lone(operation, [float(v[k]) for v in flat], [()] * len(values), constants, None, ())

    def _culprit(self, slot: int, operation: Operation, row: Row, values: dict[str, Value]) -> Culprit:
        graph = self.point.graph
        node = next(n for n in graph.nodes.values() if n.kind == "node" and n.first <= slot <= n.slot)
        label, position = graph.labels()[slot], int(row.name.removeprefix("argument"))
        names = argument_names(operation, len(graph.arguments[slot]))
        at = tuple((n, v) for n, v in zip(names, values.values(), strict=True) if isinstance(v, float))
        said = Slope(row.numerical, row.bound)
        return Culprit(
            node.name, label, operation.name, names[position], at, row.backprop, said.value, said.error, node.path,
            ratio_says(row.backprop, said.value),
        )


def argument_names(operation: Operation, count: int) -> list[str]:
    """What an operation calls its arguments; a variadic one numbers them."""
    if operation.variadic:
        return [f"{operation.arguments[0]}[{k}]" for k in range(count)]
    return list(operation.arguments[:count])


def lone(
    operation: Operation, values: list[Value], shapes: list[Any], constants: list[bool], options: Any, shape: Any
) -> tuple[Graph, dict[str, Value]]:
    """A network of one step. Arguments that are constants stay out of judgement: nothing flows to them."""
    graph, given, slots = Graph(), {}, []
    for k, (value, own, constant) in enumerate(zip(values, shapes, constants, strict=True)):
        name = f"argument{k}"
        given[name] = value
        slots.append(graph.add_data(name, "input" if constant else "parameter", own))
    # The step is planned already: its options are the planner's, so it is put in as it is.
    graph.operations.append(operation)
    graph.arguments.append(tuple(slots))
    graph.shapes.append(shape)
    if options is not None:
        graph.options[len(graph) - 1] = options
    graph.add_node("result", "", tuple(given), len(graph) - 1)
    return graph, given


def judge_alone(graph: Graph, values: dict[str, Value]) -> list[Row]:
    """Rows for the arguments of a network of one step, under an upstream gradient that no symmetry hides from."""
    point = Point(Plan(graph), values, "result", uneven(graph.shape("result")), False)
    judge = Judge(point, lambda c, slot, found: within_sides(judge, c, found))
    components: list[Component] = []
    for name in graph.names("parameter"):
        own = list(point.components(name))
        stride = max(1, math.ceil(len(own) / SAMPLE_WHOLE))
        components += own[::stride]
    return judge.rows(components)


def uneven(shape: tuple[int, ...]) -> Any:
    """An upstream gradient with different numbers of either sign, of this shape; 1 for a plain number."""
    if not shape:
        return None
    import numpy as np

    k = np.arange(math.prod(shape), dtype=float)
    return (0.5 + (k * 0.6180339887498949) % 1.0).reshape(shape) * np.where(k % 3 == 1, -1.0, 1.0).reshape(shape)


def within_sides(judge: Judge, c: Component, found: Sides) -> Row:
    """On an operation's own corner, any local derivative between the slopes of its two sides is right."""
    verdict: Verdict = "pass" if found.hold(c.backprop) else "fail"
    middle = Slope((found.left.value + found.right.value) / 2.0, abs(found.left.value - found.right.value) / 2.0)
    return judge.row(c, middle, verdict, "difference", "corner")


def ratio_says(says: float, right: float) -> str:
    """What the shape of an error suggests: zero, a sign, a plain factor; empty where nothing simple does."""
    if not math.isfinite(says) or not math.isfinite(right) or right == 0.0:
        return ""
    ratio = says / right
    if ratio == 0.0:
        return "it is 0"
    if abs(ratio + 1.0) < 1e-5:
        return "its sign is the other way round"
    size = abs(ratio)
    for n in range(2, 11):
        if abs(size - n) < 1e-5 * n:
            return f"it is {'-' if ratio < 0 else ''}{n} times too large"
        if abs(size * n - 1.0) < 1e-5:
            return f"it is {'-' if ratio < 0 else ''}1/{n} of it"
    return ""
