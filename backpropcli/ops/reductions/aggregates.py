"""Reductions: many entries become one, along some axes or all of them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import axes_of, number, sample, shown
from backpropcli.ops.reductions.reducing import (
    AXES,
    SAMPLES,
    TORCH,
    added,
    largest,
    plan_nonempty,
    plan_reduction,
    shared,
    total,
)
from backpropcli.ops.stacked import column, leading, products_of_others, shape_of, spread

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape

# Planners.


def plan_largest(shapes: list[Shape], axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """As `plan_nonempty`; people write max(0, z) or max(z, 0.0) where they mean maximum."""
    if isinstance(axis, float) or (axis is not None and not shapes[0]):
        raise OperationError(
            f"it reduces one array; it does not compare two values: axis={shown(axis)}",
            hint="The larger of two values is maximum(a, b), the smaller one minimum(a, b).",
        )
    return plan_nonempty(shapes, axis, keepdims)


def plan_variance(shapes: list[Shape], axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> tuple[Shape, Options]:
    """As `plan_reduction`, with the divisor n - ddof; of nothing the variance is NaN, as in NumPy."""
    shape, o = plan_reduction(shapes, axis, keepdims)
    o.divisor = o.count - number(ddof, "ddof")
    if o.count and not o.divisor > 0:
        entries = "is 1 entry" if o.count == 1 else f"are {o.count} entries"
        raise OperationError(f"ddof={shown(ddof)} leaves nothing to divide by: there {entries}")
    return shape, o


def plan_cumulative(shapes: list[Shape], axis: Any = None) -> tuple[Shape, Options]:
    """One axis; None runs through all entries, row by row."""
    (shape,) = shapes
    if axis is None:
        shape = (prod(shape),)
        return shape, Options(axis=-1, shape=shape, before=shapes[0])
    if isinstance(axis, tuple | list):
        raise OperationError(f"axis is one whole number or None, not {shown(axis)}")
    return shape, Options(axis=axes_of(axis, shape)[0], shape=shape, before=shape)


# Bodies.


def _smallest(xp: XP, o: Options, a: Value) -> Value:
    return a == xp.min(a, axis=o.axis, keepdims=True)


def _mean(xp: XP, o: Options, a: Value) -> Value:
    return xp.divide(added(xp, o, a), o.count)  # 0 / 0, NaN, where there is nothing


def _mean_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return spread(xp, a, column(xp, o, g) / max(o.count, 1))


def _deviations(xp: XP, o: Options, a: Value) -> Value:
    if not o.count:
        return a
    # Taking the largest entry off first makes them exactly 0 where all entries are equal.
    shifted = a - xp.max(a, axis=o.axis, keepdims=True)
    return shifted - total(xp, o, shifted) / o.count


def _variance(xp: XP, o: Options, a: Value) -> Value:
    return xp.divide(added(xp, o, xp.square(_deviations(xp, o, a))), o.divisor if o.count else 0)


def _variance_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return _deviations(xp, o, a) * (2 * column(xp, o, g) / (o.divisor or 1))


def _deviation_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    # Where y is 0 every deviation is 0 too: so is the gradient, by convention.
    return _deviations(xp, o, a) / column(xp, o, xp.where(y == 0, 1.0, y)) * (column(xp, o, g) / (o.divisor or 1))


def _cumulative(xp: XP, o: Options, a: Value) -> Value:
    return xp.cumsum(xp.reshape(a, leading(xp, a, len(o.before)) + o.shape), axis=o.axis)


def _cumulative_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    back = xp.flip(xp.cumsum(xp.flip(g, axis=o.axis), axis=o.axis), axis=o.axis)
    return xp.reshape(back, leading(xp, g, len(o.shape)) + o.before)


def _cumulative_product(xp: XP, o: Options, a: Value) -> Value:
    return xp.cumprod(xp.reshape(a, leading(xp, a, len(o.before)) + o.shape), axis=o.axis)


def _cumulative_product_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    # Horner's scheme from the end, r = g + (the next a) * (the next r), times what stands before: no division by 0.
    lead = leading(xp, a, len(o.before))
    a = xp.moveaxis(xp.reshape(a, lead + o.shape), o.axis, -1)
    g = xp.moveaxis(g, o.axis, -1)
    size = shape_of(a)[-1]
    if not size:
        return xp.zeros(lead + o.before)
    rows = [g[..., size - 1]]
    for k in range(size - 2, -1, -1):
        rows.append(g[..., k] + a[..., k + 1] * rows[-1])
    before = xp.concatenate([xp.ones((*shape_of(a)[:-1], 1)), xp.cumprod(a[..., :-1], axis=-1)], axis=-1)
    found = xp.stack(rows[::-1], axis=-1) * before
    return xp.reshape(xp.moveaxis(found, -1, o.axis), lead + o.before)


def _deviation_branch(xp: XP, o: Options, a: Value) -> Value:
    d = _deviations(xp, o, a)
    return xp.sign(d) if o.count == 2 else total(xp, o, xp.abs(d)) == 0


OPERATIONS = (
    Structural(
        "sum",
        "a",
        "all entries added up, or those along an axis",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_reduction,
        value=added,
        vjps={"a": ("g spread over a", lambda xp, o, g, y, a: spread(xp, a, column(xp, o, g)))},
        reduces=True,
        affine=True,
        divisor=lambda o: 1,
        two_values="a + b",
    ),
    Structural(
        "mean",
        "a",
        "the sum divided by the number n of entries",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_reduction,
        value=_mean,
        vjps={"a": ("g / n spread over a", _mean_vjp)},
        reduces=True,
        affine=True,
        divisor=lambda o: int(o.count),
        count_power=1.0,
        two_values="(a + b) / 2",
    ),
    Structural(
        "var",
        "a",
        "the mean squared distance from the mean; ddof=1 divides by n - 1",
        group="reductions",
        options={"axis": None, "ddof": 0, "keepdims": False},
        keywords={**TORCH, "correction": "ddof"},
        samples=(*SAMPLES, sample((4,), ddof=1), sample((2, 3), axis=0, ddof=1)),
        planner=plan_variance,
        formula="mean((a - mean(a))**2)",
        value=_variance,
        vjps={"a": ("g * 2 * (a - mean(a)) / (n - ddof)", _variance_vjp)},
        reduces=True,
        by_axis=True,
        count_power=1.0,
    ),
    Structural(
        "std",
        "a",
        "the root of the variance; its gradient is 0 where all entries are equal",
        group="reductions",
        options={"axis": None, "ddof": 0, "keepdims": False},
        keywords={**TORCH, "correction": "ddof"},
        samples=(*SAMPLES[:-1], sample((4,), ddof=1), sample((2, 3), axis=0, ddof=1)),
        planner=plan_variance,
        formula="sqrt(mean((a - mean(a))**2))",
        value=lambda xp, o, a: xp.sqrt(_variance(xp, o, a)),
        vjps={"a": ("g * (a - mean(a)) / ((n - ddof) * y)", _deviation_vjp)},
        branch=_deviation_branch,
        reduces=True,
        by_axis=True,
        count_power=0.5,
    ),
    Structural(
        "max",
        "a",
        "the largest entry; a tie shares the gradient equally",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_largest,
        aliases=("amax",),
        instead="maximum",
        value=lambda xp, o, a: xp.max(a, axis=o.axis, keepdims=o.keepdims),
        vjps={"a": ("g where a is the largest", lambda xp, o, g, y, a: shared(xp, o, g, largest(xp, o, a)))},
        branch=largest,
        latex=r"\max",
        reduces=True,
        by_axis=True,
    ),
    Structural(
        "min",
        "a",
        "the smallest entry; a tie shares the gradient equally",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_largest,
        aliases=("amin",),
        instead="minimum",
        value=lambda xp, o, a: xp.min(a, axis=o.axis, keepdims=o.keepdims),
        vjps={"a": ("g where a is the smallest", lambda xp, o, g, y, a: shared(xp, o, g, _smallest(xp, o, a)))},
        branch=_smallest,
        latex=r"\min",
        reduces=True,
        by_axis=True,
    ),
    Structural(
        "prod",
        "a",
        "all entries multiplied, or those along an axis",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        planner=plan_reduction,
        samples=(*SAMPLES, sample((5,)), sample((1, 7), axis=1)),
        value=lambda xp, o, a: xp.prod(a, axis=o.axis, keepdims=o.keepdims),
        vjps={
            "a": (
                "g * the product of the others",
                lambda xp, o, g, y, a: products_of_others(xp, o, a) * column(xp, o, g),
            )
        },
        reduces=True,
        by_axis=True,
        two_values="a * b",
    ),
    Structural(
        "cumsum",
        "a",
        "running sums",
        group="reductions",
        options={"axis": None},
        keywords={"dim": "axis"},
        planner=plan_cumulative,
        samples=(sample((4,)), sample((2, 3)), sample((2, 3), axis=0), sample((2, 3), axis=1), sample(())),
        value=_cumulative,
        vjps={"a": ("running sums of g, from the end", _cumulative_vjp)},
        affine=True,
    ),
    Structural(
        "cumprod",
        "a",
        "running products",
        group="reductions",
        options={"axis": None},
        keywords={"dim": "axis"},
        planner=plan_cumulative,
        samples=(sample((4,)), sample((2, 3)), sample((2, 3), axis=0), sample((2, 3), axis=1), sample(())),
        value=_cumulative_product,
        vjps={"a": ("g times the products of the others, added up from the end", _cumulative_product_vjp)},
    ),
)
