"""What steps are called in sentences: a node's name, or the piece of its formula."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backpropcli.language.formula.show import show
from backpropcli.language.formula.steps import step_formula
from backpropcli.language.formula.tree import Expression, Name, Number, Unary
from backpropcli.ops.definition import Structural

if TYPE_CHECKING:
    from backpropcli.graph import Graph, Node

LONGEST = 40
"""A formula with more characters than these is not spelled out inside another."""
RULES = {"*": "the product's", "/": "the quotient's", "**": "the power's", "-": "the difference's"}
"""Whose a local derivative is, for operators."""
_POWER = re.compile(r"\*\*\((\d+) - 1\)")


class Spelling:
    """What steps are called in sentences: a node's name, or the piece of its formula."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._labels: dict[int, str] | None = None

    @property
    def labels(self) -> dict[int, str]:
        """The names of slots."""
        if self._labels is None:
            self._labels = self.graph.labels()
        return self._labels

    def expression(self, slot: int, depth: int = 3) -> Expression:
        """A step in letters: its node's name, a constant, or the piece of formula that it is."""
        graph, label = self.graph, self.labels.get(slot, "")
        if slot in graph.constants:
            value = graph.constants[slot]
            if isinstance(value, float):
                number = Number(abs(value), f"{abs(value):g}")
                return number if value >= 0 else Unary("-", number)
            return Name("constant")
        operation = graph.operations[slot]
        if "." not in label or operation is None or not depth:
            return Name(label or "constant")
        arguments = [self.expression(a, depth - 1) for a in graph.arguments[slot]]
        if isinstance(operation, Structural) and operation.permutes and isinstance(arguments[0], Name):
            options = graph.options[slot]
            if options is not None and options.axes == (-1, -2):
                return Name(f"{arguments[0].name}.T")
        return step_formula(operation, arguments, graph.options.get(slot))

    def slot(self, slot: int) -> str:
        """A step as text; a long piece is called by its label."""
        text = show(self.expression(slot))
        return text if len(text) <= LONGEST else self.labels.get(slot, text)

    def letters(self, slot: int) -> dict[str, Expression]:
        """What an operation's letters stand for at this step; `y` is its value."""
        operation = self.graph.operations[slot]
        names = operation.arguments if operation is not None else ()
        found = {letter: self.short(a) for letter, a in zip(names, self.graph.arguments[slot], strict=False)}
        return {**found, "y": self.short(slot)}

    def short(self, slot: int) -> Expression:
        """A step in letters, a long one by its label."""
        expression = self.expression(slot)
        return expression if len(show(expression)) <= LONGEST else Name(self.labels.get(slot, "constant"))

    def called(self, slot: int) -> str:
        """`sigmoid's`, or `the product's` for an operator: what a local derivative belongs to."""
        operation = self.graph.operations[slot]
        assert operation is not None
        return RULES.get(operation.infix, f"{operation.name}'s")

    def owner(self, slot: int) -> Node:
        """The node that a step belongs to."""
        return next(n for n in self.graph.nodes.values() if n.kind == "node" and n.first <= slot <= n.slot)


def said(formula: Expression) -> str:
    """A formula as text, without what the power rule leaves behind: `**(2 - 1)`."""
    text = show(formula)
    return _POWER.sub(lambda m: "" if m[1] == "2" else f"**{int(m[1]) - 1}", text)
