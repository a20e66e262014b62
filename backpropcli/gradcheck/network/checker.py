"""The check of a network: every component of every parameter judged, the fault found, expected numbers compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.engine import Plan
from backpropcli.errors import SpecError, UsageError
from backpropcli.gradcheck.differences import UNIT, Difference, Slope, quotient, rounding
from backpropcli.gradcheck.large.scope import Scope, judge_in
from backpropcli.gradcheck.network.corners import Sides
from backpropcli.gradcheck.network.expected import component_key, expected_numbers
from backpropcli.gradcheck.network.point import Component, Point
from backpropcli.gradcheck.network.suspects import suspects
from backpropcli.gradcheck.network.verdicts import TOLERANCE, TOLERANCE32, Judge
from backpropcli.gradcheck.report import Culprit, Oracle, Reason, Report, Row
from backpropcli.graph import Graph
from backpropcli.ops.definition import Value
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.culprit import Locals
    from backpropcli.gradcheck.precision.cause import Lost
    from backpropcli.language.network import Expectation


ALONE = 500
"""In a way to the loss of more steps than this, the others are not judged once one is found wrong."""


TOLD = 16
"""Of so many gradients at the most it is said where their digits go."""


LISTED = 4
"""So many nodes in which a gradient is stopped are named."""


class NothingToCheck(SpecError):  # noqa: N818  # it says what it is
    """The network has no parameters."""


def check(
    graph: Graph,
    values: Mapping[str, Value],
    of: str,
    *,
    eps: float | None = None,
    difference: Difference = "central",
    everything: bool = False,
    names: Sequence[str] | None = None,
    upstream: Value | None = None,
    dtype: str = "float64",
    against: Sequence[Oracle] = (),
    fault: str = "",
    expect: Sequence[Expectation] = (),
    source: str = "this network",
    scope: Scope = Scope(),  # noqa: B008  # it never changes
    points: int = 0,
) -> Report:
    """Whether backprop's gradients of the node `of` are right, component by component.

    Checked are the parameters, the inputs and targets too with `everything`, or just `names` (a node's name moves that
    node and leaves alone what feeds it). With `eps` every row also shows the plain difference at that step with its own
    error; the verdict is the calibrated check's all the same: a coarse step never makes a gradient wrong, nor a wrong
    one right. `against` are oracles whose opinions stand beside the check's own; the verdict follows from them. `fault`
    breaks one operation's backward pass first (see `faults`), and then nothing is expected. `expect` are numbers to
    compare with; `source` is what messages call the network. `scope`: how much of a large network is checked; without a
    word about it every component up to a budget, then a sample. `points`: at so many further points too, where the
    parameters (and data that is checked, but for whole numbers) have other values; there only rules are judged.

    Raises NothingToCheck without parameters, UsageError for a step that cannot be used, SpecError for unknown names.
    """
    if eps is not None and not (math.isfinite(eps) and eps > 0.0):
        raise UsageError(f"a step of {eps:g} cannot be used: eps is a positive number, such as 1e-3")
    chosen = list(names) if names is not None else checked(graph, everything, source, bool(expect))
    for name in chosen:
        if name not in graph.nodes:
            raise SpecError(f"there is no {name} in {source}{did_you_mean(name, graph.nodes)}")
    injected = None
    if fault:
        from backpropcli.gradcheck.network.faults import inject

        graph, injected = inject(graph, values, of, fault, chosen, upstream)
    with_data = everything or bool({graph.nodes[name].kind for name in chosen} & {"input", "target"})
    point = Point(Plan(graph, dtype), as_held(values, dtype), of, upstream, with_data)
    inspector = Inspector(point, TOLERANCE if dtype == "float64" else TOLERANCE32)
    components, rows, coverage = judge_in(scope, inspector.judge, chosen)
    rows = inspector.doubted(components, rows)
    culprit = None
    wrong = [c for c, row in zip(components, rows, strict=True) if row.verdict == "fail" and row.reason == "rule"]
    if wrong and not coverage.interrupted:
        culprit = inspector.culprit(inspector.on_the_way({c.slot for c in wrong}))
    if against:
        from backpropcli.gradcheck.network.against import with_opinions

        rows = with_opinions(inspector.judge, components, rows, against)
    if eps is not None:
        rows = list(at_step(point, components, rows, eps, difference))
    numbers = inspector.judge.numbers()
    if expect and dtype != "float64":  # an answer key is about the network, not about the format it was run in
        whole_point = Point(Plan(graph), values, of, upstream, True)
        numbers = Judge(whole_point, inspector.on_corner).numbers()
    found = expected_numbers(numbers.point, expect if injected is None else (), rows, numbers)
    report = Report(of, point.trace.value(of), rows, expected=found, culprit=culprit, eps=eps, difference=difference)
    report.against, report.fault, report.coverage = tuple(against), injected, coverage
    report.lost = inspector.lost(components, rows)
    report.dtype = dtype
    report.notes = (*held(graph, chosen, of), *unseen(inspector.judge.unseen))
    if points and not coverage.interrupted:
        from backpropcli.gradcheck.network.points import elsewhere, whole, with_points

        data = [name for name in chosen if graph.nodes[name].kind in ("input", "target") and not whole(values[name])]
        report.points = elsewhere(
            values,
            [*graph.names("parameter"), *data],
            points,
            scope.seed,
            lambda there: finite(point.plan, there, of),
            lambda there: check(
                graph,
                there,
                of,
                everything=everything,
                names=chosen,
                upstream=upstream,
                dtype=dtype,
                source=source,
                scope=scope._replace(partial=False),
            ),
        )
        report.rows = tuple(with_points(report.rows, report.points))
        report.culprit = report.culprit or next((at.report.culprit for at in report.points.wrong), None)
    return report


def as_held(values: Mapping[str, Value], dtype: str) -> Mapping[str, Value]:
    """The values as numbers of this format hold them: a network that runs in single precision stands at those."""
    if dtype == "float64":
        return values
    import numpy as np

    with np.errstate(over="ignore", under="ignore"):
        found = {name: np.asarray(value, dtype).astype(float) for name, value in values.items()}
    return {name: value if value.ndim else float(value) for name, value in found.items()}


def finite(plan: Plan, values: Mapping[str, Value], of: str) -> bool:
    """Whether the node `of` is a finite number at these values."""
    value: Any = plan.forward(values)[plan.graph.nodes[of].slot]
    if getattr(value, "ndim", 0):
        import numpy as np

        return bool(np.isfinite(value).all())
    return math.isfinite(value)


def held(graph: Graph, names: Sequence[str], of: str) -> Iterable[str]:
    """What to say where a gradient is stopped on purpose: what it is then the gradient of."""
    stops = [s for s, operation in enumerate(graph.operations) if operation is not None and graph.stops(s)]
    if not stops:
        return
    moving, leading = bytearray(len(graph)), bytearray(len(graph))
    for name in names:
        moving[graph.nodes[name].slot] = 1
    for slot, arguments in enumerate(graph.arguments):
        moving[slot] |= any(moving[a] for a in arguments)
    leading[graph.nodes[of].slot] = 1
    for slot in reversed(range(len(graph))):
        for a in graph.arguments[slot] if leading[slot] else ():
            leading[a] = 1
    on_the_way = [s for s in stops if moving[s] and leading[s]]
    nodes = list(dict.fromkeys(n.name for s in on_the_way for n in graph.nodes.values() if n.first <= s <= n.slot))
    if nodes:
        shown = ", ".join(nodes[:LISTED]) + (", ..." if len(nodes) > LISTED else "")
        yield (
            f"Stopped on purpose: what stands in stop_gradient in {shown} is held at its value, by backprop and by the "
            f"check alike. Judged is the gradient of {of} with that as a constant, not how {of} itself would move."
        )


def unseen(count: int) -> Iterable[str]:
    """What to say where rounding may have reached so many gradients, and 50 digits would take too long to tell."""
    if count:
        yield (
            f"Rounding may have taken digits of {count:,} gradient{'s' if count > 1 else ''}, and the network is too "
            "large to tell at 50 digits: right is the rule."
        )


def checked(graph: Graph, everything: bool, source: str, expected: bool) -> list[str]:
    """The names to check; NothingToCheck where there are none, unless expected numbers are."""
    found = graph.names("parameter", "input", "target") if everything else graph.names("parameter")
    if found or expected:
        return found
    data = graph.names("input", "target")
    verb = "is an input" if len(data) == 1 else "are inputs"
    hint = f"{', '.join(data)} {verb}. Move {'it' if len(data) == 1 else 'them'} to parameters:, or check " + (
        f"{'it' if len(data) == 1 else 'them'} with --all"
    )
    raise NothingToCheck(f"nothing to check: {source} has no parameters", hint=hint if data else "")


class Inspector:
    """The judge of a network, with the local derivatives at hand for points on a corner and for finding the fault."""

    def __init__(self, point: Point, tolerance: float) -> None:
        self.point = point
        self.judge = Judge(point, self.on_corner, tolerance, self.known)
        self._locals: Locals | None = None
        self._wrong: set[int] | None = None

    @property
    def locals(self) -> Locals:
        """The local derivatives, judged when they are first needed."""
        if self._locals is None:
            from backpropcli.gradcheck.network.culprit import Locals

            self._locals = Locals(self.point)
        return self._locals

    def on_the_way(self, slots: Iterable[int]) -> list[int]:
        """The steps through which these slots reach the loss."""
        return [s for s in self.point.downstream(set(slots)) if self.point.gradients[s] is not None]

    def lost(self, components: Sequence[Component], rows: Sequence[Row]) -> tuple[Lost, ...]:
        """Where the digits of those gradients go that float64 did not keep."""
        some = [(c, row.reliable) for c, row in zip(components, rows, strict=True) if row.reliable]
        if not some:
            return ()
        from backpropcli.gradcheck.precision.cause import leaks

        return tuple(leaks(self.point, self.judge.digits(), [(c, x) for c, x in some[:TOLD] if x is not None]))

    def culprit(self, way: Sequence[int]) -> Culprit | None:
        """The first operation among these steps that is wrong, and whether it is the only one."""
        found = self.locals.first_wrong(way)
        if found is None or len(way) > ALONE:
            return found
        operations = self.point.graph.operations
        others = [slot for slot in way if getattr(operations[slot], "name", "") != found.operation]
        return found._replace(alone=self.locals.verdict(others) == "pass")

    def doubted(self, components: Sequence[Component], rows: Sequence[Row]) -> list[Row]:
        """The rows; what passed by differences of the loss alone goes to the top where a rule on its way is doubted."""
        doubts = suspects(self.point, (s for s, g in enumerate(self.point.gradients) if g is not None))
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
        if self._wrong is None:
            steps = (s for s, g in enumerate(self.point.gradients) if g is not None)
            self._wrong = self.locals.wrong(steps)
        return not self._wrong.isdisjoint(self.on_the_way({c.slot}))

    def on_corner(self, c: Component, slot: int, found: Sides) -> Row:
        """On a corner of the network: right if every local derivative on the way is right for its own operation."""
        graph, node, what = self.point.graph, "", "the loss"
        if slot >= 0:
            owner = next(n for n in graph.nodes.values() if n.kind == "node" and n.first <= slot <= n.slot)
            operation = graph.operations[slot]
            node = owner.name
            alone = len(graph.steps(node)) == 1
            what = owner.formula if alone else f"{operation.name if operation else ''} in {node}"
        left, right = found.left, found.right
        middle = Slope((left.value + right.value) / 2.0, abs(left.value - right.value) / 2.0 + left.error + right.error)
        verdict = self.locals.verdict(self.on_the_way({c.slot}))
        note = f"{what} jumps here" if found.jump else f"{what} is on its corner"
        reason: Reason = "rule" if verdict == "fail" else "jump" if found.jump else "corner"
        if not math.isfinite(c.backprop):
            verdict, reason = "fail", "nonfinite"
            note += f", and backprop's gradient is {c.backprop}"
        elif verdict == "pass" and found.known and not found.hold(c.backprop):
            verdict = "unsure"
            note += "; the chain rule does not apply there, though each local derivative is right"
        row = self.judge.row(c, middle, verdict, "local derivatives", reason, node, note)
        return row._replace(left=left.value, right=right.value, sees=None)


def at_step(
    point: Point, components: Sequence[Component], rows: Sequence[Row], eps: float, difference: Difference
) -> Iterable[Row]:
    """The rows with the plain difference at a step of `eps`, and that step's own error, for the calibrated slope.

    The error is the distance from the calibrated slope (which is mostly truncation) and the rounding at this step.
    """
    for c in components:
        if math.isfinite(c.x) and (c.x + eps == c.x or c.x - eps == c.x):
            least = math.ulp(c.x)
            useful = max(1e-6, 10.0 ** math.ceil(math.log10(least) + 6.0))
            raise UsageError(
                f"a step of {eps:g} is too small for {component_key(c.name, c.index) if c.index else c.name} = {c.x:g}:"
                " adding it changes nothing",
                hint=f"Floats are {least:.1g} apart there. A step of {useful:g} shows something.",
            )
    looks = point.look(components, [(c.x + eps, c.x - eps) for c in components])
    for c, row, ((above, below), _) in zip(components, rows, looks, strict=True):
        slope = quotient(difference, point.loss, above, below, eps)
        largest = max(abs(v) for v in (point.loss, above, below))
        own = rounding(difference, point.noise(c.slot) + UNIT * largest, eps)
        own += UNIT * abs(slope) * (4.0 + abs(c.x) / eps)  # what is added to x is not quite eps
        known = [n for n in (row.left, row.right) if n is not None] or [row.numerical]
        bound = max(abs(slope - n) for n in known) + own + (0.0 if row.left is not None else row.bound)
        yield row._replace(
            numerical=slope,
            bound=bound if math.isfinite(bound) else math.inf,
            above=None if difference == "backward" else above,
            below=None if difference == "forward" else below,
        )
