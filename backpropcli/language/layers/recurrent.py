"""What layers over time share: one turn for every row of the input, states that go on, and the rows that come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from backpropcli.language.layers.kind import Node, Parameter, Wrong
from backpropcli.language.layers.setting import COUNT, INIT, INPUT, SEEDED, SWITCH, VALUE, Setting
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Sizes
    from backpropcli.language.layers.layer import Layer

UNITS = Setting("units", COUNT, "How many units the state has.", required=True)
BATCH_FIRST = Setting(
    "batch_first", SWITCH, "Whether the input is (N, T, features), not (T, N, features).", default=False
)
LAST = Setting("last", SWITCH, "Whether the last state alone comes out, not that of every time.", default=False)


def settings(gates: str) -> tuple[Setting, ...]:
    """The settings that all have; `gates` says how the columns of the weights are ordered."""
    return (
        UNITS,
        LAST,
        BATCH_FIRST,
        Setting("Wx", VALUE, f"The weights of the input: a row a feature, a column a unit{gates}."),
        Setting("Wx.T", VALUE, "The same as PyTorch has it: weight_ih."),
        Setting("Wh", VALUE, f"The weights of the state before: a row a unit, a column a unit{gates}."),
        Setting("Wh.T", VALUE, "The same as PyTorch has it: weight_hh."),
        INIT,
        SEEDED,
        INPUT,
    )


def parameters(gates: int) -> tuple[Parameter, ...]:
    """The weights of so many gates, side by side."""
    return (
        Parameter(
            "Wx",
            "Wx",
            lambda layer: (layer.shape[-1], gates * layer["units"]),
            axes=("features", "units"),
            turned=True,
        ),
        Parameter(
            "Wh", "Wh", lambda layer: (layer["units"], gates * layer["units"]), axes=("units", "units"), turned=True
        ),
        bias("b", gates),
    )


def bias(letter: str, gates: int) -> Parameter:
    """One bias for each unit of each gate."""

    def shape(layer: Layer) -> Sizes:
        return (gates * layer["units"],)

    return Parameter(letter, letter, shape, axes=("units",), start="zeros")


def fits(layer: Layer) -> Wrong | None:
    """The input is a sequence of examples, or of one."""
    wanted = (3,) if layer["batch_first"] else (2, 3)
    if len(layer.shape) in wanted:
        return None
    layout = "(N, T, features)" if layer["batch_first"] else "(T, features) or (T, N, features)"
    message = f"layer {layer.index} goes through time, but {layer.source} has the shape {show_shape(layer.shape)}"
    return Wrong(message, "batch_first", f"Its input is {layout}: times, examples, features.")


def words(layer: Layer) -> Mapping[str, str]:
    """The input at one time, the first state, and where each gate's columns begin: H0, H1, ..."""
    x, units, first = layer.source, layer["units"], bool(layer["batch_first"])
    start = f"zeros(({x}.shape[{int(not first)}], {units}))" if len(layer.shape) == 3 else f"zeros({units})"
    at = ":, t" if first else "t"
    return {"xt": f"{x}[{at}]", "at": at, "start": start, **{f"H{k}": str(k * units) for k in range(5)}}


def _comes_out(last: bool, batch_first: bool) -> Callable[[Layer], bool]:
    return lambda layer: bool(layer["last"]) == last and (last or bool(layer["batch_first"]) == batch_first)


OUTPUT = (
    Node("a", "{h}[-1]", _comes_out(True, False)),
    Node("a", "{h}[1:]", _comes_out(False, False)),
    Node("a", "swapaxes({h}[1:], 0, 1)", _comes_out(False, True)),
)
"""What comes out: h has a row more than the input, the first state."""
WEIGHTS = "Write Wx and Wh, or init: glorot"
