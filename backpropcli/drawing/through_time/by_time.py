"""An unrolled network as textbooks draw it: what all times share stands aside, and each row of data at its own time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.drawing.model import Item
from backpropcli.drawing.through_time.left_out import closed
from backpropcli.language.formula.names import names
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.rows import whole
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Expression, Index, Name, Slice, rebuilt
from backpropcli.notation.middle import middle

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.ops.shape import Shape

MOST_ROWS = 4
"""An array of more rows than these is written with its first and its last."""

Lines = Callable[[Any, "Shape", bool], tuple[str, ...]]


class ByTime(NamedTuple):
    """The items, those that every time uses, and the times that are left out."""

    items: dict[str, Item]
    shared: tuple[str, ...]
    left_out: tuple[int, ...]


def by_time(trace: Trace, items: dict[str, Item], lines: Lines, full: bool) -> ByTime:
    """The items of an unrolled network, arranged by time.

    A row of data that a formula reads, x[0], becomes an item of its own; the parameters that several times use have no
    lines any more: the formulas name them. Of very many times the middle ones are one item. `lines` writes numbers.
    """
    times = trace.graph.times
    left_out = () if full else middle(times.values())
    kept = {name: item for name, item in items.items() if times.get(name) not in left_out or name not in times}
    rows: dict[str, Item] = {}
    inputs = {}
    for name, item in kept.items():
        inputs[name] = item.inputs
        if name in times:
            own, inputs[name] = _rows(trace, item, lines)
            rows.update(own)
    readers: dict[str, set[str]] = {}
    for name, used in inputs.items():
        for source in used:
            readers.setdefault(source, set()).add(name)
    shared = tuple(
        name for name, item in items.items() if item.data and len({times.get(r) for r in readers.get(name, ())}) > 1
    )
    made = dict(_data(items, rows, readers))
    for name, item in kept.items():
        if not item.data:
            used = tuple(source for source in inputs[name] if source not in shared)
            made[name] = _written(item, used, rows)._replace(inputs=used)
    return ByTime(closed(items, made) if left_out else made, shared, left_out)


def _written(item: Item, used: Sequence[str], rows: Mapping[str, Item]) -> Item:
    """An item whose box says all that it needs: `V · h[1]` where V has no line, `[L[0], …, L[49]]` for many rows."""
    if item.round and (len(used) < len(item.inputs) or any(source in rows for source in used)):
        return item._replace(label=item.formula, round=False)
    if len(used) > MOST_ROWS and item.formula == f"[{', '.join(item.inputs)}]":
        short = f"[{used[0]}, …, {used[-1]}]"
        return item._replace(label=short, formula=short)
    return item


def _data(
    items: Mapping[str, Item], rows: Mapping[str, Item], readers: Mapping[str, object]
) -> Iterator[tuple[str, Item]]:
    """The data: whole where somebody reads them so, or nobody at all; then the rows."""
    split = {row.partition("[")[0] for row in rows}
    for name, item in items.items():
        if item.data and (name not in split or name in readers):
            yield name, item
    yield from rows.items()


def _rows(trace: Trace, item: Item, lines: Lines) -> tuple[dict[str, Item], tuple[str, ...]]:
    """The rows of data that a formula reads, each as an item, and what the formula then uses."""
    graph, found = trace.graph, dict[str, Item]()

    def change(before: Expression, now: Expression) -> Expression:
        if not isinstance(now, Index) or not isinstance(now.value, Name):
            return now
        source = graph.nodes.get(now.value.name)
        place = _place(now)
        if source is None or source.kind == "node" or place is None:
            return now
        name = show(now)
        value = trace.value(source.name)[place]
        shape = tuple(getattr(value, "shape", ()))
        has = trace.of is not None and (source.kind == "parameter" or trace.everything)
        gradient = lines(trace.gradient(source.name)[place], shape, False) if has else ()
        found[name] = Item(name, source.kind, "", "", False, shape, lines(value, shape, True), gradient, ())
        return Name(name)

    tree = rebuilt(parse(graph.nodes[item.name].formula, graph.nodes), change)
    return found, tuple(name for name in names(tree) if name in found or name in graph.nodes)


def _place(index: Index) -> tuple[Any, ...] | None:
    """A row by its number, x[0] or x[:, 0]; None for any other index."""
    place: list[Any] = []
    for item in index.items:
        number = whole(item)
        if number is not None:
            place.append(number)
        elif isinstance(item, Slice) and not item.parts():
            place.append(slice(None))
        else:
            return None
    return tuple(place)
