"""Running reductions beside cumsum and cumprod: the largest so far, the smallest so far, the log of a sum of exps."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Body, Options, Structural, Value
from backpropcli.ops.planning import axis_of, sample
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def plan_running(shapes: list[Shape], axis: Any) -> tuple[Shape, Options]:
    """One axis; the shape stays."""
    (shape,) = shapes
    if not shape:
        raise OperationError(f"a plain number has no axes, so axis={axis} does not exist in {show_shape(shape)}")
    k = axis_of(axis, shape)
    return shape, Options(axis=k, size=shape[k])


def _rows(xp: XP, o: Options, a: Value) -> list[Value]:
    """The entries along the axis, one after the other."""
    moved = xp.moveaxis(a, o.axis, 0)
    return [moved[k] for k in range(o.size)]


def _joined(xp: XP, o: Options, rows: list[Value], a: Value) -> Value:
    return xp.stack(rows, axis=o.axis) if rows else a


def _running(step: Body) -> Body:
    def value(xp: XP, o: Options, a: Value) -> Value:
        found: list[Value] = []
        for row in _rows(xp, o, a):
            found.append(step(xp, found[-1], row) if found else row)
        return _joined(xp, o, found, a)

    return value


def _larger(xp: XP, before: Value, row: Value) -> Value:
    """The newer of equal ones, as PyTorch has it; NaN stays."""
    return xp.where(_goes_on(xp, before, row, True), before, row)


def _smaller(xp: XP, before: Value, row: Value) -> Value:
    return xp.where(_goes_on(xp, before, row, False), before, row)


def _goes_on(xp: XP, before: Value, row: Value, largest: bool) -> Value:
    """Whether what was there stays: it is strictly beyond the newer one, or NaN where that is a number."""
    beyond = before > row if largest else before < row
    return xp.logical_or(beyond, xp.logical_and(before != before, row == row))


def _extreme_vjp(largest: bool) -> Body:
    """From the end: what arrives at a place is its own if it was new there, and else goes to the place before."""

    def vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
        upstream, values, entries = _rows(xp, o, g), _rows(xp, o, y), _rows(xp, o, a)
        found: list[Value] = []
        carried: Value = 0.0
        for k in range(o.size - 1, -1, -1):
            arrived = upstream[k] + carried
            if not k:
                found.append(arrived)
                break
            stays = _goes_on(xp, values[k - 1], entries[k], largest)
            found.append(xp.where(stays, 0.0, arrived))
            carried = xp.where(stays, arrived, 0.0)
        return _joined(xp, o, found[::-1], a)

    return vjp


def _extreme_branch(largest: bool) -> Body:
    def branch(xp: XP, o: Options, a: Value) -> Value:
        rows, stays, best = _rows(xp, o, a), [], None
        for row in rows:
            on = (
                xp.where(row != row, 0.0, 0.0) if best is None else xp.where(_goes_on(xp, best, row, largest), 1.0, 0.0)
            )
            best = row if best is None else xp.where(on != 0, best, row)
            stays.append(on)
        return _joined(xp, o, stays, a)

    return branch


def _log_add(xp: XP, a: Value, b: Value) -> Value:
    """log(exp(a) + exp(b)): neither exp can overflow."""
    apart = xp.where(a == b, 0.0, a - b)  # and not inf - inf
    return xp.where(a > b, a, b) + xp.log1p(xp.exp(xp.where(apart > 0, -apart, apart)))


def _log_sum_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    """With r = g + (the next r) · exp(y - the next y), from the end: exp(a - y) · r, where no exponent is above 0."""
    upstream, values, entries = _rows(xp, o, g), _rows(xp, o, y), _rows(xp, o, a)
    found: list[Value] = []
    carried: Value = 0.0
    for k in range(o.size - 1, -1, -1):
        carried = upstream[k] + carried * xp.exp(_below(xp, values[k], values[k + 1])) if found else upstream[k]
        found.append(xp.exp(_below(xp, entries[k], values[k])) * carried)
    return _joined(xp, o, found[::-1], a)


def _below(xp: XP, low: Value, high: Value) -> Value:
    """`low - high`, where both may be the same infinity."""
    same = xp.logical_and(low == high, xp.abs(low) == inf)
    return xp.where(same, 0.0, low) - xp.where(same, 0.0, high)


SAMPLES = (sample((4,), axis=0), sample((2, 3), axis=0), sample((2, 3), axis=-1), sample((2, 3, 2), axis=1))


def _entry(name: str, words: str, value: Body, text: str, vjp: Body, **rest: Any) -> Structural:
    return Structural(
        name,
        "a",
        words,
        group="reductions",
        options={"axis": REQUIRED},
        keywords={"dim": "axis"},
        planner=plan_running,
        value=value,
        vjps={"a": (text, vjp)},
        samples=SAMPLES,
        source=f"torch.{name}",
        **rest,
    )


OPERATIONS = (
    _entry(
        "cummax",
        "the largest entry so far, along an axis; of equal ones the newer has the gradient",
        _running(_larger),
        "g where the largest so far was new, added up until the next one",
        _extreme_vjp(True),
        branch=_extreme_branch(True),
    ),
    _entry(
        "cummin",
        "the smallest entry so far, along an axis; of equal ones the newer has the gradient",
        _running(_smaller),
        "g where the smallest so far was new, added up until the next one",
        _extreme_vjp(False),
        branch=_extreme_branch(False),
    ),
    _entry(
        "logcumsumexp",
        "the logarithm of running sums of exponentials, along an axis",
        _running(_log_add),
        "exp(a) times running sums of g * exp(-y), from the end",
        _log_sum_vjp,
    ),
)
