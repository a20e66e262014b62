"""A network read from words: its graph, its data's values, its loss, and what its author expects of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from backpropcli.language.data.deferred import ready
from backpropcli.language.data.kept import kept

if TYPE_CHECKING:
    from backpropcli.errors import BackpropError, Place
    from backpropcli.graph import Graph
    from backpropcli.language.build import Formulas
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.rewriting import Rewritten
    from backpropcli.language.training.training import Training
    from backpropcli.ops.definition import Value


METRICS: Key = ("train", "metrics")


class Expectation:
    """A number (or array) that the author expects.

    `key` is a node's name (`J`) or a gradient (`dJ/dw1`, always with d), `index` the component it is about, None for
    the whole value. `value` is a float or nested lists of floats, `text` as it was written. `within` is how far off the
    value may be: a float, or nested lists like `value`; 0 for whole numbers, half of the last digit written otherwise.
    """

    __slots__ = ("_locate", "index", "key", "path", "text", "value", "within")

    def __init__(
        self,
        key: str,
        value: Any,
        text: str = "",
        within: Any = 0.0,
        path: Key = (),
        index: tuple[int, ...] | None = None,
        locate: Callable[[Key], Place | None] | None = None,
    ) -> None:
        self.key = key
        self.value = value
        self.text = text
        self.within = within
        self.path = path
        self.index = index
        self._locate = locate

    def __repr__(self) -> str:
        return f"<expect {self.label}: {self.text or self.value}>"

    @property
    def of(self) -> str:
        """J, for both `J` and `dJ/dw1`."""
        return self.key[1:].split("/")[0] if "/" in self.key else self.key

    @property
    def by(self) -> str | None:
        """w1 for `dJ/dw1`; None for a plain value."""
        return self.key.split("/")[1][1:] if "/" in self.key else None

    @property
    def label(self) -> str:
        """The key with its component: `dJ/dW1[0, 1]`."""
        return f"{self.key}[{', '.join(map(str, self.index))}]" if self.index is not None else self.key

    def rows(self, names: Collection[str]) -> Iterator[Expectation]:
        """The same of a network that is unrolled in time, where each row has a name of its own."""
        own = self.by or self.key
        if f"{own}[0]" not in names:
            yield self
            return
        count = sum(name.startswith(f"{own}[") for name in names)
        some = range(count) if self.index is None else [self.index[0] % count]
        for row in some:
            value, within = self.value, self.within
            if self.index is None:
                value, within = value[row], within[row] if isinstance(within, list) else within
            index = None if self.index is None else self.index[1:] or None
            yield Expectation(f"{self.key}[{row}]", value, self.text, within, self.path, index, self._locate)

    @property
    def place(self) -> Place | None:
        """Where it is written."""
        return self._locate(self.path) if self._locate is not None else None


class Spec:
    """Everything that a file and flags say.

    At most `most` numbers may be computed with at a time. A network that is only trained, in batches, is not judged by
    it when it is read: its batches are. Of its `values` those that are large may be kept in files (`data.kept`).

    `source` is the file's name as typed (`stdin`, `the command line`), `values` a float or float64 array for every
    input, target and parameter. `loss` is a node's name, or None where it cannot be decided: then `loss_error` says
    why, and is raised by whoever needs a loss. `place(path)` is where
    something is written, `place(path, (start, length))` a piece of a formula. `renamed` are names
    in files of parameters that `--as` has renamed. `folded` is the graph with recurrences as steps, where this one has
    a node for each of their rows; else None.
    """

    __slots__ = (
        "_formulas",
        "_origins",
        "expect",
        "folded",
        "functions",
        "graph",
        "loss",
        "loss_error",
        "most",
        "place",
        "renamed",
        "source",
        "title",
        "train",
        "training",
        "values",
    )

    def __init__(
        self,
        source: str,
        title: str,
        graph: Graph,
        values: dict[str, Value],
        loss: str | None,
        loss_error: BackpropError | None,
        expect: tuple[Expectation, ...],
        place: Callable[..., Place | None],
        functions: Mapping[str, Any],
        renamed: Collection[str] = (),
        formulas: Formulas | None = None,
        most: float = inf,
        origins: tuple[Mapping[str, Any], Collection[str]] = ({}, ()),
    ) -> None:
        self.source = source
        self.title = title
        self.graph = graph
        self.values = values
        self.loss = loss
        self.loss_error = loss_error
        self.expect = expect
        self.place = place
        self.functions = functions
        self.renamed = frozenset(renamed)
        self._formulas = formulas
        self.folded: Graph | None = None
        self.most = most
        self._origins = origins
        self.training: Training | None = None
        """What its section `train:` says, and flags; a learning rate that is not said is not a number."""
        self.train: Mapping[str, Any] | None = None
        """The section as it is written."""

    def again(
        self,
        values: Mapping[str, Value],
        more: Mapping[str, str] = MappingProxyType({}),
        section: Key = METRICS,
        most: float | None = None,
    ) -> Spec:
        """The same network for other values of some data, of other shapes too, such as a batch of its examples.

        All formulas are lowered once more, those of layers too; no file is read, no initialiser runs again, and what is
        not in `values` stays as it is. `more` are formulas of further nodes by name, written in `section`, which may
        use everything that the network has: metrics. Only shapes are looked at, and class numbers where they choose:
        what is computed with the graph may have other numbers.

        Raises SpecError, with its place, where a formula does not fit, or a further node has a name of the network's;
        and where that takes more than `most` numbers, which are as many as for the network itself where None is said.
        """
        assert self._formulas is not None, "a spec that was read"
        if section == METRICS and more != (self.train or {}).get("metrics"):
            section = ("", *section)  # not as the file has it, but given in Python: it stands nowhere
        formulas = self._formulas.and_more(more, section) if more else self._formulas
        formulas = formulas if most is None else formulas._replace(most=most)
        given = {**self.values, **values}
        expect = self.expect if not values else ()
        made = Spec(
            self.source,
            self.title,
            formulas.graph(given),
            given,
            self.loss,
            self.loss_error,
            expect,
            self.place,
            self.functions,
            self.renamed,
            formulas,
            self.most,
            self._origins,
        )
        made.training, made.train = self.training, self.train
        return made

    @property
    def timed(self) -> bool:
        """Whether nodes run through time, as h[t] does."""
        return self.graph.recurs

    def unrolled(self) -> Spec:
        """The same network with a node for each time, h[0], h[1], ...; itself where nothing runs through time."""
        if not self.timed or self.folded is not None:
            return self
        assert self._formulas is not None
        made = copy(self)
        made.graph, made.folded = self._formulas.graph(self.values, self.graph), self.graph
        made.expect = tuple(row for one in self.expect for row in one.rows(made.graph.nodes))
        return made

    def setting(self, *names: str) -> Place | None:
        """Where a setting of `train:` is written, such as `metrics`, `accuracy`; None where it is not."""
        part: Any = self.train
        for name in names:
            if not isinstance(part, Mapping) or name not in part:
                return None
            part = part[name]
        return self.place(("train", *names))

    @property
    def flagged_expectations(self) -> tuple[Expectation, ...]:
        """What flags expect, and not the file."""
        assert self._formulas is not None, "a spec that was read"
        words = self._formulas.words
        return tuple(expectation for expectation in self.expect if words.from_flag(expectation.path))

    def standardised(self, rows: Any, holdout: float, seed: int) -> Spec:
        """The same network, whose standardised data are so by these rows: those that train with this holdout and seed.

        Itself where they are already, as the file's own `train:` has them.
        """
        from backpropcli.language.data.prepared import standardised

        assert self._formulas is not None, "a spec that was read"
        known = self._formulas.words.standardised
        others = [name for name, said in known.items() if said != (holdout, seed) and (holdout or said[0])]
        found = {name: standardised(self.values[name], rows) for name in others if name in self.values}
        return self.again(found) if found else self

    def holding(self, names: Collection[str]) -> Spec:
        """The same network, which has all its data but these in hand; SpecError where that is more than it may have."""
        others = {name: value for name, value in self.values.items() if name not in names}
        if not any(map(kept, others.values())):
            return self
        assert self._formulas is not None, "a spec that was read"
        self._formulas._replace(most=self.most).judge(others)
        return self.again({name: ready(value) for name, value in others.items()})

    def astray(self, folder: str) -> list[str]:
        """The data files that its text, were it in this folder, would not find: as it names them."""
        assert self._formulas is not None, "a spec that was read"
        return self._formulas.words.astray(folder)

    def lowered(self) -> str:
        """Its text in the nodes form: layers and losses by name as the parameters and nodes that they became."""
        from backpropcli.language.lowered import Origins, lowered

        assert self._formulas is not None, "a spec that was read"
        return lowered(self._formulas, self.values, self.loss, Origins(*self._origins))

    def rewritten(self, values: Mapping[str, Value], stored: str) -> Rewritten:
        """Its text with these values for its parameters, all else as it is written, and the arrays that `stored` has.

        `stored` is the name of an NPZ file beside the text, which large arrays are taken from. Raises UsageError where
        flags made the network, or changed its formulas: no file has it then.
        """
        from backpropcli.errors import UsageError
        from backpropcli.language.file.rewriting import rewritten

        assert self._formulas is not None, "a spec that was read"
        words = self._formulas.words
        flag = words.flagged("nodes", "layers", "loss")
        if words.document is None or flag:
            what = f"{flag} changes the network" if flag else "the network stands on the command line"
            raise UsageError(f"{what}: there is no file to write with new values", hint="Write -o trained.npz")
        return rewritten(words.document, values, stored)

    def __repr__(self) -> str:
        return f"<Spec {self.source}: {len(self.graph.nodes)} names, loss {self.loss}>"
