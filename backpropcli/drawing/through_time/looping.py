"""Arrows that lead back from one time to the next: a loop under a node, or a way below everything to an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.drawing.items import HEAD, LINE, LOOP, SIZE, loop_words
from backpropcli.drawing.shapes import Group, Line, Path
from backpropcli.drawing.svg_text import run_width

if TYPE_CHECKING:
    from backpropcli.drawing.items import Figure
    from backpropcli.drawing.layout import Layout, Point
    from backpropcli.drawing.model import Picture
    from backpropcli.passes.loops import Loop

CAPTION = 13.0
BEND = 10.0
"""The radius of a corner."""
LANE = 26.0
"""Between two ways below the drawing."""
GAP = 12.0
"""How far beside its column such a way goes down, or up."""


class Loops(NamedTuple):
    """The arrows, and how far down they go."""

    groups: list[Group]
    bottom: float


def loops(shown: Picture, figures: Mapping[str, Figure], plan: Layout) -> Loops:
    """All that lead back; where the drawing is in bands, one from another node is a stub with its name."""
    groups, lane = [], 0
    for loop in shown.loops:
        figure, centre = figures[loop.reader], plan.centres[loop.reader]
        if loop.source == loop.reader:
            groups.append(_own(loop, figure, centre))
        elif plan.bands:
            groups.append(_stub(loop, figure, centre))
        else:
            groups.append(_way(loop, figure, plan, lane))
            lane += 1
    return Loops(groups, plan.height + (LANE * lane + LINE if lane else 0.0))


def _group(loop: Loop, shapes: Iterator[Path | Line]) -> Group:
    words = f"{loop.source}[{loop.when}], {loop.often}"
    return Group("edge loop", list(shapes), words=words, source=loop.source, target=loop.reader)


def _own(loop: Loop, figure: Figure, centre: Point) -> Group:
    """A loop under a box."""
    bottom, side = centre.y + figure.half_height, min(0.6 * figure.half_width, 46.0)
    left, right, low = centre.x - side, centre.x + side, bottom + 1.35 * LOOP

    def shapes() -> Iterator[Path | Line]:
        yield Path(
            f"M{right:.1f} {bottom:.1f}C{right:.1f} {low:.1f} {left:.1f} {low:.1f} {left:.1f} {bottom + HEAD:.1f}"
        )
        yield Path(f"M{left:.1f} {bottom:.1f}l-4 {HEAD:g}h8z", "head")
        yield Line(loop_words([loop]), centre.x, bottom + LOOP + 0.75 * LINE, CAPTION, "middle", kind="caption")

    return _group(loop, shapes())


def _stub(loop: Loop, figure: Figure, centre: Point) -> Group:
    """An arrow from below that says where it comes from."""
    bottom = centre.y + figure.half_height

    def shapes() -> Iterator[Path | Line]:
        yield Path(f"M{centre.x:.1f} {bottom + LOOP:.1f}V{bottom + HEAD:.1f}")
        yield Path(f"M{centre.x:.1f} {bottom:.1f}l-4 {HEAD:g}h8z", "head")
        yield Line(loop_words([loop]), centre.x, bottom + LOOP + 0.75 * LINE, CAPTION, "middle", kind="caption")

    return _group(loop, shapes())


def _way(loop: Loop, figure: Figure, plan: Layout, lane: int) -> Group:
    """From behind a node down, back below everything, and up again in front of the node that reads it."""
    start, centre = plan.exits[loop.source], plan.centres[loop.reader]
    out = start.x + GAP + 5.0 * lane
    back = min(box.left for name, box in plan.boxes.items() if plan.centres[name].x == centre.x) - GAP - 5.0 * lane
    low, high = plan.height + LANE * lane + 0.5 * LINE, centre.y + 0.55 * figure.half_height
    end = centre.x - figure.half_width

    def shapes() -> Iterator[Path | Line]:
        yield Path(
            f"M{start.x:.1f} {start.y:.1f}H{out - BEND:.1f}q{BEND:g} 0 {BEND:g} {BEND:g}V{low - BEND:.1f}"
            f"q0 {BEND:g} {-BEND:g} {BEND:g}H{back + BEND:.1f}q{-BEND:g} 0 {-BEND:g} {-BEND:g}V{high + BEND:.1f}"
            f"q0 {-BEND:g} {BEND:g} {-BEND:g}H{end - HEAD:.1f}"
        )
        yield Path(f"M{end:.1f} {high:.1f}l{-HEAD:g} -4v8z", "head")
        words = loop_words([loop])
        middle = max((out + back) / 2, back + BEND + run_width(words, SIZE) / 2)
        yield Line(words, middle, low - 5, CAPTION, "middle", kind="caption")

    return _group(loop, shapes())
