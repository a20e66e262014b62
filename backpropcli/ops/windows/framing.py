"""The frame around an array along its last axes, put on and taken off; every entry of all windows, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def columns(xp: XP, slides: Sequence[Slide], inner: Sequence[Slide], x: Value) -> Value:
    """The entries of windows side by side, along the last axes alone, those of `inner`.

    (..., C, *axes) becomes (..., C, entries, *axes before, framed, *places along the last).
    """
    x = framed(xp, slides, x)
    return xp.stack([x[(..., *where)] for _, where in offsets(inner)], axis=-len(slides) - 1)


def gathered(
    xp: XP, slides: Sequence[Slide], inner: Sequence[Slide], parts: Sequence[Value], where: Sequence[Any]
) -> Value:
    """The way back: (..., C, entries along the last axes, *places), for each of the offsets `where` along the others.

    They are added up where windows overlap, as (..., C, *axes).
    """
    needed = tuple(max(s.framed, s.steps) for s in slides)
    outer = len(slides) - len(inner)
    rows = parts[0]
    if len(parts) > 1 or outer:
        rows = xp.zeros((*shape_of(rows)[: -len(slides)], *needed[:outer], *(s.places for s in inner)))
        for part, place in zip(parts, where, strict=True):
            rows[(..., *place, *(slice(None),) * len(inner))] += part
    result = xp.zeros((*shape_of(rows)[: -len(slides) - 1], *needed))
    rest = (slice(None),) * len(slides)
    for k, (_, place) in enumerate(offsets(inner)):
        result[(..., *place)] += rows[(..., k, *rest)]
    return unframed(slides, result)
