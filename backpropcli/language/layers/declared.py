"""A declared layer becomes parameters and nodes: settings and shapes judged, starts found, formulas filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from backpropcli.language.data.deferred import transposed
from backpropcli.language.layers.checks import check_settings
from backpropcli.language.layers.layer import Layer, Said, named
from backpropcli.language.layers.setting import ACTIVATION, BIAS, NAME, SHAPE
from backpropcli.language.layers.starts import initialised, started, whole
from backpropcli.language.made import Turned
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Kind, Node, Parameter, Sizes
    from backpropcli.language.layers.setting import Type

_HOLE = re.compile(r"\{(,| \+)? ?(?:(\w+)=)?(\w*)\}")
"""A sign, the name of an option, and the letter or the setting that it has."""


def build(kind: Kind, layer: Layer) -> str:
    """Add the parameters and nodes of a layer; the name of its output."""
    check_settings(kind, layer)
    if kind.build is not None:
        return kind.build(layer)
    keys: dict[str, str] = {}
    for parameter in kind.parameters:
        if parameter.when(layer) and (not parameter.switch or layer[parameter.switch]):
            keys[parameter.letter] = _add(kind, layer, parameter)
    layer.names.update(kind.words(layer) if kind.words is not None else {})
    output = layer.source
    for node in kind.nodes:
        if node.when(layer):
            own = next((keys[letter] for _, _, letter in _HOLE.findall(node.formula) if keys.get(letter)), "")
            path = (*layer.path, own) if own in layer.written else None
            output = layer.node(node.letter, _filled(layer, node), path)
    return layer.activated(output, kind.keeps)


# Parameters.


def _add(kind: Kind, layer: Layer, parameter: Parameter) -> str:
    """Add a parameter of a layer; the setting that has its value, empty where none has."""
    letter, wanted = parameter.letter, parameter.shape(layer)
    key = next((key for key in parameter.written if key in layer.written), "")
    if f"{letter}{layer.index}" in layer.stack.given:
        said = layer.said(letter, key or parameter.setting)
        said = said._replace(shared=_shared(layer, key))
    elif key:
        said = _written(layer, parameter, key)
    elif "init" in layer.written and not parameter.start:
        layer.parameter(letter, initialised(layer, parameter, wanted))
        return "init"
    elif parameter.start:
        layer.parameter(letter, started(layer, parameter.start, whole(layer, parameter, wanted)))
        return ""
    elif "init" in kind.keys:
        raise layer.error(f"layer {layer.index} has no {parameter.setting}", hint=kind.weights)
    else:
        said = layer.said(letter, parameter.setting)  # which says that it has no value
    (parameter.check or _check_shape(parameter))(layer, said, wanted)
    layer.parameter(letter, said)
    return key or ("init" if not parameter.start and "init" in layer.written else "")


def _shared(layer: Layer, key: str) -> bool:
    """Whether a bias is one number for all units."""
    raw = layer.written.get(key)
    return isinstance(raw, dict) and list(raw) == ["shared"] and layer.settings[key].type is BIAS


def _written(layer: Layer, parameter: Parameter, key: str) -> Said:
    """What a setting says."""
    if _shared(layer, key):
        raw, where = layer.written[key]["shared"], (*layer.path, key, "shared")
        return Said(layer.stack.read(layer.words, raw, key, where), where, key, named(raw, key), shared=True)
    said = layer.said(parameter.letter, key)
    if key != parameter.setting and len(said.shape) == 2:
        return said._replace(value=transposed(said.value), written=Turned(said.written))
    return said


def _check_shape(parameter: Parameter) -> Any:
    """The check of a parameter that has none of its own."""

    def check(layer: Layer, said: Said, wanted: Sizes) -> None:
        shape = said.shape
        if said.shared and not shape:
            return
        if len(shape) != len(wanted) or any(b is not None and a != b for a, b in zip(shape, wanted, strict=True)):
            sizes = "".join([f"{'any' if n is None else n}," for n in wanted])
            shown = show_shape(tuple(n or 0 for n in wanted)) if None not in wanted else f"({sizes.rstrip(',')})"
            message = f"{said.word} has shape {show_shape(shape)}, but this layer wants {shown}"
            axes = parameter.axes[: len(wanted)]
            raise layer.words.error(message, said.path, f"Its axes: {', '.join(axes)}" if axes else "")

    return check


# Nodes.


def _filled(layer: Layer, node: Node) -> str:
    """A node's formula with names and settings in place of its braces."""

    def hole(found: re.Match[str]) -> str:
        between = {None: "", ",": ", ", " +": " + "}[found[1]]
        word = found[3] or found[2]
        option = f"{found[2]}=" if found[2] else ""
        if word in layer.names:
            return f"{between}{option}{layer.names[word]}"
        if word not in layer.settings:
            return ""
        setting = layer.settings[word]
        value = _plain(layer[word], setting.type)
        if found[1] and (value is None or value == setting.default):
            return ""
        return f"{between}{option}{value if setting.type in (NAME, ACTIVATION) else shown(value)}"

    return _HOLE.sub(hole, node.formula)


def _plain(value: Any, type: Type) -> Any:
    """A size that is the same along all axes as one number."""
    return value[0] if isinstance(value, list) and type is not SHAPE and len(set(value)) == 1 else value


def shown(value: Any) -> str:
    """A setting as a formula says it."""
    if isinstance(value, list):
        return f"({', '.join(map(str, value))}{',' * (len(value) == 1)})"
    return repr(value) if isinstance(value, str | bool | float) else str(value)
