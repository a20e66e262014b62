"""Where the fault is: each operation's local derivative, judged alone from its own inputs.

One operation is a network of its own: its arguments are the data, its result the loss. So all levels of `judge`
judge it, and what that finds wrong is wrong in this operation, whatever stands around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.engine import Plan
from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.mistakes.table import SIGN, ZERO
from backpropcli.gradcheck.network.judge import Judge
from backpropcli.gradcheck.point.corners import Sides, around, sides
from backpropcli.gradcheck.point.owner import node_of
from backpropcli.gradcheck.point.point import Component, Point
from backpropcli.gradcheck.point.ties import Cornered, Tie, untied
from backpropcli.gradcheck.report import Culprit, Row, Verdict
from backpropcli.gradcheck.tolerances import TOLERANCE
from backpropcli.graph import Graph
from backpropcli.ops.definition import Elementwise, Operation, Structural, Value
from backpropcli.passes.stepping import quietly

SAMPLE = 48
"""So many entries of an elementwise operation are judged one by one, of those that one look at all left in doubt."""
BENT = "between the slopes beside its corner"
"""The note of an argument whose two slopes do not hold its local derivative, as those of a median's tie may not."""
INSTEAD = 0.375
"""A number to judge a rule at, where there is none."""
RIGHT = ("nonfinite", "precision")
"""Reasons for which a number fails though its rule is right: it is not the culprit."""
SAMPLE_WHOLE = 32
"""So many entries of each argument of any other operation."""


class Alone(NamedTuple):
    """A step as a network of its own, its values, the upstream gradient, and which entries are judged (None: all)."""

    graph: Graph
    values: dict[str, Value]
    upstream: Value | None = None
    entries: Mapping[str, Sequence[int]] | None = None


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
        if operation is None or self.point.gradients[slot] is None or self.point.unused(slot) is True:
            return "pass", None
        worst: Verdict = "pass"
        for alone, values, upstream, entries in self._alone(operation, slot):
            rows, tie = judge_alone(alone, values, upstream, entries)
            wrong = next((row for row in rows if row.verdict == "fail" and row.reason not in RIGHT), None)
            if wrong is not None or tie is not None:
                return "fail", self._culprit(slot, operation, wrong, tie, values)
            if any(row.verdict != "pass" and row.reason != "precision" for row in rows):
                worst = "unsure"
        return worst, None

    def _alone(self, operation: Operation, slot: int) -> Iterator[Alone]:
        """The step as a network of its own, or as several: one for each doubted entry of an elementwise one."""
        graph, slots = self.point.graph, self.point.slots
        arguments = graph.arguments[slot]
        constants = [a in graph.constants for a in arguments]
        values = [finite_instead(slots[a], k) for k, a in enumerate(arguments)]
        if isinstance(operation, Structural):
            yield from self._whole(operation, slot, values, constants)
        elif not graph.shapes[slot]:
            yield Alone(*lone(operation, [float(v) for v in values], [()] * len(values), constants, None, ()))
        elif isinstance(operation, Elementwise):
            import numpy as np

            from backpropcli.gradcheck.network.entries import unconfirmed, worst

            flat = [np.broadcast_to(v, graph.shapes[slot]).ravel().astype(float) for v in values]
            unused = self.point.unused(slot)
            if unused is not None:
                flat = [v[~np.broadcast_to(unused, graph.shapes[slot]).ravel()] for v in flat]
            moving = [k for k, constant in enumerate(constants) if not constant]
            if not moving or not flat[0].size:
                return
            off = unconfirmed(operation, flat, moving).max(axis=0)
            for k in worst(off, np.ones(off.shape), flat, SAMPLE):
                yield Alone(*lone(operation, [float(v[k]) for v in flat], [()] * len(values), constants, None, ()))

    def _whole(self, operation: Structural, slot: int, values: list[Value], constants: list[bool]) -> Iterator[Alone]:
        """A step on whole arrays, with the entries that are in doubt at the upstream gradient that arrives."""
        import numpy as np

        from backpropcli.gradcheck.network.products import Product

        graph, y = self.point.graph, self.point.slots[slot]
        shapes = [graph.shapes[a] for a in graph.arguments[slot]]
        if any(v is not self.point.slots[a] for v, a in zip(values, graph.arguments[slot], strict=True)):
            with quietly(self.point.plan.numbers()):
                y = operation.value(self.point.plan.numbers(), graph.options[slot], *values)
        upstream = np.broadcast_to(np.asarray(self.point.gradients[slot], float), graph.shapes[slot])
        if not (np.isfinite(upstream).all() and upstream.any()):
            upstream = np.asarray(1.0 if uneven(graph.shapes[slot]) is None else uneven(graph.shapes[slot]))
        entries: dict[str, Sequence[int]] = {}
        for k in (k for k, constant in enumerate(constants) if not constant):
            try:
                doubted = Product(operation, graph.options[slot], values, shapes, y, upstream, k).doubted()
            except Exception:  # no complex step goes through: differences judge some entries
                size = math.prod(shapes[k])
                doubted = list(range(0, size, max(1, math.ceil(size / SAMPLE_WHOLE))))
            if doubted and math.prod(shapes[k]) <= SAMPLE_WHOLE:  # a tie is shared with what one side has confirmed
                doubted = list(range(math.prod(shapes[k])))
            entries[f"argument{k}"] = doubted[:SAMPLE_WHOLE]
        if any(entries.values()):
            made = lone(operation, values, shapes, constants, graph.options.get(slot), graph.shapes[slot])
            yield Alone(*made, upstream, entries)

    def _culprit(
        self, slot: int, operation: Operation, row: Row | None, tie: Tie | None, values: dict[str, Value]
    ) -> Culprit:
        graph = self.point.graph
        node = node_of(graph, slot)
        names = argument_names(operation, len(graph.arguments[slot]))

        def called(name: str, index: tuple[int, ...]) -> str:
            own = names[int(name.removeprefix("argument"))]
            return f"{own}[{', '.join(map(str, index))}]" if index else own

        at = tuple((n, v) for n, v in zip(names, values.values(), strict=True) if isinstance(v, float))
        found = Culprit(node.name, graph.labels()[slot], operation.name, "", at, 0.0, 0.0, 0.0, node.path)
        if row is not None:
            argument = names[int(row.name.removeprefix("argument"))]
            return found._replace(
                argument=argument,
                entry=row.index,
                says=row.backprop,
                slope=row.numerical,
                error=row.bound,
                diagnosis="" if row.cornered else ratio_says(row.backprop, row.numerical),
            )
        assert tie is not None
        first = tie.components[0]
        return found._replace(
            argument=called(first.name, ()),
            entry=first.index,
            says=tie.says,
            slope=tie.slope.value,
            error=tie.slope.error,
            along=tuple(called(c.name, c.index) for c in tie.components),
        )


def finite_instead(value: Value, k: int) -> Value:
    """The value of argument `k`, with a number in the place of infinity and NaN.

    They stand where a step does not look (the branch that is not taken), or its rule cannot be judged there: so it is
    judged nearby.
    """
    if not getattr(value, "ndim", 0):
        return value if math.isfinite(value) else INSTEAD + k
    import numpy as np

    odd = ~np.isfinite(value)
    return np.where(odd, INSTEAD + k + np.arange(value.size).reshape(value.shape) / 8.0, value) if odd.any() else value


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


def judge_alone(
    graph: Graph,
    values: dict[str, Value],
    upstream: Value | None = None,
    entries: Mapping[str, Sequence[int]] | None = None,
) -> tuple[list[Row], Tie | None]:
    """Rows for the arguments of a network of one step, or for some `entries` of them by their flat numbers.

    Without an upstream gradient it is one that no symmetry hides from. Of those that share a corner, a direction along
    which they do not add up to the slope.
    """
    upstream = uneven(graph.shape("result")) if upstream is None else upstream
    point = Point(Plan(graph), values, "result", upstream, False)
    judge = Judge(point, lambda c, slot, found: within_sides(point, c, found))
    components: list[Component] = []
    for name in graph.names("parameter"):
        components += point.components(name, None if entries is None else entries.get(name, ()))
    rows = judge.rows(components)
    if len(rows) < 2 or any(row.verdict == "fail" for row in rows):
        return rows, None
    cornered = list(on_corners(point, components, rows))
    bent = any(row.note == BENT for row in rows)
    return rows, untied(point, cornered, judge.tolerance, together=bent)


def on_corners(point: Point, components: Sequence[Component], rows: Sequence[Row]) -> Iterator[Cornered]:
    """Those that stand on a corner. A central difference sees none where the rule says the middle of its two slopes."""
    for c, row in zip(components, rows, strict=True):
        if row.left is not None and row.right is not None:
            yield Cornered(c, row.left, row.right)
        elif row.reason == "" and isinstance(point.graph.operations[-1], Structural):  # an elementwise one says so
            found = sides(point, c)
            if found.known and not found.smooth and not found.jump:
                yield Cornered(c, found.left.value, found.right.value)


def uneven(shape: tuple[int, ...]) -> Any:
    """An upstream gradient with different numbers of either sign, of this shape; 1 for a plain number."""
    if not shape:
        return None
    import numpy as np

    k = np.arange(math.prod(shape), dtype=float)
    return (0.5 + (k * 0.6180339887498949) % 1.0).reshape(shape) * np.where(k % 3 == 1, -1.0, 1.0).reshape(shape)


def within_sides(point: Point, c: Component, found: Sides) -> Row:
    """On an operation's own corner, any local derivative between the slopes of its two sides is right."""
    note = ""
    if found.known and not found.hold(c.backprop):
        found, note = around(point, c, found), BENT
    verdict: Verdict = "pass" if found.hold(c.backprop) else "fail" if found.known else "unsure"
    middle = Slope((found.left.value + found.right.value) / 2.0, abs(found.left.value - found.right.value) / 2.0)
    row = c.row(middle, verdict, "difference", TOLERANCE, "corner", note=note)
    if found.jump:  # what moves together crosses it, so nothing has to add up
        return row
    return row._replace(left=found.left.value, right=found.right.value)


def ratio_says(says: float, right: float) -> str:
    """What the shape of an error suggests: zero, a sign, a plain factor; empty where nothing simple does."""
    if not math.isfinite(says) or not math.isfinite(right) or right == 0.0:
        return ""
    ratio = says / right
    if ratio == 0.0:
        return ZERO.seen.format(it="it")
    if abs(ratio + 1.0) < 1e-5:
        return SIGN.seen.format(its="its")
    size, sign = abs(ratio), "-" if ratio < 0 else ""
    for n in range(2, 11):
        if abs(size - n) < 1e-5 * n:
            return f"it is {sign}{n} times too large"
        if abs(size * n - 1.0) < 1e-5:
            return f"it is {sign}1/{n} of it"
    return ""
