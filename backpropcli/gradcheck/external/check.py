"""The check of external gradients: names matched, numbers compared, the fault placed and named."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from backpropcli.engine import Plan, run
from backpropcli.gradcheck.external.comparison import compare
from backpropcli.gradcheck.external.naming import match
from backpropcli.gradcheck.point.point import Point
from backpropcli.gradcheck.report import Report
from backpropcli.graph import Graph
from backpropcli.language.data.gradients import Given, read_gradients
from backpropcli.language.data.precision import Precision
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
        given_names = (*matched.matches, *matched.misshapen)
        missing = tuple(name for name in names if all(m.name != name for m in given_names))
        matched = matched._replace(
            matches=tuple(m for m in matched.matches if m.name in names),
            missing=missing if allow_missing else (),
            misshapen=tuple(m for m in matched.misshapen if m.name in names),
        )
        if missing and not (allow_missing and (matched.matches or matched.misshapen)):
            from backpropcli.gradcheck.external.naming import missing_error

            raise missing_error(given, missing, bool(matched.matches or matched.misshapen))
    report = own([m.name for m in (*matched.matches, *matched.misshapen)])
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


def given_gradients(gradients: Any) -> Given:
    """What a caller gave: the name of a file, or numbers by name (nested lists, arrays of any float type)."""
    if not isinstance(gradients, Mapping):
        return read_gradients(str(gradients))
    import numpy as np

    arrays = {str(name): np.asarray(value) for name, value in gradients.items()}
    kinds = {array.dtype.name for array in arrays.values()}
    kind = next((k for k in ("float16", "float32") if k in kinds), "float64")
    plain = {name: array.astype(float) if array.shape else float(array) for name, array in arrays.items()}
    return Given("the given gradients", plain, Precision(kind))  # type: ignore[arg-type]  # one of three
