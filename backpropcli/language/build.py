"""Formulas to a graph: for the values that a network has, and again for others, such as a batch of its examples."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, FormulaError, OperationError
from backpropcli.graph import Graph
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.reading import read_formula
from backpropcli.language.formula.unknown import dependencies
from backpropcli.language.order import CycleError, in_order
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.language.formula.tree import Expression
    from backpropcli.ops.definition import Value

_SINGULAR: Mapping[str, Any] = {"inputs": "input", "targets": "target", "parameters": "parameter"}
_MADE = ("layers", "loss")
"""Sections whose formulas are ours: an author wrote a layer or a loss function."""


class Formulas(NamedTuple):
    """The formulas of a network, layer-made ones included, and what it takes to make a graph of them.

    `kinds` has the section of every name, `paths` where it is written; `outputs` the shape that each activation has to
    keep, and its layer. More than `most` numbers are refused.
    """

    words: Words
    kinds: Mapping[str, str]
    paths: Mapping[str, Key]
    formulas: Mapping[str, str]
    functions: Mapping[str, Any]
    outputs: Mapping[str, tuple[Shape, int]]
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

    def graph(self, values: Mapping[str, Value]) -> Graph:
        """The graph for values of these shapes; SpecError, with its place, where a formula does not fit them."""
        graph, kinds = self.judge(values), self.kinds
        trees: dict[str, Expression] = {}
        uses: dict[str, tuple[str, ...]] = {}
        name = ""
        try:
            for name, formula in self.formulas.items():
                trees[name] = tree = read_formula(formula, kinds)
                uses[name] = dependencies(tree, kinds)
            lowering = Lowering(graph, self.functions, kinds, values)
            for name in in_order(uses):
                lowering.node(name, trees[name], " ".join(self.formulas[name].split()), self.paths[name])
                if name in self.outputs:
                    self._check_output(name, graph.shape(name))
        except CycleError as error:
            name = error.path[0]
            needs = "needs itself" if len(error.path) == 2 else f"needs itself: {' → '.join(error.path)}"
            raise self.words.error(
                f"{name} {needs}", self.paths[name], "A node uses data and nodes that do not use it."
            ) from None
        except (FormulaError, OperationError) as error:
            raise self._placed(error, name) from None
        return graph

    def again(self, values: Mapping[str, Value]) -> Graph:
        """As `graph`, for values of other shapes than the network was written with."""
        return self._replace(outputs=MappingProxyType({})).graph(values)

    def _check_output(self, name: str, shape: Shape) -> None:
        """Refuse a function of the spec that does not keep its layer's shape, as an activation has to."""
        wanted, layer = self.outputs[name]
        if shape != wanted:
            function = self.formulas[name].split("(")[0]
            raise self.words.error(
                f"{function} gives the shape {show_shape(shape)}, but layer {layer} has the shape {show_shape(wanted)}",
                self.paths[name],
                "An activation gives one number for each that it takes.",
            )

    def _placed(self, error: BackpropError, name: str) -> BackpropError:
        path = self.paths[name]
        if path[0] in _MADE:  # the formula is ours: say it, and point at what it was made from
            error.message = f"{name} = {self.formulas[name]}: {error.message}"
            error.args = (error.message,)
            error.span = None
        return self.words.placed(error, path)


def shape_of(value: Value) -> Shape:
    """The shape of a number or an array, also of one that waits."""
    return () if type(value) is float else value.shape
