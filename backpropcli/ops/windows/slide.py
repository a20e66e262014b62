"""Where a window stands as it slides along an axis: its size, its steps, the frame around the array."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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


def offsets(slides: Sequence[Slide]) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Every entry of a window, and where it stands in the array with its frame as the window slides."""
    for at in product(*(range(slide.kernel) for slide in slides)):
        yield at, tuple(slide.entry(k) for slide, k in zip(slides, at, strict=True))
