"""Copies of blocks as one box each: what goes in, what comes out, and the gradient that goes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.drawing.model import Item


def folded(items: dict[str, Item], copies: Mapping[str, tuple[str, str]]) -> dict[str, Item]:
    """The items with each copy as one, at the place of its output; `copies` has the copy of each name, and its block.

    A copy's box has the name, the numbers and the shape of its output; its parameters are inside.
    """

    def copy_of(name: str) -> str:
        return copies[name][0] if name in copies else ""

    members: dict[str, list[Item]] = {}
    for item in items.values():
        if copy := copy_of(item.name):
            members.setdefault(copy, []).append(item)
    used = {
        source
        for item in items.values()
        for source in item.inputs
        if copy_of(source) and copy_of(source) != copy_of(item.name)
    }
    whole = {copy: _whole(own, used, copies[own[0].name][1]) for copy, own in members.items()}
    shown = {item.name: item for item in whole.values()}
    return {name: shown.get(name, item) for name, item in items.items() if name in shown or not copy_of(name)}


def _whole(members: list[Item], used: set[str], head: str) -> Item:
    """The box for a copy: its output, which others use, or its last node."""
    nodes = [item for item in members if not item.data]
    output = next((item for item in reversed(nodes) if item.name in used), nodes[-1])
    own = {item.name for item in members}
    inputs = tuple(dict.fromkeys(source for item in members for source in item.inputs if source not in own))
    formula = f"{head.partition('(')[0]}({', '.join(inputs)})"
    return output._replace(label=head, formula=formula, round=False, inputs=inputs)
