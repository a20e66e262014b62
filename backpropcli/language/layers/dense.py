"""Layers are shorthand: `dense` becomes parameters and nodes in formula text; there is one graph and one engine.

Layer k of x, with weights `w: 2` (a number) or `W: [[...]]` (rows: inputs, columns: units; `W.T:` the other way round):

    t1: w1 * x   or   x @ W1
    z1: t1 + b1           no such row with `bias: false`
    a1: relu(z1)          no such row without an activation; `activation: linear` gives a1: z1

What is written is what there is: the layer's output is its last row. A bias that is not mentioned starts at 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from backpropcli.errors import SpecError
from backpropcli.language.data.deferred import transposed, waiting
from backpropcli.language.data.initialisers import OPTIONS
from backpropcli.language.data.values import plan_value, read_option, read_value
from backpropcli.language.file.places import Key
from backpropcli.language.file.schema import DATA, article
from backpropcli.language.file.words import Words
from backpropcli.language.layers.activation import Activation, read_activation
from backpropcli.language.layers.loss import Output, lower_loss
from backpropcli.ops.definition import Shape, Value, show_shape
from backpropcli.suggest import did_you_mean

KEYS = ("units", "activation", "w", "W", "W.T", "b", "bias", "init", "seed", "input")
_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class Lowered(NamedTuple):
    """What the layers become: parameters and nodes by name, each with the path of what it comes from.

    `outputs` has the shape that each activation has to keep, and the number of its layer.
    """

    parameters: dict[str, tuple[Value, Key]]
    nodes: dict[str, tuple[str, Key]]
    outputs: dict[str, tuple[Shape, int]]


def shape_of(value: Value) -> Shape:
    """The shape of a float or an array."""
    return () if isinstance(value, float) else tuple(value.shape)


def lower_layers(
    words: Words, data: dict[str, Value], loss: Any, given: Mapping[str, tuple[Value, Key]] = MappingProxyType({})
) -> Lowered:
    """The parameters and nodes of `layers:` and, where `loss` names a loss function, of the loss.

    `given` has parameters that take the place of what the layers say (`-p W1=...`), each with its path.
    """
    return _Lowering(words, data, given).run(words.sections.get("layers") or [], loss)


class _Said(NamedTuple):
    """A parameter as it was given: its value, where that is written, and the word for it there (`W`, or `W1`)."""

    value: Value
    path: Key
    word: str


class _Lowering:
    def __init__(self, words: Words, data: dict[str, Value], given: Mapping[str, tuple[Value, Key]]) -> None:
        self.words = words
        self.given = given
        self.data = data
        self.shapes = {name: shape_of(value) for name, value in data.items()}
        self.result = Lowered({}, {}, {})
        self.output = ""
        self.activation = Activation("linear", "")
        self.index = 0
        self.path: Key = ()
        self.layer: dict[str, Any] = {}

    def run(self, layers: list[Any], loss: Any) -> Lowered:
        for number, item in enumerate(layers):
            self.index = number + 1
            self.path, self.layer = self._dense(item, ("layers", number))
            self._lower()
        if loss is not None:
            formula, path = lower_loss(self.words, self.data, self.shapes, Output(self.output, self.activation), loss)
            self._node("J", formula, (), path)
        return self.result

    def error(self, message: str, *path: str | int, hint: str = "", key: bool = False) -> SpecError:
        return self.words.error(message, (*self.path, *path), hint, key=key)

    # One layer.

    def _dense(self, item: Any, path: Key) -> tuple[Key, dict[str, Any]]:
        words = self.words
        form = "- dense: {units: 1, activation: relu, w: 2, b: 0}"
        if not isinstance(item, dict) or len(item) != 1:
            if item == "dense" or (isinstance(item, dict) and "dense" in item and item["dense"] is None):
                raise words.error("a dense layer wants its units and weights", path, form)
            raise words.error("a layer is a name and its settings", path, form)
        (kind,) = item
        if kind != "dense":
            near = ". Did you mean dense?" if kind.lower() in ("linear", "fc") else did_you_mean(kind, ["dense"])
            raise words.error(f"unknown layer: {kind}{near}", (*path, kind), "There is: dense.", key=True)
        settings = item[kind]
        if not isinstance(settings, dict):
            raise words.error("a dense layer wants its units and weights", path, form)
        for key in settings:
            if key not in KEYS:
                raise words.error(
                    f"dense has no setting {key}{did_you_mean(key, KEYS)}",
                    (*path, kind, key),
                    f"It has: {', '.join(KEYS)}.",
                    key=True,
                )
        return (*path, kind), settings

    def _lower(self) -> None:
        source = self._input()
        formula, shape, weights, path = self._weights(source)
        k = self.index
        self._parameter(*weights)
        name = self._node(f"t{k}", formula, shape, path)
        name = self._bias(name, shape)
        self.activation = Activation("linear", "")
        if self.layer.get("activation") is not None:
            found = read_activation(self.layer["activation"], self.words.sections.get("functions", {}))
            if not isinstance(found, Activation):
                raise self.error(found[0], "activation", hint=found[1])
            self.activation = found
            name = self._node(f"a{k}", found.formula(name), shape, (*self.path, "activation"))
            self.result.outputs[name] = shape, k
        self.output = name

    def _input(self) -> str:
        """The name that feeds this layer."""
        known = [*self.words.sections.get("inputs", {}), *self.result.nodes]
        written = self.layer.get("input")
        if written is not None:
            if written not in known:
                raise self.error(
                    f"layer {self.index}: no input or layer output is called {written}"
                    f"{did_you_mean(str(written), known)}",
                    "input",
                    hint=f"There is: {', '.join(known[:20])}",
                )
            return str(written)
        if self.output:
            return self.output
        if not known:
            raise self.error("the layers have no input", hint="Write inputs: {x: ...}")
        if len(known) > 1:
            raise self.error(
                f"layer {self.index}: which is its input, {' or '.join(known[:5])}?", hint=f"Write input: {known[0]}"
            )
        return str(known[0])

    def _weights(self, source: str) -> tuple[str, Shape, tuple[str, Value, Key], Key]:
        """The formula of t, its shape, the weights (name, value, path) and the path of what was written."""
        given = [key for key in ("w", "W", "W.T", "init") if key in self.layer]
        if len(given) != 1:
            if not given:
                raise self.error(
                    f"layer {self.index} has no weights",
                    hint="Write w: 2 for one number, W: [[...]] for a matrix, or init: he",
                )
            raise self.error(f"layer {self.index} has both {given[0]} and {given[1]}", given[1], key=True)
        key = given[0]
        if "seed" in self.layer and key != "init":
            raise self.error("seed belongs to init", "seed", key=True)
        shape = self.shapes[source]
        if key == "init":
            return self._initialised(source, shape)
        name = f"{key[0]}{self.index}"
        said = self._said(name, key)
        path = (*self.path, key)
        if key == "w":
            self._check_number(source, shape, said)
            return f"{name} * {source}", shape, (name, said.value, said.path), path
        if said.word == "W.T" and len(shape_of(said.value)) == 2:
            said = said._replace(value=transposed(said.value))
        self._check_matrix(source, shape, said)
        return f"{source} @ {name}", (*shape[:-1], said.value.shape[1]), (name, said.value, said.path), path

    def _said(self, name: str, key: str) -> _Said:
        """The parameter `name`, from a flag or from the layer's own `key`."""
        if name in self.given:
            return _Said(*self.given[name], name)
        path = (*self.path, key)
        return _Said(plan_value(self.words, self.layer[key], key, path), path, key)

    def _units(self, otherwise: int | None = None) -> int:
        units = self.layer.get("units", otherwise)
        if type(units) is not int or units < 1:
            if units is None:
                raise self.error(f"layer {self.index} has no units", hint="Write units: and how many there are.")
            raise self.error("units wants a whole number from 1", "units")
        return units

    def _check_number(self, source: str, shape: Shape, said: _Said) -> None:
        """`w`: one number, one unit, one feature."""
        words, w, found = self.words, said.word, shape_of(said.value)
        if found:
            column = f":  W: {[[v] for v in _plain(said.value)]}" if len(found) == 1 and found[0] <= 4 else "."
            raise words.error(
                f"{w} is one number, but here it has shape {show_shape(found)}",
                said.path,
                f"A matrix is written W (rows: inputs, columns: units){column}",
            )
        if (units := self._units(1)) != 1:
            raise words.error(
                f"{w} is one number, but this layer has {units} units",
                said.path,
                "Write W: one row an input, one column a unit.",
            )
        features = shape[-1] if shape else 1
        if features == 1:
            return
        message = f"layer {self.index} gets {features} features, but {w} is one number"
        if len(shape) == 1 and source in self.data:
            value = self.data[source]
            column = f"{[[v] for v in _plain(value)]}" if features <= 4 else "[[..], [..]]"
            count = _COUNTS[features] if features <= 10 else str(features)
            raise words.error(
                message,
                ("inputs", source),
                f"{count.capitalize()} examples of one feature:  {source}: {column}\n"
                f"One example of {count} features:  W: [[..], [..]] ({features} inputs, 1 unit)",
            )
        raise words.error(message, said.path, f"Write W with {features} rows (inputs) and 1 column (unit).")

    def _check_matrix(self, source: str, shape: Shape, said: _Said) -> None:
        """`W`: two axes, as many rows as there are features, as many columns as units."""
        words, W, path, found = self.words, said.word, said.path, shape_of(said.value)
        own = path[0] == "layers"
        turned = "If your rows are units, write W.T:" if own else f"Transposed, {W} fits."
        if not found:
            raise words.error(
                f"{W} is a matrix, but here it is one number",
                path,
                "One number is written w: 2" if own else "It has one row an input, one column a unit.",
            )
        if len(found) != 2:
            raise words.error(
                f"{W} is a matrix, but here it has shape {show_shape(found)}",
                path,
                f"{W}: [[..], [..]] has one row an input and one column a unit.",
            )
        rows, columns = found
        if not shape:
            where: Key = ("inputs", source) if source in self.data else path
            raise words.error(
                f"{source} is one number, but {W} is a matrix",
                where,
                f"Write {source}: [..] for a list of features, or w: for one weight.",
            )
        features, units = shape[-1], self._units(columns)
        if rows == features and columns == units:
            return
        if W != "W.T" and (columns, rows) == (features, units):
            raise words.error(
                f"{W} has {rows} rows and {columns} columns, but this layer has {features} inputs and {units} units",
                path,
                turned,
            )
        counted = "columns" if W == "W.T" else "rows"
        if rows != features:
            message = f"layer {self.index} gets {_count(features, 'feature')}, but {W} has {_count(rows, counted[:-1])}"
            if W != "W.T" and columns == features and self.layer.get("units", rows) == rows:
                raise words.error(message, path, turned)
            column = f"\nOne feature in each example:  {source}: [[..], [..]]" if len(shape) == 1 and rows == 1 else ""
            raise words.error(message, path, f"{W} has one {counted[:-1]} an input.{column}")
        counted = "row" if W == "W.T" else "column"
        raise words.error(
            f"{W} has {_count(columns, counted)}, but this layer has {_count(units, 'unit')}",
            path,
            f"{W} has one {counted} a unit.",
        )

    def _initialised(self, source: str, shape: Shape) -> tuple[str, Shape, tuple[str, Value, Key], Key]:
        units, written = self._units(), self.layer["init"]
        path = (*self.path, "init")
        settings: dict[str, Any] = {}
        if isinstance(written, dict) and len(written) == 1:
            ((written, inner),) = written.items()
            if not isinstance(inner, dict | None):
                setting = next(iter(OPTIONS.get(written, {"std": 1})), "seed")
                raise self.words.error(
                    f"init: the settings of {written} have names",
                    (*path, written),
                    f"Such as init: {{{written}: {{{setting}: 0.1}}}}",
                )
            settings = dict(inner or {})
        if not isinstance(written, str):
            raise self.error("init wants the name of an initialiser", "init", hint="Such as init: he, or init: glorot")
        if written not in OPTIONS:
            raise self.error(
                f"unknown initialiser: {written}{did_you_mean(written, OPTIONS)}",
                "init",
                hint=f"There is: {', '.join(OPTIONS)}",
            )
        if "seed" in self.layer:
            settings["seed"] = read_option(self.words, self.layer["seed"], "seed", (*self.path, "seed"))
        scalar = not shape and units == 1
        if not shape and not scalar:
            raise self.words.error(
                f"{source} is one number, but this layer has {units} units",
                path,
                f"Write {source}: [..] for a list of features.",
            )
        name = f"{'w' if scalar else 'W'}{self.index}"
        size = [1] if scalar else [shape[-1], units]
        if name not in self.given:
            value = plan_value(self.words, {written: size, **settings}, name, path)
            value = float(value[0]) if scalar else value
        else:
            said = self._said(name, "init")
            (self._check_number if scalar else self._check_matrix)(source, shape, said)
            value, path = said.value, said.path
        formula = f"{name} * {source}" if scalar else f"{source} @ {name}"
        return formula, shape if scalar else (*shape[:-1], units), (name, value, path), (*self.path, "init")

    def _bias(self, t: str, shape: Shape) -> str:
        """Add b and z; the name of z, or of t where there is no bias."""
        bias, k = self.layer.get("bias", True), self.index
        if not isinstance(bias, bool):
            raise self.error("bias is true or false", "bias", hint="Its value is written b:")
        if not bias:
            if "b" in self.layer:
                raise self.error("this layer has b and bias: false", "b", key=True)
            return t
        units = 1 if "w" in self.layer or not shape else shape[-1]
        said: _Said
        if f"b{k}" in self.given:
            said = _Said(*self.given[f"b{k}"], f"b{k}")
            self._check_bias(shape, units, said, "shared" if _shared(self.layer.get("b")) else "")
        elif "b" in self.layer:
            said = self._read_bias(shape, units)
        else:
            start = 0.0 if units == 1 and ("w" in self.layer or not shape) else _zeros(units)
            said = _Said(start, self.path, "b")
        self._parameter(f"b{k}", said.value, said.path)
        return self._node(f"z{k}", f"{t} + b{k}", shape, (*self.path, "b") if "b" in self.layer else self.path)

    def _read_bias(self, shape: Shape, units: int) -> _Said:
        raw, path = self.layer["b"], (*self.path, "b")
        if _shared(raw):
            said = _Said(read_value(self.words, raw["shared"], "b", (*path, "shared")), (*path, "shared"), "b")
        else:
            said = _Said(plan_value(self.words, raw, "b", path), path, "b")
        self._check_bias(shape, units, said, "shared" if _shared(raw) else "")
        return said._replace(path=path)

    def _check_bias(self, shape: Shape, units: int, said: _Said, shared: str) -> None:
        words, b, value, found = self.words, said.word, said.value, shape_of(said.value)
        own = b == "b"
        if shared:
            if found:
                raise words.error("a shared bias is one number", said.path)
            return
        if not found:
            if units > 1:
                whole = int(value) if value % 1 == 0 and abs(value) < 1e15 else value
                several = f"[{', '.join([f'{whole}'] * min(units, 4))}]"
                if units > 4:
                    several = f"{{full: [{units}], value: {value:g}}}"
                count = _COUNTS[units].capitalize() if units <= 10 else str(units)
                hint = f"{count + ' biases that start equal:':<31}{b}{': ' if own else '='}{several}"
                if own:
                    hint += (
                        f"\nOne bias shared by all units:  b: {{shared: {value:g}}}   "
                        f"(dJ/db{self.index} is then the sum)"
                    )
                raise words.error(f"{b} is one number, but this layer has {units} units", said.path, hint)
            return
        if not shape:
            raise words.error(
                f"{b} is a list, but this layer computes one number",
                said.path,
                f"Write {b}{':' if own else '='} and one number.",
            )
        if found != (units,):
            raise words.error(
                f"{b} has shape {show_shape(found)}, but this layer has {_count(units, 'unit')}",
                said.path,
                f"{b} is a list of one number a unit.",
            )

    # Adding names.

    def _free(self, name: str, path: Key, what: str) -> None:
        for section in (*DATA, "nodes"):
            if name in self.words.sections.get(section, {}):
                maker = f"layer {self.index}" if path[0] == "layers" else "the loss"
                kind = article(section)
                raise self.words.error(
                    f"{name} is {kind}, and {maker} makes {what} {name}",
                    (section, name),
                    f"Give the {kind.split()[1]} another name.",
                    key=True,
                )

    def _parameter(self, name: str, value: Value, path: Key) -> None:
        self._free(name, path, "a parameter")
        self.result.parameters[name] = (value, path)
        self.shapes[name] = shape_of(value)

    def _node(self, name: str, formula: str, shape: Shape, path: Key) -> str:
        self._free(name, path, "a node")
        self.result.nodes[name] = (formula, path)
        self.shapes[name] = shape
        return name


def _shared(raw: Any) -> bool:
    """Whether `b:` says `{shared: 0}`."""
    return isinstance(raw, dict) and list(raw) == ["shared"]


def _zeros(units: int) -> Value:
    from backpropcli.language.data.initialisers import initialise

    return waiting((units,), lambda: initialise("zeros", (units,), "", {}))


def _plain(value: Value) -> list[Any]:
    """A vector's numbers as people write them: 1, not 1.0."""
    return [int(v) if v == v // 1 and abs(v) < 1e15 else v for v in value.tolist()]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
