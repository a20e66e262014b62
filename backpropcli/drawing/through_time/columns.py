"""An unrolled network as textbooks draw it: time from left to right, inputs below, what is made of them above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.drawing.items import HEAD, LINE, PAD, SIZE, figures
from backpropcli.drawing.shapes import Group, Line, Path, Rect
from backpropcli.drawing.svg_text import Run, name_runs, run_width
from backpropcli.drawing.through_time.left_out import base

if TYPE_CHECKING:
    from backpropcli.drawing.items import Figure
    from backpropcli.drawing.model import Item, Picture

GAP, BESIDE, RISE = 52.0, 18.0, 44.0
"""Between columns, between boxes of one level, between levels."""
CORNER = 9.0


class Box(NamedTuple):
    """Where an item stands: the middle of its box, and half of its width and height."""

    x: float
    y: float
    half: float
    high: float


class Places(NamedTuple):
    """In which column each item stands, on which level from below, and which column is the last."""

    column: Mapping[str, int]
    level: Mapping[str, int]
    top: int


def columns(shown: Picture) -> tuple[list[Group], float, float]:
    """The groups of a picture by time, its width, and its height."""
    texts = {figure.item.name: _lines(figure) for figure in figures(shown)}
    places = _places(shown)
    boxes, width, height = _boxes(shown, places, texts)
    groups = [_edge(source, item.name, boxes, places) for item in shown.items.values() for source in item.inputs]
    groups += [_node(item, texts[name], boxes[name]) for name, item in shown.items.items()]
    return groups, width, height


def _lines(figure: Figure) -> list[list[Run]]:
    """What stands in a box: its formula, its name with its value, its gradient."""
    item = figure.item
    formula = [] if item.data or item.label == item.name else figure.label
    value = [*figure.over] if not item.data else [*figure.label]
    return [*formula, *value, *figure.under] if value else [list(name_runs(item.name))]


def _places(shown: Picture) -> Places:
    """Columns by time; before them what all share, above them what is made of several times."""
    gap = shown.left_out[0] if shown.left_out else 0
    time = {name: shown.times.get(name, gap) for name, item in shown.items.items() if "[" in name and not item.data}
    order = {t: k for k, t in enumerate(sorted({*time.values()}), 1)}
    column = {name: order[t] for name, t in time.items()}
    level = _levels(shown, column)
    top = max(level.values(), default=0)
    for name, item in shown.items.items():
        if not item.data and name not in time:
            above = [level[source] for source in item.inputs if not shown.items[source].data]
            column[name], level[name] = (-1, 1 + max(top, *above)) if above else (0, 1)
    _place_data(shown, column, level)
    return Places(column, level, max(level.values(), default=0))


def _place_data(shown: Picture, column: dict[str, int], level: dict[str, int]) -> None:
    """Data below what reads them first, or beside it: targets, and what is used above all times; the others aside."""
    for item in reversed(shown.items.values()):
        for source in item.inputs:
            if shown.items[source].data:
                beside = column[item.name] == -1 or shown.items[source].kind == "target"
                column[source], level[source] = column[item.name], level[item.name] if beside else 0
    for name in shown.items:
        if column.get(name, 0) == 0:
            column[name], level[name] = 0, 0


def _levels(shown: Picture, column: Mapping[str, int]) -> dict[str, int]:
    """How high the nodes of each time stand: the same at every time."""
    level: dict[str, int] = {}
    of: dict[str, int] = {}
    for name in column:
        inputs = shown.items[name].inputs
        own = base(name)
        level[name] = 1 + max((level[s] for s in inputs if column.get(s) == column[name]), default=0)
        of[own] = max(of.get(own, 0), level[name])
    return {name: of[base(name)] for name in column}


Sizes = Mapping[str, tuple[float, float]]
"""Half of each box's width and height."""


def _boxes(shown: Picture, places: Places, texts: Mapping[str, list[list[Run]]]) -> tuple[dict[str, Box], float, float]:
    """Every box; columns are as wide as their fullest level, levels as high as their highest box."""
    size = {
        name: (max(run_width(line, SIZE) for line in lines) / 2 + PAD, len(lines) * LINE / 2 + 6)
        for name, lines in texts.items()
    }
    cells: dict[tuple[int, int], list[str]] = {}
    for name in shown.items:
        cells.setdefault((places.column[name], places.level[name]), []).append(name)
    boxes, start = _aside(cells.pop((0, 0), []), size)
    down = max((box.y + box.high for box in boxes.values()), default=0.0)
    floors, bottom = _floors(cells, size, places.top)
    wide = {cell: sum(2 * size[n][0] for n in names) + BESIDE * (len(names) - 1) for cell, names in cells.items()}
    middle = _middles(wide, start)
    for cell, names in cells.items():
        left = middle[cell[0]] - wide[cell] / 2
        for name in names:
            boxes[name] = Box(left + size[name][0], floors[cell[1]], *size[name])
            left += 2 * size[name][0] + BESIDE
    low = min([0.0, *(box.x - box.half for box in boxes.values())])
    boxes = {name: box._replace(x=box.x - low) for name, box in boxes.items()}
    return boxes, max(box.x + box.half for box in boxes.values()), max(bottom, down)


def _aside(shared: list[str], size: Sizes) -> tuple[dict[str, Box], float]:
    """What all times share, one below the other, and where the first time begins."""
    widest, down = max((2 * size[name][0] for name in shared), default=0.0), 0.0
    boxes = {}
    for name in shared:
        boxes[name] = Box(widest / 2, down + size[name][1], *size[name])
        down += 2 * size[name][1] + BESIDE / 2
    return boxes, widest + GAP if shared else 0.0


def _floors(cells: Mapping[tuple[int, int], list[str]], size: Sizes, top: int) -> tuple[dict[int, float], float]:
    """The middle of each level, the highest first, and where the lowest ends."""
    high = dict.fromkeys(range(top + 1), 0.0)
    for (_, level), names in cells.items():
        high[level] = max([high[level], *(2 * size[name][1] for name in names)])
    down, floors = 0.0, {}
    for level in range(top, -1, -1):
        floors[level] = down + high[level] / 2
        down += high[level] + (RISE if high[level] else 0.0)
    return floors, down - RISE


def _middles(wide: Mapping[tuple[int, int], float], start: float) -> dict[int, float]:
    """The middle of each column; that of what is made of several times is the middle of them all."""
    x, middle = start, {}
    for k in sorted({column for column, _ in wide if column >= 0}):
        span = max(width for (column, _), width in wide.items() if column == k)
        middle[k] = x + span / 2
        x += span + GAP
    middle[-1] = (start + x - GAP) / 2
    return middle


def _edge(source: str, target: str, boxes: Mapping[str, Box], places: Places) -> Group:
    """An arrow: up within a time, sideways between times, and between them round what stands above."""
    a, b = boxes[source], boxes[target]
    level = places.level[source], places.level[target]
    crowded = any(
        places.column[name] == places.column[target] and places.level[name] == level[1] and name != target
        for name in boxes
    )
    same = places.column[source] == places.column[target]
    if level[0] == level[1] and (same or not crowded):
        way = 1.0 if a.x < b.x else -1.0
        route = f"M{a.x + way * a.half:.1f} {a.y:.1f}L{b.x - way * (b.half + HEAD):.1f} {b.y:.1f}"
        return _arrow(source, target, route, _sideways(b, way))
    if same or (places.column[target] == -1 and _free(source, places)):
        return _arrow(source, target, f"M{a.x:.1f} {a.y - a.high:.1f}{_risen(a, b)}", _upward(b))
    if places.column[target] == -1:
        turn = a.x + a.half + GAP / 2
        route = f"M{a.x + a.half:.1f} {a.y:.1f}H{turn:.1f}{_risen(a._replace(x=turn), b)}"
        return _arrow(source, target, route, _upward(b))
    return _onward(source, target, boxes, places, crowded)


def _onward(source: str, target: str, boxes: Mapping[str, Box], places: Places, crowded: bool) -> Group:
    """From one time to another, on another level: through the gap between their columns."""
    a, b = boxes[source], boxes[target]
    way = 1.0 if a.x < b.x else -1.0
    own = [box for name, box in boxes.items() if places.column[name] == places.column[target]]
    turn = min(box.x - box.half for box in own) - GAP / 2 if way > 0 else max(box.x + box.half for box in own) + GAP / 2
    route = f"M{a.x + way * a.half:.1f} {a.y:.1f}H{turn - way * CORNER:.1f}"
    end = b.y + b.high + RISE / 2 if crowded else b.y
    down = 1.0 if end > a.y else -1.0
    route += f"q{way * CORNER:g} 0 {way * CORNER:g} {down * CORNER:g}V{end - down * CORNER:.1f}"
    route += f"q0 {down * CORNER:g} {way * CORNER:g} {down * CORNER:g}"
    if not crowded:
        return _arrow(source, target, f"{route}H{b.x - way * (b.half + HEAD):.1f}", _sideways(b, way))
    port = b.x - way * min(16.0, b.half / 2)
    route += f"H{port - way * CORNER:.1f}q{way * CORNER:g} 0 {way * CORNER:g} {-CORNER:g}V{b.y + b.high + HEAD:.1f}"
    return _arrow(source, target, route, _upward(b._replace(x=port)))


def _risen(a: Box, b: Box) -> str:
    """Straight up, and over to the box at last."""
    end = b.y + b.high
    return f"V{end + RISE:.1f}C{a.x:.1f} {end + HEAD:.1f} {b.x:.1f} {end + RISE:.1f} {b.x:.1f} {end + HEAD:.1f}"


def _upward(b: Box) -> str:
    """The head of an arrow from below."""
    return f"M{b.x:.1f} {b.y + b.high:.1f}l-4 {HEAD:g}h8z"


def _sideways(b: Box, way: float) -> str:
    """The head of an arrow from the left, or from the right."""
    return f"M{b.x - way * b.half:.1f} {b.y:.1f}l{-way * HEAD:g} -4v8z"


def _arrow(source: str, target: str, route: str, head: str) -> Group:
    return Group("edge", [Path(route), Path(head, "head")], source=source, target=target)


def _free(name: str, places: Places) -> bool:
    """Whether nothing stands above an item in its own column."""
    own = places.column[name], places.level[name]
    return not any(column == own[0] and places.level[other] > own[1] for other, column in places.column.items())


def _node(item: Item, lines: list[list[Run]], box: Box) -> Group:
    corner = box.high if item.data and len(lines) == 1 else 7.0
    shapes: list[Rect | Line] = [Rect(box.x - box.half, box.y - box.high, 2 * box.half, 2 * box.high, corner)]
    shapes += list(_text(item, lines, box))
    words = item.name + (f" = {item.formula}" if item.formula else f" ({item.kind})")
    return Group(f"node {item.kind}", shapes, item.name, words)


def _text(item: Item, lines: list[list[Run]], box: Box) -> Iterator[Line]:
    first = box.y - (len(lines) - 1) * LINE / 2 + 0.34 * SIZE
    for k, line in enumerate(lines):
        yield Line(line, box.x, first + k * LINE, SIZE, "middle", item.name)
