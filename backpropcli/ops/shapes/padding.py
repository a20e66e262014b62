"""Padding: a frame around an array, of constants or of the array's own entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, number, sample, shown, whole
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import embed, leading

OWN = ("edge", "reflect", "symmetric", "wrap")
"""Modes whose frame is made of the array's own entries."""
WORKED_OUT = ("linear_ramp", "maximum", "mean", "median", "minimum")
"""Modes whose frame is made of other numbers: `numpy_pad` has a formula for each."""
CALLED = {"replicate": "edge", "circular": "wrap"}
"""PyTorch's names for them."""


def plan_pad(
    shapes: list[Shape], pad_width: Any, mode: Any = "constant", constant_values: Any = 0
) -> tuple[Shape, Options]:
    """How many entries before and after, along every axis, and which.

    `o.where` is the place of the array in the result, `o.frame` the result with 0 there (None: 0 everywhere). In a mode
    of `OWN` `o.taken` has for each axis the places in the array that the result's come from.
    """
    (shape,) = shapes
    mode = CALLED.get(mode, mode) if isinstance(mode, str) else mode
    if mode != "constant" and mode not in OWN:
        raise OperationError(
            f"mode={shown(mode)} is not available", hint=f"There are constant, {', '.join((*OWN, *WORKED_OUT))}."
        )
    widths = widths_of(pad_width, len(shape))
    after = bounded(tuple(b + size + a for (b, a), size in zip(widths, shape, strict=True)))
    given = Options(shape=after, before=shape, mode=mode, pad_width=pad_width, constant_values=constant_values)
    if mode == "constant":
        given.where = tuple(slice(before, before + size) for (before, _), size in zip(widths, shape, strict=True))
        given.frame = _frame(shape, widths, constant_values)
    else:
        if constant_values != 0:
            raise OperationError(f"constant_values has no meaning with mode={shown(mode)}")
        given.taken = tuple(_taken(size, pair, mode) for size, pair in zip(shape, widths, strict=True))
    return after, given


def pairs(given: Any, rank: int, name: str, read: Callable[[Any], Any]) -> list[tuple[Any, Any]]:
    """NumPy's ways of writing a pair for every axis: n, (before, after), or one such pair an axis; each read."""
    hint = "Write n, (before, after), or one such pair for every axis: ((1, 1), (0, 2))."
    entries = given if isinstance(given, tuple | list) else (given,)
    if any(isinstance(entry, tuple | list) for entry in entries):
        found = [tuple(e) if isinstance(e, tuple | list) else () for e in entries]
    else:
        found = [tuple(entries)]
    found = [p * 2 if len(p) == 1 else p for p in found]
    if len(found) == 1:
        found = found * rank
    if len(found) != rank or any(len(p) != 2 for p in found):
        axes = "1 axis" if rank == 1 else f"{rank} axes"
        raise OperationError(f"{name}={shown(given)} does not fit {axes}", hint=hint)
    return [(read(before), read(after)) for before, after in found]


def widths_of(given: Any, rank: int) -> list[tuple[int, int]]:
    """How wide the frame is before and behind every axis."""
    found = pairs(given, rank, "pad_width", lambda n: whole(n, "each width in pad_width"))
    if any(min(pair) < 0 for pair in found):
        raise OperationError(f"a width cannot be negative: pad_width={shown(given)}")
    return found


def _frame(shape: Shape, widths: list[tuple[int, int]], values: Any) -> Any:
    """The frame alone, the array's place filled with zeros; None where all of it is 0."""
    flat = _flat(values)
    if not any(number(x, "each of constant_values") for x in flat):
        return None
    if not shape:
        return None
    import numpy as np

    try:
        return np.pad(np.zeros(shape), widths, constant_values=values)
    except ValueError:
        raise OperationError(
            f"constant_values={shown(values)} does not fit {show_shape(shape)}",
            hint="Write c, (before, after), or one such pair for every axis.",
        ) from None


def _flat(values: Any) -> list[Any]:
    if not isinstance(values, tuple | list):
        return [values]
    return [x for entry in values for x in _flat(entry)]


def _taken(size: int, pair: tuple[int, int], mode: str) -> Any:
    """Which entry of an axis each place of the longer one shows."""
    import numpy as np

    kind: Any = mode
    try:
        return np.pad(np.arange(size), pair, mode=kind)
    except ValueError:
        raise OperationError(f"an axis without entries cannot be padded with mode={mode!r}") from None


def _along(k: int, rank: int, places: Any) -> tuple[Any, ...]:
    return (..., places, *(slice(None),) * (rank - 1 - k))


def _pad(xp: XP, o: Options, a: Value) -> Value:
    if o.mode == "constant":
        result = embed(xp, o.shape, o.where, a, len(o.shape))
        return result if o.frame is None else result + xp.asarray(o.frame)
    for k, places in enumerate(o.taken):
        a = a[_along(k, len(o.taken), places)]
    return a


def _pad_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    if o.mode == "constant":
        return g[(..., *o.where)] if o.where else g
    lead = leading(xp, g, len(o.shape))
    for k in reversed(range(len(o.taken))):
        shape = o.shape[:k] + o.before[k:]
        result = xp.zeros(lead + shape)
        xp.add_at(result, _along(k, len(o.taken), o.taken[k]), g)
        g = result
    return g


OPERATIONS = (
    Structural(
        "pad",
        "a",
        "with a frame around it: zeros, other constants, or its own entries (mode)",
        group="shapes",
        options={"pad_width": REQUIRED, "mode": "constant", "constant_values": 0},
        keywords={"value": "constant_values", "array": "a"},
        fuller="numpy_pad",
        variants={"mode": dict.fromkeys(WORKED_OUT, "numpy_pad")},
        planner=plan_pad,
        value=_pad,
        vjps={"a": ("g without the frame; what the frame repeats is added up", _pad_vjp)},
        samples=(
            sample((3,), pad_width=1),
            sample((3,), pad_width=(1, 2)),
            sample((2, 3), pad_width=((1, 0), (0, 2))),
            sample((2, 2), pad_width=((1, 2),)),
            sample((2, 3), pad_width=1, constant_values=-1.5),
            sample((2, 3), pad_width=((1, 2), (0, 1)), constant_values=((1, 2), (3, 4))),
            sample((3,), pad_width=4, mode="edge"),
            sample((2, 3), pad_width=(1, 2), mode="reflect"),
            sample((2, 3), pad_width=((3, 1), (0, 5)), mode="symmetric"),
            sample((2, 3), pad_width=4, mode="wrap"),
            sample((1, 2), pad_width=2, mode="reflect"),
            sample((), pad_width=()),
        ),
    ),
)
