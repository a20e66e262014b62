"""A recurrent layer, Elman's: h[t] is tanh of the input and of h[t-1]."""

from __future__ import annotations

from backpropcli.language.layers import recurrent
from backpropcli.language.layers.kind import Kind, Node
from backpropcli.language.layers.setting import VALUE, Setting, choice

TANH, RELU = "tanh", "relu"

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
        Setting("nonlinearity", choice(TANH, RELU), "The function of every turn.", default=TANH),
    ),
    parameters=recurrent.parameters(1),
    nodes=(
        Node("h[0]", "{start}"),
        Node("h[t]", "tanh({xt} @ {Wx} + {h}[t-1] @ {Wh} + {b})", lambda layer: layer["nonlinearity"] == TANH),
        Node("h[t]", "relu({xt} @ {Wx} + {h}[t-1] @ {Wh} + {b})", lambda layer: layer["nonlinearity"] == RELU),
        *recurrent.OUTPUT,
    ),
    checks=(recurrent.fits,),
    words=recurrent.words,
    positional=("units", "last"),
    weights=recurrent.WEIGHTS,
    aliases=("recurrent", "simplernn", "elman"),
)
