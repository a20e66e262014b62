"""What all kinds of pooling share: how their windows are written, and entries joined along one axis after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.planning import bounded, flag, shown
from backpropcli.ops.windows.geometry import AXES, per_axis, placed, split_batch
from backpropcli.ops.windows.slide import Slide

if TYPE_CHECKING:
    from backpropcli.ops.definition import Options, Value
    from backpropcli.ops.shape import Shape

Planner = Callable[..., "tuple[Shape, Options]"]
INPUT = {"input": "x"}
"""PyTorch's name of the array."""


def along(count: int) -> str:
    """`along rows and columns`."""
    return f"along {' and '.join(AXES[count])}"


def slides_of(
    x: Shape, count: int, kernel_size: Any, stride: Any, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
) -> tuple[tuple[Slide, ...], Shape]:
    """The slides along the last axes of (N, C, *axes) or (C, *axes), and the shape of the result."""
    batch, channels, sizes = split_batch(x, count, "x")
    kernel = per_axis(kernel_size, count, "kernel_size")
    steps = kernel if stride is None or stride == () else per_axis(stride, count, "stride")
    frame, apart = per_axis(padding, count, "padding", 0), per_axis(dilation, count, "dilation")
    if any(2 * wide > size for size, wide in zip(kernel, frame, strict=True)):
        raise OperationError(
            f"padding={shown(padding)} is more than half of kernel_size={shown(kernel_size)}",
            hint="A window that sees little but padding has nothing to pool.",
        )
    slides = placed(
        [Slide(n, k, s, d, w, w) for n, k, s, d, w in zip(sizes, kernel, steps, apart, frame, strict=True)],
        f"kernel_size={shown(kernel_size)}",
        flag(ceil_mode, "ceil_mode"),
    )
    return slides, bounded((*batch, channels, *(s.places for s in slides)))


def joined(x: Value, entries: Sequence[Sequence[Any]], join: Callable[[Value, Value], Value]) -> Value:
    """`join` of all entries of every window: `entries` has for each of the last axes where those of a window stand."""
    for k, axis in enumerate(entries):
        rest = (slice(None),) * (len(entries) - 1 - k)
        parts = [x[(..., where, *rest)] for where in axis]
        x = parts[0]
        for part in parts[1:]:
            x = join(x, part)
    return x


def output_sizes(value: Any, sizes: Shape) -> Shape:
    """How many windows an adaptive pool has along each axis; None stands for as many as there are entries."""
    given = tuple(value) if isinstance(value, tuple | list) else (value,) * len(sizes)
    if len(given) == 1:
        given = given * len(sizes)
    filled = tuple(n if o is None else o for o, n in zip(given, sizes, strict=False))
    if len(given) != len(sizes):
        filled = given
    return per_axis(filled, len(sizes), "output_size")


def spans(size: int, count: int) -> list[tuple[int, int]]:
    """Where each of `count` windows begins and ends that together cover `size` entries, as evenly as can be."""
    return [(k * size // count, -(-(k + 1) * size // count)) for k in range(count)]


def adaptive(x: Shape, count: int, output_size: Any) -> tuple[list[list[tuple[int, int]]], Shape]:
    """The spans along the last axes of (N, C, *axes) or (C, *axes), and the shape of the result."""
    batch, channels, sizes = split_batch(x, count, "x")
    wanted = output_sizes(output_size, sizes)
    if 0 in sizes:
        raise OperationError("an axis without entries has nothing to pool")
    return [spans(n, o) for n, o in zip(sizes, wanted, strict=True)], bounded((*batch, channels, *wanted))
