"""What reductions share: their options, their planners, and sums along the axes that are reduced."""

from __future__ import annotations

from math import inf, prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Value
from backpropcli.ops.planning import (
    axes_of,
    flag,
    reduced,
    sample,
)
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import column, shape_of

AXES: dict[str, Any] = {"axis": None, "keepdims": False}

TORCH = {"dim": "axis", "keepdim": "keepdims"}

SAMPLES = (
    sample((3,)),
    sample((2, 3)),
    sample((2, 3), axis=0),
    sample((2, 3), axis=-1, keepdims=True),
    sample((2, 3, 2), axis=(0, 2)),
    sample((2, 3), axis=None, keepdims=True),
    sample(()),
)


def plan_reduction(shapes: list[Shape], axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """Axes from the right, and how many entries become one."""
    (shape,) = shapes
    axes, keep = axes_of(axis, shape), flag(keepdims, "keepdims")
    count = prod(shape[k] for k in axes)
    return reduced(shape, axes, keep), Options(axis=axes, keepdims=keep, count=count)


def plan_nonempty(shapes: list[Shape], axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """As `plan_reduction`, where nothing at all has no answer."""
    shape, o = plan_reduction(shapes, axis, keepdims)
    if not o.count:
        raise OperationError(f"the shape {show_shape(shapes[0])} has no entries to reduce")
    return shape, o


def added(xp: XP, o: Options, a: Value) -> Value:
    """The sum along the axes."""
    return xp.sum(a, axis=o.axis, keepdims=o.keepdims)


def total(xp: XP, o: Options, a: Value) -> Value:
    """The sum with its axes kept."""
    return xp.sum(a, axis=o.axis, keepdims=True)


MANY = 4096
"""From so many entries on the quick ways of a namespace are worth their calls."""

LONGEST = 1024
"""Rows of so many entries are added up one after the other; longer ones in pairs of pairs."""


def quick(xp: XP, o: Options, a: Value) -> bool:
    """Whether a namespace has quick ways for rows, and these are rows, and many."""
    return o.axis == (-1,) and hasattr(xp, "row_max") and prod(shape_of(a)) >= MANY


def highest(xp: XP, o: Options, a: Value) -> Value:
    """The largest entry, with its axes kept."""
    return xp.row_max(a) if quick(xp, o, a) else xp.max(a, axis=o.axis, keepdims=True)


def at_highest(xp: XP, o: Options, a: Value, b: Value) -> Value:
    """The entry of b where a is largest, with its axes kept: in a tie one of them, or their mean."""
    if quick(xp, o, a):
        return xp.at_row_max(a, b)
    top = xp.where(a == xp.max(a, axis=o.axis, keepdims=True), 1.0, 0.0)
    return xp.divide(total(xp, o, top * b), total(xp, o, top))


def dotted(xp: XP, o: Options, a: Value, b: Value) -> Value:
    """The sum of products, with its axes kept. Of long rows NumPy's own sum loses fewer digits."""
    if quick(xp, o, a) and shape_of(a)[-1] <= LONGEST:
        return xp.row_dot(a, b)
    return total(xp, o, a * b)


def largest(xp: XP, o: Options, a: Value) -> Value:
    """Where the result stands: true at the largest (or smallest) entry, and at all of them in a tie."""
    return a == xp.max(a, axis=o.axis, keepdims=True)


def shared(xp: XP, o: Options, g: Value, chosen: Value) -> Value:
    """The upstream gradient, in equal shares, to the entries that are chosen; NaN where none is, as all are NaN."""
    count = total(xp, o, xp.where(chosen, 1.0, 0.0))
    return xp.where(
        chosen, 1.0 / xp.where(count > 0, count, 1.0), xp.where(count > 0, xp.nothing, float("nan"))
    ) * column(xp, o, g)


def log_parts(xp: XP, o: Options, a: Value) -> tuple[Value, Value, Value]:
    """`(m, d, r)`: the largest entry m, d = a - m, and r = log(sum(exp(d))), each with its axes kept.

    The largest entries are counted apart and the rest goes through log1p, so that r keeps its digits near 0 (Blanchard,
    Higham and Higham, 2021: Accurately computing the log-sum-exp and softmax functions).
    """
    m = highest(xp, o, a)
    m = xp.where(xp.abs(m) < inf, m, 0.0)
    d = a - m
    top = d == 0
    count = total(xp, o, xp.where(top, 1.0, 0.0))
    base = xp.where(count == 0, 1.0, count)  # 0 only where m was infinite or NaN
    # Where d is 0 it stands for expm1(d): right to first order, however a namespace shares ties in max.
    rest = total(xp, o, xp.where(top, d, xp.exp(d))) + (count - base)
    return m, d, xp.log(base) + xp.log1p(rest / base)
