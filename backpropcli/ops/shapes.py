"""Operations that only move entries, into other shapes and orders; with those that join, repeat and pick them."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops import indexing, joining, padding, picking, windows
from backpropcli.ops.definition import REQUIRED, XP, Options, Shape, Structural, Value, show_shape
from backpropcli.ops.planning import axes_of, axis_of, bounded, new_axes, sample, shown, sizes, whole
from backpropcli.ops.stacked import along, permute, reshape

TORCH = {"dim": "axis"}

# The same entries in the same order, in another shape: reshape, ravel, squeeze, expand_dims.


def _reshaped(before: Shape, after: Shape) -> tuple[Shape, Options]:
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
        return _reshaped(before, bounded(tuple(total // known if size == -1 else size for size in after)))
    if -1 in after or known != total:
        raise OperationError(
            f"{show_shape(before)} has {_entries(total)}, which do not fill the shape {shown(shape)}",
            hint=_reshape_hint(after, known, total),
        )
    return _reshaped(before, bounded(after))


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
    return _reshaped(shapes[0], (prod(shapes[0]),))


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
    return _reshaped(shape, tuple(size for k, size in enumerate(shape) if k - len(shape) not in axes))


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
    return _reshaped(shape, tuple(1 if k - rank in new else next(old) for k in range(rank)))


def _reshape(xp: XP, o: Options, a: Value) -> Value:
    return reshape(xp, a, o.before, o.after)


def _reshape_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return reshape(xp, g, o.after, o.before)


def _plan_at_least(rank: int) -> Any:
    """So many axes at the least, as NumPy puts them: a vector is a row, a matrix has its new axis behind."""

    def plan(shapes: list[Shape]) -> tuple[Shape, Options]:
        (shape,) = shapes
        after = shape
        if len(shape) < rank:
            behind = 1 if rank == 3 and shape else 0
            after = (*(1,) * (rank - len(shape) - behind), *shape, *(1,) * behind)
        return _reshaped(shape, after)

    return plan


# Axes in another order: transpose, swapaxes, moveaxis; and entries in another order: flip, roll.


def _permuted(shape: Shape, axes: tuple[int, ...]) -> tuple[Shape, Options]:
    back = tuple(axes.index(k) - len(shape) for k in range(-len(shape), 0))
    return tuple(shape[k] for k in axes), Options(axes=axes, back=back)


def plan_transpose(shapes: list[Shape], axes: Any = None) -> tuple[Shape, Options]:
    """The axes reversed, or in the order given."""
    (shape,) = shapes
    if axes is None:
        return _permuted(shape, tuple(range(-1, -len(shape) - 1, -1)))
    if not isinstance(axes, tuple | list) or len(axes) != len(shape):
        raise OperationError(
            f"axes names every axis of {show_shape(shape)} once, not {shown(axes)}",
            hint="Two axes change places with swapaxes(a, 0, 1)." if len(shape) > 1 else "",
        )
    order = tuple(axis_of(k, shape, "axis") for k in axes)
    if len(set(order)) < len(order):
        raise OperationError(f"axes={shown(axes)} names an axis twice")
    return _permuted(shape, order)


def plan_swapaxes(shapes: list[Shape], axis1: Any, axis2: Any) -> tuple[Shape, Options]:
    """Two axes change places."""
    (shape,) = shapes
    first, second = axis_of(axis1, shape, "axis1"), axis_of(axis2, shape, "axis2")
    places = {first: second, second: first}
    return _permuted(shape, tuple(places.get(k, k) for k in range(-len(shape), 0)))


def plan_matrix_transpose(shapes: list[Shape]) -> tuple[Shape, Options]:
    """Every matrix of a batch transposed."""
    if len(shapes[0]) < 2:
        raise OperationError(f"a matrix is needed here, not the shape {show_shape(shapes[0])}")
    return plan_swapaxes(shapes, -1, -2)


def plan_moveaxis(shapes: list[Shape], source: Any, destination: Any) -> tuple[Shape, Options]:
    """Axes go to new places; the others keep their order."""
    (shape,) = shapes
    old = [axis_of(k, shape, "source") for k in (source if isinstance(source, tuple | list) else (source,))]
    new = [
        axis_of(k, shape, "destination")
        for k in (destination if isinstance(destination, tuple | list) else (destination,))
    ]
    if len(old) != len(new):
        raise OperationError(f"source={shown(source)} and destination={shown(destination)} differ in length")
    for name, entries, given in (("source", old, source), ("destination", new, destination)):
        if len(set(entries)) < len(entries):
            raise OperationError(f"{name}={shown(given)} names an axis twice")
    places = dict(zip(new, old, strict=True))
    rest = (k for k in range(-len(shape), 0) if k not in old)
    return _permuted(shape, tuple(places[k] if k in places else next(rest) for k in range(-len(shape), 0)))


def plan_rollaxis(shapes: list[Shape], axis: Any, start: Any = 0) -> tuple[Shape, Options]:
    """One axis moved before another."""
    (shape,) = shapes
    rank = len(shape)
    k, to = axis_of(axis, shape) + rank, whole(start, "start")
    if not -rank <= to <= rank:
        raise OperationError(f"start={to} does not exist in the shape {show_shape(shape)}")
    to = to + rank if to < 0 else to
    order = [j for j in range(rank) if j != k]
    order.insert(to - (k < to), k)
    after, o = _permuted(shape, tuple(j - rank for j in order))
    o.axis, o.start = k - rank, start
    return after, o


def plan_rot90(shapes: list[Shape], k: Any = 1, axes: Any = (0, 1)) -> tuple[Shape, Options]:
    """A quarter turn, k times, from the first axis towards the second: axes swapped and one of them backwards."""
    (shape,) = shapes
    if not isinstance(axes, tuple | list) or len(axes) != 2:
        raise OperationError(f"axes names two axes, not {shown(axes)}")
    first, second = (axis_of(entry, shape, "axes") for entry in axes)
    if first == second:
        raise OperationError(f"axes={shown(axes)} names an axis twice")
    turns = whole(k, "k") % 4
    places = {first: second, second: first} if turns % 2 else {}
    after, o = _permuted(shape, tuple(places.get(j, j) for j in range(-len(shape), 0)))
    o.order, o.axes, o.k = o.axes, (first, second), k
    o.flips = {0: (), 1: (first,), 2: (first, second), 3: (second,)}[turns]
    return after, o


def _turn(xp: XP, o: Options, a: Value) -> Value:
    a = permute(xp, a, o.order)
    return xp.flip(a, axis=o.flips) if o.flips else a


def _turn_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return permute(xp, xp.flip(g, axis=o.flips) if o.flips else g, o.back)


def _permute(xp: XP, o: Options, a: Value) -> Value:
    return permute(xp, a, o.axes)


def _permute_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return permute(xp, g, o.back)


def plan_flip(shapes: list[Shape], axis: Any = None) -> tuple[Shape, Options]:
    """Which axes run backwards; None means all."""
    return shapes[0], Options(axis=axes_of(axis, shapes[0]))


def _plan_mirror(shapes: list[Shape], axis: int, name: str) -> tuple[Shape, Options]:
    if len(shapes[0]) <= axis:
        least = "2 axes" if axis else "1 axis"
        raise OperationError(f"{name} needs at least {least}, not the shape {show_shape(shapes[0])}")
    return plan_flip(shapes, axis)


def _flip(xp: XP, o: Options, a: Value) -> Value:
    return xp.flip(a, axis=o.axis)


def plan_roll(shapes: list[Shape], shift: Any, axis: Any = None) -> tuple[Shape, Options]:
    """How far along which axes; without an axis, through all entries row by row."""
    (shape,) = shapes
    if axis is None:
        if isinstance(shift, tuple | list):
            raise OperationError(f"shift={shown(shift)} needs as many axes", hint="roll(a, (1, 1), axis=(0, 1))")
        return shape, Options(before=shape, flat=(prod(shape),), moves=((-1, whole(shift, "shift"), prod(shape)),))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    shifts = shift if isinstance(shift, tuple | list) else (shift,) * len(axes)
    if len(axes) != len(shifts):
        raise OperationError(f"shift={shown(shift)} and axis={shown(axis)} differ in length")
    found = [axis_of(k, shape) for k in axes]
    moves = tuple((k, whole(s, "shift"), shape[k]) for k, s in zip(found, shifts, strict=True))
    return shape, Options(before=shape, flat=shape, moves=moves)


def _roll(xp: XP, o: Options, a: Value, sign: int = 1) -> Value:
    a = reshape(xp, a, o.before, o.flat)
    for axis, shift, size in o.moves:
        cut = -sign * shift % size if size else 0
        if cut:
            a = xp.concatenate([a[along(axis, slice(cut, None))], a[along(axis, slice(None, cut))]], axis=axis)
    return reshape(xp, a, o.flat, o.before)


RESHAPES = {"a": ("g in the shape of a", _reshape_vjp)}
PERMUTES = {"a": ("g.T", _permute_vjp)}
FLIPS = {"a": ("flip(g)", lambda xp, o, g, y, a: _flip(xp, o, g))}

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
        value=_reshape,
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
        aliases=("flatten",),
        planner=plan_ravel,
        value=_reshape,
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
        value=_reshape,
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
        value=_reshape,
        vjps=RESHAPES,
        samples=(
            sample((3,), axis=0),
            sample((3,), axis=-1),
            sample((2, 3), axis=1),
            sample((2, 3), axis=(0, -1)),
            sample((), axis=0),
        ),
    ),
    Structural(
        "transpose",
        "a",
        "rows become columns: the axes in reverse, or in the order given",
        group="shapes",
        options={"axes": None},
        keywords={"dims": "axes"},
        aliases=("permute", "permute_dims"),
        planner=plan_transpose,
        value=_permute,
        vjps=PERMUTES,
        samples=(
            sample((2, 3)),
            sample((3,)),
            sample((2, 3, 4), axes=(1, 2, 0)),
            sample((2, 3, 4)),
            sample((2, 3, 2), axes=(-1, 0, 1)),
            sample(()),
        ),
        permutes=True,
        unpacked=True,
    ),
    Structural(
        "matrix_transpose",
        "a",
        "rows become columns, in every matrix of a batch: a.mT",
        group="shapes",
        planner=plan_matrix_transpose,
        value=_permute,
        vjps={"a": ("g.mT", _permute_vjp)},
        samples=(sample((2, 3)), sample((2, 3, 4)), sample((2, 1, 2, 3))),
        permutes=True,
    ),
    Structural(
        "swapaxes",
        "a",
        "two axes change places",
        group="shapes",
        options={"axis1": REQUIRED, "axis2": REQUIRED},
        planner=plan_swapaxes,
        value=_permute,
        vjps={"a": ("the same axes of g swapped", _permute_vjp)},
        samples=(
            sample((2, 3), axis1=0, axis2=1),
            sample((2, 3, 4), axis1=0, axis2=-1),
            sample((2,), axis1=0, axis2=0),
        ),
        permutes=True,
    ),
    Structural(
        "moveaxis",
        "a",
        "axes moved to new places",
        group="shapes",
        options={"source": REQUIRED, "destination": REQUIRED},
        aliases=("movedim",),
        planner=plan_moveaxis,
        value=_permute,
        vjps={"a": ("the axes of g moved back", _permute_vjp)},
        samples=(sample((2, 3, 4), source=0, destination=-1), sample((2, 3, 4), source=(0, 1), destination=(-1, 0))),
        permutes=True,
    ),
    *(
        Structural(
            f"atleast_{n}d",
            "a",
            f"with {n} {'axis' if n == 1 else 'axes'} at the least",
            group="shapes",
            planner=_plan_at_least(n),
            value=_reshape,
            vjps=RESHAPES,
            samples=(sample(()), sample((3,)), sample((2, 3)), sample((2, 1, 3))),
        )
        for n in (1, 2, 3)
    ),
    Structural(
        "rollaxis",
        "a",
        "one axis moved before another",
        group="shapes",
        options={"axis": REQUIRED, "start": 0},
        planner=plan_rollaxis,
        value=_permute,
        vjps={"a": ("the axis of g moved back", _permute_vjp)},
        samples=(sample((2, 3, 4), axis=2), sample((2, 3, 4), axis=0, start=3), sample((2, 3, 4), axis=1, start=-1)),
        permutes=True,
    ),
    Structural(
        "rot90",
        "a",
        "turned by a quarter, k times",
        group="shapes",
        options={"k": 1, "axes": (0, 1)},
        keywords={"dims": "axes", "m": "a"},
        planner=plan_rot90,
        value=_turn,
        vjps={"a": ("g turned back", _turn_vjp)},
        samples=(
            sample((2, 3)),
            sample((2, 3), k=2),
            sample((2, 3), k=-1),
            sample((2, 3, 2), axes=(1, 2)),
            sample((2, 3), k=0),
        ),
    ),
    Structural(
        "flip",
        "a",
        "entries in reverse order, along some axes or all",
        group="shapes",
        options={"axis": None},
        keywords={"dims": "axis"},
        planner=plan_flip,
        value=_flip,
        vjps=FLIPS,
        samples=(sample((3,)), sample((2, 3)), sample((2, 3), axis=1), sample((2, 3, 2), axis=(0, 2)), sample(())),
    ),
    Structural(
        "fliplr",
        "a",
        "columns in reverse order",
        group="shapes",
        planner=lambda shapes: _plan_mirror(shapes, 1, "fliplr"),
        value=_flip,
        vjps=FLIPS,
        samples=(sample((2, 3)), sample((2, 3, 2))),
    ),
    Structural(
        "flipud",
        "a",
        "rows in reverse order",
        group="shapes",
        planner=lambda shapes: _plan_mirror(shapes, 0, "flipud"),
        value=_flip,
        vjps=FLIPS,
        samples=(sample((2, 3)), sample((3,))),
    ),
    Structural(
        "roll",
        "a",
        "entries moved along, those that fall off come back at the front",
        group="shapes",
        options={"shift": REQUIRED, "axis": None},
        keywords={"shifts": "shift", "dims": "axis"},
        planner=plan_roll,
        value=_roll,
        vjps={"a": ("g rolled back", lambda xp, o, g, y, a: _roll(xp, o, g, -1))},
        samples=(
            sample((4,), shift=1),
            sample((2, 3), shift=-2),
            sample((2, 3), shift=4, axis=1),
            sample((2, 3), shift=(1, 2), axis=(0, 1)),
            sample((2, 3), shift=1, axis=(0, 1)),
        ),
    ),
    *joining.OPERATIONS,
    *padding.OPERATIONS,
    *(operation for operation in windows.OPERATIONS if operation.group == "shapes"),
    *indexing.OPERATIONS,
    *picking.OPERATIONS,
)
