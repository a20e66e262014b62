"""A computation graph as SVG, as a textbook draws it: values above the edges, gradients below them.

Nothing outside is needed to look at it: no script, no font, no image. Every node is a group with the id `node-NAME` and
every edge a group of class `edge`, so that a page can light them up; the numbers are of class `value` or `gradient`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING

from backpropcli.drawing.folding import folded
from backpropcli.drawing.frames import APART, PAD, frames
from backpropcli.drawing.items import DROP, HEAD, LIFT, LINE, RADIUS, SIGN, SIZE, STUB, Figure, figures
from backpropcli.drawing.layout import SPANS, Layout, Point, layout
from backpropcli.drawing.model import DIGITS, Item, Picture
from backpropcli.drawing.picture import picture as picture_of
from backpropcli.drawing.svg_style import STYLE
from backpropcli.drawing.svg_text import Run, clean, escape, name_runs, quoteattr, run_width, tspans
from backpropcli.engine import Trace
from backpropcli.notation.numbers import Precision

if TYPE_CHECKING:
    from backpropcli.drawing.drawing import Drawing
    from backpropcli.render.output import Destination

MARGIN = 20.0
OUT = 14.0
"""What the last arrow needs beyond the columns."""


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
    measured = {figure.item.name: figure for figure in figures(shown)}
    standing = [figure for name, figure in measured.items() if name not in shown.hanging]
    spans = SPANS._replace(block=APART) if shown.framed and shown.layers else SPANS
    plan = layout([figure.block() for figure in standing], shown.edges, spans)
    widths = {name: run_width(list(name_runs(name)), SIZE) for name in measured}
    room = None if widest is None else widest - 2 * MARGIN - OUT
    plan = folded(plan, widths, shown.layers.values(), shown.framed, room)
    return "".join(_Drawing(shown, measured, plan, ids, title).text())


class _Drawing:
    """Writes the markup."""

    def __init__(self, shown: Picture, figures: dict[str, Figure], plan: Layout, ids: bool, title: str) -> None:
        self.shown, self.figures, self.plan, self.ids, self.title = shown, figures, plan, ids, title
        self.frames = frames(plan, shown.layers) if shown.framed else []

    def text(self) -> Iterator[str]:
        """The document, piece by piece."""
        outputs = self.shown.outputs
        width = self.plan.width + 2 * MARGIN + OUT
        legend = self._legend()
        lift = max([0.0, *(-frame.box.top for frame in self.frames)])
        bottom = max([self.plan.height, *(frame.box.bottom for frame in self.frames)])
        height = lift + bottom + 2 * MARGIN + (LINE + 8 if legend else 0)
        width = max(width, 2 * MARGIN + 330 if legend else 0)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="backprop-graph" width="{width:.0f}" '
            f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n'
        )
        title = self.title or (f"The computation graph of {outputs[-1]}" if outputs else "A computation graph")
        yield f"<title>{escape(clean(title))}</title>\n<desc>{escape(clean(self._description()))}</desc>\n"
        yield f"<style>\n{STYLE}</style>\n"
        yield f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>\n'
        yield f'<g transform="translate({MARGIN:g} {MARGIN + lift:g})">\n'
        yield from self._frames()
        yield from self._edges()
        for name, figure in self.figures.items():
            if name not in self.shown.hanging:
                centre = self.plan.centres[name]
                yield from self._tray(figure, centre) if figure.tray else self._hanging(figure, centre)
                yield from self._node(figure, centre)
        yield "</g>\n"
        if legend:
            yield f'<text class="legend" x="{MARGIN:g}" y="{height - MARGIN:.1f}" font-size="13">{legend}</text>\n'
        yield "</svg>\n"

    def _legend(self) -> str:
        parts = []
        items = self.shown.items.values()
        if any(item.value for item in items):
            parts.append('<tspan class="value">values, forward →</tspan>')
        if any(item.gradient for item in items):
            words = [Run("gradients of ", ""), *name_runs(self.shown.of or ""), Run(", backward ←", "")]
            parts.append(f'<tspan class="gradient">{tspans(words, 13)}</tspan>')
        return '<tspan dx="18"> </tspan>'.join(parts)

    def _description(self) -> str:
        """The graph in words, for those who cannot see it."""
        words = []
        for item in self.shown.items.values():
            value = f" = {', '.join(item.value)}" if item.value else ""
            gradient = f", gradient {', '.join(item.gradient)}" if item.gradient else ""
            formula = f" = {item.formula}" if item.formula else ""
            words.append(f"{item.name}{formula}{value}{gradient}")
        return f"{len(words)} nodes: {'; '.join(words)}"

    def _frames(self) -> Iterator[str]:
        """A frame and a caption for each layer, behind everything."""
        for frame in self.frames:
            left, top, right, bottom = frame.box
            yield (
                f'<g class="layer"><rect class="frame" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
                f'height="{bottom - top:.1f}" rx="9"/><text class="caption" x="{left + PAD:.1f}" y="{top + 16:.1f}" '
                f'font-size="13">{frame.caption}</text></g>\n'
            )

    # Edges.

    def _edges(self) -> Iterator[str]:
        for (source, target), (*broken, last) in self.plan.routes.items():
            drawing = "".join(_path(piece, goes_on=True) for piece in broken)
            drawing += _path(_clipped(last, self.figures[target], self.plan.centres[target]))
            yield self._edge(source, target, drawing)
        for source, place in self.plan.entering:
            name = tspans(list(name_runs(source)), SIZE)
            at = f'x="{place.x - 8:.1f}" y="{place.y + 5:.1f}"'
            yield f'<text {at} font-size="{SIZE:g}" text-anchor="end">{name}</text>\n'
        for name in self.shown.outputs:
            start = self._box_side(name)
            end = self.plan.exits[name]
            yield (
                f'<g class="edge output" {self._data("from", name)}>'
                f'<path class="line" d="M{start:.1f} {end.y:.1f}H{end.x + 4:.1f}"/>'
                f"{_head(Point(end.x + 4 + HEAD, end.y))}</g>\n"
            )
        drawn = set(self.shown.outputs)
        for source, _ in self.plan.routes:
            if source not in drawn:
                drawn.add(source)
                end = self.plan.exits[source]
                yield (
                    f'<path class="line stub" {self._data("from", source)} '
                    f'd="M{self._box_side(source):.1f} {end.y:.1f}H{end.x:.1f}"/>\n'
                )

    def _box_side(self, name: str) -> float:
        return self.plan.centres[name].x + self.figures[name].half_width

    def _edge(self, source: str, target: str, drawing: str) -> str:
        return f'<g class="edge" {self._data("from", source)} {self._data("to", target)}>{drawing}</g>\n'

    def _data(self, key: str, name: str) -> str:
        return f"data-{key}={quoteattr(clean(name))}"

    # Nodes.

    def _hanging(self, figure: Figure, centre: Point) -> Iterator[str]:
        """The data above an operation, and their arrows down to it."""
        count = len(figure.above)
        for k, (datum, offset) in enumerate(zip(figure.above, figure.offsets, strict=True)):
            middle = centre.x + offset
            port = centre.x + (k - (count - 1) / 2) * min(12.0, 1.2 * figure.half_width / count)
            end = centre.y - figure.half_height
            if figure.item.round:
                end = centre.y - sqrt(max(RADIUS**2 - (port - centre.x) ** 2, 0.0))
            start = centre.y - figure.eaves
            bend = centre.y - figure.roof - DROP
            path = f"M{middle:.1f} {start:.1f}"
            if abs(middle - port) > 0.5:
                roof = centre.y - figure.roof
                path += f"V{bend:.1f}C{middle:.1f} {bend + 14:.1f} {port:.1f} {roof - 14:.1f} {port:.1f} {roof:.1f}"
            path += f"V{end - HEAD:.1f}"
            drawing = f'<path class="line" d="{path}"/>{_head_down(Point(port, end))}'
            yield self._edge(datum.item.name, figure.item.name, drawing)
            place = Point(middle, start - datum.half_height)
            yield from self._node(datum, place, above=True)

    def _tray(self, figure: Figure, centre: Point) -> Iterator[str]:
        """Many data above an operation, in rows and columns, with one arrow down to it."""
        columns, rows = figure.grid
        bottom, width = centre.y - figure.eaves, columns * figure.widest
        left, top = centre.x - width / 2, bottom - rows * figure.high - 8
        end = centre.y - (RADIUS if figure.item.round else figure.half_height)
        yield (
            f'<g class="parameter"><rect class="box" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{bottom - top:.1f}" rx="7"/></g>\n'
        )
        arrow = f'<path class="line" d="M{centre.x:.1f} {bottom:.1f}V{end - HEAD:.1f}"/>'
        for k, datum in enumerate(figure.above):
            yield self._edge(datum.item.name, figure.item.name, arrow + _head_down(Point(centre.x, end)))
            x = left + 9 + figure.widest * (k % columns)
            y = top + 4 + figure.high * (k // columns + 0.5)
            yield self._open(datum.item)
            for number, line in enumerate(datum.label):
                base = y + (number - (len(datum.label) - 1) / 2) * LINE + 0.34 * SIZE
                yield self._line(datum.item, line, x, base, "start")
            for number, line in enumerate(datum.under):
                base = y + (number - (len(datum.under) - 1) / 2) * LINE + 0.34 * SIZE
                yield self._line(datum.item, line, x + figure.widest - 18, base, "end")
            yield "</g>\n"

    def _open(self, item: Item) -> str:
        """The beginning of a node's group, with its tooltip."""
        identity = f" id={quoteattr('node-' + clean(item.name))}" if self.ids else ""
        formula = f" = {item.formula}" if item.formula else f" ({item.kind})"
        return (
            f'<g{identity} class="node {item.kind}" {self._data("name", item.name)}>'
            f"<title>{escape(clean(item.name + formula))}</title>"
        )

    def _node(self, figure: Figure, at: Point, above: bool = False) -> Iterator[str]:
        item = figure.item
        yield self._open(item)
        if item.round:
            yield f'<circle class="box" cx="{at.x:.1f}" cy="{at.y:.1f}" r="{figure.half_width:g}"/>'
        else:
            corner = figure.half_height if item.data and len(figure.label) == 1 else 7
            yield (
                f'<rect class="box" x="{at.x - figure.half_width:.1f}" y="{at.y - figure.half_height:.1f}" '
                f'width="{2 * figure.half_width:.1f}" height="{2 * figure.half_height:.1f}" rx="{corner:g}"/>'
            )
        size = SIGN if item.round else SIZE
        first = at.y - (len(figure.label) - 1) * LINE / 2 + 0.34 * size
        for k, line in enumerate(figure.label):
            yield self._line(item, line, at.x, first + k * LINE, "middle", size)
        if above:
            x, base = at.x + STUB, at.y + figure.half_height + 0.95 * SIZE
            for k, line in enumerate(figure.under):
                yield self._line(item, line, x, base + k * LINE, "start")
        else:
            x = at.x + figure.half_width + STUB
            for k, line in enumerate(reversed(figure.over)):
                yield self._line(item, line, x, at.y - LIFT - k * LINE, "start")
            for k, line in enumerate(figure.under):
                yield self._line(item, line, x, at.y + LIFT + 0.72 * SIZE + k * LINE, "start")
        yield "</g>\n"

    def _line(self, item: Item, line: list[Run], x: float, y: float, anchor: str, size: float = SIZE) -> str:
        """A line of text; numbers carry the name of their node."""
        markup = tspans(line, size)
        for kind in ("value", "gradient"):
            markup = markup.replace(f'class="{kind}"', f'class="{kind}" {self._data("name", item.name)}')
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{place}>{markup}</text>'


def _clipped(route: list[Point], figure: Figure, centre: Point) -> list[Point]:
    """A route that ends where the arrow's head begins, at the border of a circle too."""
    *points, last = route
    x = last.x
    if figure.item.round:
        x = centre.x - sqrt(max(RADIUS**2 - (last.y - centre.y) ** 2, 0.0))
    return [*points, Point(x, last.y)]


def _path(points: list[Point], goes_on: bool = False) -> str:
    """A line through points, level at each of them, and its head; dots instead where it goes on further down."""
    first, *rest = points
    path = [f"M{first.x:.1f} {first.y:.1f}"]
    before = first
    for k, point in enumerate(rest):
        x = point.x - HEAD if k == len(rest) - 1 and not goes_on else point.x
        if abs(point.y - before.y) < 0.05:
            path.append(f"H{x:.1f}")
        else:
            middle = (before.x + point.x) / 2
            path.append(f"C{middle:.1f} {before.y:.1f} {middle:.1f} {point.y:.1f} {x:.1f} {point.y:.1f}")
        before = point
    line = f'<path class="line" d="{"".join(path)}"/>'
    if goes_on:
        end = points[-1]
        return f'{line}<path class="line dots" d="M{end.x:.1f} {end.y:.1f}h16"/>'
    return line + _head(points[-1])


def _head(tip: Point) -> str:
    """An arrow's head that points right."""
    return f'<path class="head" d="M{tip.x:.1f} {tip.y:.1f}l{-HEAD:g} -4v8z"/>'


def _head_down(tip: Point) -> str:
    return f'<path class="head" d="M{tip.x:.1f} {tip.y:.1f}l-4 {-HEAD:g}h8z"/>'
