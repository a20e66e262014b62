"""Entries taken by number along one axis: take, and take_along_axis."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import Shape, broadcast, show_shape
from backpropcli.ops.definition import XP, Options, Part, Structural, Value
from backpropcli.ops.planning import (
    axis_of,
    bounded,
    sample,
)
from backpropcli.ops.shapes.indexing import Label
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
