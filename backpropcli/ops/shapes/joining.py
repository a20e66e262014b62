"""Several arrays become one: concatenate, stack, vstack, hstack."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import axis_of, bounded, new_axes, sample, whole
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import along, reshape

TORCH = {"dim": "axis"}


def _plan_joined(shapes: list[Shape], lifted: list[Shape], axis: Any) -> tuple[Shape, Options]:
    first = lifted[0]
    k = axis_of(axis, first)
    for place, shape in enumerate(lifted[1:], 2):
        rest, wanted = list(shape), list(first)
        if len(shape) == len(first):
            rest[k] = wanted[k] = 0
        if rest != wanted:
            raise OperationError(
                f"array {place} of shape {show_shape(shapes[place - 1])} does not fit the first one, "
                f"{show_shape(shapes[0])}",
                hint=f"All sizes must be equal, except along axis {k + len(first)}."
                if len(shape) == len(first)
                else "All arrays need the same number of axes.",
            )
    ends = [0]
    for shape in lifted:
        ends.append(ends[-1] + shape[k])
    result = bounded((*first[:k], ends[-1], *first[len(first) + k + 1 :]))
    return result, Options(axis=k, before=tuple(shapes), lifted=tuple(lifted), ends=tuple(ends))


def plan_concatenate(shapes: list[Shape], axis: Any = 0) -> tuple[Shape, Options]:
    """One after the other along an axis that exists; None joins all entries."""
    _some(shapes)
    if axis is None:
        return _plan_joined(shapes, [(prod(shape),) for shape in shapes], 0)
    if () in shapes:
        raise OperationError(
            "a plain number has no axis to be joined along", hint="Numbers become a vector with stack([a, b])."
        )
    return _plan_joined(shapes, list(shapes), axis)


def plan_stack(shapes: list[Shape], axis: Any = 0) -> tuple[Shape, Options]:
    """Arrays of one shape, next to each other along a new axis."""
    _some(shapes)
    first = shapes[0]
    for place, shape in enumerate(shapes[1:], 2):
        if shape != first:
            raise OperationError(
                f"array {place} has the shape {show_shape(shape)}, the first one {show_shape(first)}",
                hint="stack needs equal shapes; concatenate joins along an axis that exists.",
            )
    (k,) = new_axes(whole(axis, "axis"), len(first) + 1)
    cut = len(first) + 1 + k
    lifted = (*first[:cut], 1, *first[cut:])
    return _plan_joined(shapes, [lifted] * len(shapes), k)


def plan_vstack(shapes: list[Shape]) -> tuple[Shape, Options]:
    """Under each other: a vector is a row."""
    _some(shapes)
    return _plan_joined(shapes, [(1,) * (2 - len(s)) + s for s in shapes], 0)


def plan_hstack(shapes: list[Shape]) -> tuple[Shape, Options]:
    """Beside each other: vectors end to end, matrices along their columns."""
    _some(shapes)
    lifted = [s or (1,) for s in shapes]
    return _plan_joined(shapes, lifted, 0 if len(lifted[0]) == 1 else 1)


def plan_column_stack(shapes: list[Shape]) -> tuple[Shape, Options]:
    """Beside each other: a vector is a column."""
    _some(shapes)
    return _plan_joined(shapes, [s if len(s) > 1 else (*(s or (1,)), 1) for s in shapes], 1)


def plan_dstack(shapes: list[Shape]) -> tuple[Shape, Options]:
    """Behind each other, along the third axis; a vector is a row."""
    _some(shapes)
    return _plan_joined(shapes, [s if len(s) > 2 else (*((1,) * (2 - len(s)) + s), 1) for s in shapes], 2)


def plan_append(shapes: list[Shape], axis: Any = None) -> tuple[Shape, Options]:
    """One behind the other; without an axis all entries, row by row."""
    return plan_concatenate(shapes, axis)


def _some(shapes: list[Shape]) -> None:
    if not shapes:
        raise OperationError("there is no array to join")


def _join(xp: XP, o: Options, *arrays: Value) -> Value:
    return xp.concatenate([reshape(xp, a, o.before[k], o.lifted[k]) for k, a in enumerate(arrays)], axis=o.axis)


def _join_vjp(xp: XP, o: Options, g: Value, y: Value, k: int, *arrays: Value) -> Value:
    return reshape(xp, g[along(o.axis, slice(o.ends[k], o.ends[k + 1]))], o.lifted[k], o.before[k])


JOINS = {"arrays": ("its part of g", _join_vjp)}

OPERATIONS = (
    Structural(
        "concatenate",
        "*arrays",
        "arrays joined along an axis",
        group="shapes",
        options={"axis": 0},
        keywords=TORCH,
        aliases=("concat", "cat"),
        listed=True,
        planner=plan_concatenate,
        value=_join,
        vjps=JOINS,
        samples=(
            sample((2,), (3,)),
            sample((2, 3), (1, 3)),
            sample((2, 3), (2, 1), (2, 2), axis=1),
            sample((2, 3), (2,), axis=None),
            sample((2, 2), axis=-1),
        ),
    ),
    Structural(
        "stack",
        "*arrays",
        "arrays of one shape along a new axis",
        group="shapes",
        options={"axis": 0},
        keywords=TORCH,
        listed=True,
        planner=plan_stack,
        value=_join,
        vjps=JOINS,
        samples=(
            sample((), ()),
            sample((3,), (3,)),
            sample((3,), (3,), axis=-1),
            sample((2, 3), (2, 3), axis=1),
            sample((2,)),
        ),
    ),
    Structural(
        "vstack",
        "*arrays",
        "arrays under each other",
        group="shapes",
        listed=True,
        aliases=("row_stack",),
        planner=plan_vstack,
        value=_join,
        vjps=JOINS,
        samples=(sample((3,), (3,)), sample((3,), (2, 3)), sample((), ()), sample((1, 2, 2), (1, 2, 2))),
    ),
    Structural(
        "hstack",
        "*arrays",
        "arrays beside each other",
        group="shapes",
        listed=True,
        planner=plan_hstack,
        value=_join,
        vjps=JOINS,
        samples=(sample((3,), (2,)), sample((2, 3), (2, 1)), sample((), ())),
    ),
    Structural(
        "column_stack",
        "*arrays",
        "arrays beside each other, vectors as columns",
        group="shapes",
        listed=True,
        planner=plan_column_stack,
        value=_join,
        vjps=JOINS,
        samples=(sample((3,), (3,)), sample((3,), (3, 2)), sample((), ()), sample((2, 1, 2), (2, 2, 2))),
    ),
    Structural(
        "dstack",
        "*arrays",
        "arrays behind each other, along the third axis",
        group="shapes",
        listed=True,
        planner=plan_dstack,
        value=_join,
        vjps=JOINS,
        samples=(sample((3,), (3,)), sample((2, 3), (2, 3)), sample((), ()), sample((2, 1, 2), (2, 1, 3))),
    ),
    Structural(
        "append",
        "a b",
        "one array behind another; without an axis all entries, row by row",
        group="shapes",
        options={"axis": None},
        keywords={"arr": "a", "values": "b"},
        planner=plan_append,
        value=_join,
        vjps={
            "a": ("its part of g", lambda xp, o, g, y, *arrays: _join_vjp(xp, o, g, y, 0, *arrays)),
            "b": ("its part of g", lambda xp, o, g, y, *arrays: _join_vjp(xp, o, g, y, 1, *arrays)),
        },
        samples=(sample((2,), (3,)), sample((2, 3), (1, 3), axis=0), sample((2, 3), ())),
    ),
)
