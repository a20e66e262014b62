"""Square matrices: inverse, determinant, and the solution of linear equations, for every matrix of a stack."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, sample
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import fit, leading, shape_of

MOST_UNROLLED = 6
"""Larger matrices are not worked out entry by entry, as formulas and recordings need it."""


def _square(shape: Shape, name: str) -> int:
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise OperationError(f"{name} takes a square matrix, not the shape {show_shape(shape)}")
    return shape[-1]


def plan_det(shapes: list[Shape]) -> tuple[Shape, Options]:
    """One number a matrix."""
    size = _square(shapes[0], "det")
    return shapes[0][:-2], Options(rows=size)


def plan_inv(shapes: list[Shape]) -> tuple[Shape, Options]:
    """The same shape again."""
    return shapes[0], Options(rows=_square(shapes[0], "inv"))


def plan_solve(shapes: list[Shape]) -> tuple[Shape, Options]:
    """As NumPy: one axis is a vector (for every matrix of a stack), more are matrices whose columns are solved for."""
    a, b = shapes
    size = _square(a, "solve")
    if not b:
        raise OperationError("solve needs a vector or a matrix on the right, not a plain number")
    vector = len(b) == 1
    lifted = (*b, 1) if vector else b
    if lifted[-2] != size:
        raise OperationError(
            f"shapes {show_shape(a)} and {show_shape(b)} do not fit: {size} equations, and {lifted[-2]} numbers"
        )
    try:
        lead = broadcast([a[:-2], lifted[:-2]])
    except OperationError:
        raise OperationError(f"shapes {show_shape(a)} and {show_shape(b)} do not fit: their stacks differ") from None
    whole = bounded((*lead, *lifted[-2:]))
    return whole[:-1] if vector else whole, Options(rows=size, vector=vector, before=(a, lifted), shape=whole)


# Bodies.


def minors(xp: XP, a: Value, rows: tuple[int, ...]) -> dict[tuple[int, ...], Value]:
    """The determinants of these rows with every choice of as many columns: Laplace's expansion along the last row."""
    size = shape_of(a)[-1]
    found: dict[tuple[int, ...], Value] = {(): 1.0}
    for row in rows:
        grown: dict[tuple[int, ...], Value] = {}
        for columns, value in found.items():
            for c in range(size):
                if c in columns:
                    continue
                sign = -1.0 if sum(k > c for k in columns) % 2 else 1.0
                key = tuple(sorted((*columns, c)))
                term = value * (a[..., row, c] * sign)
                grown[key] = grown[key] + term if key in grown else term
        found = grown
    return found


def _unrolled(size: int) -> None:
    if size > MOST_UNROLLED:
        raise TypeError(f"a matrix of more than {MOST_UNROLLED} rows is not worked out entry by entry")


def determinant(xp: XP, a: Value) -> Value:
    """The determinant; of numbers that are not known yet, entry by entry."""
    if hasattr(xp, "det"):
        return xp.det(a)
    size = shape_of(a)[-1]
    _unrolled(size)
    return minors(xp, a, tuple(range(size)))[tuple(range(size))]


def cofactors(xp: XP, a: Value) -> Value:
    """The gradient of the determinant, right for singular matrices too.

    Of a = u·s·v it is det(u)·det(v) · u · (for each singular value the product of the others) · v: nothing is divided.
    """
    size = shape_of(a)[-1]
    if not size:
        return a
    if getattr(xp, "dtype", None) is None:
        if hasattr(xp, "solve") and size > MOST_UNROLLED:
            inverse = xp.solve(a, xp.broadcast_to(xp.eye(size), shape_of(a)))
            return xp.swapaxes(inverse, -1, -2) * xp.expand_dims(xp.asarray(xp.det(a)), (-1, -2))
        _unrolled(size)
        columns = tuple(range(size))
        rows = []
        for i in range(size):
            found = minors(xp, a, tuple(r for r in range(size) if r != i))
            signs = [1.0 if (i + j) % 2 == 0 else -1.0 for j in range(size)]
            rows.append(
                xp.stack(
                    [found[tuple(c for c in columns if c != j)] * signs[j] + 0.0 * a[..., i, j] for j in range(size)],
                    axis=-1,
                )
            )
        return xp.stack(rows, axis=-2)
    import numpy as np

    if not np.isfinite(a).all():
        return np.full(a.shape, np.nan, a.dtype)
    u, s, v = np.linalg.svd(a)
    others = np.stack([np.prod(np.delete(s, k, axis=-1), axis=-1) for k in range(size)], axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(v)
    return (u * (others * sign[..., None])[..., None, :]) @ v


def solved(xp: XP, a: Value, b: Value) -> Value:
    """The x of a @ x = b; of numbers that are not known yet by Cramer's rule."""
    if hasattr(xp, "solve"):
        return xp.solve(a, b)
    inverse = xp.divide(xp.swapaxes(cofactors(xp, a), -1, -2), xp.expand_dims(determinant(xp, a), (-1, -2)))
    return xp.matmul(inverse, b)


def _inverse(xp: XP, o: Options, a: Value) -> Value:
    return solved(xp, a, xp.broadcast_to(xp.eye(o.rows), shape_of(a)))


def _inverse_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    across = xp.swapaxes(y, -1, -2)
    return -xp.matmul(xp.matmul(across, g), across)


def _determinant_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return cofactors(xp, a) * xp.expand_dims(xp.asarray(g), (-1, -2))


def _lifted(xp: XP, o: Options, a: Value, b: Value) -> tuple[Value, Value]:
    """Both sides as stacks of matrices."""
    if o.vector:
        b = xp.expand_dims(b, -1)
    shape, missing = shape_of(b), len(o.shape) - len(o.before[1])
    lead = leading(xp, b, len(o.before[1]))
    b = xp.reshape(b, lead + (1,) * missing + shape[len(lead) :]) if missing else b
    lead, missing = leading(xp, a, len(o.before[0])), len(o.shape) - len(o.before[0])
    return (xp.reshape(a, lead + (1,) * missing + o.before[0]) if missing else a), b


def _solve(xp: XP, o: Options, a: Value, b: Value) -> Value:
    a, b = _lifted(xp, o, a, b)
    found = xp.broadcast_to(solved(xp, a, b), leading(xp, b, len(o.shape)) + o.shape)
    return xp.squeeze(found, axis=-1) if o.vector else found


def _right(xp: XP, o: Options, g: Value, a: Value, b: Value) -> Value:
    """The gradient of the right-hand side, in the shape of the result."""
    a, _ = _lifted(xp, o, a, b)
    return solved(xp, xp.swapaxes(a, -1, -2), xp.expand_dims(g, -1) if o.vector else g)


def _solve_right(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    found = fit(xp, _right(xp, o, g, a, b), o.shape, o.before[1])
    return xp.squeeze(found, axis=-1) if o.vector else found


def _solve_left(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    y = xp.expand_dims(y, -1) if o.vector else y
    found = -xp.matmul(_right(xp, o, g, a, b), xp.swapaxes(y, -1, -2))
    return fit(xp, found, (*o.shape[:-2], o.rows, o.rows), o.before[0])


GROUP: Any = "linear algebra"
OPERATIONS = (
    Structural(
        "inv",
        "a",
        "the inverse of a square matrix",
        group=GROUP,
        planner=plan_inv,
        value=_inverse,
        vjps={"a": ("-y.T @ g @ y.T", _inverse_vjp)},
        samples=(sample((3, 3)), sample((1, 1)), sample((2, 2, 2)), sample((0, 0))),
        aliases=("inverse",),
    ),
    Structural(
        "det",
        "a",
        "the determinant of a square matrix",
        group=GROUP,
        planner=plan_det,
        value=lambda xp, o, a: determinant(xp, a),
        vjps={
            "a": (
                "g * (the determinant of what is left without its row and column, with the sign of its place)",
                _determinant_vjp,
            )
        },
        samples=(sample((3, 3)), sample((1, 1)), sample((2, 2, 2)), sample((2, 1, 3, 3))),
    ),
    Structural(
        "solve",
        "a b",
        "the x of a @ x = b",
        group=GROUP,
        planner=plan_solve,
        value=_solve,
        vjps={"a": ("-solve(a.T, g) times y, every product", _solve_left), "b": ("solve(a.T, g)", _solve_right)},
        samples=(
            sample((3, 3), (3,)),
            sample((2, 2), (2, 3)),
            sample((2, 3, 3), (3, 2)),
            sample((3, 3), (2, 3, 1)),
            sample((2, 2, 2), (2,)),
            sample((2, 1, 2, 2), (3, 2, 1)),
        ),
    ),
)
