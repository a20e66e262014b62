"""A computation graph as a list, for one that is too large or too tangled to be drawn in characters."""

from __future__ import annotations

from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING

from backpropcli.drawing.svg_text import broken
from backpropcli.drawing.terminal_parts import line
from backpropcli.render.table import INDENT, Column, Table
from backpropcli.render.width import width_of

if TYPE_CHECKING:
    from backpropcli.drawing.model import Item, Picture

GAP = 2
LEAST = 16
"""Columns for a formula, and for the names of what uses a node, at least."""
FORMULA = 0.6
"""The part of their room that formulas take where both are long."""
MOST_VALUE = 4
"""An array that would take more than one part of the width in so many is a shape."""


def node_list(shown: Picture, width: int) -> Table:
    """Each node and where it goes, within `width` columns; long formulas and lists go on in further rows."""
    items = shown.items.values()
    users = _users(shown)
    head = f"d{shown.of}/d(name)" if any(item.gradient for item in items) else ""
    facts = {
        item.name: (item.title, *(_number(item, lines, width) for lines in (item.value, item.gradient)))
        for item in items
    }
    fixed = [max(map(width_of, column)) for column in zip(*facts.values(), ("name", "value", head), strict=True)]
    room = max(width - len(INDENT) - sum(fixed) - GAP * (3 + bool(head)), 2 * LEAST)
    formulas, goes = _shares(shown, users, room)
    sections: tuple[list[list[str]], list[list[str]]] = ([], [])
    for item in items:
        title, value, gradient = facts[item.name]
        value = value or item.shown_shape
        left = broken(item.formula, formulas, 0) if item.formula else [item.kind]
        right = wrap(", ".join(users[item.name]), max(goes - 2, 1), break_long_words=False)
        right = [f"{' ' if k else '→'} {part}" for k, part in enumerate(right)]
        rows = sections[0 if item.data else 1]
        for formula, user in zip_longest(left, right, fillvalue=""):
            rows.append([title, formula, value, gradient, user])
            title = value = gradient = ""  # which stand in the first row alone
    columns = (
        Column("name", last=True),
        Column("formula", gap=GAP),
        Column("value", "right", gap=GAP),
        Column(head, "right", gap=GAP),
        Column("goes to", gap=GAP),
    )
    return Table(
        columns,
        [section for section in sections if section],
        footers=[*_loops(shown), "Too large or too tangled for characters. As a picture: backprop draw -o net.svg"],
    )


def _loops(shown: Picture) -> list[str]:
    """What comes back from one time to the next."""
    return [f"{loop.source}[{loop.when}] comes back into {loop.reader}, {loop.often}" for loop in shown.loops]


def _users(shown: Picture) -> dict[str, list[str]]:
    """The nodes that use each."""
    users: dict[str, list[str]] = {name: [] for name in shown.items}
    for item in shown.items.values():
        for source in item.inputs:
            users[source].append(item.name)
    return users


def _shares(shown: Picture, users: dict[str, list[str]], room: int) -> tuple[int, int]:
    """How wide formulas may be, and the names of what uses a node."""
    formulas = max(LEAST, *(width_of(item.formula or item.kind) for item in shown.items.values()))
    goes = max(LEAST, *(width_of(", ".join(names)) + 2 for names in users.values()))
    if formulas + goes > room:
        formulas = min(formulas, max(round(FORMULA * room), room - goes))
        goes = room - formulas
    return formulas, goes


def _number(item: Item, lines: tuple[str, ...], width: int) -> str:
    """A number or small array, the shape of a wide one; nothing where there is none."""
    text = line(lines)
    return text if not item.shape or len(text) <= max(width // MOST_VALUE, LEAST) else item.shown_shape
