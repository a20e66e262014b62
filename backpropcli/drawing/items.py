"""What a drawing's items measure: boxes, the texts in and beside them, the data above them; in pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.drawing.layout import Block
from backpropcli.drawing.matrix_rows import PROPORTIONAL, aligned
from backpropcli.drawing.short_names import short_names, shortened
from backpropcli.drawing.svg_text import LONGEST_NAME, THIN, Run, broken, name_runs, number, run_width, runs

if TYPE_CHECKING:
    from backpropcli.drawing.model import Item, Picture
    from backpropcli.passes.loops import Loop

SIZE = 15.0
"""Size of the text, in pixels."""
LINE = 19.0
SIGN = 21.0
"""Size of the sign in a circle."""
RADIUS = 17.0
PAD = 11.0
LIFT = 6.0
"""How far a text stands above or below the edge that it belongs to."""
STUB = 8.0
"""What an edge shows of itself on both sides of its label."""
DROP = 24.0
"""The height in which arrows from several data come together above an operation."""
MOST_APART = 3
"""So many data above an operation have an arrow each; where there are more, they share a tray with one arrow."""
LOOP = 26.0
"""How far below its box a loop goes that comes back to it, or to another box."""
PORT = 9.0
"""The least distance of two edges that arrive at a box."""
HEAD = 9.0
"""Length of an arrow's head."""


class Figure(NamedTuple):
    """An item measured: its box around the centre, its label, and what stands over and under its outgoing edge."""

    item: Item
    half_width: float
    half_height: float
    label: list[list[Run]]
    over: list[list[Run]]
    under: list[list[Run]]
    beside: float
    """How wide the texts at the outgoing edge are."""

    above: tuple[Figure, ...] = ()
    """The data that stand above it."""

    tray: bool = False
    """Whether the data above it share a tray."""

    loop: Sequence[Run] = ()
    """What comes back to it from another time, and how often."""

    @property
    def cell(self) -> float:
        """How wide a datum is in a tray: its text, and its gradient behind it."""
        return 2 * (self.half_width - PAD) + (self.beside + 12 if self.under else 0)

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and rows of its tray."""
        columns = max(1, round(sqrt(len(self.above) * 0.34)))
        return columns, -(-len(self.above) // columns)

    @property
    def widest(self) -> float:
        """How wide a column of its tray is."""
        return max(f.cell for f in self.above) + 18

    @property
    def high(self) -> float:
        """How high a row of its tray is."""
        return max(2 * f.half_height for f in self.above) - 6

    @property
    def reach(self) -> float:
        """How far right of its arrow a datum above an operation needs room: its gradient stands beside the arrow."""
        return max(self.half_width, self.beside + STUB + 4)

    @property
    def offsets(self) -> list[float]:
        """Where the data above it stand, left or right of the centre; in the middle of it on average."""
        places, x = [], 0.0
        for figure in self.above:
            x += figure.half_width
            places.append(x)
            x += figure.reach + 10
        mean = sum(places) / len(places) if places else 0.0
        return [place - mean for place in places]

    @property
    def roof(self) -> float:
        """How high above the centre the arrows from above have come together."""
        return max(self.half_height + HEAD + 4, LIFT + len(self.over) * LINE + 4)

    @property
    def eaves(self) -> float:
        """How high above the centre the data above it end."""
        if self.tray:
            return self.half_height + 2 * HEAD + 4
        fall = max(max(len(f.under), 1) * LINE for f in self.above) + 6
        return self.roof + fall + (DROP if len(self.above) > 1 else 0)

    def block(self) -> Block:
        """The room it needs."""
        left = self.half_width
        right = self.half_width + (self.beside + 2 * STUB if self.beside else STUB)
        above = max(self.half_height, LIFT + len(self.over) * LINE)
        if self.tray:
            columns, rows = self.grid
            half = columns * self.widest / 2 + 3
            left, right = max(left, half), max(right, half)
            above = max(above, self.eaves + rows * self.high + 8)
        elif self.above:
            places = list(zip(self.above, self.offsets, strict=True))
            left = max([left, *(f.half_width - x for f, x in places)])
            right = max([right, *(x + f.reach for f, x in places)])
            above = self.eaves + max(2 * f.half_height for f in self.above)
        below = max(self.half_height, LIFT + len(self.under) * LINE)
        if self.loop:
            below = max(below, self.half_height + LOOP + LINE)
            half = run_width(self.loop, SIZE) / 2
            left, right = max(left, half), max(right, half)
        ports = max(0.62 * self.half_height, self.half_height - 12)
        return Block(self.item.name, left, right, above, below, self.half_width, ports)


def figures(shown: Picture) -> Iterator[Figure]:
    """Every item measured; those above an operation before it."""
    names = set(shown.items).union(*(item.members for item in shown.items.values()))
    short = short_names(names, LONGEST_NAME)
    done: dict[str, Figure] = {}
    for item in shown.items.values():
        above = tuple(done[name] for name in shown.above.get(item.name, ()))
        arriving = len(item.inputs) - len(above)
        figure = _data(item) if item.data else _operation(item, names, short)
        if not figure.item.round:
            figure = figure._replace(half_height=max(figure.half_height, arriving * PORT / 2))
        figure = figure._replace(loop=loop_words(shown.looped(item.name)))
        figure = done[item.name] = figure._replace(above=above, tray=len(above) > MOST_APART)
        yield figure


def loop_words(loops: Sequence[Loop]) -> list[Run]:
    """What comes back: `h[t-1], 3 times`, its times set low."""
    line: list[Run] = []
    for loop in loops:
        line += [Run(loop.source, "name"), Run(loop.when.replace("-", "−"), "index"), Run(", ", "")]
    return [*line, Run(loops[0].often, "")] if loops else []


def _named(item: Item, lines: tuple[str, ...]) -> list[list[Run]]:
    """`w1 = 2`; for a matrix its name and shape, and its rows below."""
    name = _title(item)
    if not lines:
        return [[*name, Run(f" {item.shown_shape}", "shape")]] if item.shape else [name]
    if len(lines) == 1:
        return [[*name, Run(" = ", ""), Run(number(lines[0]), "value")]]
    rows = aligned(lines, PROPORTIONAL)
    return [[*name, Run(f" {item.shown_shape}", "shape")], *([Run(number(line), "value")] for line in rows)]


def _title(item: Item) -> list[Run]:
    """An item's name, or those of its members."""
    if not item.members:
        return list(name_runs(item.name))
    return runs(item.title, set(item.members))


def _data(item: Item) -> Figure:
    label = _named(item, item.value)
    half = max(run_width(line, SIZE) for line in label) / 2 + PAD
    under = [[Run(number(line), "gradient")] for line in aligned(item.gradient, PROPORTIONAL)]
    beside = max((run_width(line, SIZE) for line in under), default=0.0)
    return Figure(item, half, len(label) * LINE / 2 + 5, label, [], under, beside)


def _operation(item: Item, names: set[str], short: dict[str, str]) -> Figure:
    over = _named(item, item.value)
    under = [[Run(number(line), "gradient")] for line in aligned(item.gradient, PROPORTIONAL)]
    beside = max(run_width(line, SIZE) for line in [*over, *under])
    if item.round:
        return Figure(item, RADIUS, RADIUS, [[Run(item.label.replace("-", "−"), "sign")]], over, under, beside)
    label = []
    for line in broken(shortened(item.label.replace("-", "−"), short)):
        tight = line.replace(" · ", f"{THIN}·{THIN}").removeprefix("· ").removesuffix(" ·")
        tight = f"·{THIN}{tight}" if line.startswith("· ") else tight
        label.append(runs(tight, names.union(short.values())))
    half = max(run_width(line, SIZE) for line in label) / 2 + PAD
    return Figure(item, half, max(len(label) * LINE / 2 + 6, RADIUS), label, over, under, beside)
