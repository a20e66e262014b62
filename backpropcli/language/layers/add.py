"""A residual connection: an earlier output, or an input, added to what comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.language.layers.kind import Kind, Node, Wrong
from backpropcli.language.layers.setting import ACTIVATED, INPUT, NAME, Setting
from backpropcli.ops.shape import show_shape
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.layers.layer import Layer


def _known(layer: Layer) -> Wrong | None:
    """There is such an output, and it has the input's shape: nothing broadcasts by accident."""
    other, known = layer["of"], layer.outputs
    if other not in known:
        hint = f"There is: {', '.join(known[:20])}"
        message = f"layer {layer.index}: no input or layer output is called {other}{did_you_mean(other, known)}"
        return Wrong(message, "of", hint)
    shape = layer.stack.shapes[other]
    if shape != layer.shape:
        both = f"{other} has the shape {show_shape(shape)}, but {layer.source} has {show_shape(layer.shape)}"
        return Wrong(both, "of", "What is added has the same shape: a layer in between may change it.")
    return None


ADD = Kind(
    name="add",
    help="A residual connection: an earlier output, or an input, is added.",
    wants="the name of an earlier output",
    form="- add: {of: a1}",
    call="add(a1)",
    settings=(
        Setting("of", NAME, "What is added: an input, or an earlier layer's output.", required=True),
        ACTIVATED,
        INPUT,
    ),
    nodes=(Node("s", "{x} + {of}"),),
    checks=(_known,),
    positional=("of", "activation"),
    aliases=("skip", "shortcut"),
    alone=True,
)
RESIDUAL = ADD._replace(name="residual", form="- residual: {of: a1}", call="residual(a1)", help="The same as add.")
