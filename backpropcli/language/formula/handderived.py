"""A function whose gradient its author derived by hand, as an elementwise operation made from the formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.graph import Graph
from backpropcli.language.formula.composite import composite
from backpropcli.language.formula.functions import UPSTREAM, Function
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Expression, Name, longer, substitute
from backpropcli.ops.definition import XP, Body, Elementwise, Operation, Value
from backpropcli.ops.elementwise.entries import TRANSCENDENTAL

LONGEST_TEXTBOOK = 2_000
"""A gradient with its helpers put in may have this many subexpressions; a longer one is quoted as written."""

SAMPLES = (-2.5, -1.0, -0.3, 0.0, 0.4, 1.0, 3.0)

GOLDEN = 0.6180339887498949

G = {UPSTREAM: Name("g")}
"""The operation table's letter for the upstream gradient."""


def hand_derived(function: Function, functions: Mapping[str, Function] | None = None) -> Operation:
    """The operation `mish(z)`, whose value and gradient run the author's own formulas.

    Its gradient is the local derivative, entry by entry; or, where it says `upstream`, the whole gradient for an
    argument, and the function may be one of whole arrays. Raises FormulaError or OperationError (with a span in the
    part's own text) where a part of an elementwise function is not elementwise.
    """
    assert function.gradient is not None
    others = functions or {}
    if function.whole():
        texts = {a: textbook(function, substitute(e, G)) for a, e in function.gradient.items()}
        return composite(function, others, texts, textbook(function, function.value))
    value = Program(function, function.value, others)
    partials: dict[str, tuple[str, Body]] = {}
    for argument in function.arguments:
        derivative = function.gradient[argument]
        partials[argument] = (textbook(function, derivative), _partial(Program(function, derivative, others)))
    return Elementwise(
        function.name,
        " ".join(function.arguments),
        "a function of this network, its gradient derived by hand",
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


def textbook(function: Function, expression: Expression) -> str:
    """A part of the function as text over its arguments alone: helpers put in, unless that makes it too long."""
    whole = expression
    for _ in function.where:
        # Helpers may use each other, in any order: once for each is enough.
        whole = substitute(whole, function.where)
        if longer(whole, LONGEST_TEXTBOOK):
            return show(expression)
    return show(whole)


def _partial(program: Program) -> Body:
    """A partial's body, which is handed the value `y` and has no use for it."""
    return lambda xp, y, *arguments: program(xp, *arguments)


class Program:
    """One elementwise formula of a function, as a list of operations that any namespace of numbers can run."""

    __slots__ = ("branches", "count", "last", "steps")

    def __init__(self, function: Function, expression: Expression, functions: Mapping[str, Function]) -> None:
        graph = Graph()
        slots = [graph.add_data(name, "input", ()) for name in function.arguments]
        lowering = Lowering(graph, {name: other for name, other in functions.items() if name != function.name})
        lowering.by_hand = True
        lowering.scope = {**function.where, **dict(zip(function.arguments, slots, strict=True))}
        result = lowering.lower(expression)
        self.last = lowering.slot(result, expression)
        self.count = len(slots)
        self.steps: list[tuple[Elementwise | None, tuple[int, ...], float]] = []
        for slot in range(self.count, len(graph)):
            operation = graph.operations[slot]
            if (operation is not None and not isinstance(operation, Elementwise)) or graph.shapes[slot]:
                name = operation.name if operation is not None else "an array"
                raise OperationError(
                    f"{function} works on numbers one at a time, as its gradient does: {name} has no place in it",
                    hint="For whole arrays say what becomes of the upstream gradient, as in\n"
                    f"  gradient: {{{function.arguments[0]}: upstream * ...}}",
                ).spanning(expression.start, expression.end)
            self.steps.append((operation, graph.arguments[slot], graph.constants.get(slot, 0.0)))
        self.branches = sum(step[0] is not None and step[0].branch is not None for step in self.steps)

    def run(self, xp: XP, arguments: tuple[Value, ...]) -> list[Value]:
        """The values of all steps, the arguments first."""
        values: list[Any] = list(arguments)
        for operation, inputs, constant in self.steps:
            if operation is None:
                values.append(xp.number(constant))
            else:
                values.append(operation.value(xp, *[values[k] for k in inputs]))
        return values

    def __call__(self, xp: XP, *arguments: Value) -> Value:
        """The formula's value."""
        value = self.run(xp, arguments)[self.last]
        # A constant derivative (identity's 1) takes the shape of the arguments.
        return value if self.last >= self.count and self.steps[self.last - self.count][0] else value + 0 * arguments[0]

    def branch(self, xp: XP, *arguments: Value) -> Value:
        """All discrete choices on the way as one number: it changes where any of them does."""
        values = self.run(xp, arguments)
        total: Any = 0.0
        weight = 1.0
        for operation, inputs, _ in self.steps:
            if operation is not None and operation.branch is not None:
                choice = operation.branch(xp, *[values[k] for k in inputs])
                total = total + weight * xp.where(choice == choice, choice, 0.0)
                weight *= GOLDEN
        return total
