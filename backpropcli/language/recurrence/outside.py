"""What a recurrence stands among: the nodes of a network, or the arguments and helpers of a named formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import FormulaError, OperationError
from backpropcli.language.formula.labels import made_from
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Expression, Name
from backpropcli.language.recurrence.misplaced import MisplacedError

if TYPE_CHECKING:
    from backpropcli.graph import Kind
    from backpropcli.language.formula.lower import Lowering
    from backpropcli.ops.shape import Shape


class Outside:
    """The nodes of a network; `formulas` and `paths` by key."""

    def __init__(self, lowering: Lowering, formulas: Mapping[str, str], paths: Mapping[str, Any]) -> None:
        self.lowering, self.graph = lowering, lowering.graph
        self.formulas, self.paths = formulas, paths

    def __contains__(self, name: object) -> bool:
        return name in self.graph.nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self.graph.nodes)

    def slot(self, name: str) -> int:
        """The slot of a name's value."""
        return self.graph.nodes[name].slot

    def shape(self, name: str) -> Shape:
        """The shape of a name's value."""
        return self.graph.shapes[self.slot(name)]

    def kind(self, name: str) -> Kind:
        """What a body takes a name for: what has a node's value is data there."""
        kind = self.graph.nodes[name].kind
        return "input" if kind == "node" else kind

    def start(self, tree: Expression, key: str) -> int:
        """The slot of a row that is given. Raises MisplacedError."""
        try:
            self.lowering.used = {}
            self.lowering.draws = key, len(self.graph)
            return self.lowering.slot(self.lowering.lower(tree), tree)
        except (FormulaError, OperationError) as error:
            raise MisplacedError(key, error) from None

    def name(self, name: str, key: str, inputs: tuple[str, ...], first: int) -> None:
        """Give the newest slot, which begins with slot `first`, the name of a member."""
        self.graph.add_node(name, " ".join(self.formulas[key].split()), inputs, first, self.paths[key])

    def add(self, name: str, tree: Expression, key: str, draws: str = "") -> None:
        """A formula under a name of its own: of one row, or of all of them; `draws` as in Lowering.node. Raises
        MisplacedError.
        """
        try:
            self.lowering.node(name, tree, show(tree), self.paths[key], draws)
        except (FormulaError, OperationError) as error:
            raise MisplacedError(key, error) from None

    def stands_at(self, name: str, time: int) -> None:
        """Note the time that a row belongs to."""
        self.graph.times[name] = time


class Scope(Outside):
    """What a named formula knows while it is lowered: its arguments and helpers; `formulas` has its own rules."""

    def __init__(self, lowering: Lowering, formulas: Mapping[str, str]) -> None:
        super().__init__(lowering, formulas, {})
        assert lowering.scope is not None
        self.scope = lowering.scope

    def __contains__(self, name: object) -> bool:
        return name in self.scope

    def __iter__(self) -> Iterator[str]:
        return iter(self.scope)

    def slot(self, name: str) -> int:
        """The slot of an argument or a helper; a constant gets one."""
        slot = self.scope[name] = self.lowering.slot(self.lowering.helper(name), Name(name))
        return slot

    def kind(self, name: str) -> Kind:
        """A parameter, as far as labels are concerned, is what is made from one."""
        made = any(node.kind == "parameter" for node in made_from(self.graph, self.slot(name)))
        return "parameter" if made else "input"

    def start(self, tree: Expression, key: str) -> int:
        """The slot of a row that is given."""
        return self.lowering.slot(self.lowering.lower(tree), tree)

    def name(self, name: str, key: str, inputs: tuple[str, ...], first: int) -> None:
        """Give the newest slot a name in the scope."""
        self.scope[name] = len(self.graph) - 1

    def add(self, name: str, tree: Expression, key: str, draws: str = "") -> None:
        """A formula's steps under a name of its own."""
        self.scope[name] = self.start(tree, key)

    def stands_at(self, name: str, time: int) -> None:
        """Nothing: a formula's rows are no nodes."""
