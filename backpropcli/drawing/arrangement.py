"""A picture arranged: where each box, edge and line of text stands, as shapes that a writer draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Literal

from backpropcli.drawing.folding import folded
from backpropcli.drawing.frames import APART, PAD, frames
from backpropcli.drawing.items import DROP, HEAD, LIFT, LINE, RADIUS, SIGN, SIZE, STUB, Figure, figures
from backpropcli.drawing.layout import SPANS, Layout, Point, layout
from backpropcli.drawing.shapes import Circle, Group, Line, Path, Rect, Shape, Sheet
from backpropcli.drawing.svg_text import Run, name_runs, run_width
from backpropcli.drawing.through_time.looping import loops

if TYPE_CHECKING:
    from backpropcli.drawing.model import Item, Picture

MARGIN = 20.0
OUT = 14.0
"""What the last arrow needs beyond the columns."""
CAPTION = 13.0
"""Size of a frame's caption, and of the legend."""


def arranged(shown: Picture, title: str = "", widest: float | None = None) -> Sheet:
    """A picture's shapes, in bands where it is wider than `widest` pixels, or than suits it."""
    if shown.times:
        sheet = _by_time(shown, title)
        if widest is None or sheet.width <= widest:
            return sheet
    measured = {figure.item.name: figure for figure in figures(shown)}
    standing = [figure for name, figure in measured.items() if name not in shown.hanging]
    spans = SPANS._replace(block=APART) if shown.framed and shown.layers else SPANS
    plan = layout([figure.block() for figure in standing], shown.edges, spans)
    widths = {name: run_width(list(name_runs(name)), SIZE) for name in measured}
    room = None if widest is None else widest - 2 * MARGIN - OUT
    plan = folded(plan, widths, shown.layers.values(), shown.framed, room)
    return _Arrangement(shown, measured, plan).sheet(title)


def _by_time(shown: Picture, title: str) -> Sheet:
    """An unrolled network in columns."""
    from backpropcli.drawing.through_time.columns import columns

    groups, width, height = columns(shown)
    words = _Arrangement(shown, {}, layout([], []))
    legend = list(words.legend())
    high = height + 2 * MARGIN + (LINE + 8 if legend else 0)
    return Sheet(width + 2 * MARGIN, high, MARGIN, MARGIN, groups, legend, words.title(title), words.description())


class _Arrangement:
    """Makes the shapes."""

    def __init__(self, shown: Picture, figures: dict[str, Figure], plan: Layout) -> None:
        self.shown, self.figures, self.plan = shown, figures, plan
        self.frames = frames(plan, shown.layers) if shown.framed else []
        self.loops = loops(shown, figures, plan)

    def sheet(self, title: str) -> Sheet:
        """All of it."""
        legend = list(self.legend())
        lift = max([0.0, *(-frame.box.top for frame in self.frames)])
        bottom = max([self.plan.height, self.loops.bottom, *(frame.box.bottom for frame in self.frames)])
        height = lift + bottom + 2 * MARGIN + (LINE + 8 if legend else 0)
        width = max(self.plan.width + 2 * MARGIN + OUT, 2 * MARGIN + 330 if legend else 0)
        title = self.title(title)
        shapes = [*self._frames(), *self._edges(), *self.loops.groups, *self._nodes()]
        return Sheet(width, height, MARGIN, MARGIN + lift, shapes, legend, title, self.description())

    def title(self, title: str) -> str:
        """What the drawing is called."""
        outputs = self.shown.outputs
        return title or (f"The computation graph of {outputs[-1]}" if outputs else "A computation graph")

    def legend(self) -> Iterator[tuple[Literal["value", "gradient"], list[Run]]]:
        """What the colours mean."""
        items = self.shown.items.values()
        if any(item.value for item in items):
            yield "value", [Run("values, forward →", "")]
        if any(item.gradient for item in items):
            yield "gradient", [Run("gradients of ", ""), *name_runs(self.shown.of or ""), Run(", backward ←", "")]

    def description(self) -> str:
        """The graph in words, for those who cannot see it."""
        words = []
        for item in self.shown.items.values():
            value = f" = {', '.join(item.value)}" if item.value else ""
            gradient = f", gradient {', '.join(item.gradient)}" if item.gradient else ""
            formula = f" = {item.formula}" if item.formula else ""
            words.append(f"{item.name}{formula}{value}{gradient}")
        return f"{len(words)} nodes: {'; '.join(words)}"

    def _frames(self) -> Iterator[Group]:
        """A frame and a caption for each layer, behind everything."""
        for frame in self.frames:
            left, top, right, bottom = frame.box
            box = Rect(left, top, right - left, bottom - top, 9.0, "frame")
            caption = Line([Run(frame.caption, "")], left + PAD, top + 16, CAPTION, kind="caption")
            yield Group("layer", [box, caption])

    # Edges.

    def _edges(self) -> Iterator[Shape]:
        for (source, target), (*broken, last) in self.plan.routes.items():
            pieces = [path for piece in broken for path in _path(piece, goes_on=True)]
            pieces += _path(_clipped(last, self.figures[target], self.plan.centres[target]))
            yield Group("edge", pieces, source=source, target=target)
        for source, place in self.plan.entering:
            yield Line(list(name_runs(source)), place.x - 8, place.y + 5, SIZE, "end")
        for name in self.shown.outputs:
            start = self._box_side(name)
            end = self.plan.exits[name]
            line = Path(f"M{start:.1f} {end.y:.1f}H{end.x + 4:.1f}")
            yield Group("edge output", [line, _head(Point(end.x + 4 + HEAD, end.y))], source=name)
        drawn = set(self.shown.outputs)
        for source, _ in self.plan.routes:
            if source not in drawn:
                drawn.add(source)
                end = self.plan.exits[source]
                yield Path(f"M{self._box_side(source):.1f} {end.y:.1f}H{end.x:.1f}", "line stub", source)

    def _box_side(self, name: str) -> float:
        return self.plan.centres[name].x + self.figures[name].half_width

    # Nodes.

    def _nodes(self) -> Iterator[Group]:
        for name, figure in self.figures.items():
            if name not in self.shown.hanging:
                centre = self.plan.centres[name]
                yield from self._tray(figure, centre) if figure.tray else self._hanging(figure, centre)
                yield self._node(figure, centre)

    def _hanging(self, figure: Figure, centre: Point) -> Iterator[Group]:
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
            route = f"M{middle:.1f} {start:.1f}"
            if abs(middle - port) > 0.5:
                roof = centre.y - figure.roof
                route += f"V{bend:.1f}C{middle:.1f} {bend + 14:.1f} {port:.1f} {roof - 14:.1f} {port:.1f} {roof:.1f}"
            route += f"V{end - HEAD:.1f}"
            arrow = [Path(route), _head_down(Point(port, end))]
            yield Group("edge", arrow, source=datum.item.name, target=figure.item.name)
            yield self._node(datum, Point(middle, start - datum.half_height), above=True)

    def _tray(self, figure: Figure, centre: Point) -> Iterator[Group]:
        """Many data above an operation, in rows and columns, with one arrow down to it."""
        columns, rows = figure.grid
        bottom, width = centre.y - figure.eaves, columns * figure.widest
        left, top = centre.x - width / 2, bottom - rows * figure.high - 8
        end = centre.y - (RADIUS if figure.item.round else figure.half_height)
        yield Group("parameter", [Rect(left, top, width, bottom - top, 7.0)])
        arrow = [Path(f"M{centre.x:.1f} {bottom:.1f}V{end - HEAD:.1f}"), _head_down(Point(centre.x, end))]
        for k, datum in enumerate(figure.above):
            yield Group("edge", arrow, source=datum.item.name, target=figure.item.name)
            x = left + 9 + figure.widest * (k % columns)
            y = top + 4 + figure.high * (k // columns + 0.5)
            right = x + figure.widest - 18
            lines = [*_centred(datum.label, x, y, "start", datum), *_centred(datum.under, right, y, "end", datum)]
            yield _group(datum.item, lines)

    def _node(self, figure: Figure, at: Point, above: bool = False) -> Group:
        item, shapes = figure.item, list[Path | Rect | Circle | Line]()
        if item.round:
            shapes.append(Circle(at.x, at.y, figure.half_width))
        else:
            corner = figure.half_height if item.data and len(figure.label) == 1 else 7.0
            left, top = at.x - figure.half_width, at.y - figure.half_height
            shapes.append(Rect(left, top, 2 * figure.half_width, 2 * figure.half_height, corner))
        size = SIGN if item.round else SIZE
        first = at.y - (len(figure.label) - 1) * LINE / 2 + 0.34 * size
        for k, line in enumerate(figure.label):
            shapes.append(Line(line, at.x, first + k * LINE, size, "middle", item.name))
        if above:
            x, base = at.x + STUB, at.y + figure.half_height + 0.95 * SIZE
        else:
            x, base = at.x + figure.half_width + STUB, at.y + LIFT + 0.72 * SIZE
            for k, line in enumerate(reversed(figure.over)):
                shapes.append(Line(line, x, at.y - LIFT - k * LINE, SIZE, of=item.name))
        for k, line in enumerate(figure.under):
            shapes.append(Line(line, x, base + k * LINE, SIZE, of=item.name))
        return _group(item, shapes)


def _centred(label: list[list[Run]], x: float, y: float, anchor: Literal["start", "end"], of: Figure) -> list[Line]:
    """Lines around a height."""
    first = y - (len(label) - 1) / 2 * LINE + 0.34 * SIZE
    return [Line(line, x, first + k * LINE, SIZE, anchor, of.item.name) for k, line in enumerate(label)]


def _group(item: Item, shapes: Sequence[Path | Rect | Circle | Line]) -> Group:
    """A node's group, with words about it."""
    words = item.name + (f" = {item.formula}" if item.formula else f" ({item.kind})")
    return Group(f"node {item.kind}", shapes, item.name, words)


def _clipped(route: list[Point], figure: Figure, centre: Point) -> list[Point]:
    """A route that ends where the arrow's head begins, at the border of a circle too."""
    *points, last = route
    x = last.x
    if figure.item.round:
        x = centre.x - sqrt(max(RADIUS**2 - (last.y - centre.y) ** 2, 0.0))
    return [*points, Point(x, last.y)]


def _path(points: list[Point], goes_on: bool = False) -> list[Path]:
    """A line through points, level at each of them, and its head; dots instead where it goes on further down."""
    first, *rest = points
    route = [f"M{first.x:.1f} {first.y:.1f}"]
    before = first
    for k, point in enumerate(rest):
        x = point.x - HEAD if k == len(rest) - 1 and not goes_on else point.x
        if abs(point.y - before.y) < 0.05:
            route.append(f"H{x:.1f}")
        else:
            middle = (before.x + point.x) / 2
            route.append(f"C{middle:.1f} {before.y:.1f} {middle:.1f} {point.y:.1f} {x:.1f} {point.y:.1f}")
        before = point
    end = points[-1]
    dots = Path(f"M{end.x:.1f} {end.y:.1f}h16", "line dots")
    return [Path("".join(route)), dots if goes_on else _head(end)]


def _head(tip: Point) -> Path:
    """An arrow's head that points right."""
    return Path(f"M{tip.x:.1f} {tip.y:.1f}l{-HEAD:g} -4v8z", "head")


def _head_down(tip: Point) -> Path:
    return Path(f"M{tip.x:.1f} {tip.y:.1f}l-4 {-HEAD:g}h8z", "head")
