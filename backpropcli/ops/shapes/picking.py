"""Entries picked by labels that are data, `p[arange(4), y]`: where they stand is only known when the graph runs.

Labels are whole numbers that count from 0 (from the end where negative, as in NumPy) and have no gradient. A label
that is no whole number, or that no entry has, gives NaN: nothing is picked in its place.
"""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.definition import XP, Labels, Options, Part, Value
from backpropcli.ops.planning import bounded
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.shapes.index import Label, complete, listed, neighbours, single, span
from backpropcli.ops.stacked import leading, masked, reshape, shape_of

NEAR = 0.01
"""How far a label may be off a whole number: a gradient check may move it a little, which changes nothing."""


def plan_pick(shapes: list[Shape], index: Any) -> tuple[Shape, Options]:
    """A complete index in which `Label(k)` stands for the labels that come as argument k + 1.

    `o.where` has one entry an axis: a slice, an array of whole numbers, or a Label. All that are not slices are
    broadcast together, to `o.picked`, and stand side by side at `o.axes`; `o.taken` is the shape with `o.picked` as
    one axis, `o.after` the result's.
    """
    import numpy as np

    shape, *labels = shapes
    entries = complete(index, shape)
    neighbours(index)
    where: list[Any] = []
    parts: list[Shape] = []  # what each entry of the index gives to the result's shape
    picked: list[Shape] = []
    place = -1
    for entry in entries:
        axis = len(where)
        if entry is None:
            parts.append((1,))
            continue
        if isinstance(entry, slice):
            where.append(span(entry, shape[axis]))
            parts.append((len(range(shape[axis])[where[-1]]),))
            continue
        if isinstance(entry, Label):
            where.append(entry)
            picked.append(labels[entry.argument])
        else:
            one = listed(entry, shape[axis], axis) if isinstance(entry, list) else single(entry, shape[axis], axis)
            where.append(np.asarray(one))
            picked.append(where[-1].shape)
        place = len(parts) if place < 0 else place
        parts.append(())
    try:
        parts[place] = together = broadcast(picked)
    except OperationError:
        shown = " and ".join(map(show_shape, picked))
        raise OperationError(
            f"the labels in an index have the shapes {shown}, which do not fit together",
            hint="There is one of each for every entry that is picked: p[arange(4), y].",
        ) from None
    axes = [k for k, part in enumerate(where) if not isinstance(part, slice)]
    sizes = [len(range(size)[part]) for part, size in zip(where, shape, strict=True) if isinstance(part, slice)]
    taken = (*sizes[: axes[0]], prod(together), *sizes[axes[0] :])
    after = bounded(tuple(size for part in parts for size in part))
    return after, Options(
        where=tuple(where),
        axes=tuple(axes),
        picked=together,
        taken=taken,
        after=after,
        before=shape,
        labels=tuple(labels),
    )


def _same(label: Value, lead: int) -> bool:
    """Whether stacked copies of labels are one and the same array, seen many times."""
    return not any(label.strides[:lead])


def _alone(o: Options, labels: tuple[Value, ...]) -> tuple[tuple[Value, ...], Shape]:
    """The labels, and the leading axes along which they differ (none where all copies have the same)."""
    alike, lead = [], ()
    for label, shape in zip(labels, o.labels, strict=True):
        axes = len(shape_of(label)) - len(shape)
        if axes and _same(label, axes):
            label = label[(0,) * axes]
        elif axes:
            lead = label.shape[:axes]
        alike.append(label)
    return tuple(alike), lead


def _copy(o: Options, labels: tuple[Value, ...], which: tuple[int, ...]) -> tuple[Value, ...]:
    """The labels of one stacked copy."""
    return tuple(
        label[which] if len(shape_of(label)) > len(shape) else label
        for label, shape in zip(labels, o.labels, strict=True)
    )


def _places(xp: XP, o: Options, labels: tuple[Value, ...]) -> tuple[tuple[Any, ...], Any]:
    """A complete index, and a mark on every entry picked whose label is none (None where all are right)."""
    import numpy as np

    where: list[Any] = []
    wrong = np.zeros(prod(o.picked), bool)
    for part, size in zip(o.where, o.before, strict=True):
        if isinstance(part, slice):
            where.append(part)
            continue
        given = xp.whole(labels[part.argument]) if isinstance(part, Label) else part
        given = np.broadcast_to(given, o.picked).ravel()
        place = np.rint(given)
        bad = ~((np.abs(given - place) <= NEAR) & (place >= -size) & (place < size))
        place = np.where(bad, 0, place).astype(np.intp)
        where.append(np.where(place < 0, place + size, place))
        wrong |= bad
    return tuple(where), wrong if wrong.any() else None


def _unless(xp: XP, o: Options, wrong: Any, value: Value) -> Value:
    """`value`, of the shape `o.taken`, with NaN where the labels are wrong."""
    if wrong is None:
        return value
    return xp.where(wrong.reshape(-1, *(1,) * (len(o.taken) - o.axes[0] - 1)), float("nan"), value)


def picked(xp: XP, o: Options, a: Value, *labels: Value) -> Value:
    """The entries that labels name."""
    if not hasattr(xp, "whole"):
        return reshape(xp, _masked(xp, o, a, labels), o.taken, o.after)
    labels, lead = _alone(o, labels)
    if not lead:
        where, wrong = _places(xp, o, labels)
        return reshape(xp, _unless(xp, o, wrong, a[(..., *where)]), o.taken, o.after)
    import numpy as np

    own = leading(xp, a, len(o.before))
    found = [picked(xp, o, a[which] if own else a, *_copy(o, labels, which)) for which in np.ndindex(lead)]
    return xp.reshape(xp.stack(found), lead + o.after)


def picked_back(xp: XP, o: Options, g: Value, y: Value, k: int, a: Value, *labels: Value) -> Value | Part:
    """The upstream gradient at the places picked; 0 for labels."""
    if k:
        return xp.zeros(shape_of(labels[k - 1]))
    g = reshape(xp, g, o.after, o.taken)
    if not hasattr(xp, "whole"):
        return _masked_back(xp, o, g, labels)
    labels, lead = _alone(o, labels)
    if not lead:
        where, wrong = _places(xp, o, labels)
        return Part(where, _unless(xp, o, wrong, g), False)
    import numpy as np

    result = xp.zeros(lead + o.before)
    for which in np.ndindex(lead):
        where, wrong = _places(xp, o, _copy(o, labels, which))
        xp.add_at(result[which], where, _unless(xp, o, wrong, g[which]))
    return result


# For formulas and recordings, whose labels are not known yet: every entry times whether it is the one.


def _masks(xp: XP, o: Options, labels: tuple[Value, ...]) -> Value:
    """1 where an entry picked (rows) is an entry of the axes picked from (columns, all of them in one row), else 0."""
    sizes = [o.before[k] for k in o.axes]
    mask: Value = None
    for place, (axis, size) in enumerate(zip(o.axes, sizes, strict=True)):
        part = o.where[axis]
        given = labels[part.argument] if isinstance(part, Label) else xp.asarray(part)
        given = xp.reshape(xp.broadcast_to(xp.asarray(given), o.picked), (-1, 1))
        own = xp.arange(size)
        one = xp.where(xp.logical_or(given == own, given == own - size), 1.0, 0.0)
        one = xp.reshape(one, (-1, *(1,) * place, size, *(1,) * (len(sizes) - place - 1)))
        mask = one if mask is None else mask * one
    return xp.reshape(mask, (-1, prod(sizes)))


def _sides(o: Options) -> tuple[Shape, int, Shape]:
    """The sizes of the slices before and behind the axes that are picked from, and how many entries these have."""
    before = o.axes[0]
    return o.taken[:before], prod(o.before[k] for k in o.axes), o.taken[before + 1 :]


def _masked(xp: XP, o: Options, a: Value, labels: tuple[Value, ...]) -> Value:
    left, size, right = _sides(o)
    spans = tuple(part if isinstance(part, slice) else slice(None) for part in o.where)
    a = xp.reshape(a[spans], (prod(left), 1, size, prod(right)))
    mask = xp.reshape(_masks(xp, o, labels), (-1, size, 1))
    return xp.reshape(xp.sum(masked(xp, mask, a), axis=2), o.taken)


def _masked_back(xp: XP, o: Options, g: Value, labels: tuple[Value, ...]) -> Value:
    left, size, right = _sides(o)
    g = xp.reshape(g, (prod(left), -1, 1, prod(right)))
    mask = xp.reshape(_masks(xp, o, labels), (-1, size, 1))
    spans = tuple(part if isinstance(part, slice) else slice(None) for part in o.where)
    result = xp.zeros(o.before)
    result[spans] = xp.reshape(xp.sum(masked(xp, mask, g, xp.nothing), axis=1), shape_of(result[spans]))
    return result


def labels_of(o: Options) -> list[Labels]:
    """The labels behind the array, and how many entries the axis has that each picks from."""
    parts = enumerate(zip(o.where, o.before, strict=True))
    return [Labels(1 + part.argument, n, True, axis) for axis, (part, n) in parts if isinstance(part, Label)]


ROWS = (Label(0),)
"""One label for the first axis."""
