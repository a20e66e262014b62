"""Linear algebra: products, and what is cut out of a matrix or put into one."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops import products
from backpropcli.ops.definition import XP, Options, Shape, Structural, Value, broadcast, show_shape
from backpropcli.ops.planning import axis_of, bounded, sample, shown, whole
from backpropcli.ops.stacked import aligned, along, embed, fit, leading, permute

# Diagonals and triangles.


def diagonal_of(shape: Shape, offset: int) -> tuple[Any, Any]:
    """The rows and columns of a matrix's diagonal, `offset` above the main one."""
    import numpy as np

    rows, columns = shape
    start = max(-offset, 0)
    k = np.arange(start, max(start, min(rows, columns - offset)))
    return k, k + offset


def plan_diagonal(
    shapes: list[Shape], offset: Any = 0, axis1: Any = 0, axis2: Any = 1
) -> tuple[Shape, Options]:
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


def plan_trace(shapes: list[Shape], offset: Any = 0) -> tuple[Shape, Options]:
    """Of one matrix."""
    if len(shapes[0]) != 2:
        raise OperationError(f"trace takes a matrix, not the shape {show_shape(shapes[0])}",
                             hint="For matrices in a batch: sum(diagonal(a, 0, 1, 2), axis=-1)")
    _, o = plan_diagonal(shapes, offset)
    return (), o


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


# The cross product and differences.


def plan_cross(shapes: list[Shape]) -> tuple[Shape, Options]:
    """Vectors of three entries in the last axis; the axes in front broadcast."""
    a, b = shapes
    if a[-1:] != (3,) or b[-1:] != (3,):
        raise OperationError(f"cross takes vectors of 3 entries, not the shapes {show_shape(a)} and {show_shape(b)}")
    shape = bounded(broadcast(shapes))
    return shape, Options(before=(a, b), shape=shape)


def _cross_plain(xp: XP, a: Value, b: Value) -> Value:
    a0, a1, a2 = a[..., 0], a[..., 1], a[..., 2]
    b0, b1, b2 = b[..., 0], b[..., 1], b[..., 2]
    return xp.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)


def _cross(xp: XP, o: Options, a: Value, b: Value) -> Value:
    return _cross_plain(xp, aligned(xp, a, o.before[0], o.shape), aligned(xp, b, o.before[1], o.shape))


def _cross_left(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    return fit(xp, _cross_plain(xp, aligned(xp, b, o.before[1], o.shape), g), o.shape, o.before[0])


def _cross_right(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    return fit(xp, _cross_plain(xp, g, aligned(xp, a, o.before[0], o.shape)), o.shape, o.before[1])


def plan_diff(shapes: list[Shape], n: Any = 1, axis: Any = -1) -> tuple[Shape, Options]:
    """`n` times the difference of neighbours."""
    (shape,) = shapes
    k, times = axis_of(axis, shape), whole(n, "n")
    if times < 0:
        raise OperationError(f"n cannot be negative: {shown(n)}")
    times = min(times, shape[k])
    return (*shape[:k], shape[k] - times, *shape[len(shape) + k + 1:]), Options(axis=k, times=times)


def _diff(xp: XP, o: Options, a: Value) -> Value:
    for _ in range(o.times):
        a = a[along(o.axis, slice(1, None))] - a[along(o.axis, slice(None, -1))]
    return a


def _diff_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    shape = list(g.shape)
    shape[o.axis] = 1
    edge = xp.zeros(tuple(shape))
    for _ in range(o.times):
        g = xp.concatenate([edge, g], axis=o.axis) - xp.concatenate([g, edge], axis=o.axis)
    return g


OPERATIONS = (
    *products.OPERATIONS,
    Structural(
        "trace", "a", "the sum of a matrix's diagonal",
        group="linear algebra", options={"offset": 0}, planner=plan_trace,
        samples=(sample((3, 3)), sample((2, 3), offset=1), sample((3, 2), offset=-1)),
        value=lambda xp, o, a: xp.sum(_diagonal(xp, o, a), axis=-1),
        vjps={"a": ("g on the diagonal", _trace_vjp)},
    ),
    Structural(
        "diag", "a", "a vector as a diagonal matrix, or a matrix's diagonal",
        group="linear algebra", options={"k": 0}, planner=plan_diag,
        samples=(sample((3,)), sample((2,), k=1), sample((2,), k=-1), sample((3, 3)), sample((2, 3), k=1),
                 sample((3, 2), k=-1)),
        value=_diagonal,
        vjps={"a": ("diag(g)", _diagonal_vjp)},
    ),
    Structural(
        "diagonal", "a", "the diagonal of a matrix, or of every matrix in a batch",
        group="linear algebra", options={"offset": 0, "axis1": 0, "axis2": 1}, planner=plan_diagonal,
        keywords={"dim1": "axis1", "dim2": "axis2"},
        samples=(sample((3, 3)), sample((2, 3), offset=1), sample((2, 3, 3), axis1=1, axis2=2),
                 sample((2, 3, 2), axis1=-1, axis2=0), sample((2, 2, 3))),
        value=_diagonal,
        vjps={"a": ("g on the diagonal", _diagonal_vjp)},
    ),
    Structural(
        "tril", "a", "the lower triangle of a matrix, zeros elsewhere",
        drops=True, group="linear algebra", options={"k": 0}, keywords={"diagonal": "k"}, planner=plan_tril,
        samples=(sample((3, 3)), sample((2, 3), k=1), sample((2, 3, 2), k=-1)),
        value=_triangle,
        vjps={"a": ("tril(g)", _triangle_vjp)},
    ),
    Structural(
        "triu", "a", "the upper triangle of a matrix, zeros elsewhere",
        drops=True, group="linear algebra", options={"k": 0}, keywords={"diagonal": "k"}, planner=plan_triu,
        samples=(sample((3, 3)), sample((2, 3), k=1), sample((2, 3, 2), k=-1)),
        value=_triangle,
        vjps={"a": ("triu(g)", _triangle_vjp)},
    ),
    Structural(
        "cross", "a b", "the vector at right angles to two vectors of 3 entries",
        group="linear algebra", planner=plan_cross,
        samples=(sample((3,), (3,)), sample((2, 3), (3,)), sample((2, 1, 3), (2, 3))),
        value=_cross,
        vjps={"a": ("cross(b, g)", _cross_left), "b": ("cross(g, a)", _cross_right)},
    ),
    Structural(
        "diff", "a", "differences of neighbours",
        group="linear algebra", options={"n": 1, "axis": -1}, keywords={"dim": "axis"}, planner=plan_diff,
        samples=(sample((4,)), sample((2, 3)), sample((3, 2), axis=0), sample((5,), n=2)),
        value=_diff,
        vjps={"a": ("what g gains from its left neighbour, less g", _diff_vjp)},
    ),
)
