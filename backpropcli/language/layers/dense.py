"""A dense layer: layer k of x, with weights `w: 2` (a number) or `W: [[...]]` (rows: inputs, columns: units).

    t1: w1 * x   or   x @ W1      `W.T:` has the weights the other way round
    z1: t1 + b1                   no such row with `bias: false`
    a1: relu(z1)                  no such row without an activation; `activation: linear` gives a1: z1

A bias that is not mentioned starts at 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.language.data.deferred import transposed, waiting
from backpropcli.language.data.initialisers import OPTIONS, SHAPED, initialise
from backpropcli.language.layers import fit
from backpropcli.language.layers.kind import Kind
from backpropcli.language.layers.layer import Layer, Said, Turned, named
from backpropcli.language.layers.setting import (
    ACTIVATION,
    BIAS,
    COUNT,
    INITIALISER,
    NAME,
    SEED,
    SWITCH,
    VALUE,
    Setting,
)
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

WEIGHTS = ("w", "W", "W.T", "init")
"""The settings that give a layer its weights: one of them."""


class Weights(NamedTuple):
    """The weights: `w` for one number or `W` for a matrix, from which setting, their value and path.

    They are `written` so, where the path says something else.
    """

    letter: str
    key: str
    value: Value
    path: Key
    written: Any = None


def build(layer: Layer) -> str:
    """Add the parameters and nodes of a dense layer; the name of its output."""
    weights = _weights(layer)
    number = weights.letter == "w"
    shape: Shape = layer.shape if number else (*layer.shape[:-1], weights.value.shape[1])
    name = layer.parameter(weights.letter, weights.value, weights.path, weights.written)
    formula = f"{name} * {layer.source}" if number else f"{layer.source} @ {name}"
    t = layer.node("t", formula, shape, (*layer.path, weights.key))
    return layer.activated(_biased(layer, t, shape))


def _weights(layer: Layer) -> Weights:
    """The weights, from the one setting that has them."""
    given = [key for key in WEIGHTS if key in layer.written]
    if not given:
        hint = "Write w: 2 for one number, W: [[...]] for a matrix, or init: he"
        raise layer.error(f"layer {layer.index} has no weights", hint=hint)
    if len(given) > 1:
        raise layer.error(f"layer {layer.index} has both {given[0]} and {given[1]}", given[1], key=True)
    key = given[0]
    if key == "init":
        return _initialised(layer)
    if "seed" in layer.written:
        raise layer.error("seed belongs to init", "seed", key=True)
    said = layer.said(key[0], key)
    if said.word == "W.T" and len(said.shape) == 2:
        said = said._replace(value=transposed(said.value))
    found = _fitting(layer, key[0], key, said)
    return found._replace(written=Turned(said.written) if said.word == "W.T" else said.written)


def _fitting(layer: Layer, letter: str, key: str, said: Said) -> Weights:
    """Weights that somebody wrote, once they fit."""
    (fit.check_number if letter == "w" else fit.check_matrix)(layer, said)
    return Weights(letter, key, said.value, said.path)


def _initialised(layer: Layer) -> Weights:
    """Weights from an initialiser, or from a flag in its place."""
    units = fit.units(layer)
    kind, settings = _initialiser(layer)
    number = not layer.shape and units == 1
    if not layer.shape and not number:
        message = f"{layer.source} is one number, but this layer has {units} units"
        raise layer.error(message, "init", hint=f"Write {layer.source}: [..] for a list of features.")
    letter = "w" if number else "W"
    name = f"{letter}{layer.index}"
    if name in layer.stack.given:
        return _fitting(layer, letter, "init", layer.said(letter, "init"))
    path = (*layer.path, "init")
    size = [1] if number else [layer.shape[-1], units]
    value = layer.stack.read(layer.words, {kind: size, **settings}, name, path)
    if not number:
        return Weights(letter, "init", value, path, {kind: size, **settings})
    one = float(value[0])
    return Weights(letter, "init", one, path, one if kind in SHAPED else {kind: [], **settings})


def _initialiser(layer: Layer) -> tuple[str, dict[str, Any]]:
    """What `init:` says: the name of an initialiser and its settings, with the layer's seed."""
    written, settings = layer.written["init"], dict[str, Any]()
    if isinstance(written, dict) and len(written) == 1:
        ((written, inner),) = written.items()
        if not isinstance(inner, dict | None):
            setting = next(iter(OPTIONS.get(written, {"std": 1})), "seed")
            hint = f"Such as init: {{{written}: {{{setting}: 0.1}}}}"
            raise layer.error(f"init: the settings of {written} have names", "init", written, hint=hint)
        settings = dict(inner or {})
    if not isinstance(written, str):
        raise layer.error("init wants the name of an initialiser", "init", hint="Such as init: he, or init: glorot")
    if written not in OPTIONS:
        near = did_you_mean(written, OPTIONS)
        raise layer.error(f"unknown initialiser: {written}{near}", "init", hint=f"There is: {', '.join(OPTIONS)}")
    if "seed" in layer.written:
        settings["seed"] = layer.setting("seed")
    return written, settings


def _biased(layer: Layer, t: str, shape: Shape) -> str:
    """Add b and z; the name of z, or of t where there is no bias."""
    if not layer.setting("bias"):
        if "b" in layer.written:
            raise layer.error("this layer has b and bias: false", "b", key=True)
        return t
    one = "w" in layer.written or not shape
    said = _bias(layer, shape, 1 if one else shape[-1], one)
    written = _written(said.value) if said.path == layer.path else said.written
    name = layer.parameter("b", said.value, said.path, written)
    return layer.node("z", f"{t} + {name}", shape, (*layer.path, "b") if "b" in layer.written else None)


def _bias(layer: Layer, shape: Shape, units: int, one: bool) -> Said:
    """The bias as it is given, or zeros; `one` number, or one a unit."""
    raw, path = layer.written.get("b"), (*layer.path, "b")
    shared = isinstance(raw, dict) and list(raw) == ["shared"]
    if f"b{layer.index}" in layer.stack.given:
        said = layer.said("b", "b")
    elif "b" not in layer.written:
        return Said(0.0 if one else _zeros(units), layer.path, "b")
    elif isinstance(raw, dict) and shared:
        where = (*path, "shared")
        said = Said(layer.stack.read(layer.words, raw["shared"], "b", where), where, "b", named(raw["shared"], "b"))
    else:
        said = layer.said("b", "b")
    fit.check_bias(layer, shape, units, said, shared)
    return said if said.word != "b" else said._replace(path=path)


def _written(zeros: Value) -> Any:
    """How biases that nobody mentions are written."""
    if isinstance(zeros, float):
        return 0
    (units,) = zeros.shape
    return [0] * units if units <= fit.FEW else {"zeros": [units]}


def _zeros(units: int) -> Value:
    return waiting((units,), lambda: initialise("zeros", (units,), "", {}))


DENSE = Kind(
    name="dense",
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
        Setting("bias", SWITCH, "Whether there are biases.", default=True, hint="Its value is written b:"),
        Setting("init", INITIALISER, "How the weights start, as he."),
        Setting("seed", SEED, "The seed of the initialiser."),
        Setting("input", NAME, "What feeds the layer, where it is not the layer before."),
    ),
    build=build,
    positional=("units", "activation"),
    exactly_one=WEIGHTS,
    aliases=("linear", "fc"),
)
