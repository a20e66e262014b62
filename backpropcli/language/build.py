"""Formulas to a graph: for the values that a network has, and again for others, such as a batch of its examples."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, FormulaError, OperationError
from backpropcli.graph import Graph
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.reading import read_formula
from backpropcli.language.formula.unknown import dependencies
from backpropcli.language.made import placed
from backpropcli.language.order import CycleError, in_order

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.language.formula.tree import Expression
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

_SINGULAR: Mapping[str, Any] = {"inputs": "input", "targets": "target", "parameters": "parameter"}


class Formulas(NamedTuple):
    """The formulas of a network, layer-made ones included, and what it takes to make a graph of them.

    `kinds` has the section of every name, `paths` where it is written. More than `most` numbers are refused.
    """

    words: Words
    kinds: Mapping[str, str]
    paths: Mapping[str, Key]
    formulas: Mapping[str, str]
    functions: Mapping[str, Any]
    most: float

    def and_more(self, more: Mapping[str, str], section: Key) -> Formulas:
        """These and some more by name, written in `section`; SpecError where a name is one of the network's."""
        for name in more:
            if name in self.kinds:
                path = (*section, name)
                hint = f"Give {path[-2] if len(path) > 1 else 'it'} another name."
                message = f"{name} is a name of the network already"
                raise self.words.error(message, path, hint.replace("metrics", "the metric"), key=True)
        return self._replace(
            kinds={**self.kinds, **dict.fromkeys(more, "nodes")},
            paths={**self.paths, **{name: (*section, name) for name in more}},
            formulas={**self.formulas, **more},
        )

    def judge(self, values: Mapping[str, Value]) -> Graph:
        """A graph of these data alone; SpecError, with its place, where they are too many."""
        graph = Graph(self.most)
        for name, value in values.items():
            path = self.paths.get(name, ("parameters", name))
            try:
                graph.add_data(name, _SINGULAR[self.kinds[name]], shape_of(value), path)
            except OperationError as error:
                raise self.words.placed(error, path) from None
        return graph

    @property
    def timed(self) -> bool:
        """Whether a node has a subscript, as h[t]."""
        return not all(map(str.isidentifier, self.formulas))

    def graph(self, values: Mapping[str, Value], folded: Graph | None = None) -> Graph:
        """The graph for values of these shapes; SpecError, with its place, where a formula does not fit them.

        With a `folded` graph of the same network: with a node for each row of what runs through time, h[0], h[1], ...
        """
        graph, kinds = self.judge(values), self.kinds
        graph.copies = {name: copy.outermost for name, copy in self.words.copies.items() if copy.outermost}
        if self.timed:
            return self._through_time(graph, values, folded)
        trees, lowering = self._trees(), self._lowering(graph, values, folded)
        name = ""
        try:
            uses = {}
            for name, tree in trees.items():
                uses[name] = dependencies(tree, kinds)
            for name in in_order(uses):
                self._add(lowering, name, trees[name])
        except CycleError as error:
            raise self._placed(error.told(), error.path[0]) from None
        except (FormulaError, OperationError) as error:
            raise self._placed(error, name) from None
        return graph

    def _lowering(self, graph: Graph, values: Mapping[str, Value], folded: Graph | None) -> Lowering:
        """What adds the formulas to a graph."""

        def recurrent(asked: Lowering, rules: Any, value: Any) -> Any:
            from backpropcli.language.recurrence.called import recurrent

            return recurrent(asked, rules, value, unrolled=folded is not None)

        lowering = Lowering(graph, self.functions, self.kinds, values)
        lowering.recurrent = recurrent
        return lowering

    def _through_time(self, graph: Graph, values: Mapping[str, Value], folded: Graph | None) -> Graph:
        """The same where nodes have subscripts."""
        from backpropcli.language.recurrence.misplaced import MisplacedError
        from backpropcli.language.recurrence.network import add
        from backpropcli.language.recurrence.outside import Outside

        trees = self._trees()
        lowering = self._lowering(graph, values, folded)
        outside = Outside(lowering, self.formulas, self.paths)
        try:
            add(outside, trees, self.kinds, partial(self._add, lowering), folded, unrolled=folded is not None)
        except MisplacedError as error:
            raise self._placed(error.error, error.key) from None
        return graph

    def _trees(self) -> dict[str, Expression]:
        """Every formula, read."""
        trees = {}
        for name, formula in self.formulas.items():
            try:
                trees[name] = read_formula(formula, self.kinds)
            except FormulaError as error:
                raise self._placed(error, name) from None
        return trees

    def _add(self, lowering: Lowering, name: str, tree: Expression) -> None:
        """One node."""
        lowering.node(name, tree, " ".join(self.formulas[name].split()), self.paths[name])

    def _placed(self, error: BackpropError, name: str) -> BackpropError:
        return placed(self.words, error, name, self.formulas[name], self.paths[name])


def shape_of(value: Value) -> Shape:
    """The shape of a number or an array, also of one that waits."""
    return () if type(value) is float else value.shape
