"""Indexing: entries picked by constant indices, and labels turned into one-hot rows."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import Shape, show_shape
from backpropcli.ops.definition import REQUIRED, XP, Labels, Options, Part, Structural, Value
from backpropcli.ops.planning import bounded, sample, shown, whole
from backpropcli.ops.stacked import leading, reshape, shape_of


class Label:
    """In an index, the labels that come as argument number `argument` behind the array: see `ops.picking`."""

    __slots__ = ("argument",)

    def __init__(self, argument: int) -> None:
        self.argument = argument

    def __repr__(self) -> str:
        return f"label{self.argument}"


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


def complete(index: tuple[Any, ...], shape: Shape) -> list[Any]:
    """The index with `...` written out; checks the kind of every entry and how many there are."""
    for entry in index:
        if isinstance(entry, bool):
            raise OperationError("True and False cannot be an index", hint="Choose by a condition: where(c, a, 0)")
        if isinstance(entry, float):
            raise OperationError(f"an index is a whole number, not {shown(entry)}")
        if not (entry is None or entry is ... or isinstance(entry, int | slice | list | Label)):
            raise OperationError(
                f"an index is a whole number, a slice such as 1:3, a list of whole numbers, None or ..., "
                f"not {shown(entry)}"
            )
    if sum(entry is ... for entry in index) > 1:
        raise OperationError("an index can have only one ...")
    used = sum(entry is not None and entry is not ... for entry in index)
    if used > len(shape):
        axes = "no axes: it is a plain number" if not shape else "1 axis" if len(shape) == 1 else f"{len(shape)} axes"
        raise OperationError(
            f"too many indices: {used} for the shape {show_shape(shape)}, which has {axes}",
        )
    rest = [slice(None)] * (len(shape) - used)
    if not any(entry is ... for entry in index):
        return [*index, *rest]
    at = next(k for k, entry in enumerate(index) if entry is ...)
    return [*index[:at], *rest, *index[at + 1 :]]


def single(entry: int, size: int, axis: int) -> int:
    """One index, counted from 0; OperationError where the axis has no such entry."""
    if not -size <= entry < size:
        whole(entry, "an index")
        last = f"the indices are 0 to {size - 1}" if size > 1 else "the only index is 0" if size else "it is empty"
        raise OperationError(
            f"index {entry} is out of range: axis {axis} has the size {size}",
            hint=f"Counting starts at 0: {last}." if size else "",
        )
    return entry % size


def span(entry: slice, size: int) -> slice:
    """A slice with its bounds worked out; a backward one that reaches the start ends at None."""
    for part in (entry.start, entry.stop, entry.step):
        if part is not None and (isinstance(part, bool) or not isinstance(part, int)):
            raise OperationError(f"the parts of a slice are whole numbers, not {shown(part)}")
    if entry.step == 0:
        raise OperationError("a slice cannot have the step 0")
    start, stop, step = entry.indices(size)
    if not range(start, stop, step):
        return slice(0, 0, 1)
    return slice(start, None if stop < 0 else stop, step)


def listed(entry: list[Any], size: int, axis: int) -> Any:
    """A list of indices, nested or not, as an array of whole numbers."""
    import numpy as np

    flat: list[int] = []
    lengths = _depths(entry, flat)
    return np.array([single(k, size, axis) for k in flat], dtype=np.intp).reshape(lengths)


def _depths(entry: list[Any], flat: list[int]) -> Shape:
    """The shape of a nested list; its numbers go into `flat`."""
    inner: set[Shape] = set()
    for item in entry:
        if isinstance(item, list | tuple):
            inner.add(_depths(list(item), flat))
        else:
            flat.append(_index_number(item))
            inner.add(())
    if len(inner) > 1:
        raise OperationError("the lists in an index differ in length")
    return (len(entry), *(inner.pop() if inner else ()))


def _index_number(item: Any) -> int:
    if isinstance(item, bool):
        raise OperationError("True and False cannot be an index", hint="Choose by a condition: where(c, a, 0)")
    return whole(item, "each index in a list")


def neighbours(index: tuple[Any, ...]) -> None:
    """Refuse lists and numbers that are apart (even by a `...` for no axis): NumPy moves their axis to the front."""
    places = [k for k, entry in enumerate(index) if isinstance(entry, int | list | Label)]
    if places[-1] - places[0] >= len(places):
        raise OperationError(
            "lists and numbers in an index must stand next to each other", hint="Index in two steps: a[0][:, [1, 2]]"
        )


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
