"""What layers of sliding windows share: how many axes the windows have, and whether the input has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backpropcli.language.layers.kind import Check, Node, Wrong
from backpropcli.language.layers.setting import FRAME, SIZES, Setting
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.layers.layer import Layer

MOST = 3
PER_AXIS = ("size", "stride", "padding", "dilation")
LAYOUTS = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}
"""The input's axes with one, two and three axes of windows; N, the examples, may be missing."""
STRIDE = Setting("stride", SIZES, "How far the window moves; as far as it is long where nothing is said.")
PADDING = Setting("padding", FRAME, "How wide the frame around the input is.", default=0)
DILATION = Setting("dilation", SIZES, "How far apart the entries of a window stand.", default=1)


def window_axes(layer: Layer) -> int:
    """Along how many axes windows slide; 0 where that is open.

    A size for each axis says it, or a filter, else the input: (C, L), (N, C, H, W), (N, C, D, H, W). Three axes may be
    (N, C, L) or (C, H, W), which nobody guesses.
    """
    size = layer.written.get("size")
    if isinstance(size, list):
        return len(size)
    if "K" in layer.settings and layer.gives("K") and (found := _filtered(layer)):
        return found
    return {2: 1, 4: 2, 5: 3}.get(len(layer.shape), 0)


def _filtered(layer: Layer) -> int:
    found = len(layer.said("K", "K").shape) - 2
    return found if 1 <= found <= MOST else 0


def along(count: int) -> Callable[[Layer], bool]:
    """Whether windows slide along so many axes."""
    return lambda layer: window_axes(layer) == count


def nodes(letter: str, formula: str) -> tuple[Node, ...]:
    """A node whose operation has a name for each number of axes: conv1d, conv2d, conv3d."""
    return tuple(Node(letter, formula.replace("#", str(count)), along(count)) for count in range(1, MOST + 1))


def channels(layer: Layer) -> int:
    """How many channels the input has."""
    return layer.shape[-1 - window_axes(layer)]


def per_axis(layer: Layer, setting: str) -> list[int | None]:
    """A setting as one number for each axis; None where nothing is written."""
    said: Any = layer[setting]
    return said if isinstance(said, list) else [said] * window_axes(layer)


def input_fits(layer: Layer) -> Wrong | None:
    """The input has channels and the axes that windows slide along, and settings are as long as these."""
    shape, count, x = show_shape(layer.shape), window_axes(layer), layer.source
    if len(layer.shape) == 3 and not count:
        hint = "Write size: [3] for windows along one axis, size: [3, 3] along two."
        return Wrong(f"{x} has the shape {shape}: is it (N, C, L), or (C, H, W)?", "size", hint)
    if not 1 <= count <= MOST or len(layer.shape) not in (count + 1, count + 2):
        layout = LAYOUTS.get(count, "(N, C, L) or (N, C, H, W)")
        hint = f"Its input is {layout}: examples, channels, then the axes of the windows. reshape puts it so."
        return Wrong(f"layer {layer.index} slides windows, but {x} has the shape {shape}", "", hint)
    for key in PER_AXIS:
        said = layer.written.get(key)
        if isinstance(said, list) and len(said) != count:
            return Wrong(f"{key} has {len(said)} entries, but windows slide along {count} axes", key)
    return None


CHECKS: tuple[Check, ...] = (input_fits,)
