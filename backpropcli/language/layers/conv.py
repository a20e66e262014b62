"""A convolution: filters K that slide along one, two or three axes, in PyTorch's layout."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from backpropcli.language.layers.kind import Kind, Parameter, Wrong
from backpropcli.language.layers.setting import (
    ACTIVATED,
    BIAS,
    BIASED,
    COUNT,
    INIT,
    INPUT,
    MARGINS,
    SEEDED,
    SIZES,
    VALUE,
    Setting,
)
from backpropcli.language.layers.windows import DILATION, channels, input_fits, nodes, per_axis

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Sizes
    from backpropcli.language.layers.layer import Layer
    from backpropcli.ops.shape import Shape


def _groups(layer: Layer) -> Wrong | None:
    """Channels and filters come in equal groups."""
    groups = layer["groups"]
    for count, what in ((channels(layer), "channels"), (layer["filters"] or 0, "filters")):
        if count % groups:
            return Wrong(f"{count} {what} cannot be divided into {groups} groups", "groups")
    return None


def _filters(layer: Layer) -> Sizes:
    return (layer["filters"], channels(layer) // layer["groups"], *per_axis(layer, "size"))


def _fans(layer: Layer, shape: Shape) -> tuple[int, int]:
    """A unit sees a window of every channel, and is seen from as many places of every filter."""
    window = prod(shape[2:])
    return shape[1] * window, shape[0] * window


CONV = Kind(
    name="conv",
    help="Filters that slide over the input: (N, C, L), (N, C, H, W) or (N, C, D, H, W).",
    on=(2, 3, 5, 5),
    wants="its filters and their size",
    form="- conv: {filters: 8, size: 3, padding: 1, activation: relu, init: he}",
    call="conv(8, 3, padding=1, activation=relu, init=he)",
    settings=(
        Setting("filters", COUNT, "How many filters there are: the channels of the output."),
        Setting("size", SIZES, "How long the window is, or one for each axis: 3, [3, 5]."),
        Setting("stride", SIZES, "How far the window moves.", default=1),
        Setting("padding", MARGINS, "How wide the frame of zeros is; same keeps the size.", default=0),
        DILATION,
        Setting("groups", COUNT, "Into how many groups channels are divided.", default=1),
        ACTIVATED,
        Setting("K", VALUE, "The filters: (filters, channels / groups, rows, columns), as PyTorch has them."),
        Setting("b", BIAS, "The biases, one a filter; or one number that they share."),
        BIASED,
        INIT,
        SEEDED,
        INPUT,
    ),
    parameters=(
        Parameter("K", "K", _filters, axes=("filters", "channels / groups", "size", "size", "size"), fans=_fans),
        Parameter("b", "b", lambda layer: (layer.of("K")[0],), axes=("filters",), start="zeros", switch="bias"),
    ),
    nodes=nodes("z", "conv#d({x}, {K}{, b}{, stride=}{, padding=}{, dilation=}{, groups=})"),
    checks=(input_fits, _groups),
    positional=("filters", "size"),
    exactly_one=("K", "init"),
    weights="Write K: [[[[...]]]], or init: he",
    aliases=("convolution",),
)
