"""Entries picked by numbers that are data: by labels in an index, and take and take_along_axis along one axis."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.definition import REQUIRED, XP, Options, Part, Structural, Value
from backpropcli.ops.planning import (
    axis_of,
    bounded,
    sample,
)
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.shapes.index import Label
from backpropcli.ops.shapes.picking import ROWS, labels_of, picked, picked_back, plan_pick
from backpropcli.ops.stacked import leading, reshape, shape_of


def plan_take(shapes: list[Shape], axis: Any = None) -> tuple[Shape, Options]:
    """Entries of one axis, by number; without an axis, of all entries row by row."""
    shape, labels = shapes
    if axis is None:
        flat = (prod(shape),)
        after, o = plan_pick([flat, labels], ROWS)
        o.own = shape
        return after, o
    k = axis_of(axis, shape) + len(shape)
    after, o = plan_pick(shapes, (*(slice(None),) * k, Label(0)))
    o.own, o.axis = shape, k - len(shape)
    return after, o


def plan_along(shapes: list[Shape], axis: Any = -1) -> tuple[Shape, Options]:
    """For every place an entry of its own row along the axis: the other axes of both broadcast."""
    import numpy as np

    shape, labels = shapes
    if axis is None:
        shape, labels = (prod(shape),), labels
    k = axis_of(-1 if axis is None else axis, shape) + len(shape)
    if len(labels) != len(shape):
        raise OperationError(
            f"shapes {show_shape(shape)} and {show_shape(labels)} do not fit: both need as many axes",
        )
    sizes = broadcast([(*s[:k], 1, *s[k + 1 :]) for s in (shape, labels)])
    after = bounded((*sizes[:k], labels[k], *sizes[k + 1 :]))
    where: list[Any] = []
    for j, size in enumerate(shape):
        if j == k:
            where.append(Label(0))
            continue
        places = np.arange(sizes[j]) if size == sizes[j] else np.zeros(sizes[j], int)
        where.append(places.reshape(-1, *(1,) * (len(shape) - j - 1)))
    return after, Options(
        where=tuple(where),
        axes=tuple(range(len(shape))),
        picked=after,
        taken=(prod(after),),
        after=after,
        before=shape,
        labels=(labels,),
        own=shapes[0],
        axis=k - len(shape),
    )


def _take(xp: XP, o: Options, a: Value, labels: Value) -> Value:
    return picked(xp, o, reshape(xp, a, o.own, o.before), labels)


def _take_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value, labels: Value) -> Value | Part:
    found = picked_back(xp, o, g, y, 0, reshape(xp, a, o.own, o.before), labels)
    if o.own == o.before:
        return found
    if isinstance(found, Part):
        whole = xp.zeros(leading(xp, g, len(o.after)) + o.before)
        xp.add_at(whole, (..., *found.where), found.value)
        found = whole
    return reshape(xp, found, o.before, o.own)


def _no_gradient(xp: XP, o: Options, g: Value, y: Value, a: Value, labels: Value) -> Value:
    return xp.zeros(shape_of(labels))


TAKEN = {"a": ("g added up at the places picked", _take_vjp), "indices": ("0", _no_gradient)}


OPERATIONS = (
    Structural(
        "pick",
        "*arrays",
        "entries picked by labels that are data: p[arange(4), y], W[ids]",
        group="shapes",
        written="a[labels]",
        options={"index": REQUIRED},
        planner=plan_pick,
        value=picked,
        labels=labels_of,
        vjps={"arrays": ("g added up at the places picked, 0 for labels", picked_back)},
        samples=(
            sample((4,), (3,), index=ROWS),
            sample((4, 2), (3,), index=ROWS),
            sample((3,), (), index=ROWS),
            sample((3, 2), (2, 2), index=ROWS),
            sample((2, 3), (2,), index=(slice(None), Label(0))),
            sample((3, 4), (3,), index=([0, 1, 2], Label(0))),
            sample((3, 4), (), index=(1, Label(0))),
            sample((3, 4), (2,), (2,), index=(Label(0), Label(1))),
            sample((3, 2), (3,), index=(Label(0), Label(0))),
            sample((3, 4), (2, 1), (3,), index=(Label(0), Label(1))),
            sample((2, 3, 4), (2,), index=(slice(None), Label(0), slice(None, None, -2))),
            sample((2, 3, 4), (2,), index=(..., Label(0), [3, 0])),
            sample((3,), (2,), index=(None, Label(0), None)),
        ),
    ),
    Structural(
        "take",
        "a indices",
        "entries of an axis by number, the numbers being data too",
        group="shapes",
        options={"axis": None},
        keywords={"dim": "axis"},
        planner=plan_take,
        value=_take,
        vjps=TAKEN,
        labels=labels_of,
        samples=(
            sample((4,), (3,)),
            sample((2, 3), (2,)),
            sample((2, 3), (2, 2), axis=1),
            sample((3, 2), (), axis=0),
            sample((2, 3, 2), (4,), axis=-2),
        ),
    ),
    Structural(
        "take_along_axis",
        "a indices",
        "for every place one entry of its row, by number along the axis",
        group="shapes",
        aliases=("take_along_dim",),
        options={"axis": -1},
        keywords={"dim": "axis"},
        planner=plan_along,
        value=_take,
        vjps=TAKEN,
        labels=labels_of,
        samples=(
            sample((4,), (3,)),
            sample((2, 3), (2, 1), axis=1),
            sample((2, 3), (2, 2)),
            sample((3, 2), (1, 2), axis=0),
            sample((3, 2), (4, 2), axis=0),
            sample((2, 3), (1, 2), axis=1),
        ),
    ),
)
