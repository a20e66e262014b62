"""Where a window stands as it slides: its size, its steps, the frame around the array; errors that say what would fit.

An array is (N, C, *axes) or, without a batch, (C, *axes), as in PyTorch; windows slide along the last `count` axes.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import OperationError
from backpropcli.ops.planning import shown, whole
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backpropcli.ops.shape import Shape

AXES = {1: ("columns",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}
"""What the axes are called along which a window slides."""


class Slide(NamedTuple):
    """One axis: `size` entries with a frame of `before` and `after`, and a window at so many `places`.

    The window has `kernel` entries that stand `dilation` apart, and moves by `stride`.
    """

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    places: int = 0

    @property
    def reach(self) -> int:
        """How many entries of the axis a window spans."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def framed(self) -> int:
        """How long the axis is with its frame."""
        return self.before + self.size + self.after

    @property
    def steps(self) -> int:
        """How many entries all the windows span together."""
        return (self.places - 1) * self.stride + self.reach if self.places else 0

    def entry(self, k: int) -> slice:
        """Of the axis with its frame, entry `k` of every window."""
        start = k * self.dilation
        return slice(start, start + (self.places - 1) * self.stride + 1, self.stride) if self.places else slice(0, 0)


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
        if room < 0:
            raise _too_large(slides, k, what)
        places = room // slide.stride + 1
        if ceil and room % slide.stride and places * slide.stride < slide.before + slide.size:
            places += 1
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


def offsets(slides: Sequence[Slide]) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Every entry of a window, and where it stands in the array with its frame as the window slides."""
    for at in product(*(range(slide.kernel) for slide in slides)):
        yield at, tuple(slide.entry(k) for slide, k in zip(slides, at, strict=True))
