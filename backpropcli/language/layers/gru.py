"""A GRU: a state h[t] that a gate z[t] leaves as it was, or makes anew."""

from __future__ import annotations

from backpropcli.language.layers import recurrent
from backpropcli.language.layers.kind import Kind, Node
from backpropcli.language.layers.setting import VALUE, Setting

GRU = Kind(
    name="gru",
    help="A GRU (Cho et al. 2014) in PyTorch's form: the reset gate r is applied behind Wh.",
    on=(4, 2, 3),
    wants="its units and weights",
    form="- gru: {units: 2, init: glorot}",
    call="gru(2, init=glorot)",
    settings=(
        *recurrent.settings(" of r, z, n"),
        Setting("b", VALUE, "The biases beside the input: PyTorch's bias_ih."),
        Setting("bh", VALUE, "The biases beside the state: PyTorch's bias_hh."),
    ),
    parameters=(*recurrent.parameters(3), recurrent.bias("bh", 3)),
    nodes=(
        Node("u", "{x} @ {Wx} + {b}"),
        Node("h[0]", "{start}"),
        Node("v[t]", "{h}[t-1] @ {Wh} + {bh}"),
        Node("r[t]", "sigmoid({u}[{at}, ..., {H0}:{H1}] + {v}[t, ..., {H0}:{H1}])"),
        Node("z[t]", "sigmoid({u}[{at}, ..., {H1}:{H2}] + {v}[t, ..., {H1}:{H2}])"),
        Node("n[t]", "tanh({u}[{at}, ..., {H2}:{H3}] + {r}[t] * {v}[t, ..., {H2}:{H3}])"),
        Node("h[t]", "(1 - {z}[t]) * {n}[t] + {z}[t] * {h}[t-1]"),
        *recurrent.OUTPUT,
    ),
    checks=(recurrent.fits,),
    words=recurrent.words,
    positional=("units", "last"),
    weights=recurrent.WEIGHTS,
)
