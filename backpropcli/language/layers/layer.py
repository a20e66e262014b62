"""One layer on its way to parameters and nodes, and the network that it joins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.language.data.initialisers import NAMED, OPTIONS
from backpropcli.language.file.places import Key
from backpropcli.language.file.sections import DATA, article
from backpropcli.language.file.words import Words
from backpropcli.language.layers.activation import Activation, read_activation
from backpropcli.ops.definition import Value
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.errors import SpecError
    from backpropcli.language.layers.setting import Setting
    from backpropcli.ops.shape import Shape

Read = Callable[[Words, Any, str, Key], Value]
"""Reads what is written at a path as a value: `data.values.plan_value`."""
LINEAR = Activation("linear", "")


class Turned(NamedTuple):
    """The transposed matrix of what is written."""

    raw: Any


class Said(NamedTuple):
    """A parameter as it was given: its value, where that is written, and the word for it there (`W`, or `W1`).

    `written` is what stands there, as plain data that means the same for a parameter of any name.
    """

    value: Value
    path: Key
    word: str
    written: Any = None

    @property
    def shape(self) -> Shape:
        """The shape of its value."""
        return shape_of(self.value)


class Lowered(NamedTuple):
    """What the layers become: parameters and nodes by name, each with the path of what it comes from.

    `outputs` has the shape that each activation has to keep, and the number of its layer; `written` is what a parameter
    says as plain data, where its path says something else.
    """

    parameters: dict[str, tuple[Value, Key]]
    nodes: dict[str, tuple[str, Key]]
    outputs: dict[str, tuple[Shape, int]]
    written: dict[str, Any]


class Stack:
    """The layers so far: what they have become, the last one's `output`, and its activation.

    `given` has parameters that take the place of what layers say (`-p W1=...`), each with its path.
    """

    def __init__(
        self, words: Words, data: Mapping[str, Value], given: Mapping[str, tuple[Value, Key]], read: Read
    ) -> None:
        self.words = words
        self.data = data
        self.given = given
        self.read = read
        self.shapes = {name: shape_of(value) for name, value in data.items()}
        self.result = Lowered({}, {}, {}, {})
        self.output = ""
        self.activation = LINEAR

    def add_parameter(self, name: str, value: Value, path: Key, maker: str) -> str:
        """A parameter that a layer makes."""
        self._check_free(name, path, f"{maker} makes a parameter")
        self.result.parameters[name] = (value, path)
        self.shapes[name] = shape_of(value)
        return name

    def add_node(self, name: str, formula: str, shape: Shape, path: Key, maker: str) -> str:
        """A node that a layer, or the loss, makes."""
        self._check_free(name, path, f"{maker} makes a node")
        self.result.nodes[name] = (formula, path)
        self.shapes[name] = shape
        return name

    def _check_free(self, name: str, path: Key, makes: str) -> None:
        for section in (*DATA, "nodes"):
            if name in self.words.sections.get(section, {}):
                kind = article(section)
                hint = f"Give the {kind.split()[1]} another name."
                raise self.words.error(f"{name} is {kind}, and {makes} {name}", (section, name), hint, key=True)


class Layer:
    """One layer: its number from 1, its `written` settings and where they stand, and the `source` that feeds it."""

    def __init__(
        self, stack: Stack, settings: Iterable[Setting], index: int, path: Key, written: Mapping[str, Any]
    ) -> None:
        self.stack = stack
        self.words = stack.words
        self.settings = {setting.name: setting for setting in settings}
        self.index = index
        self.path = path
        self.written = written
        self.source = self._source()
        self.shape = stack.shapes[self.source]

    def error(self, message: str, *path: str | int, hint: str = "", key: bool = False) -> SpecError:
        """An error about the layer, or about one of its settings."""
        return self.words.error(message, (*self.path, *path), hint, key=key)

    def setting(self, name: str, default: Any = None) -> Any:
        """What a setting says, checked; else its default."""
        setting = self.settings[name]
        if name not in self.written:
            return setting.default if default is None else default
        raw = self.written[name]
        if not setting.type.fits(raw):
            raise self.error(f"{name} {setting.type.wants}", name, hint=setting.hint)
        return raw

    def said(self, letter: str, key: str) -> Said:
        """The parameter of a letter, from a flag or from the layer's own `key`."""
        name = f"{letter}{self.index}"
        if name in self.stack.given:
            return Said(*self.stack.given[name], name)
        path, raw = (*self.path, key), self.written.get(key)
        return Said(self.stack.read(self.words, raw, key, path), path, key, named(raw, key))

    def _source(self) -> str:
        """The name that feeds this layer: `input`, or the layer before, or the network's only input."""
        known = [*self.words.sections.get("inputs", {}), *self.stack.result.nodes]
        written = self.written.get("input")
        if written is not None and written not in known:
            raise self.error(
                f"layer {self.index}: no input or layer output is called {written}{did_you_mean(str(written), known)}",
                "input",
                hint=f"There is: {', '.join(known[:20])}",
            )
        if written is not None or self.stack.output:
            return str(written or self.stack.output)
        if not known:
            raise self.error("the layers have no input", hint="Write inputs: {x: ...}")
        if len(known) > 1:
            raise self.error(
                f"layer {self.index}: which is its input, {' or '.join(known[:5])}?", hint=f"Write input: {known[0]}"
            )
        return str(known[0])

    # What it becomes.

    def parameter(self, letter: str, value: Value, path: Key, written: Any = None) -> str:
        """Add the parameter of this letter, which is `written` so where its path says something else; its name."""
        name = self.stack.add_parameter(f"{letter}{self.index}", value, path, self._maker(path))
        if written is not None and path[0] == "layers":
            self.stack.result.written[name] = written
        return name

    def node(self, letter: str, formula: str, shape: Shape, path: Key | None = None) -> str:
        """Add the node of this letter, which is written at `path`; its name."""
        path = self.path if path is None else path
        return self.stack.add_node(f"{letter}{self.index}", formula, shape, path, self._maker(path))

    def _maker(self, path: Key) -> str:
        return f"layer {self.index}" if path[0] == "layers" else "the loss"

    def activated(self, name: str) -> str:
        """The name of the layer's output: of `name`, behind its activation where it says one."""
        self.stack.activation = LINEAR
        written = self.written.get("activation")
        if written is None:
            return name
        found = read_activation(written, self.words.sections.get("functions", {}))
        if not isinstance(found, Activation):
            raise self.error(found[0], "activation", hint=found[1])
        self.stack.activation = found
        shape = self.stack.shapes[name]
        output = self.node("a", found.formula(name), shape, (*self.path, "activation"))
        self.stack.result.outputs[output] = shape, self.index
        return output


def named(raw: Any, word: str) -> Any:
    """What is written as plain data; an initialiser that goes by the name says which: a layer's own word."""
    if isinstance(raw, dict) and NAMED not in raw and any("seed" in OPTIONS.get(kind, ()) for kind in raw):
        return {**raw, NAMED: word}
    return raw


def shape_of(value: Value) -> Shape:
    """The shape of a float or an array."""
    return () if isinstance(value, float) else tuple(value.shape)
