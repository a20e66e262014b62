"""A computation graph as SVG, as a textbook draws it: values above the edges, gradients below them.

Nothing outside is needed to look at it: no script, no font, no image. Every node is a group with the id `node-NAME` and
every edge a group of class `edge`, so that a page can light them up; the numbers are of class `value` or `gradient`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.drawing.arrangement import arranged
from backpropcli.drawing.model import DIGITS, Picture
from backpropcli.drawing.picture import picture as picture_of
from backpropcli.drawing.shapes import Circle, Group, Line, Path, Rect, Sheet
from backpropcli.drawing.svg_style import STYLE
from backpropcli.drawing.svg_text import clean, escape, quoteattr, tspans
from backpropcli.notation.numbers import Precision

if TYPE_CHECKING:
    from backpropcli.drawing.drawing import Drawing
    from backpropcli.engine import Trace
    from backpropcli.render.output import Destination

LEGEND = 13
"""Size of the legend."""


def picture(found: Drawing, to: Destination) -> list[str]:
    """A drawing, as the registry of formats asks for it."""
    return [drawn(found.shown, title=found.title, widest=found.width)]


def svg(
    trace: Trace,
    *,
    blank: bool = False,
    level: str = "nodes",
    ids: bool = True,
    precision: Precision | None = None,
    expand: bool = False,
    title: str = "",
) -> str:
    """A trace drawn as one SVG document (which may also stand inside a page).

    `blank` leaves blanks for the numbers; `level` is "nodes" or "layers"; without `ids` no element has an id, for a
    page that shows several drawings; `expand` draws every step inside a formula.
    """
    precision = precision or Precision(DIGITS)
    return drawn(picture_of(trace, precision, blank=blank, level=level, expand=expand), ids=ids, title=title)


def drawn(shown: Picture, *, ids: bool = True, title: str = "", widest: float | None = None) -> str:
    """A picture as SVG, broken into bands where it is wider than `widest` pixels, or than suits it."""
    return "".join(markup(arranged(shown, title, widest), ids))


def markup(sheet: Sheet, ids: bool = True) -> Iterator[str]:
    """The document, piece by piece."""
    width, height = f"{sheet.width:.0f}", f"{sheet.height:.0f}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="backprop-graph" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" role="img">\n'
    )
    yield f"<title>{escape(clean(sheet.title))}</title>\n<desc>{escape(clean(sheet.description))}</desc>\n"
    yield f"<style>\n{STYLE}</style>\n"
    yield f'<rect class="paper" width="{width}" height="{height}"/>\n'
    yield f'<g transform="translate({sheet.left:g} {sheet.top:g})">\n'
    for shape in sheet.shapes:
        yield f"{_group(shape, ids) if isinstance(shape, Group) else _shape(shape)}\n"
    yield "</g>\n"
    if sheet.legend:
        parts = [f'<tspan class="{kind}">{tspans(runs, LEGEND)}</tspan>' for kind, runs in sheet.legend]
        legend = '<tspan dx="18"> </tspan>'.join(parts)
        place = f'x="{sheet.left:g}" y="{sheet.height - sheet.left:.1f}"'
        yield f'<text class="legend" {place} font-size="{LEGEND}">{legend}</text>\n'
    yield "</svg>\n"


def _group(group: Group, ids: bool) -> str:
    """A group; a node's with its tooltip."""
    identity = f" id={quoteattr('node-' + clean(group.name))}" if ids and group.name else ""
    data = {"from": group.source, "to": group.target, "name": group.name}
    about = "".join(f" {_data(key, name)}" for key, name in data.items() if name)
    words = f"<title>{escape(clean(group.words))}</title>" if group.words else ""
    return f'<g{identity} class="{group.kind}"{about}>{words}{"".join(map(_shape, group.shapes))}</g>'


def _shape(shape: Path | Rect | Circle | Line) -> str:
    match shape:
        case Path(route=route, kind=kind, source=source):
            return f'<path class="{kind}"{" " + _data("from", source) if source else ""} d="{route}"/>'
        case Rect():
            return (
                f'<rect class="{shape.kind}" x="{shape.left:.1f}" y="{shape.top:.1f}" width="{shape.width:.1f}" '
                f'height="{shape.height:.1f}" rx="{shape.corner:g}"/>'
            )
        case Circle(x=x, y=y, radius=radius):
            return f'<circle class="box" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'
        case Line():
            return _line(shape)


def _line(line: Line) -> str:
    """A line of text; numbers carry the name of their node."""
    inside = tspans(line.runs, line.size)
    for kind in ("value", "gradient") if line.of else ():
        inside = inside.replace(f'class="{kind}"', f'class="{kind}" {_data("name", line.of)}')
    kind = f'class="{line.kind}" ' if line.kind else ""
    anchor = "" if line.anchor == "start" else f' text-anchor="{line.anchor}"'
    return f'<text {kind}x="{line.x:.1f}" y="{line.y:.1f}" font-size="{line.size:g}"{anchor}>{inside}</text>'


def _data(key: str, name: str) -> str:
    return f"data-{key}={quoteattr(clean(name))}"
