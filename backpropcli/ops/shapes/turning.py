"""Entries in another order: axes rolled and turned, entries run backwards or moved along."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import (
    axes_of,
    axis_of,
    sample,
    shown,
    whole,
)
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.shapes.permutations import permuted, transposed, transposed_back
from backpropcli.ops.stacked import along, permute, reshape


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
    after, o = permuted(shape, tuple(j - rank for j in order))
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
    after, o = permuted(shape, tuple(places.get(j, j) for j in range(-len(shape), 0)))
    o.order, o.axes, o.k = o.axes, (first, second), k
    o.flips = {0: (), 1: (first,), 2: (first, second), 3: (second,)}[turns]
    return after, o


def _turn(xp: XP, o: Options, a: Value) -> Value:
    a = permute(xp, a, o.order)
    return xp.flip(a, axis=o.flips) if o.flips else a


def _turn_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return permute(xp, xp.flip(g, axis=o.flips) if o.flips else g, o.back)


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


FLIPS = {"a": ("flip(g)", lambda xp, o, g, y, a: _flip(xp, o, g))}


OPERATIONS = (
    Structural(
        "rollaxis",
        "a",
        "one axis moved before another",
        group="shapes",
        options={"axis": REQUIRED, "start": 0},
        planner=plan_rollaxis,
        value=transposed,
        vjps={"a": ("the axis of g moved back", transposed_back)},
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
)
