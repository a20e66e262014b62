"""Statistics beside mean and variance: the range, a weighted mean, and reductions that pass over NaN."""

from __future__ import annotations

from math import inf
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import number, sample
from backpropcli.ops.reductions.reducing import AXES, TORCH, plan_nonempty, plan_reduction, total
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import column, leading, products_of_others, shape_of

SAMPLES = (sample((3,)), sample((2, 3)), sample((2, 3), axis=0), sample((2, 3), axis=-1, keepdims=True), sample(()))


def plan_nan_variance(
    shapes: list[Shape], axis: Any = None, ddof: Any = 0, keepdims: Any = False
) -> tuple[Shape, Options]:
    """As `plan_reduction`; `o.ddof` is taken off the number of entries, and with too few the result is NaN."""
    shape, o = plan_reduction(shapes, axis, keepdims)
    o.ddof = number(ddof, "ddof")
    return shape, o


def plan_average(shapes: list[Shape], axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """Weights of the shape of a, or of its one axis; one weight for all is the plain mean."""
    a, weights = shapes
    shape, o = plan_nonempty([a], axis, keepdims)
    if weights == a or not weights:
        o.wide = weights
    elif len(o.axis) == 1 and weights == (a[o.axis[0]],):
        o.wide = (*weights, *(1,) * (-o.axis[0] - 1))
    else:
        raise OperationError(
            f"weights of shape {show_shape(weights)} do not fit {show_shape(a)}",
            hint="They have the shape of a, or one entry for each along one axis: axis=0.",
        )
    o.shapes = (a, weights)
    return shape, o


# Bodies.


def _there(xp: XP, a: Value) -> Value:
    """1 where an entry is a number, 0 where it is NaN."""
    return xp.where(a == a, 1.0, 0.0)


def _filled(xp: XP, a: Value, value: float) -> Value:
    """The entries, with this in place of NaN."""
    return xp.where(a == a, a, value)


def _small(xp: XP, o: Options, kept: Value) -> Value:
    """Without the axes that were kept, unless they are to be kept."""
    return kept if o.keepdims else xp.squeeze(kept, axis=o.axis)


def _nan_sum(xp: XP, o: Options, a: Value) -> Value:
    return xp.sum(_filled(xp, a, 0.0), axis=o.axis, keepdims=o.keepdims)


def _nan_mean_kept(xp: XP, o: Options, a: Value) -> Value:
    return xp.divide(total(xp, o, _filled(xp, a, 0.0)), total(xp, o, _there(xp, a)))


def _deviations(xp: XP, o: Options, a: Value) -> Value:
    """How far the numbers are from their mean; 0 for NaN."""
    return xp.where(a == a, a - _nan_mean_kept(xp, o, a), 0.0)


def _free(xp: XP, o: Options, a: Value) -> Value:
    """The divisor of a variance, with its axes kept; NaN where it is not positive."""
    left = total(xp, o, _there(xp, a)) - o.ddof
    return xp.where(left > 0, left, float("nan"))


def _nan_variance_kept(xp: XP, o: Options, a: Value) -> Value:
    return xp.divide(total(xp, o, xp.square(_deviations(xp, o, a))), _free(xp, o, a))


def _nan_variance_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    slope = _deviations(xp, o, a) * xp.divide(2.0 * column(xp, o, g), _free(xp, o, a))
    return xp.where(a == a, slope, xp.nothing)


def _nan_deviation_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    y = column(xp, o, y)
    slope = xp.divide(_deviations(xp, o, a), xp.where(y == 0, 1.0, y) * _free(xp, o, a)) * column(xp, o, g)
    return xp.where(a == a, slope, xp.nothing)


def _nan_deviation_branch(xp: XP, o: Options, a: Value) -> Value:
    d = _deviations(xp, o, a)
    return xp.sign(d) if o.count == 2 else total(xp, o, xp.abs(d)) == 0


def _extreme(xp: XP, o: Options, a: Value, largest: bool) -> Value:
    """The largest (or smallest) number, with its axes kept; NaN where there is none."""
    filled = _filled(xp, a, -inf if largest else inf)
    found = (xp.max if largest else xp.min)(filled, axis=o.axis, keepdims=True)
    return xp.where(total(xp, o, _there(xp, a)) > 0, found, float("nan"))


def _chosen(xp: XP, o: Options, a: Value, largest: bool) -> Value:
    return a == _extreme(xp, o, a, largest)


def _shared(xp: XP, o: Options, g: Value, chosen: Value) -> Value:
    count = total(xp, o, xp.where(chosen, 1.0, 0.0))
    share = xp.divide(1.0, xp.where(count == 0, 1.0, count))
    return xp.where(chosen, share * column(xp, o, g), xp.nothing)


def _range(xp: XP, o: Options, a: Value) -> Value:
    return xp.max(a, axis=o.axis, keepdims=o.keepdims) - xp.min(a, axis=o.axis, keepdims=o.keepdims)


def _range_ends(xp: XP, o: Options, a: Value) -> tuple[Value, Value]:
    return a == xp.max(a, axis=o.axis, keepdims=True), a == xp.min(a, axis=o.axis, keepdims=True)


def _range_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    top, bottom = _range_ends(xp, o, a)
    return _shared(xp, o, g, top) - _shared(xp, o, g, bottom)


def _range_branch(xp: XP, o: Options, a: Value) -> Value:
    top, bottom = _range_ends(xp, o, a)
    return xp.where(top, 1.0, 0.0) - xp.where(bottom, 1.0, 0.0) + xp.where(xp.logical_and(top, bottom), 2.0, 0.0)


# The weighted mean.


def _weights(xp: XP, o: Options, a: Value, w: Value) -> Value:
    """The weights in the shape of a."""
    w = xp.asarray(w)
    lead = leading(xp, w, len(o.shapes[1]))
    rank = len(o.shapes[0])
    return xp.broadcast_to(xp.reshape(w, lead + (1,) * (rank - len(o.wide)) + o.wide), shape_of(a))


def _average(xp: XP, o: Options, a: Value, w: Value) -> Value:
    a = xp.asarray(a)
    w = _weights(xp, o, a, w)
    return _small(xp, o, xp.divide(total(xp, o, a * w), total(xp, o, w)))


def _average_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value, w: Value) -> Value:
    w = _weights(xp, o, xp.asarray(a), w)
    return xp.divide(w, total(xp, o, w)) * column(xp, o, g)


def _average_weights(xp: XP, o: Options, g: Value, y: Value, a: Value, w: Value) -> Value:
    if not o.shapes[1]:  # one weight for all: it cancels
        return xp.zeros(shape_of(w))
    a = xp.asarray(a)
    lead = leading(xp, a, len(o.shapes[0]))
    whole = xp.divide(a - column(xp, o, y), total(xp, o, _weights(xp, o, a, w))) * column(xp, o, g)
    if o.shapes[1] == o.shapes[0]:
        return whole
    others = tuple(k for k in range(-len(o.shapes[0]), 0) if k not in o.axis)
    return xp.reshape(xp.sum(whole, axis=others) if others else whole, lead + o.shapes[1])


def _nan_reduction(name: str, words: str, value: Any, text: str, vjp: Any, **rest: Any) -> Structural:
    return Structural(
        name,
        "a",
        words,
        group="reductions",
        options=rest.pop("options", AXES),
        keywords=TORCH,
        planner=rest.pop("planner", plan_reduction),
        samples=rest.pop("samples", SAMPLES),
        value=value,
        vjps={"a": (text, vjp)},
        **rest,
    )


def _others(xp: XP, o: Options, a: Value) -> Value:
    """For every entry the product of all the other numbers."""
    return products_of_others(xp, o, _filled(xp, a, 1.0))


VARIANCE: dict[str, Any] = {"axis": None, "ddof": 0, "keepdims": False}
OPERATIONS = (
    _nan_reduction(
        "nansum",
        "the sum of all entries that are numbers",
        _nan_sum,
        "g where a is a number",
        lambda xp, o, g, y, a: xp.where(a == a, column(xp, o, g), xp.nothing),
    ),
    _nan_reduction(
        "nanmean",
        "the mean of all entries that are numbers",
        lambda xp, o, a: _small(xp, o, _nan_mean_kept(xp, o, a)),
        "g / (how many numbers) where a is one",
        lambda xp, o, g, y, a: xp.where(a == a, xp.divide(column(xp, o, g), total(xp, o, _there(xp, a))), xp.nothing),
    ),
    _nan_reduction(
        "nanprod",
        "the product of all entries that are numbers",
        lambda xp, o, a: xp.prod(_filled(xp, a, 1.0), axis=o.axis, keepdims=o.keepdims),
        "g * the product of the other numbers",
        lambda xp, o, g, y, a: xp.where(a == a, _others(xp, o, a) * column(xp, o, g), xp.nothing),
    ),
    _nan_reduction(
        "nanmax",
        "the largest entry that is a number; a tie shares the gradient equally",
        lambda xp, o, a: _small(xp, o, _extreme(xp, o, a, True)),
        "g where a is the largest",
        lambda xp, o, g, y, a: _shared(xp, o, g, _chosen(xp, o, a, True)),
        planner=plan_nonempty,
        branch=lambda xp, o, a: _chosen(xp, o, a, True),
    ),
    _nan_reduction(
        "nanmin",
        "the smallest entry that is a number; a tie shares the gradient equally",
        lambda xp, o, a: _small(xp, o, _extreme(xp, o, a, False)),
        "g where a is the smallest",
        lambda xp, o, g, y, a: _shared(xp, o, g, _chosen(xp, o, a, False)),
        planner=plan_nonempty,
        branch=lambda xp, o, a: _chosen(xp, o, a, False),
    ),
    _nan_reduction(
        "nanvar",
        "the variance of all entries that are numbers",
        lambda xp, o, a: _small(xp, o, _nan_variance_kept(xp, o, a)),
        "g * 2 * (a - nanmean(a)) / (n - ddof)",
        _nan_variance_vjp,
        options=VARIANCE,
        planner=plan_nan_variance,
        samples=(*SAMPLES, sample((2, 3), axis=1, ddof=1)),
    ),
    _nan_reduction(
        "nanstd",
        "the root of nanvar; its gradient is 0 where all numbers are equal",
        lambda xp, o, a: xp.sqrt(_small(xp, o, _nan_variance_kept(xp, o, a))),
        "g * (a - nanmean(a)) / ((n - ddof) * y)",
        _nan_deviation_vjp,
        options=VARIANCE,
        planner=plan_nan_variance,
        branch=_nan_deviation_branch,
        samples=(*SAMPLES[:-1], sample((2, 3), axis=1, ddof=1)),
    ),
    _nan_reduction(
        "ptp",
        "the largest entry less the smallest",
        _range,
        "g at the largest, -g at the smallest",
        _range_vjp,
        planner=plan_nonempty,
        branch=_range_branch,
        samples=SAMPLES[:-1],
    ),
    Structural(
        "average",
        "a weights",
        "the mean, each entry counted as much as its weight",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        defaults=(1.0,),
        order=("a", "axis", "weights"),
        planner=plan_average,
        value=_average,
        vjps={
            "a": ("g * weights / sum(weights)", _average_vjp),
            "weights": ("g * (a - y) / sum(weights)", _average_weights),
        },
        samples=(
            sample((3,), (3,)),
            sample((2, 3), (2, 3), axis=0),
            sample((2, 3), (3,), axis=1, keepdims=True),
            sample((2, 3), (2,), axis=0),
            sample((2, 3), (2, 3)),
            sample((2, 3), (), axis=0),
        ),
    ),
)
