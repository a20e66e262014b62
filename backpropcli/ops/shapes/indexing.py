"""Indexing: entries picked by constant indices, and labels turned into one-hot rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Labels, Options, Part, Structural, Value
from backpropcli.ops.planning import bounded, sample, whole
from backpropcli.ops.shapes.index import complete, listed, neighbours, single, span
from backpropcli.ops.stacked import leading, reshape, shape_of

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def plan_getitem(shapes: list[Shape], index: Any) -> tuple[Shape, Options]:
    """A complete index, one entry an axis: whole numbers, slices, None, `...`, and lists of whole numbers.

    `o.where` has one entry an axis; `o.taken` is the shape that it takes, `o.after` the result's, which differs by
    new axes. Lists (and the numbers beside them) are paired entry by entry, as in NumPy.
    """
    (shape,) = shapes
    written = index if isinstance(index, tuple) else (index,)
    entries = complete(written, shape)
    paired = any(isinstance(entry, list) for entry in entries)
    if paired:
        neighbours(written)
    where: list[Any] = []
    shape_parts: list[Shape] = []  # what each entry of the index gives to the result's shape
    axis = 0
    for entry in entries:
        if entry is None:
            shape_parts.append((1,))
            continue
        size = shape[axis]
        if isinstance(entry, slice):
            where.append(span(entry, size))
            shape_parts.append((len(range(size)[where[-1]]),))
        else:
            where.append(listed(entry, size, axis) if isinstance(entry, list) else single(entry, size, axis))
            shape_parts.append(())
        axis += 1
    unique = True
    if paired:
        unique, place, picked = _pair(where, entries)
        shape_parts[place] = picked
    after = bounded(tuple(size for part in shape_parts for size in part))
    taken = _taken(where, shape)
    return after, Options(where=tuple(where), taken=taken, after=after, unique=unique, before=shape)


def _pair(where: list[Any], entries: list[Any]) -> tuple[bool, int, Shape]:
    """Make all picked axes lists of one shape, in place; whether no place is named twice, and where they stand."""
    import numpy as np

    place = next(k for k, entry in enumerate(entries) if isinstance(entry, int | list))
    axes = [k for k, part in enumerate(where) if not isinstance(part, slice)]
    shapes = {np.shape(where[k]) for k in axes}
    try:
        picked = np.broadcast_shapes(*shapes)
    except ValueError:
        shown_sizes = " and ".join(str(np.size(where[k])) for k in axes if np.shape(where[k]))
        raise OperationError(f"the lists in an index differ in length: {shown_sizes}") from None
    for k in axes:
        where[k] = np.broadcast_to(where[k], picked).ravel()
    named = np.stack([where[k] for k in axes])
    return np.unique(named, axis=1).shape[1] == named.shape[1], place, tuple(picked)


def _taken(where: list[Any], shape: Shape) -> Shape:
    """The shape that `where` takes out of `shape`, before new axes and nested lists."""
    result: list[int] = []
    listed = False
    for part, size in zip(where, shape, strict=True):
        if isinstance(part, slice):
            result.append(len(range(size)[part]))
        elif not isinstance(part, int) and not listed:
            result.append(len(part))
            listed = True
    return tuple(result)


def _getitem(xp: XP, o: Options, a: Value) -> Value:
    a = a if shape_of(a) else xp.asarray(a)
    return reshape(xp, a[(..., *o.where)], o.taken, o.after)


def _getitem_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Part:
    return Part(o.where, reshape(xp, g, o.after, o.taken), o.unique)


def plan_one_hot(shapes: list[Shape], depth: Any) -> tuple[Shape, Options]:
    """A new last axis with one place for every class."""
    classes = whole(depth, "depth")
    if classes < 1:
        raise OperationError(f"depth is how many classes there are: at least 1, not {classes}")
    return bounded((*shapes[0], classes)), Options(depth=classes, shape=shapes[0])


def one_hot(xp: XP, classes: int, labels: Value) -> Value:
    """Rows of zeros with a single 1, at each label; a label that is no class must not pass as zeros: NaN."""
    row = xp.where(xp.expand_dims(labels, -1) == xp.arange(classes), 1.0, 0.0)
    return xp.where(xp.sum(row, axis=-1, keepdims=True) == 1, row, float("nan"))


OPERATIONS = (
    Structural(
        "getitem",
        "a",
        "entries picked by index: a[0], a[1:], a[:, -1]",
        group="shapes",
        written="a[index]",
        options={"index": REQUIRED},
        planner=plan_getitem,
        value=_getitem,
        vjps={"a": ("g at the places picked, 0 elsewhere", _getitem_vjp)},
        samples=(
            sample((4,), index=(1,)),
            sample((4,), index=-1),
            sample((4,), index=(slice(1, 3),)),
            sample((4,), index=(slice(None, None, -2),)),
            sample((2, 3), index=(0,)),
            sample((2, 3), index=(1, 2)),
            sample((2, 3), index=(slice(None), 0)),
            sample((2, 3), index=(..., -1)),
            sample((2, 3), index=(None,)),
            sample((2, 3), index=(slice(None), None, slice(0, 2))),
            sample((2, 3, 2), index=(1, ..., 0)),
            sample((4,), index=([0, 2, 2],)),
            sample((2, 3), index=(slice(None), [2, 0])),
            sample((3, 4), index=([0, 1, 2], [3, 0, -1])),
            sample((2, 3, 2), index=(1, [0, 2])),
            sample((2, 3, 2), index=([1, 1], slice(None, 2), slice(None))),
            sample((3, 2), index=([[0, 1], [2, 1]],)),
            sample((2, 3, 2), index=(slice(None), [0, 2], 1)),
            sample((3,), index=(None, [0, 0], None)),
            sample((), index=()),
            sample((), index=(...,)),
            sample((), index=(None,)),
            sample((3,), index=(slice(3, 9),)),
        ),
    ),
    Structural(
        "one_hot",
        "labels",
        "class numbers as rows of zeros with a single 1: no gradient passes",
        group="shapes",
        options={"depth": REQUIRED},
        keywords={"num_classes": "depth"},
        planner=plan_one_hot,
        drops=True,
        value=lambda xp, o, labels: one_hot(xp, o.depth, labels),
        vjps={"labels": ("0", lambda xp, o, g, y, labels: xp.zeros(leading(xp, labels, 0)))},
        labels=lambda o: [Labels(0, o.depth)],
        samples=(sample((3,), depth=4), sample((), depth=2), sample((2, 2), depth=3)),
    ),
)
