"""Times that a drawing leaves out: a box in their stead, between the state of before and that of after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backpropcli.drawing.model import Item

DOTS = "⋯"


def closed(items: Mapping[str, Item], made: Mapping[str, Item]) -> dict[str, Item]:
    """What is drawn, with a box for each recurrence whose middle is not among it."""
    gone = {name: None for name, item in items.items() if not item.data and name not in made}
    group = _groups({name: item for name, item in items.items() if not item.data and "[" in name})
    into = _into(items, made, gone, group)
    order = {name: k for k, name in enumerate(made)}
    after: dict[str, list[str]] = {}
    for own, sources in into.items():
        after.setdefault(max(sources, key=order.__getitem__), []).append(own)
    result: dict[str, Item] = {}
    for name, item in made.items():
        lost = [group[base(source)] for source in items.get(name, item).inputs if source in gone]
        boxes = dict.fromkeys(box(own) for own in lost if own in into)
        left = [source for source in item.inputs if source not in gone]
        result[name] = item._replace(inputs=(*boxes, *left)) if lost else item
        for own in after.get(name, ()):
            result[box(own)] = Item(box(own), "node", DOTS, DOTS, False, (), (), (), into[own])
    return result


def _into(
    items: Mapping[str, Item], made: Mapping[str, Item], gone: Iterable[str], group: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """What is drawn of each recurrence and goes into its middle; none of what does not lead back to itself."""
    into: dict[str, dict[str, None]] = {}
    for name in gone:
        own = group[base(name)]
        kept = (source for source in items[name].inputs if source in made and group.get(base(source)) == own)
        into.setdefault(own, {}).update(dict.fromkeys(source for source in kept if not made[source].data))
    return {own: tuple(sources) for own, sources in into.items() if sources}


def box(own: str) -> str:
    """The name of the box of what is left out."""
    return f"{own}[{DOTS}]"


def base(row: str) -> str:
    """The h of h[3]."""
    return row.partition("[")[0]


def _groups(rows: Mapping[str, Item]) -> dict[str, str]:
    """The recurrence that each node belongs to, called by one of its nodes: those that lead to each other."""
    uses: dict[str, set[str]] = {}
    for name, item in rows.items():
        uses.setdefault(base(name), set()).update(base(source) for source in item.inputs if source in rows)
    reach = {name: _reached(name, uses) for name in uses}
    return {name: min([name, *(other for other in reach[name] if name in reach.get(other, ()))]) for name in uses}


def _reached(start: str, uses: Mapping[str, Iterable[str]]) -> set[str]:
    found, waiting = set[str](), [start]
    while waiting:
        for name in uses.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
