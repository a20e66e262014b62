"""Axes in another order: transpose, swapaxes, moveaxis."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import (
    axis_of,
    sample,
    shown,
)
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import permute


def permuted(shape: Shape, axes: tuple[int, ...]) -> tuple[Shape, Options]:
    """The shape with its axes in this order, and the order that turns it back."""
    back = tuple(axes.index(k) - len(shape) for k in range(-len(shape), 0))
    return tuple(shape[k] for k in axes), Options(axes=axes, back=back)


def plan_transpose(shapes: list[Shape], axes: Any = None) -> tuple[Shape, Options]:
    """The axes reversed, or in the order given."""
    (shape,) = shapes
    if axes is None:
        return permuted(shape, tuple(range(-1, -len(shape) - 1, -1)))
    if not isinstance(axes, tuple | list) or len(axes) != len(shape):
        raise OperationError(
            f"axes names every axis of {show_shape(shape)} once, not {shown(axes)}",
            hint="Two axes change places with swapaxes(a, 0, 1)." if len(shape) > 1 else "",
        )
    order = tuple(axis_of(k, shape, "axis") for k in axes)
    if len(set(order)) < len(order):
        raise OperationError(f"axes={shown(axes)} names an axis twice")
    return permuted(shape, order)


def plan_swapaxes(shapes: list[Shape], axis1: Any, axis2: Any) -> tuple[Shape, Options]:
    """Two axes change places."""
    (shape,) = shapes
    first, second = axis_of(axis1, shape, "axis1"), axis_of(axis2, shape, "axis2")
    places = {first: second, second: first}
    return permuted(shape, tuple(places.get(k, k) for k in range(-len(shape), 0)))


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
    return permuted(shape, tuple(places[k] if k in places else next(rest) for k in range(-len(shape), 0)))


def transposed(xp: XP, o: Options, a: Value) -> Value:
    """The axes in the planned order."""
    return permute(xp, a, o.axes)


def transposed_back(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    """The axes of the upstream gradient put back."""
    return permute(xp, g, o.back)


PERMUTES = {"a": ("g.T", transposed_back)}


OPERATIONS = (
    Structural(
        "transpose",
        "a",
        "rows become columns: the axes in reverse, or in the order given",
        group="shapes",
        options={"axes": None},
        keywords={"dims": "axes"},
        aliases=("permute", "permute_dims"),
        planner=plan_transpose,
        value=transposed,
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
        value=transposed,
        vjps={"a": ("g.mT", transposed_back)},
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
        value=transposed,
        vjps={"a": ("the same axes of g swapped", transposed_back)},
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
        value=transposed,
        vjps={"a": ("the axes of g moved back", transposed_back)},
        samples=(sample((2, 3, 4), source=0, destination=-1), sample((2, 3, 4), source=(0, 1), destination=(-1, 0))),
        permutes=True,
    ),
)
