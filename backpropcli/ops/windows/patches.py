"""Patches: every window as a column, and columns laid back, as PyTorch's unfold and fold."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, counts, sample, shown
from backpropcli.ops.shape import show_shape
from backpropcli.ops.stacked import leading
from backpropcli.ops.windows.framing import columns, gathered
from backpropcli.ops.windows.geometry import per_axis, placed, split_batch
from backpropcli.ops.windows.slide import Slide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backpropcli.ops.shape import Shape


def _slides(sizes: Shape, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Slide, ...]:
    kernel, steps = per_axis(kernel_size, 2, "kernel_size"), per_axis(stride, 2, "stride")
    apart, frame = per_axis(dilation, 2, "dilation"), per_axis(padding, 2, "padding", 0)
    return placed(
        [Slide(n, k, s, d, w, w) for n, k, s, d, w in zip(sizes, kernel, steps, apart, frame, strict=True)],
        f"kernel_size={shown(kernel_size)}",
    )


def plan_unfold(
    shapes: list[Shape], kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> tuple[Shape, Options]:
    """(N, C, rows, columns) becomes (N, C * entries of a window, windows); without a batch (C, ...) too."""
    batch, channels, sizes = split_batch(shapes[0], 2, "x")
    slides = _slides(sizes, kernel_size, dilation, padding, stride)
    return _planned(batch, channels, slides)


def _planned(batch: Shape, channels: int, slides: tuple[Slide, ...]) -> tuple[Shape, Options]:
    window, places = prod(s.kernel for s in slides), prod(s.places for s in slides)
    after = bounded((*batch, channels * window, places))
    before = (*batch, channels, *(s.size for s in slides))
    parts = (*batch, channels, window, *(s.places for s in slides))
    return after, Options(slides=slides, before=before, parts=parts, after=after)


def plan_fold(
    shapes: list[Shape], output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> tuple[Shape, Options]:
    """The way back to (N, C, *output_size), or (C, *output_size)."""
    (shape,) = shapes
    sizes = counts(output_size, "output_size")
    sizes = sizes * 2 if len(sizes) == 1 else sizes
    if len(sizes) != 2:
        raise OperationError(f"output_size is (rows, columns), not {shown(output_size)}")
    if len(shape) not in (2, 3):
        raise OperationError(
            f"x is (N, C * entries of a window, windows), or without N, not of the shape {show_shape(shape)}"
        )
    slides = _slides(sizes, kernel_size, dilation, padding, stride)
    window, places = prod(s.kernel for s in slides), prod(s.places for s in slides)
    if shape[-2] % window:
        raise OperationError(
            f"x has columns of {shape[-2]} entries, and a window of kernel_size={shown(kernel_size)} has {window}",
            hint="A column has the windows of all channels, one below the other: a multiple of that.",
        )
    if shape[-1] != places:
        raise OperationError(
            f"x has {shape[-1]} columns, and {show_shape(sizes)} has {places} windows with these settings"
        )
    _, o = _planned(shape[:-2], shape[-2] // window, slides)
    return bounded(o.before), o


def _apart(xp: XP, o: Options, x: Value) -> Value:
    """Every window as a column."""
    return xp.reshape(columns(xp, o.slides, o.slides, x), leading(xp, x, len(o.before)) + o.after)


def _together(xp: XP, o: Options, z: Value) -> Value:
    """Columns added up where their windows overlap."""
    parts = xp.reshape(z, leading(xp, z, len(o.after)) + o.parts)
    return gathered(xp, o.slides, o.slides, [parts], [()])


def _forms(o: Options) -> Mapping[str, str]:
    from backpropcli.ops.windows import textbook

    return textbook.patches(o)


SETTINGS = {"kernel_size": REQUIRED, "dilation": 1, "padding": 0, "stride": 1}
OPERATIONS = (
    Structural(
        "unfold",
        "x",
        "every window of rows and columns as a column, all channels one below the other",
        group="windows",
        copies=True,
        options=SETTINGS,
        keywords={"input": "x"},
        planner=plan_unfold,
        value=_apart,
        forms=_forms,
        vjps={"x": ("g added up where the windows overlap", lambda xp, o, g, y, x: _together(xp, o, g))},
        samples=(
            sample((1, 2, 3, 4), kernel_size=2),
            sample((2, 4, 3), kernel_size=(2, 1), stride=2, padding=1),
            sample((1, 1, 4, 4), kernel_size=2, dilation=2),
        ),
        source="torch.nn.functional.unfold",
    ),
    Structural(
        "fold",
        "x",
        "columns laid back as windows of rows and columns, added up where these overlap",
        group="windows",
        affine=True,
        options={"output_size": REQUIRED, **SETTINGS},
        keywords={"input": "x"},
        planner=plan_fold,
        value=_together,
        vjps={"x": ("the windows of g, one beside the other", lambda xp, o, g, y, x: _apart(xp, o, g))},
        samples=(
            sample((1, 8, 6), output_size=(3, 4), kernel_size=2),
            sample((4, 9), output_size=(4, 3), kernel_size=(2, 1), stride=2, padding=1),
        ),
        source="torch.nn.functional.fold",
    ),
)
