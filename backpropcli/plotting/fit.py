"""The figure of a fit: examples and the curve through them, or the line between their classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.errors import UsageError
from backpropcli.notation.numbers import Precision, component_name
from backpropcli.plotting.figure import Axis, Contours, Figure, Line, Points, axis
from backpropcli.plotting.ticks import ticks

if TYPE_CHECKING:
    from backpropcli.engine.classes import Decision
    from backpropcli.engine.fitted import Feature, Fit

MARGIN, LEVELS, MOST_CURVES = 0.04, 9, 6


def fit_figure(fit: Fit, decision: Decision | None, source: str, precision: Precision) -> Figure:
    """Over one feature a curve, over two a map. UsageError where a node has more numbers than can be seen."""
    if len(fit.features) == 1:
        return _curve(fit, decision, source, precision)
    return _map(fit, decision, source, precision)


def _name(feature: Feature) -> str:
    return feature.name if feature.column is None else component_name(feature.name, (feature.column,))


def _refuse(fit: Fit) -> UsageError:
    what = f"{fit.node} has {len(fit.outputs[0])} numbers for each example"
    return UsageError(what, hint="Name a node that has one, or one a class.")


def _curve(fit: Fit, decision: Decision | None, source: str, precision: Precision) -> Figure:
    width = len(fit.outputs[0])
    if width > MOST_CURVES:
        raise _refuse(fit)
    x = _name(fit.features[0])
    labels = [fit.node] if width == 1 else [f"{fit.node}[{k}]" for k in range(width)]
    columns = [[value[k] for value in fit.values] for k in range(width)]
    lines = [Line(label, fit.grid[0], columns[k], dotted=k % 2 == 1) for k, label in enumerate(labels)]
    points = list(_points(fit, decision, fit.data[0], _heights(fit)))
    heights = [y for ys in (*columns, *(one.y for one in points)) for y in ys]
    return Figure(
        kind="fit",
        source=source,
        headline=f"{fit.node} over {x}{_judged(fit, decision)}",
        x=axis(x, (fit.grid[0][0], fit.grid[0][-1])),
        y=axis(fit.node, heights, margin=MARGIN),
        lines=tuple(lines),
        points=tuple(points),
        notes=tuple(_notes(fit, decision, precision)),
    )


def _heights(fit: Fit) -> Sequence[float]:
    """Where the examples stand over one feature: at their target, or at the number of their class."""
    if fit.target is None:
        return [out[0] for out in fit.outputs]
    if len(fit.outputs[0]) == 1:
        return fit.target
    pairs = zip(fit.outputs, fit.target, strict=True)
    return [out[int(y)] if fit.classes and 0 <= y < len(out) else math.nan for out, y in pairs]


def _map(fit: Fit, decision: Decision | None, source: str, precision: Precision) -> Figure:
    if decision is None and len(fit.outputs[0]) > 1:
        raise _refuse(fit)
    first, second = map(_name, fit.features)
    heights = decision.heights if decision is not None else [[value[0] for value in fit.values]]
    return Figure(
        kind="fit",
        source=source,
        headline=f"{fit.node} over {first} and {second}{_judged(fit, decision)}",
        x=Axis(first, fit.grid[0][0], fit.grid[0][-1]),
        y=Axis(second, fit.grid[1][0], fit.grid[1][-1]),
        points=tuple(_points(fit, decision, fit.data[0], fit.data[1])),
        contours=tuple(_contours(fit, decision, heights, precision)),
        notes=tuple(_notes(fit, decision, precision)),
    )


def _contours(
    fit: Fit, decision: Decision | None, heights: Sequence[Sequence[float]], precision: Precision
) -> Iterator[Contours]:
    """The lines where classes meet, or lines of equal height."""
    across = len(fit.grid[0])
    for k, flat in enumerate(heights):
        rows = [flat[start : start + across] for start in range(0, len(flat), across)]
        if decision is None:
            finite = [height for height in flat if math.isfinite(height)]
            levels = ticks(min(finite), max(finite), LEVELS) if finite and min(finite) < max(finite) else []
            label = f"lines of equal {fit.node}, its value on them"
            yield Contours(label, fit.grid[0], fit.grid[1], rows, levels, fit.node)
            continue
        label = "" if k else _boundary(fit, decision, precision)
        yield Contours(label, fit.grid[0], fit.grid[1], rows, [0.0], fit.node, numbered=False)


def _boundary(fit: Fit, decision: Decision, precision: Precision) -> str:
    if decision.threshold is None:
        return f"the decision boundary: which of {fit.node} is largest changes there"
    return f"the decision boundary: {fit.node} = {precision.show(decision.threshold)}"


def _points(fit: Fit, decision: Decision | None, xs: Sequence[float], ys: Sequence[float]) -> Iterator[Points]:
    """The examples, by class where they have one."""
    if decision is None or fit.target is None:
        label = (
            f"the examples: {fit.target_name}" if fit.target is not None and len(fit.features) == 1 else "the examples"
        )
        yield Points(label, list(xs), list(ys), mark=1)
        return
    for number, name in enumerate(decision.names, 1):
        own = [k for k, y in enumerate(fit.target) if y == name]
        if own:
            label = f"{fit.target_name} = {name:g}"
            yield Points(label, [xs[k] for k in own], [ys[k] for k in own], mark=number)


def _judged(fit: Fit, decision: Decision | None) -> str:
    if decision is None:
        return ""
    return f": {decision.right} of {len(fit.outputs)} examples on the right side"


def _notes(fit: Fit, decision: Decision | None, precision: Precision) -> Iterator[str]:
    odd = sum(not all(map(math.isfinite, value)) for value in fit.values)
    if odd:
        yield f"{fit.node} is not finite at {odd} of {len(fit.values)} places."
    if decision is not None and len(fit.features) == 1 and decision.threshold is not None:
        yield f"Classes are told apart at {fit.node} = {precision.show(decision.threshold)}."
    if fit.target is None:
        yield "No target has a number for each example: where they stand is the network's own answer."
    if not (decision is None or any(min(h) < 0.0 < max(h) for h in decision.heights)):
        yield "Every place is of one class: there is no line."
