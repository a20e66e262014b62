"""The check of external gradients: names matched, numbers compared, the fault placed and named."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from backpropcli.engine import Plan, run
from backpropcli.gradcheck.external.comparison import compare
from backpropcli.gradcheck.external.naming import match, missing_error
from backpropcli.gradcheck.point.point import Point
from backpropcli.gradcheck.report import Report

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language.data.gradients import Given
    from backpropcli.ops.definition import Value

Own = Callable[[Sequence[str]], Report]
"""The check of backprop's own gradients of these names."""


def check_gradients(
    graph: Graph,
    values: Mapping[str, Value],
    of: str,
    given: Given,
    own: Own,
    *,
    renames: Sequence[str] = (),
    allow_missing: bool = False,
    names: Sequence[str] | None = None,
    upstream: Value | None = None,
    source: str = "this network",
    loaded: Collection[str] = (),
) -> Report:
    """The report of `own`, with the given gradients (of `names` alone, where they are named) judged beside it.

    Backprop's own gradients of the same names are checked first. Raises what `naming.match` raises.
    """
    trace = run(Plan(graph), values, of, upstream, everything=True)
    matched = match(given, graph, of, trace.gradient, renames, allow_missing or names is not None, source, loaded)
    if names is not None:
        matched = matched.only(names)
        if matched.missing and not (allow_missing and matched.everything):
            raise missing_error(given, matched.missing, bool(matched.everything))
    report = own([m.name for m in matched.everything])
    # A file's own answer key is about its own numbers, and not what was asked; a number expected by a flag is.
    report.expected = tuple(number for number in report.expected if number.place is None or not number.place.line)
    report.external = compare(
        trace,
        matched,
        report.rows,
        values,
        given.source,
        given.precision,
        lambda: Point(Plan(graph), values, of, upstream, True),
    )
    if report.external.verdict == "fail":
        from backpropcli.gradcheck.external.diagnosis import diagnose

        diagnose(trace, report.external, matched)
    return report
