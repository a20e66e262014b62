"""Self-attention: queries, keys and values of every position, heads side by side, and what is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.language.layers.kind import Kind, Node, Parameter, Wrong
from backpropcli.language.layers.setting import (
    ACTIVATED,
    COUNT,
    INIT,
    INPUT,
    SEEDED,
    SWITCH,
    VALUE,
    Setting,
)
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Sizes
    from backpropcli.language.layers.layer import Layer

WEIGHTS = {"q": "queries", "k": "keys", "v": "values"}


def _width(layer: Layer) -> int:
    """How many units queries, keys and values have."""
    return int(layer["units"] or layer.shape[-1])


def _fits(layer: Layer) -> Wrong | None:
    """Positions in rows, and heads that divide the units."""
    if len(layer.shape) < 2:
        message = f"attention is between positions, but {layer.source} has the shape {show_shape(layer.shape)}"
        return Wrong(message, "", "Its input is (positions, features), with examples in front or not.")
    if _width(layer) % layer["heads"]:
        return Wrong(f"{_width(layer)} units cannot be divided into {layer['heads']} heads", "heads")
    return None


def _in(layer: Layer) -> Sizes:
    return (layer.shape[-1], _width(layer))


ATTENTION = Kind(
    name="attention",
    help="Self-attention of several heads: (..., positions, features) keeps its shape.",
    on=(2, 3, 4),
    wants="its heads and weights",
    form="- attention: {heads: 2, causal: true, init: glorot}",
    call="attention(2, causal=true, init=glorot)",
    settings=(
        Setting("heads", COUNT, "How many heads there are.", default=1),
        Setting("causal", SWITCH, "Whether a position sees itself and earlier ones only.", default=False),
        Setting("units", COUNT, "How wide queries, keys and values are; as the input where nothing is said."),
        *(
            Setting(f"W{k}{t}", VALUE, f"The weights of the {what}{turned}.")
            for k, what in WEIGHTS.items()
            for t, turned in (("", ": a row a feature"), (".T", " as PyTorch has them: a row a unit"))
        ),
        Setting("Wo", VALUE, "The weights of the output: a row a unit of the values."),
        Setting("Wo.T", VALUE, "The weights of the output as PyTorch has them."),
        Setting("bias", SWITCH, "Whether all four have biases bq, bk, bv, bo.", default=True),
        *(Setting(f"b{k}", VALUE, f"The biases of the {what}.") for k, what in {**WEIGHTS, "o": "output"}.items()),
        INIT,
        SEEDED,
        ACTIVATED,
        INPUT,
    ),
    parameters=(
        *(Parameter(f"W{k}", f"W{k}", _in, axes=("features", "units"), turned=True) for k in WEIGHTS),
        Parameter("Wo", "Wo", lambda layer: _in(layer)[::-1], axes=("units", "features"), turned=True),
        *(
            Parameter(f"b{k}", f"b{k}", lambda layer: _in(layer)[1:], axes=("units",), start="zeros", switch="bias")
            for k in WEIGHTS
        ),
        Parameter("bo", "bo", lambda layer: _in(layer)[:1], axes=("features",), start="zeros", switch="bias"),
    ),
    nodes=(
        *(Node(k, f"{{x}} @ {{W{k}}}{{ + b{k}}}") for k in WEIGHTS),
        Node("h", "attention({q}, {k}, {v}{, heads=}{, causal=})"),
        Node("z", "{h} @ {Wo}{ + bo}"),
    ),
    checks=(_fits,),
    positional=("heads", "causal"),
    weights="Write Wq, Wk, Wv and Wo, or init: glorot",
    aliases=("multiheadattention", "selfattention", "mha"),
)
