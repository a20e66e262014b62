"""The same entries in the same order, in another shape: reshape, ravel, squeeze, expand_dims."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import axes_of, bounded, new_axes, sample, shown, sizes
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import reshape

TORCH = {"dim": "axis"}


def reshaped(before: Shape, after: Shape) -> tuple[Shape, Options]:
    """The new shape, and both for the body."""
    return after, Options(before=before, after=after)


def plan_reshape(shapes: list[Shape], shape: Any, order: Any = "C") -> tuple[Shape, Options]:
    """The new shape, with the one -1 in it worked out."""
    (before,) = shapes
    if isinstance(order, int):
        raise OperationError("the new shape is one tuple", hint=f"reshape(a, ({shown(shape)}, {shown(order)}))")
    if order != "C":
        raise OperationError(f"order={shown(order)} is not available", hint="Entries are read row by row.")
    after, total = sizes(shape), prod(before)
    known = prod(size for size in after if size != -1)
    if after.count(-1) > 1:
        raise OperationError(f"only one size can be -1: shape is {shown(shape)}")
    if -1 in after and known and total % known == 0:
        return reshaped(before, bounded(tuple(total // known if size == -1 else size for size in after)))
    if -1 in after or known != total:
        raise OperationError(
            f"{show_shape(before)} has {_entries(total)}, which do not fill the shape {shown(shape)}",
            hint=_reshape_hint(after, known, total),
        )
    return reshaped(before, bounded(after))


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _reshape_hint(after: Shape, known: int, total: int) -> str:
    if -1 in after:
        return f"The sizes other than -1 multiply to {known}; {total} must be a multiple of that."
    first, rest = after[:1], prod(after[1:])
    if first and rest and total % rest == 0:
        return f"The sizes must multiply to {total}: {show_shape((total // rest, *after[1:]))} would fit."
    return f"The sizes must multiply to {total}, not to {known}."


def plan_ravel(shapes: list[Shape], order: Any = "C") -> tuple[Shape, Options]:
    """One axis, row by row."""
    if order != "C":
        raise OperationError(f"order={shown(order)} is not available", hint="Entries are read row by row.")
    return reshaped(shapes[0], (prod(shapes[0]),))


def plan_squeeze(shapes: list[Shape], axis: Any = None) -> tuple[Shape, Options]:
    """Axes of size 1 go: all of them, or those named."""
    (shape,) = shapes
    axes = axes_of(axis, shape)
    if axis is None:
        axes = tuple(k for k in axes if shape[k] == 1)
    for k in axes:
        if shape[k] != 1:
            raise OperationError(
                f"only an axis of size 1 can be squeezed; axis {k + len(shape)} of {show_shape(shape)} has {shape[k]}"
            )
    return reshaped(shape, tuple(size for k, size in enumerate(shape) if k - len(shape) not in axes))


def plan_expand_dims(shapes: list[Shape], axis: Any) -> tuple[Shape, Options]:
    """New axes of size 1, where they stand in the result."""
    (shape,) = shapes
    entries = axis if isinstance(axis, tuple | list) else (axis,)
    rank = len(shape) + len(entries)
    bounded((1,) * rank)
    if axis is None:
        raise OperationError("axis is a whole number or a tuple of them, not None")
    new = new_axes(axis, rank)
    old = iter(shape)
    return reshaped(shape, tuple(1 if k - rank in new else next(old) for k in range(rank)))


def reshaped_value(xp: XP, o: Options, a: Value) -> Value:
    """The entries in the new shape."""
    return reshape(xp, a, o.before, o.after)


def _reshape_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return reshape(xp, g, o.after, o.before)


RESHAPES = {"a": ("g in the shape of a", _reshape_vjp)}

OPERATIONS = (
    Structural(
        "reshape",
        "a",
        "the same entries, row by row, in another shape",
        group="shapes",
        options={"shape": REQUIRED, "order": "C"},
        keywords={"newshape": "shape"},
        aliases=("view",),
        planner=plan_reshape,
        value=reshaped_value,
        vjps=RESHAPES,
        samples=(
            sample((2, 3), shape=(3, 2)),
            sample((2, 3), shape=-1),
            sample((4,), shape=(2, -1)),
            sample((1,), shape=()),
            sample((), shape=(1, 1)),
        ),
        unpacked=True,
    ),
    Structural(
        "ravel",
        "a",
        "all entries in one axis, row by row",
        group="shapes",
        options={"order": "C"},
        planner=plan_ravel,
        value=reshaped_value,
        vjps=RESHAPES,
        samples=(sample((2, 3)), sample((3,)), sample(()), sample((2, 1, 2))),
    ),
    Structural(
        "squeeze",
        "a",
        "without its axes of size 1",
        group="shapes",
        options={"axis": None},
        keywords=TORCH,
        planner=plan_squeeze,
        value=reshaped_value,
        vjps=RESHAPES,
        samples=(sample((1, 3)), sample((2, 1, 3, 1)), sample((2, 1, 3, 1), axis=-1), sample((1, 1), axis=(0, 1))),
    ),
    Structural(
        "expand_dims",
        "a",
        "with a new axis of size 1",
        group="shapes",
        options={"axis": REQUIRED},
        keywords=TORCH,
        aliases=("unsqueeze",),
        planner=plan_expand_dims,
        value=reshaped_value,
        vjps=RESHAPES,
        samples=(
            sample((3,), axis=0),
            sample((3,), axis=-1),
            sample((2, 3), axis=1),
            sample((2, 3), axis=(0, -1)),
            sample((), axis=0),
        ),
    ),
)
