"""Channels into places and back: pixel_shuffle, pixel_unshuffle, and channels dealt out anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import sample, whole
from backpropcli.ops.shape import show_shape
from backpropcli.ops.stacked import permute, reshape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backpropcli.ops.shape import Shape


def _factor(value: Any, name: str, shape: Shape, least: int) -> int:
    factor = whole(value, name)
    if factor < 1:
        raise OperationError(f"{name} is at least 1, not {factor}")
    if len(shape) < least:
        raise OperationError(
            f"x is (..., C, rows, columns), with {least} axes at the least, not of the shape {show_shape(shape)}"
        )
    return factor


def plan_shuffle(shapes: list[Shape], upscale_factor: Any) -> tuple[Shape, Options]:
    """(..., C * r * r, H, W) becomes (..., C, H * r, W * r)."""
    (shape,) = shapes
    r = _factor(upscale_factor, "upscale_factor", shape, 3)
    *front, channels, rows, columns = shape
    if channels % (r * r):
        raise OperationError(
            f"upscale_factor={r} needs a multiple of {r * r} channels, and x of the shape {show_shape(shape)} "
            f"has {channels}"
        )
    c = channels // (r * r)
    after = (*front, c, rows * r, columns * r)
    o = Options(before=shape, parts=(*front, c, r, r, rows, columns), after=after)
    return after, _ordered(o, (-5, -2, -4, -1, -3), len(front))


def plan_unshuffle(shapes: list[Shape], downscale_factor: Any) -> tuple[Shape, Options]:
    """(..., C, H * r, W * r) becomes (..., C * r * r, H, W)."""
    (shape,) = shapes
    r = _factor(downscale_factor, "downscale_factor", shape, 3)
    *front, channels, rows, columns = shape
    if rows % r or columns % r:
        raise OperationError(
            f"downscale_factor={r} does not divide the {rows} rows and {columns} columns of x ({show_shape(shape)})"
        )
    after = (*front, channels * r * r, rows // r, columns // r)
    o = Options(before=shape, parts=(*front, channels, rows // r, r, columns // r, r), after=after)
    return after, _ordered(o, (-5, -3, -1, -4, -2), len(front))


def plan_channels(shapes: list[Shape], groups: Any) -> tuple[Shape, Options]:
    """(N, C, ...): the first channel of each group, then the second of each."""
    (shape,) = shapes
    parts = _factor(groups, "groups", shape, 3)
    if shape[1] % parts:
        raise OperationError(f"groups={parts} does not divide the {shape[1]} channels of x ({show_shape(shape)})")
    rest = len(shape) - 2
    o = Options(before=shape, parts=(shape[0], parts, shape[1] // parts, *shape[2:]), after=shape)
    behind = tuple(range(-rest, 0))
    return shape, _ordered(o, (-rest - 3, -rest - 1, -rest - 2, *behind), 0)


def _ordered(o: Options, order: tuple[int, ...], front: int) -> Options:
    """With the order of the axes of `o.parts`, and the order that undoes it."""
    rank = len(o.parts)
    o.order = (*range(-rank, -len(order)), *order)
    o.turned = tuple(o.parts[k] for k in o.order)
    back = sorted(range(rank), key=lambda k: o.order[k])
    o.back = tuple(k - rank for k in back)
    return o


def _value(xp: XP, o: Options, x: Value) -> Value:
    return reshape(xp, permute(xp, reshape(xp, x, o.before, o.parts), o.order), o.turned, o.after)


def _vjp(xp: XP, o: Options, g: Value, y: Value, x: Value) -> Value:
    return reshape(xp, permute(xp, reshape(xp, g, o.after, o.turned), o.back), o.parts, o.before)


def _forms(o: Options) -> Mapping[str, str]:
    from backpropcli.ops.windows import textbook

    return textbook.shuffled(o)


def _shuffle(name: str, option: str, words: str, planner: Any, back: str, samples: Any) -> Structural:
    return Structural(
        name,
        "x",
        words,
        group="windows",
        copies=True,
        options={option: REQUIRED},
        keywords={"input": "x"},
        planner=planner,
        value=_value,
        vjps={"x": (back, _vjp)},
        forms=_forms,
        samples=samples,
        source=f"torch.nn.functional.{name}",
    )


OPERATIONS = (
    _shuffle(
        "pixel_shuffle",
        "upscale_factor",
        "r * r channels become r rows and r columns for each: a larger picture of fewer channels",
        plan_shuffle,
        "pixel_unshuffle(g, r)",
        (sample((1, 4, 2, 3), upscale_factor=2), sample((8, 1, 2), upscale_factor=2)),
    ),
    _shuffle(
        "pixel_unshuffle",
        "downscale_factor",
        "r rows and r columns become r * r channels: a smaller picture of more channels",
        plan_unshuffle,
        "pixel_shuffle(g, r)",
        (sample((1, 1, 4, 2), downscale_factor=2), sample((2, 3, 3), downscale_factor=3)),
    ),
    _shuffle(
        "channel_shuffle",
        "groups",
        "the channels of all groups dealt out in turn",
        plan_channels,
        "each g back at the channel that it came from",
        (sample((1, 6, 2), groups=3), sample((2, 4, 1, 2), groups=2)),
    ),
)
