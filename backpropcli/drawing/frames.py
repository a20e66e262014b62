"""The frames round the layers of a drawing, each with its caption, where nothing else stands inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from backpropcli.drawing.layout import Box, Layout

PAD = 8.0
"""Space between a frame and what it holds."""
CAPTION = 20.0
"""Height of the caption's line."""
WIDE = 78.0
"""Room for a caption, and for one that says that its layer goes on."""
WIDE_CONTINUED = 150.0
APART = 44.0
"""The space between two boxes of a column, so that frames have room between them."""
MOST_RAISED = 20
"""So many lines may pass over a layer before its frame is left out."""


class Frame(NamedTuple):
    """A rectangle, and what its caption says."""

    box: Box
    caption: str

    @property
    def title(self) -> Box:
        """The room of its caption."""
        wide = WIDE_CONTINUED if "," in self.caption else WIDE
        left, top = self.box.left + PAD, self.box.top + 2
        return Box(left, top, left + wide, top + CAPTION)


def frames(plan: Layout, layers: Mapping[int, Sequence[str]]) -> list[Frame]:
    """A frame for each layer, or for each part of one that is broken; none for one that would hold or touch others."""
    result = [frame for number, names in layers.items() for frame in _of_layer(plan, number, names)]
    return [
        frame
        for k, frame in enumerate(result)
        if not any(frame.box.meets(other.box) for j, other in enumerate(result) if j != k)
    ]


def _of_layer(plan: Layout, number: int, names: Sequence[str]) -> Iterator[Frame]:
    parts: dict[int, list[str]] = {}
    for name in names:
        if name in plan.boxes:
            parts.setdefault(plan.bands.get(name, 0), []).append(name)
    for k, own in enumerate(parts.values()):
        boxes = [plan.boxes[name] for name in own]
        left = min(box.left for box in boxes) - PAD
        frame = Frame(
            Box(
                left,
                min(box.top for box in boxes) - PAD - CAPTION,
                max(left + PAD + (WIDE_CONTINUED if k else WIDE), *(box.right + PAD / 2 for box in boxes)),
                max(box.bottom for box in boxes) + PAD,
            ),
            f"layer {number}, continued" if k else f"layer {number}",
        )
        found = _clear(plan, frame)
        if found and not any(found.box.meets(box) for name, box in plan.boxes.items() if name not in own):
            yield found


def _clear(plan: Layout, frame: Frame) -> Frame | None:
    """The frame so high that no edge runs through its caption; None where too many pass."""
    edges = [
        (min(a.x, b.x), min(a.y, b.y), max(a.x, b.x), max(a.y, b.y))
        for ways in plan.routes.values()
        for way in ways
        for a, b in pairwise(way)
    ]
    for _ in range(MOST_RAISED):
        left, top, right, bottom = frame.title
        hit = [y for x, y, to, low in edges if x < right and to > left and y < bottom and low > top]
        if not hit:
            return frame
        frame = frame._replace(box=frame.box._replace(top=min(hit) - CAPTION - 4))
    return None
