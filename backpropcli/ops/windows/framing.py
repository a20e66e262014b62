"""The frame around an array along its last axes, put on and taken off; every entry of all windows, side by side."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from backpropcli.ops.stacked import shape_of
from backpropcli.ops.windows.slide import Slide, offsets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backpropcli.ops.definition import XP, Value


def _inside(slides: Sequence[Slide]) -> tuple[object, ...]:
    return (..., *(slice(s.before, s.before + s.size) for s in slides))


def framed(xp: XP, slides: Sequence[Slide], x: Value, fill: float = 0.0) -> Value:
    """`x` in a frame of `fill`, as long along every axis as its windows need (which may be less than it has)."""
    needed = tuple(max(s.framed, s.steps) for s in slides)
    if needed == tuple(s.size for s in slides):
        return x
    shape = shape_of(x)[: -len(slides)] + needed
    result = xp.full(shape, fill) if fill else xp.zeros(shape)
    result[_inside(slides)] = x
    return result


def unframed(slides: Sequence[Slide], x: Value) -> Value:
    """The array without its frame."""
    return x[_inside(slides)]


def columns(xp: XP, slides: Sequence[Slide], x: Value) -> Value:
    """The windows of (..., C, *axes) as columns: (..., C, entries of a window, places of the window)."""
    x = framed(xp, slides, x)
    lead = shape_of(x)[: -len(slides)]
    parts = [x[(..., *where)] for _, where in offsets(slides)]
    stacked = xp.stack(parts, axis=-len(slides) - 1)
    return xp.reshape(stacked, (*lead, len(parts), prod(s.places for s in slides)))


def gathered(xp: XP, slides: Sequence[Slide], parts: Value) -> Value:
    """The way back: (..., C, entries of a window, places) added up where the windows overlap, as (..., C, *axes)."""
    lead = shape_of(parts)[:-2]
    parts = xp.reshape(parts, (*shape_of(parts)[:-1], *(s.places for s in slides)))
    result = xp.zeros((*lead, *(max(s.framed, s.steps) for s in slides)))
    before = (slice(None),) * len(slides)
    for k, (_, where) in enumerate(offsets(slides)):
        result[(..., *where)] += parts[(..., k, *before)]
    return unframed(slides, result)
