"""A kernel that slides along a vector: products added up at every place."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import (
    bounded,
    sample,
    shown,
)
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import leading

MODES = ("full", "same", "valid")


def plan_convolve(shapes: list[Shape], mode: Any = "full", mirrored: bool = True) -> tuple[Shape, Options]:
    """`o.cut` is the part that the mode keeps of the whole result; the longer vector comes first."""
    a, v = shapes
    if len(a) != 1 or len(v) != 1:
        raise OperationError(f"two vectors are convolved, not the shapes {show_shape(a)} and {show_shape(v)}")
    if not a[0] or not v[0]:
        raise OperationError("a vector without entries cannot be convolved")
    if mode not in MODES:
        raise OperationError(f"mode={shown(mode)} is not available", hint=f"There are {', '.join(MODES)}.")
    n, m = max(a[0], v[0]), min(a[0], v[0])
    whole = n + m - 1
    start, size = {"full": (0, whole), "same": ((m - 1) // 2, n), "valid": (m - 1, n - m + 1)}[mode]
    if not mirrored and mode == "same" and a[0] < v[0]:
        start = m // 2
    return bounded((size,)), Options(
        whole=whole, cut=slice(start, start + size), sizes=(a[0], v[0]), mode=mode, mirrored=mirrored
    )


def plan_correlate(shapes: list[Shape], mode: Any = "valid") -> tuple[Shape, Options]:
    """As `plan_convolve`, with the second vector read from its end."""
    return plan_convolve(shapes, mode, mirrored=False)


def _products(xp: XP, o: Options, a: Value, v: Value, one: int, other: int) -> Value:
    """The whole convolution of vectors of so many entries."""
    lead = leading(xp, a, 1)
    result = xp.zeros((*lead, one + other - 1))
    if other > one:
        a, v, one, other = v, a, other, one
    for k in range(other):
        result[..., k : k + one] += a * v[..., k : k + 1]
    return result


def _convolve(xp: XP, o: Options, a: Value, v: Value) -> Value:
    v = v if o.mirrored else xp.flip(v, axis=-1)
    return _products(xp, o, a, v, *o.sizes)[..., o.cut]


def _spread(xp: XP, o: Options, g: Value) -> Value:
    """The upstream gradient in its place in the whole result."""
    result = xp.zeros((*leading(xp, g, 1), o.whole))
    result[..., o.cut] = g
    return result


def _convolve_left(xp: XP, o: Options, g: Value, y: Value, a: Value, v: Value) -> Value:
    n, m = o.sizes
    across = xp.flip(v, axis=-1) if o.mirrored else v
    return _products(xp, o, _spread(xp, o, g), across, o.whole, m)[..., m - 1 : m - 1 + n]


def _convolve_right(xp: XP, o: Options, g: Value, y: Value, a: Value, v: Value) -> Value:
    n, m = o.sizes
    found = _products(xp, o, _spread(xp, o, g), xp.flip(a, axis=-1), o.whole, n)[..., n - 1 : n - 1 + m]
    return found if o.mirrored else xp.flip(found, axis=-1)


PAIRS = (
    sample((4,), (2,)),
    sample((2,), (4,)),
    sample((3,), (3,)),
    sample((4,), (3,), mode="same"),
    sample((3,), (5,), mode="same"),
    sample((5,), (2,), mode="valid"),
    sample((2,), (5,), mode="full"),
    sample((4,), (2,), mode="same"),
    sample((2,), (4,), mode="same"),
    sample((1,), (1,)),
)


OPERATIONS = (
    Structural(
        "convolve",
        "a v",
        "every sum of products while a vector, mirrored, slides along another",
        group="linear algebra",
        options={"mode": "full"},
        planner=plan_convolve,
        value=_convolve,
        samples=PAIRS,
        vjps={"a": ("correlate(g, v)", _convolve_left), "v": ("correlate(g, a)", _convolve_right)},
    ),
    Structural(
        "correlate",
        "a v",
        "every sum of products while a vector slides along another",
        group="linear algebra",
        options={"mode": "valid"},
        planner=plan_correlate,
        value=_convolve,
        samples=PAIRS,
        vjps={"a": ("convolve(g, v)", _convolve_left), "v": ("g along a, read from its end", _convolve_right)},
    ),
)
