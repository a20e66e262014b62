"""Differences of neighbours, slopes, and areas: what is taken between entries that stand beside each other."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import axis_of, number, sample, shown, whole
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import along, leading, reshape


def plan_diff(shapes: list[Shape], n: Any = 1, axis: Any = -1) -> tuple[Shape, Options]:
    """`n` times the difference of neighbours."""
    (shape,) = shapes
    k, times = axis_of(axis, shape), whole(n, "n")
    if times < 0:
        raise OperationError(f"n cannot be negative: {shown(n)}")
    times = min(times, shape[k])
    after = (*shape[:k], shape[k] - times, *shape[len(shape) + k + 1 :])
    return after, Options(axis=k, times=times, before=shape, flat=shape)


def plan_ediff1d(shapes: list[Shape]) -> tuple[Shape, Options]:
    """The differences of all entries, row by row."""
    n = prod(shapes[0])
    times = min(1, n)
    return (n - times,), Options(axis=-1, times=times, before=shapes[0], flat=(n,))


def _diff(xp: XP, o: Options, a: Value) -> Value:
    a = reshape(xp, a, o.before, o.flat)
    for _ in range(o.times):
        a = a[along(o.axis, slice(1, None))] - a[along(o.axis, slice(None, -1))]
    return a


def _diff_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    shape = list(g.shape)
    shape[o.axis] = 1
    edge = xp.zeros(tuple(shape))
    for _ in range(o.times):
        g = xp.concatenate([edge, g], axis=o.axis) - xp.concatenate([g, edge], axis=o.axis)
    return reshape(xp, g, o.flat, o.before)


def plan_slopes(
    shapes: list[Shape], spacing: Any = 1.0, axis: Any = None, edge_order: Any = 1
) -> tuple[Shape, Options]:
    """Central differences inside, one-sided ones at both ends, along one axis."""
    (shape,) = shapes
    if axis is None and len(shape) != 1:
        raise OperationError(
            f"gradient of the shape {show_shape(shape)} is one array an axis, and a node is one value",
            hint="Name the axis: gradient(a, axis=0).",
        )
    if isinstance(axis, tuple | list):
        raise OperationError("gradient along several axes is several arrays", hint="Name one: gradient(a, axis=0).")
    k = axis_of(-1 if axis is None else axis, shape)
    order, h = whole(edge_order, "edge_order"), number(spacing, "spacing")
    if order not in (1, 2):
        raise OperationError(f"edge_order is 1 or 2, not {order}")
    if shape[k] < order + 1:
        raise OperationError(
            f"axis {k + len(shape)} of {show_shape(shape)} has too few entries: {order + 1} are needed"
        )
    if not h:
        raise OperationError("spacing cannot be 0")
    return shape, Options(
        axis=k,
        edges=(-1.0, 1.0) if order == 1 else (-1.5, 2.0, -0.5),
        h=h,
        length=shape[k],
        spacing=spacing,
        edge_order=order,
    )


def _terms(o: Options) -> list[tuple[slice, slice, float]]:
    """Which entries of the result get how much of which of the array: each slope is a sum of such terms."""
    n = o.length
    found = [(slice(1, n - 1), slice(2, n), 0.5), (slice(1, n - 1), slice(0, n - 2), -0.5)] if n > 2 else []
    for j, weight in enumerate(o.edges):
        found.append((slice(0, 1), slice(j, j + 1), weight))
        found.append((slice(n - 1, n), slice(n - 1 - j, n - j), -weight))
    return found


def _slopes(xp: XP, o: Options, a: Value) -> Value:
    result = xp.zeros(a.shape)
    for to, by, weight in _terms(o):
        result[along(o.axis, to)] += a[along(o.axis, by)] * (weight / o.h)
    return result


def _slopes_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    result = xp.zeros(g.shape)
    for to, by, weight in _terms(o):
        result[along(o.axis, by)] += g[along(o.axis, to)] * (weight / o.h)
    return result


def plan_trapezoid(shapes: list[Shape], dx: Any = 1.0, axis: Any = -1) -> tuple[Shape, Options]:
    """`x` has the shape of y, or one entry for each along the axis; one number stands for dx alone."""
    y, x = shapes
    k = axis_of(axis, y)
    if x and x not in (y, (y[k],)):
        raise OperationError(
            f"x of shape {show_shape(x)} does not fit {show_shape(y)}",
            hint="It has the shape of y, or one entry for each along the axis.",
        )
    wide = x if x == y else (*x, *(1,) * (-k - 1))
    after = (*y[:k], *y[len(y) + k + 1 :])
    return after, Options(axis=k, dx=number(dx, "dx"), shapes=(y, x), wide=wide)


def _steps(xp: XP, o: Options, y: Value, x: Value) -> Value:
    """How far apart the places are."""
    if not o.shapes[1]:
        return o.dx
    lead = leading(xp, x, len(o.shapes[1]))
    x = xp.reshape(x, lead + (1,) * (len(o.shapes[0]) - len(o.wide)) + o.wide)
    return x[along(o.axis, slice(1, None))] - x[along(o.axis, slice(None, -1))]


def _means(o: Options, y: Value) -> Value:
    return (y[along(o.axis, slice(1, None))] + y[along(o.axis, slice(None, -1))]) * 0.5


def _trapezoid(xp: XP, o: Options, y: Value, x: Value) -> Value:
    return xp.sum(_steps(xp, o, y, x) * _means(o, y), axis=o.axis)


def _edges(xp: XP, o: Options, parts: Value, sign: float) -> Value:
    """What each entry gets from the steps on both sides of it: `sign` times the one behind, and the one before."""
    shape = list(parts.shape)
    shape[o.axis] = 1
    edge = xp.zeros(tuple(shape))
    return xp.concatenate([edge, parts], axis=o.axis) + xp.concatenate([parts, edge], axis=o.axis) * sign


def _trapezoid_heights(xp: XP, o: Options, g: Value, r: Value, y: Value, x: Value) -> Value:
    half = 0.5 * _steps(xp, o, y, x) * xp.expand_dims(g, o.axis)
    return _edges(xp, o, xp.broadcast_to(half, _means(o, y).shape), 1.0)


def _trapezoid_places(xp: XP, o: Options, g: Value, r: Value, y: Value, x: Value) -> Value:
    if not o.shapes[1]:
        return xp.zeros(getattr(x, "shape", ()))
    whole_ = _edges(xp, o, _means(o, y) * xp.expand_dims(g, o.axis), -1.0)
    if o.shapes[1] == o.shapes[0]:
        return whole_
    others = tuple(k for k in range(-len(o.shapes[0]), 0) if k != o.axis)
    return xp.sum(whole_, axis=others) if others else whole_


GROUP: Any = "linear algebra"
OPERATIONS = (
    Structural(
        "diff",
        "a",
        "differences of neighbours",
        group=GROUP,
        affine=True,
        options={"n": 1, "axis": -1},
        keywords={"dim": "axis"},
        planner=plan_diff,
        samples=(sample((4,)), sample((2, 3)), sample((3, 2), axis=0), sample((5,), n=2)),
        value=_diff,
        vjps={"a": ("what g gains from its left neighbour, less g", _diff_vjp)},
    ),
    Structural(
        "ediff1d",
        "a",
        "differences of all entries, row by row",
        group=GROUP,
        affine=True,
        planner=plan_ediff1d,
        samples=(sample((4,)), sample((2, 3)), sample(())),
        value=_diff,
        vjps={"a": ("what g gains from its left neighbour, less g", _diff_vjp)},
    ),
    Structural(
        "gradient",
        "a",
        "slopes from the neighbours on both sides, along one axis (np.gradient)",
        group=GROUP,
        affine=True,
        options={"spacing": 1.0, "axis": None, "edge_order": 1},
        keywords={"f": "a"},
        planner=plan_slopes,
        value=_slopes,
        samples=(
            sample((4,)),
            sample((2,)),
            sample((3, 2), axis=0),
            sample((2, 4), axis=1, spacing=0.5),
            sample((4,), edge_order=2),
        ),
        vjps={"a": ("half of g from the left neighbour, less half from the right", _slopes_vjp)},
    ),
    Structural(
        "trapezoid",
        "y x",
        "the area under a curve, by trapezoids",
        defaults=(1.0,),
        group=GROUP,
        options={"dx": 1.0, "axis": -1},
        keywords={"dim": "axis"},
        aliases=("trapz",),
        planner=plan_trapezoid,
        value=_trapezoid,
        samples=(
            sample((4,), ()),
            sample((4,), (4,)),
            sample((2, 3), (3,)),
            sample((3, 2), (3, 2), axis=0),
            sample((3, 2), (3,), axis=0),
            sample((2, 3), (), dx=0.5),
        ),
        vjps={
            "y": ("g times half the width on both sides", _trapezoid_heights),
            "x": ("g times the mean height on the left, less that on the right", _trapezoid_places),
        },
    ),
)
