"""What the bodies of structural operations share: every argument may have leading axes (stacked copies) in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Options, Value
    from backpropcli.ops.shape import Shape


def shape_of(a: Value) -> Shape:
    """The whole shape, leading axes included; a plain number (a float, an mpf, an expression) has ()."""
    shape: Shape = getattr(a, "shape", ())
    return shape


def leading(xp: XP, a: Value, rank: int) -> Shape:
    """The sizes of the stacked axes in front of the last `rank` ones."""
    shape = shape_of(a)
    return shape[: len(shape) - rank]


def reshape(xp: XP, a: Value, before: Shape, after: Shape) -> Value:
    """`a`, whose own shape is `before`, in the shape `after`; leading axes stay."""
    return a if before == after else xp.reshape(a, leading(xp, a, len(before)) + after)


def permute(xp: XP, a: Value, axes: tuple[int, ...]) -> Value:
    """The axes of `a` in the order `axes` (from the right); leading axes stay in front."""
    return xp.transpose(a, tuple(range(len(shape_of(a)) - len(axes))) + axes)


def embed(xp: XP, shape: Shape, where: tuple[object, ...], value: Value, rank: int) -> Value:
    """Zeros of `shape` with `value`, whose own rank is `rank`, put at `where`; leading axes are those of `value`."""
    result = xp.zeros(leading(xp, value, rank) + shape)
    result[(..., *where)] = value
    return result


def column(xp: XP, o: Options, reduced: Value) -> Value:
    """A reduced value with its lost axes back, each of size 1, so that it broadcasts against the argument."""
    return reduced if o.keepdims else xp.expand_dims(reduced, o.axis)


def spread(xp: XP, a: Value, value: Value) -> Value:
    """`value` broadcast to the shape of `a`: a view, not to be written into."""
    return xp.broadcast_to(value, shape_of(a))


def fit(xp: XP, value: Value, before: Shape, after: Shape) -> Value:
    """`value`, of shape `before`, added up over the axes along which `after` was broadcast to it."""
    if before == after:
        return value
    padded = (1,) * (len(before) - len(after)) + after
    axes = tuple(k - len(before) for k, size in enumerate(padded) if size != before[k])
    return reshape(xp, xp.sum(value, axis=axes, keepdims=True) if axes else value, padded, after)


def aligned(xp: XP, a: Value, shape: Shape, product: Shape) -> Value:
    """With as many axes of its own as the product, so that stacked axes meet stacked axes."""
    return reshape(xp, a, shape, (1,) * (len(product) - len(shape)) + shape)


def masked(xp: XP, mask: Value, a: Value, other: Value = 0.0) -> Value:
    """The entries where a mask of 1 and 0 is 1. A recording chooses, as 0 times what is not finite would be NaN."""
    return xp.where(mask != 0, a, other) if xp.name == "recorder" else mask * a


def along(axis: int, part: slice) -> tuple[Any, ...]:
    """The index that takes `part` of one axis, counted from the right."""
    return (..., part, *(slice(None),) * (-axis - 1))


def products_of_others(xp: XP, o: Options, a: Value) -> Value:
    """For every entry the product of all the others along the reduced axes."""
    last = tuple(range(-len(o.axis), 0))
    moved = xp.moveaxis(a, o.axis, last)
    flat = xp.reshape(moved, (*leading(xp, moved, len(last)), o.count))
    others = xp.reshape(_others(xp, flat), shape_of(moved))
    return xp.moveaxis(others, last, o.axis)


def _others(xp: XP, a: Value) -> Value:
    """For every entry along the last axis the product of all others, in pairs of pairs: zeros need no care."""
    size = a.shape[-1]
    if size < 2:
        return xp.ones(a.shape)
    if size % 2:
        a = xp.concatenate([a, xp.ones((*a.shape[:-1], 1))], axis=-1)
    left, right = a[..., 0::2], a[..., 1::2]
    outside = _others(xp, left * right)
    both = xp.stack([outside * right, outside * left], axis=-1)
    return xp.reshape(both, a.shape)[..., :size]
