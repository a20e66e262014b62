"""Norms: the length of a vector, and of the entries of a matrix."""

from __future__ import annotations

from math import inf
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import number, sample, shown
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
from backpropcli.ops.stacked import column, shape_of


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


# Of vectors alone, of any order.


def plan_vector_norm(
    shapes: list[Shape], ord: Any = 2, axis: Any = None, keepdims: Any = False
) -> tuple[Shape, Options]:
    """`o.ord` is any number; 0 counts the entries that are not 0."""
    shape, o = plan_reduction(shapes, axis, keepdims)
    o.ord = float(number(ord, "ord"))
    if not o.count and (o.ord < 0 or o.ord == inf) and 0 not in shape:
        raise OperationError(f"the shape {show_shape(shapes[0])} has no entries to reduce")
    return shape, o


def _small(xp: XP, o: Options, kept: Value) -> Value:
    return kept if o.keepdims else xp.squeeze(kept, axis=o.axis)


def _vector_norm(xp: XP, o: Options, a: Value) -> Value:
    if o.ord in (1, 2, inf):
        return _norm(xp, o, a)
    if o.ord == 0:
        return added(xp, o, xp.where(a != 0, 1.0, 0.0))
    if not o.count:
        return added(xp, o, a)
    size = xp.abs(a)
    if o.ord == -inf:
        return xp.min(size, axis=o.axis, keepdims=o.keepdims)
    scale = xp.max(size, axis=o.axis, keepdims=True)  # so that powers neither overflow nor vanish
    scale = xp.where(scale > 0, xp.where(scale < inf, scale, 1.0), 1.0)
    root = scale * xp.power(total(xp, o, xp.power(size / scale, o.ord)), 1.0 / o.ord)
    return _small(xp, o, root)


def _vector_norm_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    """An entry's share is (|a|/y)**(ord - 1); at 0, where that is infinite or 0/0, it is taken as 0."""
    if o.ord in (1, 2, inf):
        return _norm_vjp(xp, o, g, y, a)
    if o.ord == 0:
        return xp.zeros(shape_of(a))
    size = xp.abs(a)
    if o.ord == -inf:
        return xp.sign(a) * shared(xp, o, g, size == xp.min(size, axis=o.axis, keepdims=True))
    whole = column(xp, o, y)
    none = xp.logical_or(size == 0, whole == 0) if o.ord < 2 else whole == 0
    share = xp.power(xp.where(none, 1.0, size) / xp.where(whole == 0, 1.0, whole), o.ord - 1.0)
    return xp.where(none, 0.0, xp.sign(a) * share) * column(xp, o, g)


def _vector_norm_branch(xp: XP, o: Options, a: Value) -> Value:
    if o.ord == -inf:
        size = xp.abs(a)
        return xp.where(size == xp.min(size, axis=o.axis, keepdims=True), xp.sign(a), 0.0)
    return _norm_branch(xp, o, a) if o.ord in (2, inf) else xp.sign(a)


OPERATIONS = (
    Structural(
        "vector_norm",
        "a",
        "the length of a vector, of any order p: sum(abs(a)**p)**(1/p); its gradient at 0 is 0",
        group="reductions",
        options={"ord": 2, "axis": None, "keepdims": False},
        keywords={**TORCH, "p": "ord"},
        planner=plan_vector_norm,
        formula="sum(abs(a)**ord)**(1/ord)",
        samples=(
            *SAMPLES[:-1],
            sample((3,), ord=3),
            sample((2, 3), ord=1.5, axis=1),
            sample((2, 3), ord=-2, axis=0, keepdims=True),
            sample((3,), ord=inf),
            sample((2, 3), ord=-inf, axis=1),
            sample((3,), ord=1),
            sample((3,), ord=0),
        ),
        value=_vector_norm,
        vjps={"a": ("g * sign(a) * (abs(a) / y)**(ord - 1)", _vector_norm_vjp)},
        branch=_vector_norm_branch,
        by_axis=True,
    ),
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
