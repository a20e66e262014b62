"""For every entry the product of all the others: the slopes of a product, right where a factor is 0."""

from __future__ import annotations

from backpropcli.ops.definition import XP, Options, Value
from backpropcli.ops.stacked import leading, shape_of


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
