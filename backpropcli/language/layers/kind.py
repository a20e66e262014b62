"""What a kind of layer declares: its settings, its parameters with their shapes, its nodes as formula text.

Errors, the JSON Schema, `--layer` flags, `--lowered`, the guide's tables and the tests are made from the declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from backpropcli.language.layers.layer import Layer, Said
    from backpropcli.language.layers.setting import Setting
    from backpropcli.ops.shape import Shape

Sizes = tuple[int | None, ...]
"""A shape of which not every size is known: what is written has it."""


def always(layer: Layer) -> bool:
    """Whatever the settings say."""
    return True


class Parameter(NamedTuple):
    """A parameter of a layer: its name is the letter and the layer's number, its setting the letter where none is said.

    `axes` names what each axis counts, by a setting's name where one says it. What nobody writes starts as `start` says
    ("zeros", "ones"), else by `init:`, whose `fans` (fan_in, fan_out) are rows and columns where nothing else is said.
    `switch` is the setting that leaves it out. One that may be `turned` is written the other way round as W.T. `check`
    tells what does not fit: it gets what was given, and the shape that it should have.
    """

    letter: str
    setting: str
    shape: Callable[[Layer], Sizes]
    help: str = ""
    axes: tuple[str, ...] = ()
    start: str = ""
    when: Callable[[Layer], bool] = always
    switch: str = ""
    turned: bool = False
    fans: Callable[[Layer, Shape], tuple[int, int]] | None = None
    check: Callable[[Layer, Said, Sizes], None] | None = None

    @property
    def written(self) -> tuple[str, ...]:
        """The settings that may have its value."""
        return (self.setting, f"{self.setting}.T") if self.turned else (self.setting,)


class Node(NamedTuple):
    """A node of a layer: its letter, and its formula with names in braces.

    `{x}` is the layer's input, `{W}` a letter above or a setting. `{, b}`, `{, bias=b}` and `{ + b}` have their sign
    with them, and are nothing where there is no b; `{, stride=}` is the option of that name where it is not the
    setting's default. The letter of a node through time has its subscript: h[0], h[t].
    """

    letter: str
    formula: str
    when: Callable[[Layer], bool] = always


class Wrong(NamedTuple):
    """What a check has found: a message, the setting that it is about (where that is written), and a hint."""

    message: str
    setting: str = ""
    hint: str = ""


Check = Callable[["Layer"], Wrong | None]


class Kind(NamedTuple):
    """A kind of layer, which `help` describes in one line.

    It `wants` its settings, as in `form`, and one of `exactly_one` (`weights` is the hint where there is none); in a
    flag the `positional` ones need no name, as in `call`, and the first needs none in a file where it may stand
    `alone`. `aliases` are what it is called elsewhere: used in did-you-mean only. One that `keeps` its numbers leaves
    the last activation what it was. Its `form` takes an input of the shape `on`. `words`
    are further ones that formulas have in braces.
    """

    name: str
    wants: str
    form: str
    call: str
    settings: tuple[Setting, ...]
    parameters: tuple[Parameter, ...] = ()
    nodes: tuple[Node, ...] = ()
    checks: tuple[Check, ...] = ()
    words: Callable[[Layer], Mapping[str, str]] | None = None
    positional: tuple[str, ...] = ()
    exactly_one: tuple[str, ...] = ()
    weights: str = ""
    aliases: tuple[str, ...] = ()
    help: str = ""
    on: Shape = (2, 3)
    alone: bool = False
    keeps: bool = False
    build: Callable[[Layer], str] | None = None
    """What builds it instead, where it is no layer of this room: a block."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of its settings."""
        return tuple(setting.name for setting in self.settings)

    @property
    def required(self) -> tuple[str, ...]:
        """The settings that have to be written."""
        return tuple(setting.name for setting in self.settings if setting.required)

    @property
    def bare(self) -> bool:
        """Whether its name is enough."""
        return not self.required and not self.exactly_one and all(p.start for p in self.parameters)

    def setting(self, name: str) -> Setting:
        """The setting of this name."""
        return next(setting for setting in self.settings if setting.name == name)
