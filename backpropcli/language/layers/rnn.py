"""A recurrent layer, Elman's: h[t] is tanh of the input and of h[t-1]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.language.layers import recurrent
from backpropcli.language.layers.activation import Activation, read_activation
from backpropcli.language.layers.kind import Kind, Node, Wrong
from backpropcli.language.layers.setting import ACTIVATION, VALUE, Setting

if TYPE_CHECKING:
    from backpropcli.language.layers.layer import Layer


def _function(layer: Layer) -> Wrong | None:
    """A function of one number, without settings."""
    found = read_activation(layer["nonlinearity"], layer.words.sections.get("functions", {}))
    if not isinstance(found, Activation):
        return Wrong(found[0].replace("activation wants", "nonlinearity wants"), "nonlinearity", found[1])
    if found.settings or found.name == "linear":
        return Wrong("nonlinearity wants the name of an operation alone", "nonlinearity", "Such as tanh or relu.")
    return None


RNN = Kind(
    name="rnn",
    help="A recurrent layer: h[t] = tanh(x[t] @ Wx + h[t-1] @ Wh + b), from h[0] = 0.",
    on=(4, 2, 3),
    wants="its units and weights",
    form="- rnn: {units: 2, init: glorot}",
    call="rnn(2, init=glorot)",
    settings=(
        *recurrent.settings(""),
        Setting("b", VALUE, "The biases, one a unit: PyTorch's bias_ih + bias_hh."),
        Setting("nonlinearity", ACTIVATION, "The function of every turn.", default="tanh"),
    ),
    parameters=recurrent.parameters(1),
    nodes=(
        Node("h[0]", "{start}"),
        Node("h[t]", "{nonlinearity}({xt} @ {Wx} + {h}[t-1] @ {Wh} + {b})"),
        *recurrent.OUTPUT,
    ),
    checks=(recurrent.fits, _function),
    words=recurrent.words,
    positional=("units", "last"),
    weights=recurrent.WEIGHTS,
    aliases=("recurrent", "simplernn", "elman"),
)
