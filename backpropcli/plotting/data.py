"""The numbers of a figure for other programs: JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backpropcli.notation.numbers import exact
from backpropcli.render.csv import line
from backpropcli.render.json import anything, listed
from backpropcli.safe import quoted

if TYPE_CHECKING:
    from backpropcli.plotting.figure import Axis, Figure


def plot_json(shown: Figure) -> Iterator[str]:
    """`backprop.plot/1`: {"format", "plot", "spec", "headline", "x", "y", "notes", "series": [...]}.

    An axis is {"label", "low", "high", "log"}. A series has a "kind": "line" and "points" have "label", "x" and "y";
    "arrow" the two ends; "contours" a grid, "z" with a row for each y, and the "levels" that are drawn.
    """
    head = {
        "plot": shown.kind,
        "spec": shown.source,
        "headline": shown.headline,
        "x": _axis(shown.x),
        "y": _axis(shown.y),
        "notes": list(shown.notes),
    }
    yield f'{{"format": {quoted("backprop.plot/1")}, {anything(head)[1:-1]}, "series": ['
    yield from listed(map(anything, _series(shown)))
    yield "]}\n"


def _axis(axis: Axis) -> dict[str, Any]:
    return axis._asdict()


def _series(shown: Figure) -> Iterator[dict[str, Any]]:
    """Every series, what stands in front first."""
    for one in shown.points:
        yield {"kind": "points", "label": one.label, "x": list(one.x), "y": list(one.y)}
    for curve in shown.lines:
        yield {"kind": "line", "label": curve.label, "x": list(map(float, curve.x)), "y": list(map(float, curve.y))}
    for arrow in shown.arrows:
        yield {"kind": "arrow", "label": arrow.label, "x": list(arrow.x), "y": list(arrow.y)}
    for heights in shown.contours:
        grid = {"x": list(heights.x), "y": list(heights.y), "z": [list(row) for row in heights.z]}
        yield {"kind": "contours", "label": heights.label, "levels": list(heights.levels), **grid}


def plot_csv(shown: Figure) -> Iterator[str]:
    """`series,kind,x,y,z`: a line for each point; z is the height of a grid's point, and empty elsewhere."""
    yield line(("series", "kind", "x", "y", "z"))
    for one in _series(shown):
        head = (str(one["label"]), str(one["kind"]))
        if "z" in one:
            for y, row in zip(one["y"], one["z"], strict=True):
                yield "".join(line((*head, exact(x), exact(y), exact(z))) for x, z in zip(one["x"], row, strict=True))
        else:
            for x, y in zip(one["x"], one["y"], strict=True):
                yield line((*head, exact(x), exact(y), ""))
