"""What a drawing consists of, as plain data: paths, boxes, circles and lines of text, in groups; in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from backpropcli.drawing.svg_text import Run


class Path(NamedTuple):
    """A line, or the head of an arrow, in SVG's language of paths; a stub says of which node it is."""

    route: str
    kind: Literal["line", "line dots", "line stub", "head"] = "line"
    source: str = ""


class Rect(NamedTuple):
    """A box with round corners."""

    left: float
    top: float
    width: float
    height: float
    corner: float
    kind: Literal["box", "frame"] = "box"


class Circle(NamedTuple):
    """The circle of an operation that is a sign."""

    x: float
    y: float
    radius: float


class Line(NamedTuple):
    """A line of text; its numbers are those of the node `of`."""

    runs: Sequence[Run]
    x: float
    y: float
    size: float
    anchor: Literal["start", "middle", "end"] = "start"
    of: str = ""
    kind: Literal["", "caption"] = ""


class Group(NamedTuple):
    """Shapes that belong together: a node, an edge, the tray of many data, the frame of a layer.

    A node has a `name` and words about it; an edge leads from its `source` to its `target`.
    """

    kind: str
    shapes: Sequence[Path | Rect | Circle | Line]
    name: str = ""
    words: str = ""
    source: str = ""
    target: str = ""


Shape = Group | Path | Line


class Sheet(NamedTuple):
    """A drawing arranged: its size, where its shapes begin, and the parts of its legend, each with its kind."""

    width: float
    height: float
    left: float
    top: float
    shapes: Sequence[Shape]
    legend: Sequence[tuple[Literal["value", "gradient"], Sequence[Run]]]
    title: str
    description: str
