"""The edges of a backward pass, each from a step to one of its arguments, and the pass run again with other rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from backpropcli.engine import Plan, Trace
from backpropcli.errors import BackpropError
from backpropcli.gradcheck.external.spelling import Spelling, said
from backpropcli.gradcheck.mistakes.mutations import replaced, with_operations
from backpropcli.language.formula.evaluate import evaluate
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Expression, substitute
from backpropcli.ops.definition import Elementwise, Operation, Value


class Edge(NamedTuple):
    """From step `slot` back to its argument number `position`, which is slot `to`."""

    slot: int
    position: int
    to: int


def edges(trace: Trace) -> Iterator[Edge]:
    """Every edge that the gradients of this run have come along."""
    graph = trace.graph
    for slot, operation in enumerate(graph.operations):
        if operation is None or trace.gradients[slot] is None:
            continue
        for position, to in enumerate(graph.arguments[slot]):
            if trace.gradients[to] is not None:
                yield Edge(slot, position, to)


def rerun(
    trace: Trace, changed: Mapping[int, Operation], names: Sequence[str], slots: list[Any] | None = None
) -> dict[str, Any]:
    """The gradients of `names` with other rules at some steps, at the values of this run, or at other `slots`."""
    other = Plan(with_operations(trace.graph, changed))
    slots = trace.slots if slots is None else slots
    gradients = other.backward(slots, trace.seeds(), everything=True)
    found = Trace(other, trace.of, slots, gradients, True)
    return {name: found.gradient(name) for name in names}


class Step:
    """A step of the backward pass along one edge, in numbers and in the network's own names."""

    def __init__(self, trace: Trace, edge: Edge, spell: Spelling) -> None:
        operation = trace.graph.operations[edge.slot]
        assert operation is not None
        self.trace = trace
        self.graph = trace.graph
        self.edge = edge
        self.position = edge.position
        self.operation: Operation = operation
        self.spell = spell

    @cached_property
    def formula(self) -> Expression | None:
        """The textbook form of the local derivative; None where there is none that can be read."""
        if not isinstance(self.operation, Elementwise):
            return None
        try:
            return parse(self.operation.textbook[self.position])
        except BackpropError:  # a hand-derived gradient may say what formulas cannot
            return None

    @cached_property
    def letters(self) -> dict[str, Expression]:
        """What the operation's letters stand for; `y` is its value."""
        return self.spell.letters(self.edge.slot)

    @property
    def called(self) -> str:
        """`sigmoid's`: what the local derivative belongs to."""
        return self.spell.called(self.edge.slot)

    @property
    def to(self) -> str:
        """The argument."""
        return self.spell.slot(self.edge.to)

    @property
    def at(self) -> str:
        """The step itself."""
        return self.spell.slot(self.edge.slot)

    def named(self, formula: Expression) -> str:
        """A formula over the operation's letters, in the network's names."""
        return said(substitute(formula, self.letters))

    def value(self, formula: Expression, instead: Mapping[str, Value] | None = None) -> Value | None:
        """A formula over the operation's letters at this run's point; None if it cannot be worked out.

        `instead` has other values for some letters.
        """
        own = zip(self.operation.arguments, self.graph.arguments[self.edge.slot], strict=False)
        letters = {**dict(own), "y": self.edge.slot}
        other = instead or {}
        values = {letter: other[letter] if letter in other else self.trace.slots[at] for letter, at in letters.items()}
        try:
            return evaluate(formula, values)
        except (BackpropError, ArithmeticError, ValueError):
            return None

    def replaced(self, make: Any) -> Operation:
        """The operation with another rule for this argument; `make` gets the right one."""
        return replaced(self.operation, self.position, make)

    def giving(self, value: Value) -> Operation:
        """The operation with a local derivative of this value, in the shape of the right one."""
        return self.replaced(lambda body: lambda *given: body(*given) * 0.0 + value)
