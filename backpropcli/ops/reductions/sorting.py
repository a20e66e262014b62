"""Order: sorted entries, and those at given ranks. A tie shares the gradient equally, as max does."""

from __future__ import annotations

from math import floor, prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import axes_of, axis_of, flag, number, reduced, sample, shown
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import leading, masked, shape_of

TORCH = {"dim": "axis", "keepdim": "keepdims"}


def plan_sort(shapes: list[Shape], axis: Any = -1) -> tuple[Shape, Options]:
    """One axis; None sorts all entries into one row."""
    (shape,) = shapes
    if axis is None:
        flat = (prod(shape),)
        return flat, Options(axis=-1, before=shape, shape=flat)
    return shape, Options(axis=axis_of(axis, shape), before=shape, shape=shape)


def plan_quantile(shapes: list[Shape], q: Any, axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """`o.weights` are those of the sorted entries: between two ranks the nearer one counts more, as NumPy's default."""
    (shape,) = shapes
    part = number(q, "q")
    if not 0 <= part <= 1:
        raise OperationError(f"q is a part of all, from 0 to 1, not {shown(q)}", hint="Of 100: percentile(a, 95)")
    axes, keep = axes_of(axis, shape), flag(keepdims, "keepdims")
    count = prod(shape[k] for k in axes)
    if not count:
        raise OperationError(f"the shape {show_shape(shape)} has no entries to put in order")
    at = part * (count - 1)
    low = min(floor(at), count - 1)
    rest = tuple(k for k in range(-len(shape), 0) if k not in axes)
    return reduced(shape, axes, keep), Options(
        axis=axes,
        keepdims=keep,
        count=count,
        low=low,
        high=min(low + 1, count - 1),
        part=at - low,
        rest=rest,
        moved=tuple(shape[k] for k in rest),
        order=(*rest, *axes),
        before=shape,
        q=q,
    )


def plan_percentile(shapes: list[Shape], q: Any, axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """As `plan_quantile`, q in per cent."""
    if not 0 <= number(q, "q") <= 100:
        raise OperationError(f"q is from 0 to 100 per cent, not {shown(q)}")
    return plan_quantile(shapes, q / 100, axis, keepdims)


def plan_median(shapes: list[Shape], axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """The middle one; of an even number the mean of the two."""
    return plan_quantile(shapes, 0.5, axis, keepdims)


# Bodies. Where numbers are not known yet (formulas, recordings), an entry's rank is how many it is larger than.


def _ranked(xp: XP, a: Value) -> Value:
    """1 where an entry (columns) has a rank (rows), along the last axis, else 0: equal ones rank as they come."""
    size = shape_of(a)[-1]
    one, other = xp.expand_dims(a, -1), xp.expand_dims(a, -2)
    before = xp.asarray([[1.0 if k < j else 0.0 for k in range(size)] for j in range(size)])
    less = xp.where(other < one, 1.0, xp.where(other == one, before, 0.0))
    rank = xp.expand_dims(xp.sum(less, axis=-1), -2)
    return xp.where(rank == xp.expand_dims(xp.arange(size), -1), 1.0, 0.0)


def _ordered(xp: XP, a: Value) -> Value:
    """The entries in order along the last axis."""
    if not hasattr(xp, "argsort"):
        return xp.sum(masked(xp, _ranked(xp, a), xp.expand_dims(a, -2)), axis=-1)
    import numpy as np

    return np.take_along_axis(a, xp.argsort(a), axis=-1)


def _back(xp: XP, g: Value, a: Value) -> Value:
    """The gradient of the ordered entries, at the places they came from; equal ones get the same share."""
    if not hasattr(xp, "argsort"):
        return xp.sum(masked(xp, _ranked(xp, a), xp.expand_dims(g, -1), xp.nothing), axis=-2)
    import numpy as np

    order = xp.argsort(a)
    found = np.array(np.broadcast_to(g, shape_of(a)))
    there = np.take_along_axis(np.asarray(a), order, axis=-1)
    same = np.asarray(there[..., 1:] == there[..., :-1])
    for index in np.argwhere(same.any(axis=-1)):
        _share(found[tuple(index)], same[tuple(index)])
    result = np.empty_like(found)
    np.put_along_axis(result, order, found, axis=-1)
    return result


def _share(row: Any, same: Any) -> None:
    """Put into each run of equal entries the mean of its gradients, in place."""
    first = 0
    for k in range(1, len(row) + 1):
        if k == len(row) or not same[k - 1]:
            if k - first > 1:
                row[first:k] = row[first:k].sum() / (k - first)
            first = k


def _sort(xp: XP, o: Options, a: Value) -> Value:
    a = xp.reshape(a, leading(xp, a, len(o.before)) + o.shape)
    return xp.moveaxis(_ordered(xp, xp.moveaxis(a, o.axis, -1)), -1, o.axis)


def _sort_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    lead = leading(xp, a, len(o.before))
    a = xp.moveaxis(xp.reshape(a, lead + o.shape), o.axis, -1)
    back = _back(xp, xp.moveaxis(g, o.axis, -1), a)
    return xp.reshape(xp.moveaxis(back, -1, o.axis), lead + o.before)


def _sort_branch(xp: XP, o: Options, a: Value) -> Value:
    """Who stands before whom."""
    a = xp.moveaxis(xp.reshape(a, leading(xp, a, len(o.before)) + o.shape), o.axis, -1)
    return xp.argsort(a) if hasattr(xp, "argsort") else _ranked(xp, a)


def _rows(xp: XP, o: Options, a: Value) -> Value:
    """The entries that are put in order together, in the last axis."""
    lead = leading(xp, a, len(o.before))
    axes = tuple(range(len(lead)))
    return xp.reshape(
        xp.transpose(a, axes + tuple(k + len(lead) + len(o.before) for k in o.order)), lead + o.moved + (o.count,)
    )


def _quantile(xp: XP, o: Options, a: Value) -> Value:
    rows = _ordered(xp, _rows(xp, o, a))
    low, high = rows[..., o.low], rows[..., o.high]
    found = low + (high - low) * o.part
    return xp.expand_dims(found, o.axis) if o.keepdims else found


def _quantile_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    rows = _rows(xp, o, a)
    g = xp.asarray(g)
    g = xp.squeeze(g, axis=o.axis) if o.keepdims else g
    ordered = xp.zeros(shape_of(rows))
    ordered[..., o.low] = ordered[..., o.low] + g * (1.0 - o.part)
    ordered[..., o.high] = ordered[..., o.high] + g * o.part
    lead = leading(xp, a, len(o.before))
    back = xp.reshape(_back(xp, ordered, rows), lead + tuple(o.before[k] for k in o.order))
    places = {k: n for n, k in enumerate(o.order)}
    axes = tuple(range(len(lead)))
    return xp.transpose(back, axes + tuple(len(lead) + places[k] for k in range(-len(o.before), 0)))


def _quantile_branch(xp: XP, o: Options, a: Value) -> Value:
    """Which entries stand at the two ranks."""
    found = _quantile_entry(xp, o, a, o.low), _quantile_entry(xp, o, a, o.high)
    return xp.stack([xp.where(_rows(xp, o, a) == one, 1.0, 0.0) for one in found], axis=-1)


def _quantile_entry(xp: XP, o: Options, a: Value, rank: int) -> Value:
    return _ordered(xp, _rows(xp, o, a))[..., rank : rank + 1]


ALONG: dict[str, Any] = {"axis": None, "keepdims": False}
BACK = {"a": ("g at the places that the entries came from", _quantile_vjp)}
OPERATIONS = (
    Structural(
        "sort",
        "a",
        "the entries in order, the smallest first; a tie shares the gradient equally",
        group="reductions",
        options={"axis": -1},
        keywords={"dim": "axis"},
        planner=plan_sort,
        value=_sort,
        vjps={"a": ("g at the places that the entries came from", _sort_vjp)},
        branch=_sort_branch,
        samples=(
            sample((4,)),
            sample((2, 3)),
            sample((3, 2), axis=0),
            sample((2, 3), axis=None),
            sample((1,)),
            sample((2, 2, 3), axis=1),
        ),
    ),
    Structural(
        "median",
        "a",
        "the middle entry in order, or the mean of the middle two",
        group="reductions",
        options=ALONG,
        keywords=TORCH,
        planner=plan_median,
        value=_quantile,
        vjps=BACK,
        branch=_quantile_branch,
        samples=(
            sample((3,)),
            sample((4,)),
            sample((2, 3), axis=0),
            sample((2, 3), axis=1, keepdims=True),
            sample((2, 3, 2), axis=(0, 2)),
            sample(()),
        ),
    ),
    Structural(
        "quantile",
        "a",
        "what a part q of all entries lies below, between two entries in proportion",
        group="reductions",
        options={"q": REQUIRED, **ALONG},
        keywords=TORCH,
        planner=plan_quantile,
        value=_quantile,
        vjps=BACK,
        branch=_quantile_branch,
        samples=(sample((3,), q=0.3), sample((2, 3), q=1, axis=1), sample((2, 3), q=0, keepdims=True)),
    ),
    Structural(
        "percentile",
        "a",
        "what q per cent of all entries lie below, between two entries in proportion",
        group="reductions",
        options={"q": REQUIRED, **ALONG},
        keywords=TORCH,
        planner=plan_percentile,
        value=_quantile,
        vjps=BACK,
        branch=_quantile_branch,
        samples=(sample((4,), q=90), sample((2, 3), q=25, axis=0)),
    ),
)
