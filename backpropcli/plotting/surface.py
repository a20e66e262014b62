"""The figure of a loss over two numbers: contours, the point, its negative gradient, and a path of descent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, component_name, gradient_name
from backpropcli.plotting.figure import Arrow, Axis, Contours, Figure, Line, Points
from backpropcli.plotting.ticks import ticks

if TYPE_CHECKING:
    from backpropcli.engine.landscape import Entry, Surface

LEVELS = 9
DECADES = 30.0
"""Where the highest contour would be so many times the lowest, heights go by 1, 2, 5, 10, 20, ..."""
SMALL = 200.0
"""Lower contours than this part of what is nearly the largest loss crowd in a valley."""
ARROW = 0.2
"""How long the arrow is, as a part of the map."""


def surface_figure(
    found: Surface, source: str, precision: Precision, path: Sequence[tuple[float, float]] = (), log: bool = False
) -> Figure:
    """A map of the loss. `path`: where a descent goes, from update to update. `log`: contours by factors."""
    first, second = found.entries
    names = [component_name(entry.name, entry.index) for entry in found.entries]
    keys = [component_name(gradient_name(found.of, e.name), e.index) for e in found.entries]
    slopes = ", ".join(f"{k} = {precision.show(e.slope)}" for k, e in zip(keys, found.entries, strict=True))
    here = ", ".join(f"{n} = {precision.show(e.at)}" for n, e in zip(names, found.entries, strict=True))
    x, y = Axis(names[0], found.x[0], found.x[-1]), Axis(names[1], found.y[0], found.y[-1])
    levels = _levels(found, log)
    label = f"lines of equal {found.of}, its value on them"
    arrow = _downhill(x, y, first, second)
    points = [Points(f"{here}, {found.of} = {precision.show(found.loss)}", (first.at,), (second.at,))]
    lines: tuple[Line, ...] = ()
    if path:
        many = f"{len(path) - 1} update{'s' * (len(path) != 2)}"
        lines = (Line(f"the path of {many}", [a for a, _ in path], [b for _, b in path], path=True),)
        end = ", ".join(f"{n} = {precision.show(v)}" for n, v in zip(names, path[-1], strict=True))
        points.append(Points(f"its end: {end}", (path[-1][0],), (path[-1][1],), mark=1))
    return Figure(
        kind="surface",
        source=source,
        headline=f"{found.of} over {names[0]} and {names[1]}: {slopes}",
        x=x,
        y=y,
        lines=lines,
        points=tuple(points),
        contours=(Contours(label, found.x, found.y, found.z, levels, found.of),),
        arrows=(arrow,) if arrow is not None else (),
        notes=tuple(_notes(found, names, path)),
    )


def _levels(found: Surface, log: bool) -> list[float]:
    """Round heights: in equal steps, or, of a positive loss that spans more, in steps of 1, 2 and 5."""
    heights = sorted(h for row in found.z for h in row if math.isfinite(h))
    if not heights or heights[0] == heights[-1]:
        return []
    low, high = heights[0], heights[-1]
    most = heights[len(heights) * 19 // 20]
    if low >= 0.0 and (log or high > DECADES * heights[len(heights) // 4]):
        small = heights[len(heights) // 50] if log else most / SMALL
        least = max(low, min(small, found.loss / 2 if 0.0 < found.loss < math.inf else small), high * 1e-12, 5e-324)
        decades = range(math.floor(math.log10(least)), math.floor(math.log10(high)) + 1)
        found_levels = [float(f"{m}e{k}") for k in decades for m in (1, 2, 5) if least <= float(f"{m}e{k}") < high]
        every = max(1, math.ceil(len(found_levels) / LEVELS))
        return found_levels[::-1][::every][::-1]
    return [level for level in ticks(low, high, LEVELS) if low < level < high]


def _downhill(x: Axis, y: Axis, first: Entry, second: Entry) -> Arrow | None:
    """The negative gradient at the point, as long as can be seen; None where there is none to be drawn."""
    shares = [-e.slope / (a.high / 2 - a.low / 2) / 2 for a, e in ((x, first), (y, second))]
    steps = [-first.slope, -second.slope]
    longest = max(abs(step / (a.high / 2 - a.low / 2)) for a, step in zip((x, y), steps, strict=True))
    if not (0.0 < longest < math.inf) or not all(map(math.isfinite, (*shares, *steps))):
        return None
    ends = [e.at + step * 2 * ARROW / longest for e, step in zip((first, second), steps, strict=True)]
    return Arrow("the negative gradient", (first.at, ends[0]), (second.at, ends[1]))


def _notes(found: Surface, names: Sequence[str], path: Sequence[tuple[float, float]]) -> Iterator[str]:
    of = found.of
    low, high = (found.x[0], found.y[0]), (found.x[-1], found.y[-1])
    out = [k for k, place in enumerate(path) if not all(a <= p <= b for a, p, b in zip(low, place, high, strict=True))]
    if out:
        yield f"The path leaves the map at update {out[0]}."
    for entry, name in zip(found.entries, names, strict=True):
        if not entry.reaches:
            yield f"{of} does not depend on {name}."
    heights = [height for row in found.z for height in row]
    odd = sum(not math.isfinite(height) for height in heights)
    if odd:
        yield f"{of} is not finite at {odd} of {len(heights)} places: there are no contours."
    elif min(heights) == max(heights):
        yield f"{of} is {heights[0]:g} all over: there are no contours."
    if found.others:
        more = "one parameter" if found.others == 1 else f"{found.others} parameters"
        does = "moves on the path, but is" if found.others == 1 else "move on the path, but are"
        held = does if path else "is" if found.others == 1 else "are"
        yield f"{of} depends on {more} more, which {held} held at the point on this map."
