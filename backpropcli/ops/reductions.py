"""Reductions: many entries become one, along some axes or all of them."""

from __future__ import annotations

from math import inf, prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops import sorting, statistics
from backpropcli.ops.definition import XP, Options, Shape, Structural, Value, show_shape
from backpropcli.ops.others import products_of_others
from backpropcli.ops.planning import axes_of, flag, number, reduced, sample, shown
from backpropcli.ops.stacked import column, leading, shape_of, spread

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


# Planners.


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


def plan_norm(shapes: list[Shape], ord: Any = None, axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """`o.ord` is 1, 2 or inf; the Frobenius norm of a matrix is the 2-norm of its entries."""
    shape, o = plan_reduction(shapes, axis, keepdims)
    rank = len(o.axis)
    orders: dict[Any, float] = {None: 2, 2: 2, 1: 1, inf: inf, "inf": inf, "fro": 2}
    if isinstance(ord, bool | list | tuple | slice) or ord not in orders:
        raise OperationError(f"ord is 1, 2, inf or 'fro', not {shown(ord)}", hint="Another one: sum(abs(a)**p)**(1/p)")
    if ord == "fro" and rank != 2:
        raise OperationError("ord='fro' is the norm of a matrix", hint="Leave ord out for the length of a vector.")
    if ord not in (None, "fro") and rank == 2:
        raise OperationError(
            f"ord={shown(ord)} of a matrix is not available",
            hint="Leave ord out (or 'fro') for the root of the sum of squares, or give one axis for vectors.",
        )
    if ord is not None and rank not in (1, 2):
        raise OperationError(f"ord={shown(ord)} is for a vector, not for the shape {show_shape(shapes[0])}")
    o.ord = orders[ord]
    if o.ord == inf and not o.count:
        raise OperationError(f"the shape {show_shape(shapes[0])} has no entries to reduce")
    return shape, o


# Bodies.


def _sum(xp: XP, o: Options, a: Value) -> Value:
    return xp.sum(a, axis=o.axis, keepdims=o.keepdims)


def _total(xp: XP, o: Options, a: Value) -> Value:
    """The sum with its axes kept."""
    return xp.sum(a, axis=o.axis, keepdims=True)


def _largest(xp: XP, o: Options, a: Value) -> Value:
    """Where the result stands: true at the largest (or smallest) entry, and at all of them in a tie."""
    return a == xp.max(a, axis=o.axis, keepdims=True)


def _smallest(xp: XP, o: Options, a: Value) -> Value:
    return a == xp.min(a, axis=o.axis, keepdims=True)


def _shared(xp: XP, o: Options, g: Value, chosen: Value) -> Value:
    """The upstream gradient, in equal shares, to the entries that are chosen; NaN where none is, as all are NaN."""
    count = _total(xp, o, xp.where(chosen, 1.0, 0.0))
    return xp.where(
        chosen, 1.0 / xp.where(count > 0, count, 1.0), xp.where(count > 0, xp.nothing, float("nan"))
    ) * column(xp, o, g)


def _mean(xp: XP, o: Options, a: Value) -> Value:
    return xp.divide(_sum(xp, o, a), o.count)  # 0 / 0, NaN, where there is nothing


def _mean_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return spread(xp, a, column(xp, o, g) / max(o.count, 1))


def _deviations(xp: XP, o: Options, a: Value) -> Value:
    if not o.count:
        return a
    # Taking the largest entry off first makes them exactly 0 where all entries are equal.
    shifted = a - xp.max(a, axis=o.axis, keepdims=True)
    return shifted - _total(xp, o, shifted) / o.count


def _variance(xp: XP, o: Options, a: Value) -> Value:
    return xp.divide(_sum(xp, o, xp.square(_deviations(xp, o, a))), o.divisor if o.count else 0)


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


def log_parts(xp: XP, o: Options, a: Value) -> tuple[Value, Value, Value]:
    """`(m, d, r)`: the largest entry m, d = a - m, and r = log(sum(exp(d))), each with its axes kept.

    The largest entries are counted apart and the rest goes through log1p, so that r keeps its digits near 0 (Blanchard,
    Higham and Higham, 2021: Accurately computing the log-sum-exp and softmax functions).
    """
    m = xp.max(a, axis=o.axis, keepdims=True)
    m = xp.where(xp.abs(m) < inf, m, 0.0)
    d = a - m
    top = d == 0
    count = _total(xp, o, xp.where(top, 1.0, 0.0))
    base = xp.where(count == 0, 1.0, count)  # 0 only where m was infinite or NaN
    # Where d is 0 it stands for expm1(d): right to first order, however a namespace shares ties in max.
    rest = _total(xp, o, xp.where(top, d, xp.exp(d))) + (count - base)
    return m, d, xp.log(base) + xp.log1p(rest / base)


def _logsumexp(xp: XP, o: Options, a: Value) -> Value:
    m, _, r = log_parts(xp, o, a)
    return m + r if o.keepdims else xp.squeeze(m + r, axis=o.axis)


def _norm(xp: XP, o: Options, a: Value) -> Value:
    size = xp.abs(a)
    if o.ord == 1:
        return _sum(xp, o, size)
    if o.ord == inf:
        return xp.max(size, axis=o.axis, keepdims=o.keepdims)
    if not o.count:
        return _sum(xp, o, size)
    scale = xp.max(size, axis=o.axis, keepdims=True)  # so that squares neither overflow nor vanish
    scale = xp.where(scale > 0, xp.where(scale < inf, scale, 1.0), 1.0)
    root = scale * xp.sqrt(_total(xp, o, xp.square(a / scale)))
    return root if o.keepdims else xp.squeeze(root, axis=o.axis)


def _norm_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    if o.ord == 1:
        return xp.sign(a) * column(xp, o, g)
    if o.ord == inf:
        return xp.sign(a) * _shared(xp, o, g, _largest(xp, o, xp.abs(a)))
    return a / column(xp, o, xp.where(y == 0, 1.0, y)) * column(xp, o, g)


def _norm_branch(xp: XP, o: Options, a: Value) -> Value:
    if o.ord == 1:
        return xp.sign(a)
    if o.ord == inf:
        return xp.where(_largest(xp, o, xp.abs(a)), xp.sign(a), 0.0)
    return xp.sign(a) if o.count == 1 else _total(xp, o, xp.abs(a)) == 0


def _deviation_branch(xp: XP, o: Options, a: Value) -> Value:
    d = _deviations(xp, o, a)
    return xp.sign(d) if o.count == 2 else _total(xp, o, xp.abs(d)) == 0


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
        value=_sum,
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
        vjps={"a": ("g where a is the largest", lambda xp, o, g, y, a: _shared(xp, o, g, _largest(xp, o, a)))},
        branch=_largest,
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
        vjps={"a": ("g where a is the smallest", lambda xp, o, g, y, a: _shared(xp, o, g, _smallest(xp, o, a)))},
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
    *sorting.OPERATIONS,
    *statistics.OPERATIONS,
    Structural(
        "logsumexp",
        "a",
        "log of the sum of exponentials, without overflow",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_nonempty,
        formula="log(sum(exp(a)))",
        source="Blanchard, Higham and Higham 2021",
        value=_logsumexp,
        vjps={"a": ("g * exp(a - y)", lambda xp, o, g, y, a: xp.exp(a - column(xp, o, y)) * column(xp, o, g))},
        reduces=True,
        by_axis=True,
    ),
    Structural(
        "norm",
        "a",
        "the length of a vector: the root of the sum of squares; its gradient at 0 is 0",
        group="reductions",
        options={"ord": None, "axis": None, "keepdims": False},
        keywords={**TORCH, "p": "ord"},
        aliases=("linalg.norm",),
        planner=plan_norm,
        formula="sqrt(sum(a**2))",
        samples=(
            *SAMPLES[:-1],
            sample((3,), ord=1),
            sample((3,), ord=inf),
            sample((2, 3), ord="fro"),
            sample((2, 3), ord=1, axis=1),
            sample((2, 3), ord=inf, axis=0, keepdims=True),
            sample((3,), ord=2),
            sample((2, 3, 2), ord="fro", axis=(0, 2)),
        ),
        value=_norm,
        vjps={"a": ("g * a / y", _norm_vjp)},
        branch=_norm_branch,
        reduces=True,
        by_axis=True,
    ),
)
