"""Whether a layer's settings are what its kind declares, and go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Kind
    from backpropcli.language.layers.layer import Layer


def check_settings(kind: Kind, layer: Layer) -> None:
    """Raise SpecError where settings have the wrong type, are missing, or contradict each other or the input."""
    for name in layer.written:
        layer[name]  # one of the wrong type is an error
    for name in kind.required:
        if name not in layer.written:
            raise layer.error(f"layer {layer.index} has no {name}", hint=f"Such as {kind.form}")
    _check_parameters(kind, layer)
    _check_weights(kind, layer)
    for check in kind.checks:
        wrong = check(layer)
        if wrong is not None:
            path = (wrong.setting,) if wrong.setting in layer.written else ()
            raise layer.error(wrong.message, *path, hint=wrong.hint)


def _check_parameters(kind: Kind, layer: Layer) -> None:
    """A parameter is written once, and not where a switch leaves it out."""
    for parameter in kind.parameters:
        own = [key for key in parameter.written if key in layer.written]
        if len(own) > 1:
            raise layer.error(f"layer {layer.index} has both {own[0]} and {own[1]}", own[1], key=True)
        if own and parameter.switch and not layer[parameter.switch]:
            raise layer.error(f"this layer has {own[0]} and {parameter.switch}: false", own[0], key=True)


def _check_weights(kind: Kind, layer: Layer) -> None:
    """Weights are written, or start by an initialiser: one of both."""
    startless = [parameter.setting for parameter in kind.parameters if not parameter.start and parameter.when(layer)]
    if "init" in layer.written and not kind.exactly_one and all(map(layer.written_somehow, startless)):
        raise layer.error(f"layer {layer.index} has init, but all its weights are written", "init", key=True)
    given = [key for key in kind.exactly_one if key in layer.written]
    if kind.exactly_one and not given:
        raise layer.error(f"layer {layer.index} has no weights", hint=kind.weights)
    if len(given) > 1:
        raise layer.error(f"layer {layer.index} has both {given[0]} and {given[1]}", given[1], key=True)
    if "seed" in layer.written and "init" in kind.keys and "init" not in layer.written:
        raise layer.error("seed belongs to init", "seed", key=True)
