"""Words to Spec: a file, a text or flags become a graph with values, or one clear error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, FileError, MemoryNeededError, SpecError, UsageError
from backpropcli.language.build import Formulas, shape_of
from backpropcli.language.data.deferred import allowance, ready
from backpropcli.language.data.kept import kept
from backpropcli.language.file import schema
from backpropcli.language.file.document import Document, collector_paused, read, read_string
from backpropcli.language.file.reading import STDIN
from backpropcli.language.file.sections import DATA, article
from backpropcli.language.file.words import Words
from backpropcli.language.flags import Flags
from backpropcli.language.network import Spec

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language.blocks.building import Blocks
    from backpropcli.language.file.places import Key
    from backpropcli.language.layers.kind import Kind
    from backpropcli.language.objective import Term
    from backpropcli.language.override import Overrides
    from backpropcli.ops.definition import Value

DEFAULT = "net.yaml"
NO_FLAGS = Flags()
EXAMPLES = os.path.join(os.path.dirname(__file__), "examples")


def load(path: str | None = None, flags: Flags = NO_FLAGS) -> Spec:
    """The network in a file (`-` is stdin), or in ./net.yaml, or in the flags alone where they build one.

    Raises FileError, SpecError or UsageError.
    """
    if path is None:
        if flags.builds:
            return _spec(Words("the command line", allowed=flags.allow_files), None, flags)
        if not os.path.lexists(DEFAULT):
            raise FileError(
                f"no network to run: there is no {DEFAULT} here",
                hint="Start one:      backprop new            (writes the lecture's net.yaml)\n"
                "Or look first:  backprop run --example lecture",
            )
        path = DEFAULT
    document = read(path)
    folder = "" if path == STDIN else os.path.dirname(path)
    return _spec(Words(document.name, document, folder, flags.allow_files), document, flags)


def loads(text: str, name: str = "the text", flags: Flags = NO_FLAGS, folder: str = "") -> Spec:
    """The network in a string of YAML or JSON; files that it names are looked for in `folder`."""
    document = read_string(text, name)
    return _spec(Words(name, document, folder, flags.allow_files), document, flags)


def example_names() -> list[str]:
    """The networks that come with the package."""
    return sorted(name.removesuffix(".yaml") for name in os.listdir(EXAMPLES) if name.endswith(".yaml"))


def example_text(name: str) -> str:
    """The text of a network that comes with the package; UsageError where there is none of this name."""
    from backpropcli.suggest import did_you_mean

    names = example_names()
    if name not in names:
        raise UsageError(f"there is no example {name}{did_you_mean(name, names)}", hint=f"There is: {', '.join(names)}")
    with open(os.path.join(EXAMPLES, f"{name}.yaml"), encoding="utf-8") as file:
        return file.read()


def example(name: str, flags: Flags = NO_FLAGS) -> Spec:
    """A network that comes with the package."""
    return loads(example_text(name), f"{name}.yaml", flags, EXAMPLES)


def _spec(words: Words, document: Document | None, flags: Flags) -> Spec:
    with collector_paused():
        return _Building(words, document, flags).spec()


class _Building:
    """One network on its way from sections to a graph."""

    def __init__(self, words: Words, document: Document | None, flags: Flags) -> None:
        self.words = words
        self.document = document
        self.flags = flags
        self.kinds: dict[str, str] = {}
        self.values: dict[str, Value] = {}
        self.paths: dict[str, Key] = {}
        self.formulas: dict[str, str] = {}
        self.subscripted: set[str] = set()
        self.functions: Mapping[str, Any] = {}
        self.blocks: Blocks | None = None
        self.written: dict[str, Any] = {}

    def spec(self) -> Spec:
        words, sections = self.words, self.words.sections
        overrides = None
        if self.document is not None:
            schema.check_sections(words, self.document.data)
        if self.flags != NO_FLAGS:
            from backpropcli.language.override import Overrides

            overrides = Overrides(words, self.flags, self.document is not None, _kinds() if self.flags.layers else {})
            overrides.apply()
        if sections.get("functions"):
            from backpropcli.language.functions import read_functions

            self.functions = read_functions(words)
        if sections.get("blocks"):
            from backpropcli.language.blocks.building import Blocks

            self.blocks = Blocks(words, self.functions)
        words.batches = self._in_batches()
        self._read_data()
        self._read_nodes()
        terms = None
        if isinstance(sections.get("loss"), list | dict):
            from backpropcli.language.objective import read_terms

            terms = read_terms(words, self.formulas)
        loss_function = self._loss_function() if terms is None else None
        total = self._lower(loss_function, terms or [], overrides)
        if not self.formulas:
            hint = "Write each formula as a node:\n  nodes:\n    z1: w1 * x + b1"
            raise SpecError(f"{words.source} has no nodes", hint=hint)
        self.values = self._ordered()
        most = allowance(self.flags.memory, words.read)
        formulas, graph = self._judged(most)
        loss, loss_error = self._loss(graph, "J" if loss_function is not None else total)
        expect: tuple[Any, ...] = ()
        if sections.get("expect"):
            from backpropcli.language.expect import read_expect

            expect = read_expect(words, graph.nodes, self.formulas)
        self.values = self._made()
        title = " ".join(str(sections.get("title", "")).split())
        spec = Spec(
            words.source,
            title,
            graph,
            self.values,
            loss,
            loss_error,
            expect,
            words.place,
            self.functions,
            overrides.renamed if overrides is not None else (),
            formulas,
            most,
            overrides.spelled(self.written) if overrides is not None else (self.written, ()),
        )
        if "train" in sections:
            from backpropcli.language.training.read import read_training

            spec.training, spec.train = read_training(words), sections["train"]
        return spec

    def _lower(self, loss_function: Any, terms: list[Term], overrides: Overrides | None) -> str | None:
        """Layers and losses become parameters and nodes, where flags have not said the parameters.

        The name of the loss where it is a sum of `terms`.
        """
        losses: list[str] = []
        functions = [term.function for term in terms if term.kind == "function"]
        given = overrides.parameters() if overrides is not None else {}
        made: dict[str, tuple[Value, Key]] = {}
        if self.words.sections.get("layers") or loss_function is not None or functions:
            from backpropcli.language.layers.lowering import lower_layers

            kinds = {**_kinds(), **(self.blocks.kinds if self.blocks is not None else {})}
            lowered = lower_layers(self.words, kinds, self.values, loss_function, self.functions, given, functions)
            losses = lowered.losses
            made = lowered.parameters
            self.written = lowered.written
            self._add_made_nodes(lowered.nodes)
        if self.blocks is not None:
            self.formulas, names, parameters = self.blocks.copied(self.formulas, self.paths, self.kinds, given)
            made = {**made, **parameters}
            for name, path in names.items():
                self.paths[name] = path
                self._name(name, path) if name.partition("[")[0] not in self.kinds else None
        if overrides is not None:
            overrides.finish(self.values, made, self.kinds)
        for name, (value, path) in made.items():
            self.kinds[name], self.values[name], self.paths[name] = "parameters", value, path
        if not terms:
            return None
        from backpropcli.language.objective import added

        shapes = {name: shape_of(self.values[name]) for name, kind in self.kinds.items() if kind == "parameters"}
        name, self.formulas[name] = added(self.words, terms, losses, shapes, self.kinds)
        self.kinds[name], self.paths[name] = "nodes", ("loss",)
        return name

    def _in_batches(self) -> bool:
        """Whether it is only trained, and `train:` says how many examples an update takes."""
        train = self.words.sections.get("train")
        return self.flags.batches and isinstance(train, dict) and type(train.get("batch")) is int

    # Names, values and formulas.

    def _read_data(self) -> None:
        words, values, kinds = self.words, self.values, self.kinds
        from backpropcli.language.data.values import plan_value

        for section in DATA:
            for name, raw in words.sections.get(section, {}).items():
                path: Key = (section, name)
                if name in kinds:
                    schema.check_unique(words, kinds, section, name)
                kinds[name] = section
                self.paths[name] = path
                values[name] = raw if type(raw) is float else plan_value(words, raw, name, path)

    def _read_nodes(self) -> None:
        words, _kinds = self.words, self.kinds
        for key, raw in words.sections.get("nodes", {}).items():
            path: Key = ("nodes", key)
            self.formulas[key] = schema.formula_text(words, key, raw, path)
            self._name(key, path)

    def _name(self, key: str, path: Key) -> None:
        """A node's name, or one with a subscript, as `h[0]` and `h[t]`, which name one node between them."""
        name, rule = key, True
        if not key.isidentifier():
            from backpropcli.language.recurrence.keys import subscript

            said = subscript(key)
            assert said is not None, "the section was looked over"
            name, rule = said.name, not said.starts
            self.paths[key] = path
        if name in self.kinds and not (name in self.subscripted and name != key):
            schema.check_unique(self.words, self.kinds, "nodes", key, name)
        if name != key:
            self.subscripted.add(name)
        self.kinds[name] = "nodes"
        if rule or name not in self.paths:
            self.paths[name] = path

    def _add_made_nodes(self, nodes: Mapping[str, tuple[str, Key]]) -> None:
        """The nodes of layers come before those that are written out, a loss function's after them."""
        written, self.formulas = self.formulas, {}
        for name, (formula, path) in nodes.items():
            self._name(name, path)
            if path[0] == "loss":
                written = {**written, name: formula}
            else:
                self.formulas[name] = formula
        self.formulas.update(written)

    # The graph.

    def _ordered(self) -> dict[str, Value]:
        """The values by section: inputs, targets, parameters."""
        return {name: self.values[name] for s in DATA for name in self.values if self.kinds[name] == s}

    def _made(self) -> dict[str, Value]:
        """All is judged: now the values are made, but for what stays in its file."""
        return {name: value if kept(value) else ready(value) for name, value in self.values.items()}

    def _judged(self, most: float) -> tuple[Formulas, Graph]:
        """Of batches each is judged by itself, when its size is known; here only what is made at once."""
        formulas = self._formulas(most)
        if self.words.batches:
            formulas.judge({name: value for name, value in self.values.items() if not kept(value)})
            formulas = self._formulas(inf)
        try:
            return formulas, formulas.graph(self.values)
        except MemoryNeededError as error:
            error.hint = "\n".join(filter(None, [error.hint, self.words.instead]))
            raise

    def _formulas(self, most: float) -> Formulas:
        return Formulas(self.words, self.kinds, self.paths, self.formulas, self.functions, most)

    # The loss.

    def _loss_function(self) -> Any:
        """What `loss:` says, where it is a loss function and not a node; None otherwise."""
        raw = self.words.sections.get("loss")
        if raw is None:
            return None
        words = self.words
        from backpropcli.language.layers.losses import LOSSES, meant_loss

        name = next(iter(raw), "") if isinstance(raw, dict) else raw
        if isinstance(raw, dict) and (len(raw) != 1 or name in self.formulas):
            raise words.error(
                "loss names one node or one loss function",
                ("loss",),
                "Such as loss: J, or loss: {squared_error: {reduction: mean}}; several are a list: [J, {l2: 0.01}]",
            )
        if name in LOSSES:
            if name in self.formulas:
                raise words.error(f"{name} is a node and a loss function", ("loss",), "Give the node another name.")
            return raw
        known = meant_loss(str(name))
        if known and name not in self.kinds:
            raise words.error(f"unknown loss: {name}. Did you mean {known}?", ("loss",))
        if isinstance(raw, dict) and name in ("l1", "l2"):
            raise words.error(f"{name} is a penalty, and no loss", ("loss",), f"Such as loss: [J, {{{name}: 0.01}}]")
        if isinstance(raw, dict):
            raise self._unknown_loss(name)
        return None

    def _unknown_loss(self, name: str) -> SpecError:
        from backpropcli.language.layers.losses import LOSSES
        from backpropcli.suggest import did_you_mean

        if not name.isidentifier() and (raw := self.words.sections.get("loss")) == name:
            one = " ".join(str(raw).split())
            quoted = one if len(one) <= 60 and not set(one) & set("{}[],#&*!|>'\"%@`:") else f'"{one}"'
            return self.words.error(
                "the loss is a formula: give it a name of its own", ("loss",), f"nodes:\n  J: {quoted}\nloss: J"
            )
        near = did_you_mean(name, [*self.formulas, *LOSSES])
        return self.words.error(
            f"unknown loss: {name}{near}", ("loss",), f"It names a node, or one of {', '.join(LOSSES)}."
        )

    def _loss(self, graph: Graph, made: str | None) -> tuple[str | None, BackpropError | None]:
        """The loss's name, or why there is none: where nothing is said, the only node that no other node uses."""
        raw = made or self.words.sections.get("loss")
        if isinstance(raw, str):
            if self.kinds.get(raw) == "nodes":
                return raw, None
            if raw in self.kinds:
                raise self.words.error(f"the loss is a node, but {raw} is {article(self.kinds[raw])}", ("loss",))
            raise self._unknown_loss(raw)
        unused = graph.unused()
        if len(unused) == 1:
            return unused[0], None
        shown = ", ".join(unused[:5]) + (", ..." if len(unused) > 5 else "")
        return None, SpecError(f"which node is the loss? No other node uses {shown}", hint=f"Write loss: {unused[-1]}")


def _kinds() -> Mapping[str, Kind]:
    """The kinds of layers, which a network without layers does not wait for."""
    from backpropcli.language.layers.kinds import KINDS

    return KINDS
