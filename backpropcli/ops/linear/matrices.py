"""Linear algebra: products, and what is cut out of a matrix or put into one."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import axis_of, bounded, sample, whole
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import aligned, embed, fit, leading, permute

# Diagonals and triangles.


def diagonal_of(shape: Shape, offset: int) -> tuple[Any, Any]:
    """The rows and columns of a matrix's diagonal, `offset` above the main one."""
    import numpy as np

    rows, columns = shape
    start = max(-offset, 0)
    k = np.arange(start, max(start, min(rows, columns - offset)))
    return k, k + offset


def plan_diagonal(shapes: list[Shape], offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> tuple[Shape, Options]:
    """The matrices' two axes are brought to the end; the diagonal becomes the last axis."""
    (shape,) = shapes
    if len(shape) < 2:
        raise OperationError(
            f"a diagonal needs a matrix, not the shape {show_shape(shape)}", hint=_diagonal_hint(shape)
        )
    pair = axis_of(axis1, shape, "axis1"), axis_of(axis2, shape, "axis2")
    if pair[0] == pair[1]:
        raise OperationError(f"axis1 and axis2 are the same axis: {axis1}")
    rest = [k for k in range(-len(shape), 0) if k not in pair]
    axes = (*rest, *pair)
    where = diagonal_of((shape[pair[0]], shape[pair[1]]), whole(offset, "offset"))
    moved = tuple(shape[k] for k in axes)
    back = tuple(axes.index(k) - len(shape) for k in range(-len(shape), 0))
    return (*moved[:-2], len(where[0])), Options(axes=axes, back=back, moved=moved, where=where)


def _diagonal_hint(shape: Shape) -> str:
    return "diag(a) makes a matrix from a vector." if len(shape) == 1 else ""


def plan_diag(shapes: list[Shape], k: Any = 0) -> tuple[Shape, Options]:
    """From a vector the matrix that has it on its diagonal, from a matrix its diagonal."""
    (shape,) = shapes
    if len(shape) == 2:
        return plan_diagonal(shapes, whole(k, "k"))
    if len(shape) != 1:
        raise OperationError(f"diag takes a vector or a matrix, not the shape {show_shape(shape)}")
    size = shape[0] + abs(whole(k, "k"))
    result = bounded((size, size))
    return result, Options(axes=None, moved=result, where=diagonal_of(result, k))


def plan_trace(shapes: list[Shape], offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> tuple[Shape, Options]:
    """Of a matrix, or of every matrix that two axes of an array make."""
    if len(shapes[0]) < 2:
        raise OperationError(
            f"trace takes a matrix, not the shape {show_shape(shapes[0])}", hint=_diagonal_hint(shapes[0])
        )
    shape, o = plan_diagonal(shapes, offset, axis1, axis2)
    return shape[:-1], o


def _diagonal(xp: XP, o: Options, a: Value) -> Value:
    if o.axes is None:
        return embed(xp, o.moved, o.where, a, 1)
    return permute(xp, a, o.axes)[(..., *o.where)]


def _diagonal_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    if o.axes is None:
        return g[(..., *o.where)]
    return permute(xp, embed(xp, o.moved, o.where, g, len(o.moved) - 1), o.back)


def _trace_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    size = len(o.where[0])
    return _diagonal_vjp(xp, o, xp.broadcast_to(xp.expand_dims(g, -1), (*leading(xp, g, 0), size)), y, a)


def _plan_triangle(shapes: list[Shape], k: Any, lower: bool) -> tuple[Shape, Options]:
    import numpy as np

    (shape,) = shapes
    if len(shape) < 2:
        raise OperationError(f"a triangle needs a matrix, not the shape {show_shape(shape)}")
    distance = np.arange(shape[-1]) - np.arange(shape[-2])[:, None]
    return shape, Options(keep=distance <= whole(k, "k") if lower else distance >= whole(k, "k"))


def plan_tril(shapes: list[Shape], k: Any = 0) -> tuple[Shape, Options]:
    """Which entries stay: those on the diagonal k and below."""
    return _plan_triangle(shapes, k, lower=True)


def plan_triu(shapes: list[Shape], k: Any = 0) -> tuple[Shape, Options]:
    """Which entries stay: those on the diagonal k and above."""
    return _plan_triangle(shapes, k, lower=False)


def _triangle(xp: XP, o: Options, a: Value) -> Value:
    return xp.where(o.keep, a, 0.0)


def _triangle_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return xp.where(o.keep, g, xp.nothing)


# The cross product.


def plan_cross(
    shapes: list[Shape], axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: Any = None
) -> tuple[Shape, Options]:
    """Vectors of three entries along an axis of each; the other axes broadcast. `o.places`: where the three stand."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = shapes
    if not a or not b:
        raise OperationError(f"cross takes vectors of 3 entries, not the shapes {show_shape(a)} and {show_shape(b)}")
    places = axis_of(axisa, a, "axisa"), axis_of(axisb, b, "axisb")
    moved = [
        (*(n for k, n in enumerate(s) if k - len(s) != place), s[place])
        for s, place in zip(shapes, places, strict=True)
    ]
    if moved[0][-1:] != (3,) or moved[1][-1:] != (3,):
        two = "Of vectors in a plane: a[0]*b[1] - a[1]*b[0]" if {2} >= {s[-1] for s in moved} - {3} else ""
        raise OperationError(
            f"cross takes vectors of 3 entries, not the shapes {show_shape(a)} and {show_shape(b)}", hint=two
        )
    shape = bounded(broadcast(moved))
    back = axis_of(axisc, shape, "axisc")
    last = shape[:-1]
    result = (*last[: len(shape) + back], 3, *last[len(shape) + back :])
    return result, Options(before=tuple(moved), shape=shape, places=places, back=back)


def _cross_plain(xp: XP, a: Value, b: Value) -> Value:
    a0, a1, a2 = a[..., 0], a[..., 1], a[..., 2]
    b0, b1, b2 = b[..., 0], b[..., 1], b[..., 2]
    return xp.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)


def _vectors(xp: XP, o: Options, value: Value, k: int) -> Value:
    """An argument with its three entries in the last axis, lined up with the result."""
    return aligned(xp, xp.moveaxis(value, o.places[k], -1), o.before[k], o.shape)


def _cross(xp: XP, o: Options, a: Value, b: Value) -> Value:
    return xp.moveaxis(_cross_plain(xp, _vectors(xp, o, a, 0), _vectors(xp, o, b, 1)), -1, o.back)


def _cross_left(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    found = _cross_plain(xp, _vectors(xp, o, b, 1), xp.moveaxis(g, o.back, -1))
    return xp.moveaxis(fit(xp, found, o.shape, o.before[0]), -1, o.places[0])


def _cross_right(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    found = _cross_plain(xp, xp.moveaxis(g, o.back, -1), _vectors(xp, o, a, 0))
    return xp.moveaxis(fit(xp, found, o.shape, o.before[1]), -1, o.places[1])


OPERATIONS = (
    Structural(
        "trace",
        "a",
        "the sum of a matrix's diagonal",
        group="linear algebra",
        options={"offset": 0, "axis1": 0, "axis2": 1},
        planner=plan_trace,
        samples=(
            sample((3, 3)),
            sample((2, 3), offset=1),
            sample((3, 2), offset=-1),
            sample((2, 3, 2)),
            sample((2, 3, 3), axis1=-1, axis2=1),
        ),
        value=lambda xp, o, a: xp.sum(_diagonal(xp, o, a), axis=-1),
        vjps={"a": ("g on the diagonal", _trace_vjp)},
        reduces=True,
        affine=True,
    ),
    Structural(
        "diag",
        "a",
        "a vector as a diagonal matrix, or a matrix's diagonal",
        group="linear algebra",
        options={"k": 0},
        planner=plan_diag,
        samples=(
            sample((3,)),
            sample((2,), k=1),
            sample((2,), k=-1),
            sample((3, 3)),
            sample((2, 3), k=1),
            sample((3, 2), k=-1),
        ),
        value=_diagonal,
        vjps={"a": ("diag(g)", _diagonal_vjp)},
        affine=True,
    ),
    Structural(
        "diagonal",
        "a",
        "the diagonal of a matrix, or of every matrix in a batch",
        group="linear algebra",
        options={"offset": 0, "axis1": 0, "axis2": 1},
        planner=plan_diagonal,
        keywords={"dim1": "axis1", "dim2": "axis2"},
        samples=(
            sample((3, 3)),
            sample((2, 3), offset=1),
            sample((2, 3, 3), axis1=1, axis2=2),
            sample((2, 3, 2), axis1=-1, axis2=0),
            sample((2, 2, 3)),
        ),
        value=_diagonal,
        vjps={"a": ("g on the diagonal", _diagonal_vjp)},
        affine=True,
    ),
    Structural(
        "tril",
        "a",
        "the lower triangle of a matrix, zeros elsewhere",
        drops=True,
        group="linear algebra",
        options={"k": 0},
        keywords={"diagonal": "k"},
        planner=plan_tril,
        samples=(sample((3, 3)), sample((2, 3), k=1), sample((2, 3, 2), k=-1)),
        value=_triangle,
        vjps={"a": ("tril(g)", _triangle_vjp)},
        affine=True,
    ),
    Structural(
        "triu",
        "a",
        "the upper triangle of a matrix, zeros elsewhere",
        drops=True,
        group="linear algebra",
        options={"k": 0},
        keywords={"diagonal": "k"},
        planner=plan_triu,
        samples=(sample((3, 3)), sample((2, 3), k=1), sample((2, 3, 2), k=-1)),
        value=_triangle,
        vjps={"a": ("triu(g)", _triangle_vjp)},
        affine=True,
    ),
    Structural(
        "cross",
        "a b",
        "the vector at right angles to two vectors of 3 entries",
        group="linear algebra",
        options={"axisa": -1, "axisb": -1, "axisc": -1, "axis": None},
        planner=plan_cross,
        keywords={"dim": "axis"},
        samples=(
            sample((3,), (3,)),
            sample((2, 3), (3,)),
            sample((2, 1, 3), (2, 3)),
            sample((3, 2), (3, 2), axis=0),
            sample((3, 2), (2, 3), axisa=0),
            sample((3, 4, 2), (4, 2, 3), axisa=0, axisc=1),
            sample((3,), (3, 2), axisb=0, axisc=0),
        ),
        value=_cross,
        vjps={"a": ("cross(b, g)", _cross_left), "b": ("cross(g, a)", _cross_right)},
    ),
)
