"""Norms: the length of a vector, and of the entries of a matrix."""

from __future__ import annotations

from math import inf
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import (
    sample,
    shown,
)
from backpropcli.ops.reductions.reducing import (
    SAMPLES,
    TORCH,
    added,
    largest,
    plan_reduction,
    shared,
    total,
)
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import column


def plan_norm(shapes: list[Shape], ord: Any = None, axis: Any = None, keepdims: Any = False) -> tuple[Shape, Options]:
    """`o.ord` is 1, 2 or inf; the Frobenius norm of a matrix is the 2-norm of its entries."""
    shape, o = plan_reduction(shapes, axis, keepdims)
    rank = len(o.axis)
    orders: dict[Any, float] = {None: 2, 2: 2, 1: 1, inf: inf, "inf": inf, "fro": 2}
    if isinstance(ord, bool | list | tuple | slice) or ord not in orders:
        raise OperationError(f"ord is 1, 2, inf or 'fro', not {shown(ord)}", hint="Another one: sum(abs(a)**p)**(1/p)")
    if ord == "fro" and rank != 2:
        raise OperationError("ord='fro' is the norm of a matrix", hint="Leave ord out for the length of a vector.")
    if ord not in (None, "fro") and rank == 2:
        raise OperationError(
            f"ord={shown(ord)} of a matrix is not available",
            hint="Leave ord out (or 'fro') for the root of the sum of squares, or give one axis for vectors.",
        )
    if ord is not None and rank not in (1, 2):
        raise OperationError(f"ord={shown(ord)} is for a vector, not for the shape {show_shape(shapes[0])}")
    o.ord = orders[ord]
    if o.ord == inf and not o.count:
        raise OperationError(f"the shape {show_shape(shapes[0])} has no entries to reduce")
    return shape, o


def _norm(xp: XP, o: Options, a: Value) -> Value:
    size = xp.abs(a)
    if o.ord == 1:
        return added(xp, o, size)
    if o.ord == inf:
        return xp.max(size, axis=o.axis, keepdims=o.keepdims)
    if not o.count:
        return added(xp, o, size)
    scale = xp.max(size, axis=o.axis, keepdims=True)  # so that squares neither overflow nor vanish
    scale = xp.where(scale > 0, xp.where(scale < inf, scale, 1.0), 1.0)
    root = scale * xp.sqrt(total(xp, o, xp.square(a / scale)))
    return root if o.keepdims else xp.squeeze(root, axis=o.axis)


def _norm_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    if o.ord == 1:
        return xp.sign(a) * column(xp, o, g)
    if o.ord == inf:
        return xp.sign(a) * shared(xp, o, g, largest(xp, o, xp.abs(a)))
    return a / column(xp, o, xp.where(y == 0, 1.0, y)) * column(xp, o, g)


def _norm_branch(xp: XP, o: Options, a: Value) -> Value:
    if o.ord == 1:
        return xp.sign(a)
    if o.ord == inf:
        return xp.where(largest(xp, o, xp.abs(a)), xp.sign(a), 0.0)
    return xp.sign(a) if o.count == 1 else total(xp, o, xp.abs(a)) == 0


OPERATIONS = (
    Structural(
        "norm",
        "a",
        "the length of a vector: the root of the sum of squares; its gradient at 0 is 0",
        group="reductions",
        options={"ord": None, "axis": None, "keepdims": False},
        keywords={**TORCH, "p": "ord"},
        aliases=("linalg.norm",),
        planner=plan_norm,
        formula="sqrt(sum(a**2))",
        samples=(
            *SAMPLES[:-1],
            sample((3,), ord=1),
            sample((3,), ord=inf),
            sample((2, 3), ord="fro"),
            sample((2, 3), ord=1, axis=1),
            sample((2, 3), ord=inf, axis=0, keepdims=True),
            sample((3,), ord=2),
            sample((2, 3, 2), ord="fro", axis=(0, 2)),
        ),
        value=_norm,
        vjps={"a": ("g * a / y", _norm_vjp)},
        branch=_norm_branch,
        reduces=True,
        by_axis=True,
    ),
)
