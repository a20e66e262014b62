"""The same entries in another shape."""

from __future__ import annotations

from backpropcli.language.layers.kind import Kind, Node
from backpropcli.language.layers.setting import INPUT, SHAPE, Setting

RESHAPE = Kind(
    name="reshape",
    help="The same entries in another shape, examples first: [-1, 1, 28, 28].",
    on=(2, 784),
    wants="a shape",
    form="- reshape: {shape: [-1, 1, 28, 28]}",
    call="reshape([-1, 1, 28, 28])",
    settings=(Setting("shape", SHAPE, "The shape; -1 is what is left.", required=True), INPUT),
    nodes=(Node("r", "reshape({x}, {shape})"),),
    positional=("shape",),
    aliases=("view", "unflatten"),
    alone=True,
    keeps=True,
)
