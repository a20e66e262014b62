"""The settings of windows that slide: sizes, steps and frames from literals, with errors that say what would fit.

An array is (N, C, *axes) or, without a batch, (C, *axes), as in PyTorch; windows slide along the last `count` axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.planning import shown, whole
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backpropcli.ops.shape import Shape
    from backpropcli.ops.windows.slide import Slide

AXES = {1: ("columns",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}
"""What the axes are called along which a window slides."""


def per_axis(value: Any, count: int, name: str, least: int = 1) -> tuple[int, ...]:
    """An option as one whole number for each axis; a single number stands for all of them."""
    entries = tuple(value) if isinstance(value, tuple | list) else (value,)
    if len(entries) == 1:
        entries = entries * count
    if len(entries) != count:
        one = f"{name} is one whole number, or one for each axis ({', '.join(AXES[count])})"
        raise OperationError(f"{one}, not {shown(value)}")
    for entry in entries:
        if whole(entry, name if entry is value else f"each entry of {name}") < least:
            lowest = "cannot be negative" if least == 0 else f"is at least {least}"
            raise OperationError(f"{name} {lowest}: {name}={shown(value)}")
    return entries


def split_batch(shape: Shape, count: int, name: str) -> tuple[Shape, int, Shape]:
    """The batch ((N,) or ()), the channels, and the axes along which windows slide."""
    if len(shape) not in (count + 1, count + 2):
        axes = ", ".join(AXES[count])
        raise OperationError(
            f"{name} is (N, channels, {axes}) or (channels, {axes}), not of the shape {show_shape(shape)}",
            hint="A missing axis is added by x[None] or by reshape.",
        )
    return shape[: -count - 1], shape[-count - 1], shape[-count:]


def placed(slides: Sequence[Slide], what: str, ceil: bool = False) -> tuple[Slide, ...]:
    """The slides with their places; OperationError where a window is larger than the array with its frame.

    `ceil`: a last window that hangs over the end counts too, if it begins inside the array or the frame before it.
    """
    found = []
    for k, slide in enumerate(slides):
        room = slide.framed - slide.reach
        places = (room + (slide.stride - 1 if ceil else 0)) // slide.stride + 1
        if ceil and (places - 1) * slide.stride >= slide.before + slide.size:
            places -= 1
        if places < 1:
            raise _too_large(slides, k, what)
        found.append(slide._replace(places=places))
    return tuple(found)


def _too_large(slides: Sequence[Slide], k: int, what: str) -> OperationError:
    slide = slides[k]
    axes = AXES[len(slides)]
    window = f"{slide.reach} {axes[k]}"
    if slide.dilation > 1:
        window += f" ({slide.kernel} of them, {slide.dilation} apart)"
    have = f"x has {slide.size}"
    if slide.before or slide.after:
        have += f", {slide.framed} with its padding"
    return OperationError(
        f"{what} spans {window}, and {have}",
        hint=f"At most {slide.framed} fit here; padding={-(-(slide.reach - slide.size) // 2)} would make room.",
    )
