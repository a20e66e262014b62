"""A computation graph in characters: values on the way out, gradients on the way back, as a lecture writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.drawing.banding import Break, bands
from backpropcli.drawing.canvas import DOWN, LEFT, RIGHT, TO_ASCII, UP, Canvas, TangledError, to_ascii
from backpropcli.drawing.coordinates import across
from backpropcli.drawing.crossings import untangle
from backpropcli.drawing.lanes import Net, lanes
from backpropcli.drawing.model import MOST_NAMED, Picture
from backpropcli.drawing.node_list import node_list
from backpropcli.drawing.ranks import Layers, layers, ranked
from backpropcli.drawing.short_names import renamed, short_names
from backpropcli.drawing.terminal_legend import in_full, legend
from backpropcli.drawing.terminal_parts import Part, is_cut, parts
from backpropcli.render.width import width_of

if TYPE_CHECKING:
    from backpropcli.drawing.drawing import Drawing as Drawn
    from backpropcli.render.output import Destination

MOST_ROWS, MOST_LANES = 120, 8
MOST_CROSSINGS, CROSSINGS_IN_A_RANK = 30, 10
"""A drawing with more rows, lanes between two columns or crossings (in all, or for each rank) than these is a list."""
LANE = 2
"""Columns that a lane takes."""
SHORTEST_NAME, NAME_PART = 12, 7
"""A name that takes more than one part of the width in so many is shortened, but not below so many signs."""
NARROWEST = 60
"""What does not fit into so many columns or more is a list; in fewer it runs on."""
WIDEST = 120
"""Where nobody says how wide a drawing may be, it is broken at so many columns: as a terminal of that width would."""
NOTHING_DONE, IN_A_LAYER, IN_A_BLOCK, A_LINE = 80, 40, 10, 1
"""What a break costs behind data alone; inside a layer; elsewhere but in front of new parameters; for each line."""


def picture(found: Drawn, to: Destination) -> Iterator[str]:
    """A drawing, as the registry of formats asks for it."""
    return (f"{line}\n" for line in terminal_graph(found.shown, found.width, found.ascii, found.coloured))


def terminal_graph(
    shown: Picture, width: int | None = None, ascii: bool = False, coloured: bool = False
) -> Iterator[str]:
    """The lines of a drawing that fits into `width` columns, broken between nodes; of a list where lines are too many.

    Long names and formulas are shortened in their middle, and stand below in full. `ascii` uses no other signs;
    `coloured` writes ANSI codes.
    """
    room = WIDEST if width is None else width
    if ascii:
        shown = _plain(shown)
    every = set(shown.items).union(*(item.members for item in shown.items.values()))
    short = short_names(sorted(every), max(SHORTEST_NAME, room // NAME_PART), "..." if ascii else "…")
    shown = renamed(shown, short)
    try:
        drawing = Drawing(shown, width, ascii, coloured)
        lines = list(drawing.bands())
        if width is not None and width >= NARROWEST and drawing.widest > width:
            raise TangledError
        cut = {item.title: item.formula for item in shown.items.values() if is_cut(item, room)}
        lines += legend(shown, room, drawing.canvas.crossed, ascii, coloured)
    except TangledError:
        lines, cut = node_list(shown, room).text(width).splitlines(), {}
    for text in [*lines, *in_full(short, cut, room)]:
        yield text.translate(TO_ASCII) if ascii else text


def _plain(shown: Picture) -> Picture:
    """The picture with formulas in ASCII, before anything is measured."""
    items = {
        name: item._replace(label=to_ascii(item.label), formula=to_ascii(item.formula), members=_few(item.members))
        for name, item in shown.items.items()
    }
    return shown._replace(items=items)


def _few(members: tuple[str, ...]) -> tuple[str, ...]:
    """The members with dots of ASCII in the place of all but the first and the last, where there are many."""
    return members if len(members) <= MOST_NAMED else (members[0], "...", members[-1])


class Drawing:
    """Boxes in columns on a canvas, and lines in lanes between the columns."""

    def __init__(self, shown: Picture, width: int | None, ascii: bool = False, coloured: bool = False) -> None:
        self.width = WIDEST if width is None else width
        self.widest = 0
        """The width of the widest band, once they have been read."""
        self.framed = shown.framed
        unused = {*shown.unused, *shown.shared}
        self.parts: list[Part] = [p for p in parts(shown, self.width, ascii) if p.item.name not in unused]
        number = {part.item.name: k for k, part in enumerate(self.parts)}
        pairs = [(number[a], number[b]) for a, b in shown.edges]
        self.graph: Layers = layers(ranked(len(self.parts), pairs), pairs)
        if max(map(len, self.graph.ranks), default=0) > MOST_ROWS:  # before the work is done
            raise TangledError
        if untangle(self.graph) > max(MOST_CROSSINGS, CROSSINGS_IN_A_RANK * len(self.graph.ranks)):
            raise TangledError
        place = {v: k for rank in self.graph.ranks for k, v in enumerate(rank)}
        self.sources = [sorted(vertices, key=place.__getitem__) for vertices in self.graph.backward]
        self.rows = [round(y) for y in across(self.graph, self._apart, whole=True)]
        if self.rows and max(self.rows) - min(self.rows) > MOST_ROWS:
            raise TangledError
        self.entries = [_entries(self.rows[v], [self.rows[w] for w in ws]) for v, ws in enumerate(self.sources)]
        self.owner = {p: a for a, chain in self.graph.chains.items() for p in chain.values()}
        self.canvas = Canvas(coloured)
        self.ends: list[int] = []
        """The column behind the boxes of each rank, where the drawing may be broken."""
        self.layers: dict[int, tuple[int, int]] = {}
        """The first column of each layer, and the one behind it."""
        self.places: dict[str, tuple[int, int]] = {}
        """The row and the column where each box begins."""
        x = 0
        for r in range(len(self.graph.ranks)):
            x = self._column(r, x)

    def _apart(self, u: int, v: int) -> int:
        """Rows between two vertices of a rank: their texts, room for lines that arrive, and an empty one."""
        real = self.graph.real
        below, above = (max(len(self.sources[w]) - 1, 0) for w in (u, v))
        below = max(below, self.parts[u].below) if u < real else 0
        above = max(above, self.parts[v].above) if v < real else 0
        data = all(w < real and self.parts[w].item.data for w in (u, v))
        return below + above + (1 if data or not (u < real and v < real) else 2)

    def _name(self, v: int) -> str:
        """The node whose line passes through a vertex."""
        return self.parts[self.owner.get(v, v)].item.name

    def _column(self, r: int, x: int) -> int:
        """Draw a rank whose boxes begin at column x, and the lines to the next; where the next begins."""
        graph = self.graph
        end = x + max((part.width for part in self._boxes(r)), default=1)
        self.ends.append(end)
        self._note_layers(r, x)
        following = graph.ranks[r + 1] if r + 1 < len(graph.ranks) else []
        nets = [self._net(v) for v in graph.ranks[r] if graph.forward[v]]
        lane = lanes(nets)
        count = max(lane.values(), default=-1) + 1
        if count > MOST_LANES:
            raise TangledError
        funnel = any(len(self.sources[w]) > 1 for w in following)
        start = end + LANE * count + funnel + 1 + (funnel and not count)  # the column `end` is the lines' own
        for v in graph.ranks[r]:
            self._vertex(v, x, end, start)
        for net in nets:
            self._lines(net, end, end + LANE * lane.get(net.name, 0), start)
        for w in following:
            if w < graph.real and self.sources[w]:
                self._arrive(w, start)
        return start

    def _note_layers(self, r: int, x: int) -> None:
        """Widen the layers that have boxes in a rank."""
        for part in self._boxes(r):
            if layer := part.item.layer:
                first, last = self.layers.get(layer, (x, 0))
                self.layers[layer] = min(first, x), max(last, x + part.width)

    def _vertex(self, v: int, x: int, end: int, start: int) -> None:
        """A box, with its line to the end of its rank's columns; or a line that passes through the rank."""
        row = self.rows[v]
        if v >= self.graph.real:
            self.canvas.across(self._name(v), row, x, end)
            return
        part, goes_on = self.parts[v], bool(self.graph.forward[v])
        self.places[part.item.name] = row, x
        side = x + width_of(part.box)
        part.draw(self.canvas, row, x, tight=goes_on and start == end + 1 == side + part.stub + 1)
        if goes_on:
            self.canvas.across(self._name(v), row, side + part.item.data, end)

    def _lines(self, net: Net, end: int, turn: int, start: int) -> None:
        """The lines of a net from the columns of a rank to the next, which turn up or down at their lane."""
        for row, stop in net.ends:
            if row == net.start:
                self.canvas.across(net.name, row, end, start - stop)
                continue
            self.canvas.down(net.name, turn, net.start, row)
            if turn < start - stop:
                self.canvas.across(net.name, row, turn, start - stop)
            self.canvas.across(net.name, net.start, end, turn)

    def _net(self, v: int) -> Net:
        """The lines from a vertex to the next rank, and how far in front of it each ends."""
        ends = []
        for w in self.graph.forward[v]:
            row = self.entries[w][self.sources[w].index(v)]
            ends.append((row, 0 if w >= self.graph.real else 3 if len(self.sources[w]) > 1 else 2))
        return Net(self._name(v), self.rows[v], tuple(ends))

    def _arrive(self, v: int, x: int) -> None:
        """The arrow's head in front of a box; lines from several rows come together there, and nowhere else."""
        row, rows = self.rows[v], self.entries[v]
        self.canvas.text(row, x - 1, "▶")
        if len(rows) == 1:
            return
        low, high = min(row, *rows), max(row, *rows)
        for k in range(low, high + 1):
            sides = (UP if k > low else 0) | (DOWN if k < high else 0) | (LEFT if k in rows else 0)
            self.canvas.mark(f"▶{v}", k, x - 2, sides | (RIGHT if k == row else 0))

    def bands(self) -> Iterator[str]:
        """The lines of text: whole, or broken behind boxes into bands of at most the width."""
        total = self.canvas.size()
        entering = self.canvas.entering()
        titles = {part.item.name: part.item.title for part in self.parts}

        def head(start: int) -> int:
            return max((width_of(titles[name]) + 1 for name in entering.get(start, ())), default=0) if start else 0

        for start, end in bands(list(self._breaks(entering)), total, self.width, head):
            if start:
                yield ""
            margin = head(start)
            self.widest = max(self.widest, margin + end - start)
            if heading := self._heading(start, end, margin):
                yield heading
            for text, name in _closed_up(self.canvas.rows(start, end if end < total else None)):
                title = titles.get(name, "")
                yield f"{' ' * (margin - 1 - width_of(title)) + title} {text}".rstrip() if margin else text

    def _breaks(self, entering: dict[int, set[str]]) -> Iterator[Break]:
        """Where the drawing may be broken, and what a break there costs."""
        fed = [any(p.fed for p in self._boxes(r)) for r in range(len(self.graph.ranks))]
        done = False
        for r, end in enumerate(self.ends[:-1]):
            inside = any(first < end < last for first, last in self.layers.values())
            fresh = fed[r + 1] and not fed[r]
            done = done or any(not p.item.data for p in self._boxes(r))
            cost = NOTHING_DONE if not done else IN_A_LAYER if inside else 0 if fresh else IN_A_BLOCK
            yield Break(end, cost + A_LINE * len(entering.get(end, ())))

    def _boxes(self, rank: int) -> list[Part]:
        return [self.parts[v] for v in self.graph.ranks[rank] if v < self.graph.real]

    def _headed(self) -> list[tuple[str, int, int]]:
        """The headings left to right, each with its columns; layers that stand one over the other share one."""
        groups: list[tuple[list[int], int, int]] = []
        for number, (first, last) in sorted(self.layers.items(), key=lambda layer: layer[1]) if self.framed else ():
            if groups and first < groups[-1][2]:
                numbers, start, end = groups.pop()
                groups.append(([*numbers, number], start, max(last, end)))
            else:
                groups.append(([number], first, last))
        return [
            (f"layer{'s' * (len(numbers) > 1)} {', '.join(map(str, sorted(numbers)))}", first, last)
            for numbers, first, last in groups
        ]

    def _heading(self, start: int, end: int, margin: int) -> str:
        """The names of the layers over a band, each over a bracket."""
        line = ""
        for name, first, last in self._headed():
            left, right = max(first, start), min(last, end)
            if left < right:
                title = f"─ {name}{', continued' if first < start else ''} "
                line = line.ljust(left - start + margin) + f"┌{title.ljust(right - left - 2, '─')}┐"
        return line


def _entries(row: int, sources: Sequence[int]) -> list[int]:
    """The row in which each line arrives at a box in `row`: a level one goes straight in, the others beside it."""
    higher = sum(source < row for source in sources)
    level = sum(source == row for source in sources)
    if level or higher <= len(sources) - higher:
        return [row - higher + k for k in range(len(sources))]
    return [row - higher + 1 + k for k in range(len(sources))]


def _closed_up(rows: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The rows without repetitions of one that holds nothing but upright lines."""
    before = ""
    for text, name in rows:
        if text != before or name or text.strip("│ "):
            yield text, name
        before = text
