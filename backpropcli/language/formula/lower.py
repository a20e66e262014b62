"""Formula trees to steps of a graph: names become slots, numbers are worked out now, the rest when the graph runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, FormulaError, OperationError
from backpropcli.language.formula import calls, constants, dialect, expanded, labels, named, shapes, single
from backpropcli.language.formula.grammar import CONSTANTS
from backpropcli.language.formula.shapes import Parts
from backpropcli.language.formula.show import show
from backpropcli.language.formula.special import special
from backpropcli.language.formula.tree import (
    DEEPEST,
    Binary,
    Call,
    Expression,
    Index,
    Name,
    Number,
    Sequence,
    Text,
    Unary,
)
from backpropcli.language.formula.unknown import unknown_name, unknown_operation
from backpropcli.ops.definition import Operation, Structural, Value
from backpropcli.ops.formula import Formula
from backpropcli.ops.makers import Splitter
from backpropcli.ops.table import INFIX, TABLE, lookup

if TYPE_CHECKING:
    from backpropcli.graph import Graph, Node
    from backpropcli.language.formula.functions import Function

Result = Any
"""A slot (an int), or a constant: a float, an array, or a tuple of sizes (`x.shape`); or Parts of one of these."""


class Lowering:
    """Adds formulas to a graph, node by node; `functions` are the spec's own.

    `known` are all names of the network, where some are still to come (messages can then tell a value from a slip).
    `values` are those of the data, where they are known: labels in an index are checked against them.
    """

    def __init__(
        self,
        graph: Graph,
        functions: Mapping[str, Function] = MappingProxyType({}),
        known: Collection[str] | None = None,
        values: Mapping[str, Value] = MappingProxyType({}),
    ) -> None:
        self.graph = graph
        self.values = values
        self.functions = functions
        self.known: Collection[str] = graph.nodes if known is None else known
        self.used: dict[str, None] = {}
        self.place = self.draws = "", 0
        """The node that is being made, and its first slot."""
        self.scope: dict[str, Result] | None = None
        """Inside a function: its arguments, and its helpers (an Expression until it is first needed)."""
        self.by_hand = False
        """Inside a function whose gradient its author gives."""
        self.calling: list[str] = []
        self.depth = 0
        self.expanded = 0
        self.derived: dict[str, Operation] = {}
        self.told: BackpropError | None = None
        self.recurrent: Callable[..., Result] | None = None
        """What lowers the rules of a named formula that runs through time."""

    def beside(self, graph: Graph, functions: Mapping[str, Function] | None = None) -> Lowering:
        """The same for another graph, perhaps with other functions."""
        return Lowering(graph, self.functions if functions is None else functions, self.known)

    def node(
        self, name: str, expression: Expression, formula: str, path: tuple[str | int, ...] = (), draws: str = ""
    ) -> Node:
        """The steps of one formula, and the node for its value; what is random is drawn by its name, or by `draws`.

        Raises FormulaError or OperationError with its `span` in the formula.
        """
        graph = self.graph
        first = len(graph)
        self.used = {}
        self.place = name, first
        self.draws = draws or name, first
        self.scope = None
        self.calling = []
        self.depth = 0
        try:
            result = self.lower(expression)
        except RecursionError:
            # Only where the caller's own stack is deep already, or an index is nested in an index in an index.
            raise FormulaError(f"nested more than {DEEPEST} deep").spanning(expression.start, expression.end) from None
        # A node's value is a step of its own: a plain name, a constant or an argument handed through is none.
        if type(result) is not int or result < first or result != len(graph) - 1:
            slot = self.slot(result, expression)
            graph.add_step(_operation("identity"), (slot,))
        return graph.add_node(name, formula, tuple(self.used), first, path)

    # Trees.

    def lower(self, e: Expression) -> Result:
        """The slot or the constant that an expression is."""
        kind = type(e)
        if kind is Name:
            return self.named(e)  # type: ignore[arg-type]  # it is a Name
        if kind is Number:
            return e.value  # type: ignore[attr-defined]
        self.depth += 1
        if self.depth > DEEPEST + 20:
            raise FormulaError(f"functions and brackets nested more than {DEEPEST} deep").spanning(e.start, e.end)
        # What is deep on the left is walked, not recursed into: a sum of 10,000 terms, x.T.T.T.
        chain: list[Binary | Index | Call] = []
        while True:
            if isinstance(e, Binary):
                chain.append(e)
                e = e.left
            elif isinstance(e, Index):
                chain.append(e)
                e = e.value
            elif isinstance(e, Call) and e.written != "function":
                chain.append(e)
                e = e.arguments[0]
            else:
                break
        result = self.call(e, None) if isinstance(e, Call) else self.bottom(e)
        while chain:
            outer = chain.pop()
            if isinstance(outer, Binary):
                result = self.step(INFIX[outer.sign], (result, self.lower(outer.right)), None, outer)
            elif isinstance(outer, Index):
                result = self.index(outer, result)
            else:
                result = self.call(outer, result)
        self.depth -= 1
        return result

    def bottom(self, e: Expression) -> Result:
        """An expression that is not deep on the left."""
        match e:
            case Name():
                return self.named(e)
            case Number():
                return e.value
            case Unary():
                operand = self.lower(e.operand)
                if e.sign == "+":
                    return operand
                name = "negative" if e.sign == "-" else "logical_not"
                return self.step(_operation(name), (operand,), None, e)
            case Sequence():
                return self.sequence(e)
            case Text():
                raise FormulaError(
                    "a text has no value", hint="It can be an option, as in einsum('ij,jk->ik', a, b)."
                ).spanning(e.start, e.end)
        raise FormulaError("a slice stands only in brackets").spanning(e.start, e.end)

    def named(self, e: Name) -> Result:
        """What a name stands for: in a function its own arguments, else the network's name, else a constant."""
        name = e.name
        if not e.prefix:
            if self.scope is None:
                node = self.graph.nodes.get(name)
                if node is not None:
                    self.used[name] = None
                    return node.slot
            elif name in self.scope:
                return self.helper(name)
        if name in CONSTANTS:
            return CONSTANTS[name]
        raise unknown_name(e, self.known if self.scope is None else self.scope)

    def helper(self, name: str) -> Result:
        """An argument or a helper of the function that is being expanded; a helper is worked out when first used."""
        scope = self.scope
        assert scope is not None
        found = scope[name]
        if isinstance(found, Expression):
            scope[name] = None
            found = scope[name] = self.lower(found)
        elif found is None:
            raise FormulaError(f"{name} is defined by itself")
        return found

    def sequence(self, e: Sequence) -> Result:
        """A list of numbers is a constant array, a list with names in it the stack of its items."""
        if e.kind == "tuple":
            shown = ", ".join(show(item) for item in e.items[:4])
            raise FormulaError("a tuple has no value", hint=f"An array is written in brackets: [{shown}]").spanning(
                e.start, e.end
            )
        if (literal := constants.literal(e)) is not None:
            return literal
        items = []
        for item in e.items:
            items.append(self.lower(item))
        return self.step(_operation("stack"), tuple(items), {"axis": 0}, e)

    def index(self, e: Index, value: Result) -> Result:
        """`value[...]`."""
        if (values := dialect.one_of_pair(e, value)) is not None:
            return values
        found = labels.Found(self)
        items = e.items
        if len(items) == 1 and isinstance(items[0], Sequence) and items[0].kind == "tuple":
            items = items[0].items  # x[(0, 1)] is x[0, 1], and x[()] all of x
        index = tuple(constants.index_item(self, item, found) for item in items)
        if found.slots and not isinstance(value, tuple):
            slot = self.step(_operation("pick"), (value, *found.slots), {"index": index}, e)
            labels.check(self, slot, (e.value, *found.written))
            return slot
        if isinstance(value, Parts):
            value, index = value.whole, value.one(index, e)
        elif isinstance(value, tuple):
            return shapes.size(value, index, e)
        return self.step(_operation("getitem"), (value,), {"index": index}, e)

    # Calls.

    def call(self, e: Call, receiver: Result) -> Result:
        """A call of a function of the spec or of an operation; `receiver` is what a method's dot follows."""
        if e.name in self.functions and not e.prefix and e.written == "function":
            return expanded.apply(self, self.functions[e.name], e)
        operation = lookup(e.name)
        if not isinstance(operation, Operation):
            return receiver if dialect.values_of_pair(e) else special(self, e, receiver)
        e, operation = dialect.read(e, operation, None if receiver is None else shapes.rank(self.graph, receiver))
        calls.allowed(e, operation)
        if operation.fuller and named.fuller(e, operation):
            operation = _operation(operation.fuller)
        if isinstance(operation, Formula):
            return named.apply(self, operation, e, receiver)
        return self.operate(operation, e, receiver)

    def operate(self, operation: Operation, e: Call, receiver: Result) -> Result:
        """A call of an operation of the table."""
        bound = calls.bind(e, operation)
        # Loops, not comprehensions: those are one more call a level, and Python's stack has to hold all levels.
        results = [] if receiver is None else [receiver]
        for argument in bound.arguments[len(results) :]:
            results.append(self.lower(argument))
        if len(results) == 1 and isinstance(results[0], Parts) and getattr(operation, "listed", False):
            parts = results[0]
            results = [self.step(_operation("getitem"), (parts.whole,), {"index": k}, e) for k in parts.indices]
        if results and type(results[0]) is tuple and isinstance(operation, Structural):
            results[0] = shapes.numbers(results[0])
        options = {}
        for key, value in bound.options.items():
            options[key] = constants.option(self, key, value)
        if dialect.of_pytorch(e) and single.one_entry(self, bound.operation, e, results, options):
            return single.along_it(self, bound.operation, e, results, options)
        calls.judge(self.graph, e, bound, results, options)
        if isinstance(bound.operation, Splitter):
            return shapes.split(self.graph, bound.operation, results[0], options, e)
        slot = self.step(bound.operation, tuple(results), options, e)
        if type(slot) is int:
            labels.check(self, slot, bound.arguments)
        return slot

    def stranger(self, e: Call) -> FormulaError:
        """The error for a call of what is neither a function nor an operation."""
        if e.name in self.known and e.written == "function" and not e.prefix and lookup(e.name) is None:
            return calls.value_called(e)
        error = unknown_operation(e, self.functions)
        assert error is not None
        return error

    def inside(self, error: BackpropError, function: str) -> BackpropError:
        """An error in a function `g(z)`, whose span is in the function's own text: here its call is to be shown."""
        if error is not self.told:
            self.told = error
            error.message = f"in {function}: {error.message}"
            error.args = (error.message,)
        error.span = None
        return error

    # Steps.

    def step(
        self, operation: Operation, results: tuple[Result, ...], options: Mapping[str, Any] | None, e: Expression
    ) -> Result:
        """One step; a constant where everything that goes into it is constant."""
        if operation.stops and self.by_hand:
            raise FormulaError(
                f"{operation.name} has no place in a function whose gradient is given",
                hint="What flows back is what its gradient says; leave it out.",
            ).spanning(e.start, e.end)
        for result in results:
            if type(result) is int:
                break
        else:
            try:
                return constants.made(self.graph, operation, tuple(shapes.number(r, e) for r in results), options, e)
            except OperationError as error:
                raise error.spanning(e.start, e.end) from None
        slots = [r if type(r) is int else self.slot(r, e) for r in results]
        try:
            return self.graph.add_step(operation, slots, options)
        except OperationError as error:
            raise error.spanning(e.start, e.end) from None

    def slot(self, result: Result, e: Expression) -> int:
        """The slot of a result; a constant gets one now."""
        if type(result) is int:
            return result
        value = shapes.number(result, e)
        return self.graph.add_constant(value, shapes.shape_of(self.graph, value))


def _operation(name: str) -> Operation:
    return TABLE[name]
