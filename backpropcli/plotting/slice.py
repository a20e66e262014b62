"""The figure of a loss along one number, with its tangent, whose slope is the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, component_name, gradient_name
from backpropcli.plotting.figure import Figure, Line, Points, axis

if TYPE_CHECKING:
    from backpropcli.engine.landscape import Slice

MARGIN = 0.02
"""What is left free above and below a curve, as a part of its height."""


def slice_figure(found: Slice, source: str, precision: Precision, log: bool = False) -> Figure:
    """A curve, the point where the network is, and the tangent there. `log`: on a logarithmic scale of the loss."""
    entry, of = found.entry, found.of
    name = component_name(entry.name, entry.index)
    key = component_name(gradient_name(of, entry.name), entry.index)
    slope = precision.show(entry.slope)
    here = f"{name} = {precision.show(entry.at)}"
    inside = found.x[0] <= entry.at <= found.x[-1]
    x = axis(name, (found.x[0], found.x[-1]))
    y = axis(of, [*found.y, *([found.loss] if inside else [])], log, MARGIN)
    lines = [Line(of, found.x, found.y)]
    if math.isfinite(entry.slope) and math.isfinite(found.loss) and inside:
        tangent = [found.loss + entry.slope * (place - entry.at) for place in found.x]
        lines.append(Line(f"the tangent, whose slope is {key} = {slope}", found.x, tangent, dotted=True))
    points = (Points(f"{here}, {of} = {precision.show(found.loss)}", (entry.at,), (found.loss,)),)
    return Figure(
        kind="slice",
        source=source,
        headline=f"{of} against {name}: {key} = {slope} at {here}",
        x=x,
        y=y,
        lines=tuple(lines),
        points=points if inside else (),
        notes=tuple(_notes(found, name, here, precision, log)),
    )


def _notes(found: Slice, name: str, here: str, precision: Precision, log: bool) -> Iterator[str]:
    """What cannot be seen, or would be taken for a mistake."""
    of = found.of
    if not found.entry.reaches:
        yield f"{of} does not depend on {name}."
    elif min(found.y) == max(found.y):
        yield f"{of} is {precision.show(found.loss)} all along."
    if found.corner is not None:
        left, right = map(precision.show, found.corner)
        yield f"{of} has a corner there: its slope is {left} on the left and {right} on the right."
    if not found.x[0] <= found.entry.at <= found.x[-1]:
        yield f"{here} is outside: there is no point and no tangent."
    odd = [place for place, loss in zip(found.x, found.y, strict=True) if not math.isfinite(loss)]
    if odd:
        where = "everywhere" if len(odd) == len(found.y) else f"at {len(odd)} of {len(found.y)} places"
        first, last = precision.show(odd[0]), precision.show(odd[-1])
        yield f"{of} is not finite {where}, from {name} = {first} to {last}: there is no curve."
    if log and any(loss <= 0.0 for loss in found.y):
        yield f"Where {of} is 0 or negative, a logarithmic scale has no place for it."
