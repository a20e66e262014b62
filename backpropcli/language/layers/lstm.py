"""An LSTM: a cell c[t] that forgets and takes in, and a state h[t] that shows of it."""

from __future__ import annotations

from backpropcli.language.layers import recurrent
from backpropcli.language.layers.kind import Kind, Node
from backpropcli.language.layers.setting import VALUE, Setting

LSTM = Kind(
    name="lstm",
    help="An LSTM (Hochreiter and Schmidhuber 1997; forget gates by Gers et al. 2000), gates as PyTorch orders them.",
    on=(4, 2, 3),
    wants="its units and weights",
    form="- lstm: {units: 2, init: glorot}",
    call="lstm(2, init=glorot)",
    settings=(
        *recurrent.settings(" of i, f, g, o"),
        Setting("b", VALUE, "The biases of i, f, g, o: PyTorch's bias_ih + bias_hh."),
    ),
    parameters=recurrent.parameters(4),
    nodes=(
        Node("h[0]", "{start}"),
        Node("c[0]", "{start}"),
        Node("z[t]", "{xt} @ {Wx} + {h}[t-1] @ {Wh} + {b}"),
        Node("i[t]", "sigmoid({z}[t, ..., {H0}:{H1}])"),
        Node("f[t]", "sigmoid({z}[t, ..., {H1}:{H2}])"),
        Node("g[t]", "tanh({z}[t, ..., {H2}:{H3}])"),
        Node("o[t]", "sigmoid({z}[t, ..., {H3}:{H4}])"),
        Node("c[t]", "{f}[t] * {c}[t-1] + {i}[t] * {g}[t]"),
        Node("h[t]", "{o}[t] * tanh({c}[t])"),
        *recurrent.OUTPUT,
    ),
    checks=(recurrent.fits,),
    words=recurrent.words,
    positional=("units", "last"),
    weights=recurrent.WEIGHTS,
)
