"""A dense layer: layer k of x, with weights `w: 2` (a number) or `W: [[...]]` (rows: inputs, columns: units)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.language.layers import fit
from backpropcli.language.layers.kind import Kind, Node, Parameter, Wrong
from backpropcli.language.layers.setting import ACTIVATION, BIAS, BIASED, COUNT, INIT, INPUT, SEEDED, VALUE, Setting

if TYPE_CHECKING:
    from backpropcli.language.layers.layer import Layer


def number(layer: Layer) -> bool:
    """Whether its weight is one number: as it is written, or for one number and one unit."""
    return "w" in layer.written or ("init" in layer.written and not layer.shape and layer["units"] == 1)


def matrix(layer: Layer) -> bool:
    """Whether its weights are a matrix."""
    return not number(layer)


def _started(layer: Layer) -> Wrong | None:
    """An initialiser knows the units, and several of them want a list of features."""
    if "init" not in layer.written:
        return None
    units = fit.units(layer)
    if layer.shape or units == 1:
        return None
    message = f"{layer.source} is one number, but this layer has {units} units"
    return Wrong(message, "init", f"Write {layer.source}: [..] for a list of features.")


DENSE = Kind(
    name="dense",
    help="Weights times the input, plus a bias.",
    on=(),
    wants="its units and weights",
    form="- dense: {units: 1, activation: relu, w: 2, b: 0}",
    call="dense(1, relu, w=2, b=0)",
    settings=(
        Setting("units", COUNT, "How many units there are: the columns of W."),
        Setting("activation", ACTIVATION, "The function of each unit's z, as relu."),
        Setting("w", VALUE, "One number's weight."),
        Setting("W", VALUE, "The weights: a row an input, a column a unit."),
        Setting("W.T", VALUE, "The weights the other way round: a row a unit."),
        Setting("b", BIAS, "The biases, one a unit; or one number that they share."),
        BIASED,
        INIT,
        SEEDED,
        INPUT,
    ),
    parameters=(
        Parameter("w", "w", lambda layer: (), when=number, check=fit.check_number),
        Parameter(
            "W",
            "W",
            lambda layer: (layer.shape[-1] if layer.shape else None, layer["units"]),
            axes=("features", "units"),
            when=matrix,
            turned=True,
            check=fit.check_matrix,
        ),
        Parameter(
            "b",
            "b",
            lambda layer: () if number(layer) or not layer.shape else (layer.of("W")[1],),
            axes=("units",),
            start="zeros",
            switch="bias",
            check=fit.check_bias,
        ),
    ),
    nodes=(
        Node("t", "{w} * {x}", number),
        Node("t", "{x} @ {W}", matrix),
        Node("z", "{t} + {b}", lambda layer: bool(layer["bias"])),
    ),
    checks=(_started,),
    positional=("units", "activation"),
    exactly_one=("w", "W", "W.T", "init"),
    weights="Write w: 2 for one number, W: [[...]] for a matrix, or init: he",
    aliases=("linear", "fc"),
)
