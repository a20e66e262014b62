"""The check of a network: every component of every parameter judged, the fault found, expected numbers compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from backpropcli.engine import Plan, finite
from backpropcli.errors import SpecError, UsageError
from backpropcli.gradcheck.fixed_step import at_step, ends
from backpropcli.gradcheck.large.nearby import look
from backpropcli.gradcheck.network.expected import expected_numbers
from backpropcli.gradcheck.network.inspector import Inspector
from backpropcli.gradcheck.network.notes import held, unseen
from backpropcli.gradcheck.network.scope import Scope, judge_in
from backpropcli.gradcheck.point.point import Point
from backpropcli.gradcheck.precision.rounding import Rounding
from backpropcli.gradcheck.report import Oracle, Report
from backpropcli.gradcheck.tolerances import TOLERANCE, TOLERANCE32
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.gradcheck.differences import Difference
    from backpropcli.gradcheck.network.folding import Differing
    from backpropcli.graph import Graph
    from backpropcli.language.network import Expectation
    from backpropcli.ops.definition import Value


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
    folded: Graph | None = None,
    scope: Scope = Scope(),  # noqa: B008  # it never changes
    points: int = 0,
) -> Report:
    """Whether backprop's gradients of the node `of` are right, component by component.

    Checked are the parameters, the inputs and targets too with `everything`, or just `names` (a node's name moves that
    node and leaves alone what feeds it). With `eps` every row also shows the plain difference at that step with its own
    error; the verdict is the check's own all the same: a coarse step never makes a gradient wrong, nor a wrong
    one right. `against` are oracles whose opinions stand beside the check's own; the verdict follows from them. `fault`
    breaks one operation's backward pass first (see `faults`), and then nothing is expected. `expect` are numbers to
    compare with; `source` is what messages call the network. `folded` is the same network with each recurrence as one
    step, where `graph` has a node for each time: the report says where the two differ. `scope`: how much of a large
    network is checked; without a word about it every component up to a budget, then a sample. `points`: at so many
    further points too, where the parameters (and data that is checked, but for whole numbers) have other values; there
    only rules are judged.

    Raises NothingToCheck without parameters, UsageError for a step that cannot be used, SpecError for unknown names.
    """
    if eps is not None and not (math.isfinite(eps) and eps > 0.0):
        raise UsageError(f"a step of {eps:g} cannot be used: eps is a positive number, such as 1e-3")
    chosen = chosen_names(graph, names, everything, source, bool(expect))
    injected = None
    if fault:
        from backpropcli.gradcheck.network.faults import inject

        graph, injected = inject(graph, values, of, fault, chosen, upstream)
    with_data = everything or bool({graph.nodes[name].kind for name in chosen} & {"input", "target"})
    point = Point(Plan(graph, dtype), as_held(values, dtype), of, upstream, with_data)
    inspector = Inspector(point, TOLERANCE if dtype == "float64" else TOLERANCE32)
    components, rows, coverage = judge_in(scope, inspector.judge, chosen)
    rows = inspector.doubted(components, rows)
    culprit = None if coverage.interrupted else inspector.culprit(components, rows)
    if against:
        from backpropcli.gradcheck.network.oracles import with_oracles

        rows = with_oracles(inspector.judge, components, rows, against)
    if eps is not None:
        seen = [losses for losses, _ in look(point, components, ends(components, eps))]
        noises = (point.noise(c.slot) for c in components)
        rows = list(at_step(components, rows, seen, point.loss, noises, eps, difference))
    rounding = inspector.judge.context.rounding
    if expect and dtype != "float64":  # an answer key is about the network, not about the format it was run in
        rounding = Rounding(Point(Plan(graph), values, of, upstream, True))
    found = expected_numbers(rounding.point, () if injected is not None else expect, rows, rounding)
    report = Report(of, point.trace.value(of), rows, expected=found, culprit=culprit, eps=eps, difference=difference)
    report.against, report.fault, report.coverage = tuple(against), injected, coverage
    report.lost = inspector.lost(components, rows)
    report.dtype = dtype
    report.differing = _differing(folded, fault, point, upstream, dtype)
    report.notes = (*held(graph, chosen, of), *unseen(inspector.judge.unseen))
    if points and not coverage.interrupted:
        there = scope._replace(partial=False)

        def again(moved: Mapping[str, Value]) -> Report:
            return check(
                graph,
                moved,
                of,
                everything=everything,
                names=chosen,
                upstream=upstream,
                dtype=dtype,
                source=source,
                scope=there,
            )

        add_points(report, point, values, chosen, points, scope.seed, again)
    return report


def _differing(folded: Graph | None, fault: str, point: Point, upstream: Value | None, dtype: str) -> Differing | None:
    """What the same network has otherwise where its recurrences are steps; None where there are none, or one was broken
    on purpose.
    """
    if folded is None or fault:
        return None
    from backpropcli.gradcheck.network.folding import differing

    return differing(folded, point, point.values, upstream, dtype)


def add_points(
    report: Report,
    point: Point,
    values: Mapping[str, Value],
    names: Sequence[str],
    points: int,
    seed: int,
    again: Callable[[Mapping[str, Value]], Report],
) -> None:
    """Check at further points too, and put what is wrong there into the report."""
    from backpropcli.gradcheck.network.points import elsewhere, whole, with_points

    graph = point.graph
    data = [name for name in names if graph.nodes[name].kind in ("input", "target") and not whole(values[name])]
    moving = [*graph.names("parameter"), *data]
    report.points = elsewhere(
        values, moving, points, seed, lambda there: finite(point.plan.forward(there)[point.target]), again
    )
    report.rows = tuple(with_points(report.rows, report.points))
    report.culprit = report.culprit or next((at.report.culprit for at in report.points.wrong), None)


def as_held(values: Mapping[str, Value], dtype: str) -> Mapping[str, Value]:
    """The values as numbers of this format hold them: a network that runs in single precision stands at those."""
    if dtype == "float64":
        return values
    import numpy as np

    with np.errstate(over="ignore", under="ignore"):
        found = {name: np.asarray(value, dtype).astype(float) for name, value in values.items()}
    return {name: value if value.ndim else float(value) for name, value in found.items()}


def chosen_names(graph: Graph, names: Sequence[str] | None, everything: bool, source: str, expected: bool) -> list[str]:
    """The names to check: those that were given, or all there are. NothingToCheck where there are none, unless expected
    numbers are.
    """
    if names is not None:
        unknown = next((name for name in names if name not in graph.nodes), None)
        if unknown is not None:
            raise SpecError(f"there is no {unknown} in {source}{did_you_mean(unknown, graph.nodes)}")
        return list(names)
    found = graph.names("parameter", "input", "target") if everything else graph.names("parameter")
    if found or expected:
        return found
    data = graph.names("input", "target")
    verb = "is an input" if len(data) == 1 else "are inputs"
    hint = f"{', '.join(data)} {verb}. Move {'it' if len(data) == 1 else 'them'} to parameters:, or check " + (
        f"{'it' if len(data) == 1 else 'them'} with --all"
    )
    raise NothingToCheck(f"nothing to check: {source} has no parameters", hint=hint if data else "")
