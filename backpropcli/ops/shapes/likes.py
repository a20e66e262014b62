"""Constants in the shape of an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import (
    number,
    sample,
)
from backpropcli.ops.stacked import leading

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def plan_like(shapes: list[Shape]) -> tuple[Shape, Options]:
    """The argument's own shape."""
    return shapes[0], Options()


def plan_full_like(shapes: list[Shape], fill_value: Any) -> tuple[Shape, Options]:
    """The argument's own shape, and the number that fills it."""
    return shapes[0], Options(fill=number(fill_value, "fill_value"), fill_value=fill_value)


def _zeros(xp: XP, o: Options, a: Value) -> Value:
    return xp.zeros(leading(xp, a, 0))


def _ones(xp: XP, o: Options, a: Value) -> Value:
    return xp.ones(leading(xp, a, 0))


def _no_gradient(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    return xp.zeros(leading(xp, a, 0))


OPERATIONS = (
    Structural(
        "zeros_like",
        "a",
        "zeros in the shape of a: no gradient passes",
        drops=True,
        group="constants",
        planner=plan_like,
        value=_zeros,
        vjps={"a": ("0", _no_gradient)},
        samples=(sample((2, 3)), sample(())),
    ),
    Structural(
        "full_like",
        "a",
        "one number in the shape of a: no gradient passes",
        group="constants",
        options={"fill_value": REQUIRED},
        planner=plan_full_like,
        value=lambda xp, o, a: xp.full(leading(xp, a, 0), o.fill),
        vjps={"a": ("0", _no_gradient)},
        samples=(sample((2, 3), fill_value=2.5), sample((), fill_value=-1)),
    ),
    Structural(
        "ones_like",
        "a",
        "ones in the shape of a: no gradient passes",
        drops=True,
        group="constants",
        planner=plan_like,
        value=_ones,
        vjps={"a": ("0", _no_gradient)},
        samples=(sample((2, 3)), sample(())),
    ),
)
