"""Interpolation: rows and columns in another number, each from the nearest entries of the old ones, as PyTorch."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, counts, flag, number, sample, shown
from backpropcli.ops.shape import show_shape
from backpropcli.ops.stacked import shape_of
from backpropcli.ops.windows.pooling import spans

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape

Taps = list[tuple[Any, Any]]
"""Along one axis: of which entries each new one is made (an array of places), and with which weights (an array)."""
RANKS = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
"""How many axes a mode is for; the others are for any number."""
MODES = ("nearest", "nearest-exact", *RANKS, "area")
A = -0.75
"""The slope of the cubic kernel (Keys 1981, "Cubic convolution interpolation"), as in PyTorch and OpenCV."""


def plan_interpolate(
    shapes: list[Shape],
    size: Any = None,
    scale_factor: Any = None,
    mode: Any = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
) -> tuple[Shape, Options]:
    """X is (N, C, *axes), of one to three axes; the result has `size` of each, or `scale_factor` times as many."""
    (shape,) = shapes
    _check_mode(mode, shape, align_corners)
    old = shape[2:]
    new, scales = _sizes(old, size, scale_factor)
    again = recompute_scale_factor is not None and flag(recompute_scale_factor, "recompute_scale_factor")
    if again or scales is None:
        scales = tuple(n / m for n, m in zip(old, new, strict=True))
    corners = align_corners is not None and flag(align_corners, "align_corners")
    taps = [_taps(mode, n, m, s, corners) for n, m, s in zip(old, new, scales, strict=True)]
    return bounded((*shape[:2], *new)), Options(taps=taps, old=old)


def _check_mode(mode: Any, shape: Shape, align_corners: Any) -> None:
    if mode not in MODES:
        raise OperationError(f"mode={shown(mode)} is not available", hint=f"There are {', '.join(MODES)}.")
    count = len(shape) - 2
    if not 1 <= count <= 3 or RANKS.get(mode, count) != count:
        wanted = "one to three" if mode not in RANKS else ("one", "two", "three")[RANKS[mode] - 1]
        plural = "" if wanted == "one" else "s"
        fits = {1: "linear", 2: "bilinear", 3: "trilinear"}.get(count)
        hint = f"mode='{fits}' is for {count}." if fits and mode in RANKS else "x is (N, C, *axes)."
        raise OperationError(
            f"mode={shown(mode)} is for {wanted} ax{'e' if plural else 'i'}s behind (N, C), "
            f"and x has the shape {show_shape(shape)}",
            hint=hint,
        )
    if align_corners is not None and mode not in RANKS:
        raise OperationError(f"align_corners has no meaning with mode={shown(mode)}")
    if 0 in shape[2:]:
        raise OperationError("an axis without entries cannot be interpolated")


def _sizes(old: Shape, size: Any, scale_factor: Any) -> tuple[Shape, tuple[float, ...] | None]:
    """The new sizes, and how many old entries there are for each new one where that is given."""
    if (size is None) == (scale_factor is None):
        raise OperationError("interpolate takes size or scale_factor", hint="Such as size=(4, 6) or scale_factor=2")
    if size is not None:
        new = counts(size, "size")
        new = new * len(old) if len(new) == 1 else new
        scales = None
    else:
        given = scale_factor if isinstance(scale_factor, tuple | list) else (scale_factor,)
        factors = [number(x, "scale_factor") for x in given]
        factors = factors * len(old) if len(factors) == 1 else factors
        if any(x <= 0 for x in factors):
            raise OperationError(f"scale_factor is more than 0, not {shown(scale_factor)}")
        new = tuple(floor(n * x) for n, x in zip(old, factors, strict=False))
        scales = tuple(1 / x for x in factors)
    if len(new) != len(old) or (scales is not None and len(scales) != len(old)):
        raise OperationError(f"{'size' if scales is None else 'scale_factor'} is one number, or {len(old)} of them")
    if 0 in new:
        raise OperationError(f"nothing is left: the result would have the axes {show_shape(new)}")
    return new, scales


def _taps(mode: str, old: int, new: int, scale: float, corners: bool) -> Taps:
    import numpy as np

    at = np.arange(new)
    if mode == "area":
        return _area(old, new)
    if mode in ("nearest", "nearest-exact"):
        half = 0.5 if mode == "nearest-exact" else 0.0
        place = np.floor((at + np.float32(half)).astype(np.float32) * np.float32(scale)).astype(np.intp)
        return [(np.minimum(place, old - 1), None)]
    source = at * ((old - 1) / (new - 1) if new > 1 else 0.0) if corners else scale * (at + 0.5) - 0.5
    if mode == "bicubic":
        first = np.floor(source)
        return _cubic(first.astype(np.intp), source - first, old)
    source = np.maximum(source, 0.0)
    first = np.minimum(np.floor(source).astype(np.intp), old - 1)
    share = np.clip(source - first, 0.0, 1.0)
    return [(first, 1.0 - share), (np.minimum(first + 1, old - 1), share)]


def _area(old: int, new: int) -> Taps:
    """The mean of the entries that each new one covers."""
    import numpy as np

    found = []
    parts = spans(old, new)
    for k in range(max(b - a for a, b in parts)):
        place = np.array([min(a + k, b - 1) for a, b in parts], np.intp)
        found.append((place, np.array([(a + k < b) / (b - a) for a, b in parts])))
    return found


def _cubic(first: Any, t: Any, old: int) -> Taps:
    import numpy as np

    def near(x: Any) -> Any:
        return ((A + 2) * x - (A + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A

    weights = (far(t + 1), near(t), near(1 - t), far(2 - t))
    return [(np.clip(first + k - 1, 0, old - 1), w) for k, w in enumerate(weights)]


def _index(k: int, count: int, places: Any) -> tuple[Any, ...]:
    return (..., places, *(slice(None),) * (count - 1 - k))


def _weights(xp: XP, k: int, count: int, weights: Any) -> Any:
    return xp.asarray(weights.reshape(-1, *(1,) * (count - 1 - k)))


def _weighted(xp: XP, weights: Any, a: Value, k: int, count: int) -> Value:
    """`a` times the weights; what has none adds nothing, infinite or not."""
    if weights is None:
        return a
    weights = _weights(xp, k, count, weights)
    return xp.where(weights == 0, 0.0, a * weights)


def _value(xp: XP, o: Options, x: Value) -> Value:
    count = len(o.taps)
    for k, taps in enumerate(o.taps):
        parts = [_weighted(xp, weights, x[_index(k, count, places)], k, count) for places, weights in taps]
        x = parts[0]
        for part in parts[1:]:
            x = x + part
    return x


def _vjp(xp: XP, o: Options, g: Value, y: Value, x: Value) -> Value:
    count = len(o.taps)
    for k, taps in reversed(tuple(enumerate(o.taps))):
        shape = list(shape_of(g))
        shape[k - count] = o.old[k]
        result = xp.zeros(tuple(shape))
        for places, weights in taps:
            xp.add_at(result, _index(k, count, places), _weighted(xp, weights, g, k, count))
        g = result
    return g


OPERATIONS = (
    Structural(
        "interpolate",
        "x",
        "rows and columns in another number, each new entry made of the nearest old ones",
        group="windows",
        affine=True,
        options={
            "size": None,
            "scale_factor": None,
            "mode": "nearest",
            "align_corners": None,
            "recompute_scale_factor": None,
        },
        aliases=("upsample",),
        keywords={"input": "x"},
        planner=plan_interpolate,
        value=_value,
        vjps={"x": ("each g to the entries that it was made of, by their weights, added up", _vjp)},
        samples=(
            sample((1, 2, 3), scale_factor=2),
            sample((1, 1, 2, 3), size=(3, 5), mode="nearest-exact"),
            sample((1, 2, 3), size=5, mode="linear"),
            sample((1, 1, 3, 2), scale_factor=(2, 1.5), mode="bilinear"),
            sample((1, 1, 2, 3), size=(3, 4), mode="bilinear", align_corners=True),
            sample((1, 1, 3, 2), size=(4, 3), mode="bicubic"),
            sample((1, 1, 2, 2, 2), size=(3, 2, 1), mode="trilinear"),
            sample((1, 1, 5, 4), size=(3, 2), mode="area"),
        ),
        source="torch.nn.functional.interpolate",
    ),
)
