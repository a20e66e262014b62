"""What a kind of layer declares: its settings, its parameters with their shapes, its nodes as formula text.

Errors, the JSON Schema and `--layer` flags are made from the declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from backpropcli.language.layers.layer import Layer
    from backpropcli.language.layers.setting import Setting


class Kind(NamedTuple):
    """A kind of layer: `build` adds its parameters and nodes, and gives the name of its output.

    It `wants` its settings, as in `form`, and one of `exactly_one`; in a flag the `positional` ones need no name, as in
    `call`. `aliases` are what it is called elsewhere: used in did-you-mean only.
    """

    name: str
    wants: str
    form: str
    call: str
    settings: tuple[Setting, ...]
    build: Callable[[Layer], str]
    positional: tuple[str, ...] = ()
    exactly_one: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of its settings."""
        return tuple(setting.name for setting in self.settings)

    def setting(self, name: str) -> Setting:
        """The setting of this name."""
        return next(setting for setting in self.settings if setting.name == name)


class Parameter(NamedTuple):
    """A parameter of a layer: its letter (its name is the letter and the layer's number), its setting, its shape."""

    letter: str
    setting: str
    shape: Callable[[Layer], Shape]


class Node(NamedTuple):
    """A node of a layer: its letter, its formula (`{x}` is the layer's input, `{W}` a letter above), its shape."""

    letter: str
    formula: str
    shape: Callable[[Layer], Shape] = lambda layer: layer.shape


def declared(parameters: tuple[Parameter, ...], nodes: tuple[Node, ...]) -> Callable[[Layer], str]:
    """How a layer of these parameters and nodes is built; `activation`, where it is a setting, comes last."""

    def build(layer: Layer) -> str:
        names = {"x": layer.source}
        for parameter in parameters:
            said = layer.said(parameter.letter, parameter.setting)
            shape, wanted = said.shape, parameter.shape(layer)
            if shape != wanted:
                message = f"{said.word} has shape {show_shape(shape)}, but this layer wants {show_shape(wanted)}"
                raise layer.words.error(message, said.path)
            names[parameter.letter] = layer.parameter(parameter.letter, said.value, said.path)
        output = layer.source
        for node in nodes:
            output = names[node.letter] = layer.node(node.letter, node.formula.format(**names), node.shape(layer))
        return layer.activated(output)

    return build
