"""One array several times, by axes of size 1 that are stretched and merged with their neighbours."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import (
    axis_of,
    bounded,
    counts,
    sample,
    whole,
)
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import fit, leading, reshape

TORCH = {"dim": "axis"}


def _stretched(before: Shape, thin: Shape, wide: Shape, after: Shape) -> tuple[Shape, Options]:
    return after, Options(before=before, thin=thin, wide=wide, after=after)


def plan_broadcast_to(shapes: list[Shape], shape: Any) -> tuple[Shape, Options]:
    """The shape that is asked for, if `a` stretches to it."""
    (before,) = shapes
    after = bounded(counts(shape))
    thin = (1,) * (len(after) - len(before)) + before
    try:
        fits = broadcast([before, after]) == after
    except OperationError:
        fits = False
    if not fits:
        raise OperationError(
            f"{show_shape(before)} does not stretch to {show_shape(after)}",
            hint="Counted from the right, each size must be equal, 1, or absent.",
        )
    return _stretched(before, thin, after, after)


def plan_tile(shapes: list[Shape], reps: Any) -> tuple[Shape, Options]:
    """The whole array again and again, along every axis."""
    (before,) = shapes
    times = counts(reps, "reps")
    rank = max(len(before), len(times))
    old = (1,) * (rank - len(before)) + before
    times = (1,) * (rank - len(times)) + times
    after = bounded(tuple(size * n for size, n in zip(old, times, strict=True)))
    thin = tuple(s for size in old for s in (1, size))
    wide = tuple(s for size, n in zip(old, times, strict=True) for s in (n, size))
    return _stretched(before, thin, wide, after)


def plan_repeat(shapes: list[Shape], repeats: Any, axis: Any = None) -> tuple[Shape, Options]:
    """Every entry again and again, along one axis; None reads all entries row by row."""
    if isinstance(repeats, tuple | list):
        raise OperationError("repeats is one whole number here", hint="Other orders: a[[0, 0, 1]] repeats by index.")
    n = whole(repeats, "repeats")
    if n < 0:
        raise OperationError(f"repeats cannot be negative: {n}")
    shape = shapes[0] if axis is not None else (prod(shapes[0]),)
    k = axis_of(axis, shape) if axis is not None else -1
    cut = len(shape) + k + 1
    after = bounded((*shape[: cut - 1], shape[k] * n, *shape[cut:]))
    return _stretched(shapes[0], (*shape[:cut], 1, *shape[cut:]), (*shape[:cut], n, *shape[cut:]), after)


def _stretch(xp: XP, o: Options, a: Value) -> Value:
    lead = leading(xp, a, len(o.before))
    return xp.reshape(xp.broadcast_to(xp.reshape(a, lead + o.thin), lead + o.wide), lead + o.after)


def _stretch_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return reshape(xp, fit(xp, reshape(xp, g, o.after, o.wide), o.wide, o.thin), o.thin, o.before)


STRETCHES = {"a": ("g summed over the copies", _stretch_vjp)}


OPERATIONS = (
    Structural(
        "broadcast_to",
        "a",
        "stretched to a shape, as broadcasting does it",
        group="shapes",
        options={"shape": REQUIRED},
        keywords={"size": "shape"},
        planner=plan_broadcast_to,
        value=_stretch,
        vjps=STRETCHES,
        samples=(
            sample((3,), shape=(2, 3)),
            sample((2, 1), shape=(2, 3)),
            sample((), shape=(2, 2)),
            sample((3,), shape=3),
        ),
        unpacked=True,
    ),
    Structural(
        "tile",
        "a",
        "the whole array several times",
        group="shapes",
        options={"reps": REQUIRED},
        keywords={"dims": "reps"},
        planner=plan_tile,
        value=_stretch,
        vjps=STRETCHES,
        samples=(
            sample((3,), reps=2),
            sample((3,), reps=(2, 2)),
            sample((2, 3), reps=2),
            sample((), reps=3),
            sample((2, 1, 2), reps=(2, 1)),
        ),
        unpacked=True,
    ),
    Structural(
        "repeat",
        "a",
        "every entry several times",
        group="shapes",
        options={"repeats": REQUIRED, "axis": None},
        keywords=TORCH,
        planner=plan_repeat,
        value=_stretch,
        vjps=STRETCHES,
        samples=(
            sample((3,), repeats=2),
            sample((2, 3), repeats=2),
            sample((2, 3), repeats=3, axis=0),
            sample((2, 3), repeats=2, axis=-1),
            sample((), repeats=2),
        ),
    ),
)
