"""A function whose gradient its author derived by hand, as an operation made from the author's own formulas.

Its gradient is the local derivative, entry by entry; or, where it says `upstream`, the whole gradient for an argument
(the vector-Jacobian product), and the function may be one of whole arrays: its formulas are then lowered anew for the
shapes of each call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.graph import Graph
from backpropcli.language.formula.functions import UPSTREAM, Function
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tape import Tape
from backpropcli.language.formula.tree import Expression, Name, longer, substitute
from backpropcli.ops.definition import XP, Body, Elementwise, Operation, Options, Structural, Value
from backpropcli.ops.elementwise.entries import TRANSCENDENTAL
from backpropcli.ops.shape import Shape, show_shape

LONGEST_TEXTBOOK = 2_000
"""A gradient with its helpers put in may have this many subexpressions; a longer one is quoted as written."""
SAMPLES = (-2.5, -1.0, -0.3, 0.0, 0.4, 1.0, 3.0)
GOLDEN = 0.6180339887498949
ABOUT = "a function of this network, its gradient derived by hand"
G = {UPSTREAM: Name("g")}
"""The operation table's letter for the upstream gradient."""

Lower = Callable[[Graph, Function, Mapping[str, int], Expression], int]
"""Adds the steps of a function's formula to a graph that has its arguments at these slots; gives its value's slot."""


def hand_derived(function: Function, lower: Lower) -> Operation:
    """The operation `mish(z)`, whose value and gradient run the author's own formulas.

    Raises FormulaError or OperationError (with a span in the part's own text) where a part of an elementwise function
    is not elementwise.
    """
    return _whole(function, lower) if function.whole() else _elementwise(function, lower)


def textbook(function: Function, expression: Expression) -> str:
    """A part of the function as text over its arguments alone: helpers put in, unless that makes it too long."""
    whole = expression
    for _ in function.where:
        # Helpers may use each other, in any order: once for each is enough.
        whole = substitute(whole, function.where)
        if longer(whole, LONGEST_TEXTBOOK):
            return show(expression)
    return show(whole)


# Entry by entry.


def _elementwise(function: Function, lower: Lower) -> Elementwise:
    assert function.gradient is not None
    value = Entrywise(function, function.value, lower)
    partials: dict[str, tuple[str, Body]] = {}
    for argument in function.arguments:
        derivative = function.gradient[argument]
        partials[argument] = (textbook(function, derivative), _partial(Entrywise(function, derivative, lower)))
    return Elementwise(
        function.name,
        " ".join(function.arguments),
        ABOUT,
        formula=textbook(function, function.value),
        value=value,
        partials=partials,
        branch=value.branch if value.branches else None,
        samples=[(x,) * len(function.arguments) for x in SAMPLES],
        group="activations",
        nonlinearity=len(function.arguments) == 1,
        primed=True,
        work=TRANSCENDENTAL,
    )


def _partial(tape: Entrywise) -> Body:
    """A partial's body, which is handed the value `y` and has no use for it."""
    return lambda xp, y, *arguments: tape(xp, *arguments)


class Entrywise(Tape):
    """One elementwise formula of a function; `branches` are its steps that make a discrete choice."""

    __slots__ = ("branches",)

    def __init__(self, function: Function, expression: Expression, lower: Lower) -> None:
        graph = Graph()
        slots = {name: graph.add_data(name, "input", ()) for name in function.arguments}
        last = lower(graph, function, slots, expression)
        for slot in range(len(slots), len(graph)):
            operation = graph.operations[slot]
            if (operation is not None and not isinstance(operation, Elementwise)) or graph.shapes[slot]:
                name = operation.name if operation is not None else "an array"
                raise OperationError(
                    f"{function} works on numbers one at a time, as its gradient does: {name} has no place in it",
                    hint="For whole arrays say what becomes of the upstream gradient, as in\n"
                    f"  gradient: {{{function.arguments[0]}: upstream * ...}}",
                ).spanning(expression.start, expression.end)
        super().__init__(graph, last)
        self.branches = [
            (operation.branch, graph.arguments[slot])
            for slot, operation in enumerate(graph.operations)
            if isinstance(operation, Elementwise) and operation.branch is not None
        ]

    def __call__(self, xp: XP, *arguments: Value) -> Value:
        """The formula's value; a constant derivative (identity's 1) takes the shape of the arguments."""
        value = super().__call__(xp, *arguments)
        return value if self.graph.operations[self.last] else value + 0 * arguments[0]

    def branch(self, xp: XP, *arguments: Value) -> Value:
        """All discrete choices on the way as one number: it changes where any of them does."""
        values = self.run(xp, arguments)
        total: Any = 0.0
        weight = 1.0
        for branch, inputs in self.branches:
            choice = branch(xp, *[values[k] for k in inputs])
            total = total + weight * xp.where(choice == choice, choice, 0.0)
            weight *= GOLDEN
        return total


# Whole arrays.


def _whole(function: Function, lower: Lower) -> Structural:
    assert function.gradient is not None
    gradient = function.gradient

    def planner(shapes: Sequence[Shape]) -> tuple[Shape, Options]:
        given = dict(zip(function.arguments, shapes, strict=True))
        value, shape = _tape(function, function.value, lower, given)
        products = []
        for argument, wanted in given.items():
            product, found = _tape(function, gradient[argument], lower, {**given, UPSTREAM: shape})
            if found != wanted:
                raise OperationError(
                    f"{function}: its gradient for {argument} has shape {show_shape(found)}, "
                    f"but {argument} has shape {show_shape(wanted)}",
                    hint=f"The upstream gradient has shape {show_shape(shape)}, as the value.",
                )
            products.append(product)
        return shape, Options(value=value, products=products)

    texts = {a: textbook(function, substitute(e, G)) for a, e in gradient.items()}
    return Structural(
        function.name,
        " ".join(function.arguments),
        ABOUT,
        planner=planner,
        value=lambda xp, o, *arguments: o.value(xp, *arguments),
        formula=textbook(function, function.value),
        vjps={a: (texts[a], _product(k)) for k, a in enumerate(function.arguments)},
        samples=(),
        group="activations",
    )


def _product(k: int) -> Body:
    """The gradient of argument `k`, by the author's formula."""
    return lambda xp, o, g, y, *arguments: o.products[k](xp, *arguments, g)


def _tape(function: Function, expression: Expression, lower: Lower, shapes: Mapping[str, Shape]) -> tuple[Tape, Shape]:
    """One formula of a function at given shapes (its names' values in that order), and the shape of its value."""
    graph = Graph()
    slots = {name: graph.add_data(name, "input", shape) for name, shape in shapes.items()}
    try:
        last = lower(graph, function, slots, expression)
    except OperationError as error:
        error.span = None  # it counts in the function's own text; the call is where the shapes come from
        raise
    return Tape(graph, last), graph.shapes[last]
