"""Windows that slide along an array, seen side by side."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import axis_of, bounded, counts, sample, shown
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import leading


def plan_windows(shapes: list[Shape], window_shape: Any, axis: Any = None) -> tuple[Shape, Options]:
    """Each windowed axis gets shorter, and the window's own axes come last."""
    (shape,) = shapes
    sizes = counts(window_shape, "window_shape")
    if axis is None:
        if len(sizes) != len(shape):
            raise OperationError(
                f"window_shape={shown(window_shape)} needs one size for every axis of {show_shape(shape)}, or axis="
            )
        axes = tuple(range(-len(shape), 0))
    else:
        axes = tuple(axis_of(k, shape) for k in (axis if isinstance(axis, tuple | list) else (axis,)))
        if len(axes) != len(sizes):
            raise OperationError(f"window_shape={shown(window_shape)} and axis={shown(axis)} differ in length")
    short = list(shape)
    for k, size in zip(axes, sizes, strict=True):
        short[k] -= size - 1
        if short[k] < 1 or not size:
            raise OperationError(f"a window of {size} does not fit into the shape {show_shape(shape)}")
    after = bounded((*short, *sizes))
    steps = [(slice(None),) * len(shape)]
    return after, Options(
        axes=axes, sizes=sizes, short=tuple(short), before=shape, steps=steps, window_shape=window_shape
    )


def _offsets(o: Options) -> list[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Every place in the window, and the part of the array that stands there as the window slides."""
    import numpy as np

    found = []
    for at in np.ndindex(o.sizes):
        starts = [0] * len(o.before)
        for k, shift in zip(o.axes, at, strict=True):
            starts[k] += shift
        found.append((at, tuple(slice(s, s + n) for s, n in zip(starts, o.short, strict=True))))
    return found


def _windows(xp: XP, o: Options, a: Value) -> Value:
    """A view: no entry is copied, however many windows it stands in."""
    from numpy.lib.stride_tricks import sliding_window_view

    return sliding_window_view(a, o.sizes, axis=o.axes, subok=True)


def _windows_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    result = xp.zeros(leading(xp, g, len(o.short) + len(o.sizes)) + o.before)
    for at, part in _offsets(o):
        result[(..., *part)] += g[(..., *at)]
    return result


OPERATIONS = (
    Structural(
        "sliding_window_view",
        "a",
        "every window of a size that fits, side by side",
        group="shapes",
        options={"window_shape": REQUIRED, "axis": None},
        planner=plan_windows,
        value=_windows,
        keywords={"x": "a"},
        vjps={"a": ("g added up where the windows overlap", _windows_vjp)},
        samples=(
            sample((5,), window_shape=3),
            sample((3, 4), window_shape=(2, 2)),
            sample((3, 4), window_shape=2, axis=0),
            sample((4,), window_shape=(2, 2), axis=(0, 0)),
            sample((2, 3), window_shape=(3, 1), axis=(1, 0)),
        ),
    ),
)
