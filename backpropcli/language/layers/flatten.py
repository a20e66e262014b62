"""Axes joined to one, as between pictures and a dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.language.layers.kind import Kind, Node, Wrong
from backpropcli.language.layers.setting import AXIS, INPUT, Setting
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.layers.layer import Layer


def _has_axes(layer: Layer) -> Wrong | None:
    """There is an axis to begin with."""
    start = layer["start"]
    if len(layer.shape) > start:
        return None
    message = f"flatten begins with axis {start}, but {layer.source} has the shape {show_shape(layer.shape)}"
    hint = "flatten: 0 joins all axes of one example." if layer.shape else "A plain number has no axes."
    return Wrong(message, "start", hint)


FLATTEN = Kind(
    name="flatten",
    help="The axes from `start` on joined to one: (N, C, H, W) becomes (N, C·H·W).",
    on=(2, 3, 4),
    wants="nothing, or the axis where it begins",
    form="- flatten: {start: 1}",
    call="flatten()",
    settings=(Setting("start", AXIS, "The first axis that is joined: 0 for one example.", default=1), INPUT),
    nodes=(
        Node("f", "ravel({x})", lambda layer: layer["start"] == 0),
        Node("f", "reshape({x}, ({x}.shape[0], -1))", lambda layer: layer["start"] == 1),
        Node("f", "reshape({x}, ({x}.shape[0], {x}.shape[1], -1))", lambda layer: layer["start"] == 2),
    ),
    checks=(_has_axes,),
    positional=("start",),
    aliases=("ravel",),
    alone=True,
    keeps=True,
)
