"""The picture of a trace: a box for every name (or for every step inside the formulas), with its texts."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from backpropcli.drawing.copies import folded
from backpropcli.drawing.grouping import grouped
from backpropcli.drawing.model import BLANK, DIGITS, MOST_ENTRIES, MOST_IN_ROW, SIGNS, Item, Picture
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Unary
from backpropcli.notation.formula import typeset
from backpropcli.notation.numbers import Precision
from backpropcli.passes.loops import Loop

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.graph import Node
    from backpropcli.ops.shape import Shape


def picture(
    trace: Trace,
    precision: Precision | None = None,
    *,
    blank: bool = False,
    level: str = "nodes",
    expand: bool = False,
    full: bool = False,
) -> Picture:
    """What to draw of a trace.

    `level` "layers" shows shapes instead of numbers, and like nodes of one rank as one box; "times" shows an unrolled
    network time by time; "blocks" shows each copy of a block as one box; `expand` a box for every step inside a
    formula; `blank` leaves out what is to be worked out, values of nodes and gradients; `full` shows the numbers of
    large arrays, and every time.
    """
    show = _Show(trace, precision or Precision(DIGITS), blank, level == "layers", full)
    items = show.steps() if expand else show.nodes()
    if level == "layers":
        items = grouped(items)
    if level == "blocks":
        items = folded(items, trace.graph.copies)
    if level == "times" and trace.graph.times and not expand:
        return unrolled(trace, items, show, blank, full)
    items = _owned(items)
    return Picture(items, hung(items), trace.of, blank, level == "layers", tuple(Loop.found(trace.graph)))


def unrolled(trace: Trace, items: dict[str, Item], show: _Show, blank: bool, full: bool) -> Picture:
    """The picture of an unrolled network, time by time."""
    from backpropcli.drawing.through_time.by_time import by_time

    found = by_time(trace, items, show.lines, full)
    times = {name: trace.graph.times[name] for name in found.items if name in trace.graph.times}
    above = hung(found.items, ("parameter", "target", "input"))
    return Picture(found.items, above, trace.of, blank, shared=found.shared, left_out=found.left_out, times=times)


def _owned(items: dict[str, Item]) -> dict[str, Item]:
    """The items with each parameter in the layer that alone uses it, wherever its value was written."""
    layers: dict[str, set[int]] = {}
    for item in items.values():
        for source in item.inputs:
            layers.setdefault(source, set()).add(item.layer)

    def layer(item: Item) -> int:
        using = layers.get(item.name, {0})
        return item.layer if not item.data else max(using) if item.kind == "parameter" and len(using) == 1 else 0

    return {name: item._replace(layer=layer(item)) for name, item in items.items()}


def hung(items: dict[str, Item], kinds: Collection[str] = ("parameter", "target")) -> dict[str, tuple[str, ...]]:
    """The data above each operation: parameters and targets that it alone uses, where something else is on its left."""
    users: dict[str, int] = {}
    for item in items.values():
        for source in item.inputs:
            users[source] = users.get(source, 0) + 1
    result = {}
    for item in items.values():
        own = [s for s in item.inputs if items[s].kind in kinds and users[s] == 1]
        if own and len(own) < len(item.inputs):
            result[item.name] = tuple(own)
    return result


def _layer(node: Node) -> int:
    """The number of the layer, from 1, that a node was made of; 0 for one that no layer made."""
    match node.path:
        case ("layers", int(index), *_):
            return index + 1
    return 0


class _Show:
    """Turns what is in a trace into texts."""

    def __init__(self, trace: Trace, precision: Precision, blank: bool, shapes: bool, full: bool) -> None:
        self.trace, self.graph = trace, trace.graph
        self.precision, self.blank, self.shapes, self.full = precision, blank, shapes, full
        self.arrays = {name for name in self.graph.nodes if self.graph.shape(name)}

    def nodes(self) -> dict[str, Item]:
        """An item for every name."""
        result = {}
        for node in self.graph.nodes.values():
            label, formula, round = "", "", False
            if node.kind == "node":
                label, formula, round = self._label(parse(node.formula, self.graph.nodes))
            has = self.trace.of is not None and (node.kind in ("parameter", "node") or self.trace.everything)
            shape = self.graph.shape(node.name)
            result[node.name] = Item(
                node.name,
                node.kind,
                label,
                formula,
                round,
                shape,
                self.lines(self.trace.value(node.name), shape, given=node.kind != "node"),
                self.lines(self.trace.gradient(node.name), shape) if has else (),
                node.inputs,
                layer=_layer(node),
            )
        return result

    def steps(self) -> dict[str, Item]:
        """An item for every datum and every step inside the formulas."""
        from backpropcli.derivation.reading import Reading
        from backpropcli.derivation.stages import primitive_stages

        whole = self.nodes()
        reading = Reading(self.trace, self.precision)
        result = {name: item for name, item in whole.items() if item.data}
        for stage in primitive_stages(self.graph, reading.labels):
            shape = reading.shape(stage.name)
            label, formula, round = self._label(stage.formula)
            gradient = self.lines(reading.gradient(stage.name), shape) if self.trace.of is not None else ()
            result[stage.name] = Item(
                stage.name,
                "node",
                label,
                formula,
                round,
                shape,
                self.lines(reading.value(stage.name), shape),
                gradient,
                stage.inputs,
                layer=_layer(self.graph.nodes[stage.node]),
            )
        return result

    def lines(self, value: Any, shape: Shape, given: bool = False) -> tuple[str, ...]:
        """A number, or the rows of a small array; blanks in an exercise unless it is given."""
        if self.shapes:
            return ()
        blank = self.blank and not given
        if not shape:
            return (BLANK if blank else self.precision.show(float(value)),)
        size, last = 1, shape[-1]
        for length in shape:
            size *= length
        small = size <= MOST_ENTRIES and last <= MOST_IN_ROW and len(shape) <= 2
        if not size or not (small or self.full):
            return ()
        rows = value.reshape(-1, last).tolist()
        return tuple(f"[{' '.join(BLANK if blank else self.precision.show(x) for x in row)}]" for row in rows)

    def _label(self, tree: Expression) -> tuple[str, str, bool]:
        """What stands in a box, the whole formula, and whether the box is a circle."""
        text = typeset(tree, arrays=self.arrays)
        match tree:
            case Binary(sign=sign, left=Name(name=a), right=Name(name=b)) if sign in SIGNS and a != b:
                return SIGNS[sign], text, True
            case Call(name=name, written="function", arguments=(Name(prefix=""),), keywords=()):
                return name, text, False
            case Unary(sign="-", operand=Name()):
                return "-", text, True
        return text, text, False
