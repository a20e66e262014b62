"""The layers of a picture: nodes of one rank that do the same become one box, and so do the data that feed it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.drawing.model import Item

_NAME = re.compile(r"[^\W\d]\w*")


def grouped(items: dict[str, Item]) -> dict[str, Item]:
    """The items with like ones as one.

    Nodes are alike where their ranks and the signs of their formulas are (`w1*x + b1`, `w2*x + b2`), both are plain
    numbers and no two layers made them; data where they are of one kind and feed the same groups. An array is a layer
    already and stays alone.
    """
    keys: dict[str, Hashable] = {}
    rank: dict[str, int] = {}
    for item in items.values():
        rank[item.name] = max((rank[source] + 1 for source in item.inputs), default=0)
        if not item.data:
            alone = item.name if item.shape else None
            keys[item.name] = (rank[item.name], _skeleton(item.formula, items), item.layer, alone)
    feeds: dict[str, set[Hashable]] = {name: set() for name in items}
    for item in items.values():
        for source in item.inputs:
            feeds[source].add(keys[item.name])
    for item in items.values():
        if item.data:
            keys[item.name] = (item.kind, frozenset(feeds[item.name]), item.name if item.shape else None)
    members: dict[Hashable, list[Item]] = {}
    for item in items.values():
        members.setdefault(keys[item.name], []).append(item)
    first = {item.name: group[0].name for group in members.values() for item in group}
    return {group[0].name: _one(group, first) for group in members.values()}


def _skeleton(formula: str, names: Iterable[str]) -> str:
    """A formula with its names left out: `_ · _ + _`."""
    known = set(names)
    return _NAME.sub(lambda found: "_" if found.group() in known else found.group(), formula)


def _one(group: list[Item], first: dict[str, str]) -> Item:
    """The box for a group."""
    head = group[0]
    inputs = tuple(dict.fromkeys(first[source] for item in group for source in item.inputs))
    if len(group) == 1:
        return head._replace(inputs=inputs)
    same = all(item.label == head.label for item in group)
    label = head.label if same else f"{head.label}, …"
    return head._replace(
        inputs=inputs, label=label, members=tuple(item.name for item in group), round=head.round and same
    )
