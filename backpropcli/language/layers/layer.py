"""One layer on its way to parameters and nodes, and the network that it joins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import FormulaError, OperationError
from backpropcli.graph import Graph, Kind
from backpropcli.language.data.initialisers import NAMED, OPTIONS
from backpropcli.language.file.places import Key
from backpropcli.language.file.sections import DATA, article
from backpropcli.language.file.words import Words
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.reading import read_formula
from backpropcli.language.layers.activation import Activation, read_activation
from backpropcli.language.made import placed
from backpropcli.ops.definition import Value
from backpropcli.ops.shape import show_shape
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.errors import SpecError
    from backpropcli.language.layers.setting import Setting
    from backpropcli.ops.shape import Shape

Read = Callable[[Words, Any, str, Key], Value]
"""Reads what is written at a path as a value: `data.values.plan_value`."""
LINEAR = Activation("linear", "")


class Said(NamedTuple):
    """A parameter as it was given: its value, where that is written, and the word for it there (`W`, or `W1`).

    `written` is what stands there, as plain data that means the same for a parameter of any name. A `shared` bias is
    one number for all units.
    """

    value: Value
    path: Key
    word: str
    written: Any = None
    shared: bool = False

    @property
    def shape(self) -> Shape:
        """The shape of its value."""
        return shape_of(self.value)


class Lowered(NamedTuple):
    """What the layers become: parameters and nodes by name, each with the path of what it comes from.

    `written` is what a parameter says as plain data, where its path says something else; `losses` are the formulas of
    loss functions that are terms of a sum.
    """

    parameters: dict[str, tuple[Value, Key]]
    nodes: dict[str, tuple[str, Key]]
    written: dict[str, Any]
    losses: list[str]


class Stack:
    """The layers so far: what they have become, the last one's `output`, and its activation.

    `given` has parameters that take the place of what layers say (`-p W1=...`), each with its path. Shapes are those
    that the formulas have, which are lowered as they come.
    """

    def __init__(
        self,
        words: Words,
        data: Mapping[str, Value],
        given: Mapping[str, tuple[Value, Key]],
        read: Read,
        functions: Any,
    ) -> None:
        self.words = words
        self.data = data
        self.given = given
        self.read = read
        self.graph = Graph()
        self.values = dict(data)
        self.lowering = Lowering(self.graph, functions, None, self.values)
        self.shapes: dict[str, Shape] = {}
        for name, value in data.items():
            self._know(name, value, _kind(words, name))
        self.result = Lowered({}, {}, {}, [])
        self.through_time: dict[str, str] = {}
        self.output = ""
        self.activation = LINEAR

    def _know(self, name: str, value: Value, kind: Kind = "parameter") -> None:
        self.shapes[name] = shape_of(value)
        self.values[name] = value
        self.graph.add_data(name, kind, self.shapes[name])

    def add_parameter(self, name: str, value: Value, path: Key, maker: str, written: Any = None) -> str:
        """A parameter that a layer makes, which is `written` so where its path says something else."""
        self._check_free(name, path, f"{maker} makes a parameter")
        self.result.parameters[name] = (value, path)
        if written is not None and path[0] != "parameters":
            self.result.written[name] = written
        self._know(name, value)
        return name

    def add_node(self, name: str, formula: str, path: Key, maker: str) -> str:
        """A node that a layer, or the loss, makes."""
        self._check_free(name.partition("[")[0], path, f"{maker} makes a node")
        self.result.nodes[name] = (formula, path)
        if "[" in name:
            self.through_time[name] = formula
            return name
        if self.through_time:
            self._add_recurrences()
        try:
            self.lowering.node(name, read_formula(formula, self.graph.nodes), formula, path)
        except (FormulaError, OperationError) as error:
            raise placed(self.words, error, name, formula, path) from None
        self.shapes[name] = self.graph.shape(name)
        return name

    def _add_recurrences(self) -> None:
        """The nodes with subscripts that have come, all of them at once: they need each other."""
        from backpropcli.language.recurrence.misplaced import MisplacedError
        from backpropcli.language.recurrence.network import add
        from backpropcli.language.recurrence.outside import Outside

        paths = {key: self.result.nodes[key][1] for key in self.through_time}
        trees = {key: read_formula(formula, self.graph.nodes) for key, formula in self.through_time.items()}
        known = [*self.graph.nodes, *(key.partition("[")[0] for key in trees)]
        try:
            made = add(Outside(self.lowering, self.through_time, paths), trees, known)
        except MisplacedError as error:
            key = error.key
            raise placed(self.words, error.error, key, self.through_time[key], paths[key]) from None
        self.shapes.update((name, self.graph.shape(name)) for name in made.rows)
        self.through_time = {}

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
        self.names: dict[str, str] = {"x": self.source}
        """What each letter stands for."""

    def __getitem__(self, name: str) -> Any:
        return self.setting(name)

    def of(self, letter: str) -> Shape:
        """The shape of a parameter or a node of this layer."""
        return self.stack.shapes[self.names[letter]]

    def gives(self, setting: str, letter: str = "") -> bool:
        """Whether somebody says the value of a parameter: here, or in a flag."""
        known = (setting, f"{setting}.T")
        return any(key in self.written for key in known) or f"{letter or setting}{self.index}" in self.stack.given

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

    def written_somehow(self, setting: str) -> bool:
        """Whether a parameter is written, this way round or the other."""
        return setting in self.written or f"{setting}.T" in self.written

    @property
    def outputs(self) -> list[str]:
        """The inputs, and what the layers so far have made."""
        made = (name.partition("[")[0] for name in self.stack.result.nodes)
        return list(dict.fromkeys([*self.words.sections.get("inputs", {}), *made]))

    def _source(self) -> str:
        """The name that feeds this layer: `input`, or the layer before, or the network's only input."""
        known = self.outputs
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

    def parameter(self, letter: str, said: Said) -> str:
        """Add the parameter of this letter; its name."""
        name = f"{letter}{self.index}"
        self.names[letter] = self.stack.add_parameter(name, said.value, said.path, self.maker, said.written)
        return name

    def node(self, letter: str, formula: str, path: Key | None = None) -> str:
        """Add the node of this letter, which is written at `path`; its name."""
        path = self.path if path is None else path
        letter, bracket, subscript = letter.partition("[")
        self.names[letter] = f"{letter}{self.index}"
        self.stack.add_node(f"{letter}{self.index}{bracket}{subscript}", formula, path, self.maker)
        return self.names[letter]

    @property
    def maker(self) -> str:
        """What messages call it."""
        return f"layer {self.index}"

    def activated(self, name: str, keeps: bool = False) -> str:
        """The name of the layer's output: of `name`, behind its activation where it says one."""
        written = self.written.get("activation")
        if written is None:
            self.stack.activation = self.stack.activation if keeps else LINEAR
            return name
        found = read_activation(written, self.words.sections.get("functions", {}))
        if not isinstance(found, Activation):
            raise self.error(found[0], "activation", hint=found[1])
        self.stack.activation = found
        path = (*self.path, "activation")
        output = self.node("a", found.formula(name), path)
        given, wanted = self.stack.shapes[output], self.stack.shapes[name]
        if given != wanted:
            function = found.formula(name).split("(")[0]
            raise self.words.error(
                f"{function} gives the shape {show_shape(given)}, but layer {self.index} has the shape "
                f"{show_shape(wanted)}",
                path,
                "An activation gives one number for each that it takes.",
            )
        return output


def _kind(words: Words, name: str) -> Kind:
    """What a name of the data is."""
    if name in words.sections.get("inputs", {}):
        return "input"
    return "target" if name in words.sections.get("targets", {}) else "parameter"


def named(raw: Any, word: str) -> Any:
    """What is written as plain data; an initialiser that goes by the name says which: a layer's own word."""
    if isinstance(raw, dict) and NAMED not in raw and any("seed" in OPTIONS.get(kind, ()) for kind in raw):
        return {**raw, NAMED: word}
    return raw


def shape_of(value: Value) -> Shape:
    """The shape of a float or an array."""
    return () if isinstance(value, float) else tuple(value.shape)
