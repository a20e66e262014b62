"""What a drawing of a computation graph shows: boxes with their texts, and the edges between them.

Every form of drawing (terminal, SVG, DOT, Mermaid, the page) starts from a `Picture`, so that all show the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from backpropcli.passes.loops import Loop

BLANK = "__"
"""What stands in the place of a number in an exercise."""
DIGITS = 4
"""Significant digits in a drawing, unless others are asked for: a picture is for the eye."""
MOST_ENTRIES = 9
MOST_IN_ROW = 6
"""An array of up to so many entries, so many in a row, is drawn with its numbers; a larger one with its shape alone."""
MOST_NAMED = 3
"""A group of so many nodes is named by all of them, a larger one by the first and the last."""
SIGNS = {"*": "×", "+": "+", "@": "@"}


class Item(NamedTuple):
    """A node of the drawing.

    `label` is what stands in its box: an operation's sign (`round`: in a circle), a function's name, or a formula;
    empty for data, whose box holds name and value. `value` and `gradient` are lines of text: none where there is no
    such number, one for a plain number, rows for a small matrix. `members` are the nodes that a box of
    several stands for, `name` is then the first of them. `layer` is the number of the entry of `layers:` that it comes
    from, 0 where it comes from elsewhere.
    """

    name: str
    kind: str
    label: str
    formula: str
    round: bool
    shape: Shape
    value: tuple[str, ...]
    gradient: tuple[str, ...]
    inputs: tuple[str, ...]
    members: tuple[str, ...] = ()
    layer: int = 0

    @property
    def data(self) -> bool:
        """Whether it is an input, a target or a parameter."""
        return self.kind != "node"

    @property
    def title(self) -> str:
        """Its name, or its members' names."""
        if len(self.members) > MOST_NAMED:
            return f"{self.members[0]} … {self.members[-1]}"
        return ", ".join(self.members) or self.name

    @property
    def shown_shape(self) -> str:
        """`(2, 3)`; empty for a plain number."""
        return show_shape(self.shape) if self.shape else ""


class Picture(NamedTuple):
    """A drawing's items in evaluation order.

    `above` are the data that stand above the one operation that uses them, as a lecture draws parameters; `of` is the
    node that was differentiated. `framed` puts a frame or a heading around the layers of the layers form. `loops` lead
    back, from one time to the next. Of a network that is unrolled, `shared` are the data that all times use, without
    lines, `left_out` the times that are not drawn, and `times` says which time an item belongs to.
    """

    items: dict[str, Item]
    above: dict[str, tuple[str, ...]]
    of: str | None
    blank: bool
    framed: bool = False
    loops: tuple[Loop, ...] = ()
    shared: tuple[str, ...] = ()
    left_out: tuple[int, ...] = ()
    times: Mapping[str, int] = MappingProxyType({})

    def looped(self, name: str) -> tuple[Loop, ...]:
        """The loops that lead back into an item."""
        return tuple(loop for loop in self.loops if loop.reader == name)

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Edges from left to right, (source, target), each once; without those that come from above."""
        return [
            (source, item.name)
            for item in self.items.values()
            for source in item.inputs
            if source not in self.above.get(item.name, ())
        ]

    @property
    def layers(self) -> dict[int, list[str]]:
        """What each layer of the layers form consists of, by its number."""
        result: dict[int, list[str]] = {}
        for item in self.items.values():
            if item.layer:
                result.setdefault(item.layer, []).append(item.name)
        return dict(sorted(result.items()))

    @property
    def clusters(self) -> dict[int, list[str]]:
        """The layers that have a frame of their own."""
        return self.layers if self.framed else {}

    @property
    def loose(self) -> list[Item]:
        """The items in no frame."""
        framed = {name for names in self.clusters.values() for name in names}
        return [item for item in self.items.values() if item.name not in framed]

    @property
    def hanging(self) -> set[str]:
        """The data that stand above an operation."""
        return {name for names in self.above.values() for name in names}

    @property
    def unused(self) -> list[str]:
        """The data that no operation uses."""
        used = {source for item in self.items.values() for source in item.inputs}
        return [name for name, item in self.items.items() if name not in used and item.data and name not in self.shared]

    @property
    def outputs(self) -> list[str]:
        """The nodes that nothing else uses."""
        used = {source for item in self.items.values() for source in item.inputs}
        return [name for name, item in self.items.items() if name not in used and not item.data]
