"""Positions: which entry is the largest, or the smallest; whole numbers, through which no gradient flows."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Body, Options, Structural, Value
from backpropcli.ops.planning import axes_of, flag, reduced, sample, shown
from backpropcli.ops.reductions.reducing import AXES, TORCH
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import leading, shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def plan_position(shapes: list[Shape], axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """One axis; None counts through all entries, row by row."""
    (shape,) = shapes
    if isinstance(axis, tuple | list):
        raise OperationError(f"axis is one whole number or None, not {shown(axis)}")
    axes, keep = axes_of(axis, shape), flag(keepdims, "keepdims")
    if not prod(shape[k] for k in axes):
        raise OperationError(f"the shape {show_shape(shape)} has no entries to choose from")
    small = reduced(shape, axes, keep)
    inner = (prod(shape),) if axis is None else shape
    return small, Options(axis=-1 if axis is None else axes[0], before=shape, inner=inner, small=small)


def _chosen(xp: XP, o: Options, a: Value, largest: bool) -> Value:
    """1 where the largest (or smallest) entries stand, in the shape that is counted through; NaN goes before all."""
    a = xp.reshape(a, leading(xp, a, len(o.before)) + o.inner)
    best = (xp.max if largest else xp.min)(a, axis=o.axis, keepdims=True)
    # Where there is a NaN it is the best one too, and equal to none: `best == best` is false there alone.
    return xp.where(best == best, xp.where(a == best, 1.0, 0.0), xp.where(a == a, 0.0, 1.0))


def _position(xp: XP, o: Options, a: Value, largest: bool) -> Value:
    """How many entries stand in front of the first one that is chosen."""
    before = xp.where(xp.cumsum(_chosen(xp, o, a, largest), axis=o.axis) == 0, 1.0, 0.0)
    found = xp.sum(before, axis=o.axis)
    return xp.reshape(found, leading(xp, a, len(o.before)) + o.small)


def _no_gradient(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return xp.zeros(shape_of(a)) + xp.nothing


def _position_of(largest: bool) -> tuple[Body, Mapping[str, Any]]:
    def value(xp: XP, o: Options, a: Value) -> Value:
        return _position(xp, o, a, largest)

    return value, {"a": ("0", _no_gradient)}


SAMPLES = (
    sample((3,)),
    sample((2, 3)),
    sample((2, 3), axis=0),
    sample((2, 3), axis=-1, keepdims=True),
    sample((2, 3, 2), axis=1),
    sample((2, 3), keepdims=True),
    sample(()),
)


def _structural(name: str, words: str, largest: bool) -> Structural:
    value, vjps = _position_of(largest)
    return Structural(
        name,
        "a",
        f"the position of the {words} entry, from 0, the first of equal ones; its gradient is zero",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_position,
        source=f"numpy.{name}",
        value=value,
        vjps=vjps,
        branch=value,
        drops=True,
        reduces=True,
    )


OPERATIONS = (_structural("argmax", "largest", True), _structural("argmin", "smallest", False))
