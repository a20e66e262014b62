"""What would come out if: the backward pass run again with one local derivative changed, to see whose mistake it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.engine import Plan, Trace
from backpropcli.errors import BackpropError
from backpropcli.gradcheck.mistakes.mutations import changed, replaced, scaled, with_operations
from backpropcli.gradcheck.mistakes.table import TRANSPOSED, UPSTREAM_ALONE
from backpropcli.graph import Graph, Node
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.show import show
from backpropcli.language.formula.steps import step_formula
from backpropcli.language.formula.tree import (
    Binary,
    Call,
    Expression,
    Name,
    Number,
    Unary,
    postorder,
    rebuilt,
    substitute,
)
from backpropcli.ops.definition import Elementwise, Operation, Structural, Value

LONGEST = 40
"""A formula with more characters than these is not spelled out inside another."""
_POWER = re.compile(r"\*\*\((\d+) - 1\)")
RULES = {"*": "the product's", "/": "the quotient's", "**": "the power's", "-": "the difference's"}


class Way(NamedTuple):
    """One way back: from step `slot` to its argument number `position`, which is slot `to`."""

    slot: int
    position: int
    to: int


class Change(NamedTuple):
    """Another rule for a way back, and what was done to the right one, in words.

    `what` is the whole sentence about it; `over` what theirs/right is in letters, where that is one local factor:
    `1/(1 - a1)`.
    """

    operation: Operation
    what: str
    over: str = ""


def ways(trace: Trace) -> Iterator[Way]:
    """Every way back that the gradients of this run have taken."""
    graph = trace.graph
    for slot, operation in enumerate(graph.operations):
        if operation is None or trace.gradients[slot] is None:
            continue
        for position, to in enumerate(graph.arguments[slot]):
            if trace.gradients[to] is not None:
                yield Way(slot, position, to)


def rerun(
    trace: Trace, changed: Mapping[int, Operation], names: Sequence[str], slots: list[Any] | None = None
) -> dict[str, Any]:
    """The gradients of `names` with other rules at some steps, at the values of this run, or at other `slots`."""
    other = Plan(with_operations(trace.graph, changed))
    slots = trace.slots if slots is None else slots
    gradients = other.backward(slots, trace.seeds(), everything=True)
    found = Trace(other, trace.of, slots, gradients, True)
    return {name: found.gradient(name) for name in names}


# Changes that people make.


def changes(trace: Trace, way: Way) -> Iterator[Change]:
    """Mistakes that fit one way back: a factor of its local derivative left out, a wrong point, no transpose."""
    operation = trace.graph.operations[way.slot]
    if isinstance(operation, Elementwise):
        yield from _elementwise(trace, way, operation)
    elif isinstance(operation, Structural):
        yield from _structural(trace, way, operation)


def _elementwise(trace: Trace, way: Way, operation: Elementwise) -> Iterator[Change]:
    graph, position = trace.graph, way.position
    text = operation.textbook[position]
    try:
        formula = parse(text)
    except BackpropError:  # a hand-derived gradient may say what formulas cannot
        return
    if isinstance(formula, Number) or (isinstance(formula, Unary) and isinstance(formula.operand, Number)):
        return
    spell = Spelling(graph)
    letters = spell.letters(way.slot)
    called = spell.called(way.slot)
    whole = said(substitute(formula, letters))
    parts = factors(formula)
    for part in parts if len(parts) > 1 else []:
        value = evaluate(part, trace, way.slot)
        if value is None or isinstance(part, Number):
            continue
        factor = said(substitute(part, letters))
        plain = factor if isinstance(part, Name | Number | Call) or factor.isidentifier() else f"({factor})"
        of = f"the factor {plain} of {called} local derivative {whole}"
        yield Change(scaled(operation, position, inverse(value)), UPSTREAM_ALONE.rule.format(local=of), f"1/{plain}")
        yield Change(scaled(operation, position, value), f"{of} is there twice", plain)
    value = evaluate(formula, trace, way.slot)
    if value is not None:
        simple = isinstance(formula, Name | Call) or whole.isidentifier()
        plain = whole if simple else f"({whole})"
        if operation.infix:
            what = f"the factor {plain} is missing" if simple else f"the local derivative {whole} is missing"
        else:
            what = f"{called} local derivative {whole} is missing"
        one = replaced(operation, position, lambda body: lambda xp, y, *v: body(xp, y, *v) * 0.0 + 1.0)
        yield Change(one, what, f"1/{plain}")
        yield Change(scaled(operation, position, value), what.replace("is missing", "is there twice"), plain)
    if len(operation.arguments) == 1:
        yield from _elsewhere(trace, way, operation, formula, letters, called)


def _elsewhere(
    trace: Trace, way: Way, operation: Elementwise, formula: Expression, letters: Mapping[str, Expression], called: str
) -> Iterator[Change]:
    """The local derivative of an activation taken at its value instead of its argument, or the other way round."""
    (z,) = operation.arguments
    name, argument = show(letters["y"]), show(letters[z])
    at_value = replaced(operation, 0, lambda body: lambda xp, y, z: body(xp, operation.value(xp, y), y))
    yield Change(at_value, f"{called} local derivative is taken at {name} instead of {argument}")
    if any(isinstance(part, Name) and part.name == "y" for part in postorder(formula)):
        swapped = substitute(formula, {"y": Name(z)})
        value = evaluate(swapped, trace, way.slot)
        if value is not None:
            wrong = said(substitute(swapped, letters))
            right = said(substitute(formula, letters))
            other = replaced(operation, 0, lambda body: lambda xp, y, z: body(xp, y, z) * 0.0 + value)
            yield Change(other, f"{called} local derivative is {wrong} there instead of {right}")


def _structural(trace: Trace, way: Way, operation: Structural) -> Iterator[Change]:
    graph, position = trace.graph, way.position
    spell = Spelling(graph)
    shape = graph.shapes[way.to]
    square = len(shape) == 2 and shape[0] == shape[1]
    argument = spell.slot(way.to)
    if operation.matrix_product:
        others = [a for k, a in enumerate(graph.arguments[way.slot]) if k != position]
        factor = graph.shapes[others[0]] if others else ()
        if len(factor) == 2 and factor[0] == factor[1]:
            label = spell.slot(others[0])

            def turned(body: Any) -> Any:
                def wrong(xp: Any, o: Any, g: Any, y: Any, *v: Any) -> Any:
                    v = tuple(x.swapaxes(-1, -2) if k != position else x for k, x in enumerate(v))
                    return body(xp, o, g, y, *v)

                return wrong

            what = f"{label} stands in the gradient of {argument} where {label}.T belongs (or the other way round)"
            yield Change(replaced(operation, position, turned), what)
    if square:
        flip = changed(operation, position, lambda right: right.swapaxes(-1, -2))
        yield Change(flip, TRANSPOSED.rule.format(to=argument))
    if operation.slopes is not None:
        yield from _entry_alone(trace, way, operation, operation.slopes[0])
        yield from _without_sum(trace, way, operation)
        through = replaced(operation, position, lambda body: lambda xp, o, g, y, *v: g + 0.0)
        yield Change(through, f"{operation.name}'s rule is missing: the upstream gradient is passed on as it is")


def _entry_alone(trace: Trace, way: Way, operation: Structural, slope: str) -> Iterator[Change]:
    """The rule of a softmax as if no entry depended on the others: each by its own `slope`."""
    formula = parse(slope)
    value = evaluate(formula, trace, way.slot)
    if value is not None:
        whole: Expression = Name("g")
        for factor in factors(formula):
            whole = Binary("*", whole, factor)
        rule = said(substitute(whole, {"y": Name(Spelling(trace.graph).slot(way.slot))}))
        what = f"{operation.name}'s rule is {rule} there, as if each entry depended on its own z alone"
        yield Change(replaced(operation, way.position, lambda _: _times(value)), what)


def _without_sum(trace: Trace, way: Way, operation: Structural) -> Iterator[Change]:
    """The textbook's rule without the sum that it takes off, `y * g` for `y * (g - sum(g * y))`."""
    form = parse(operation.textbook[way.position])
    found = (p for p in postorder(form) if isinstance(p, Binary) and p.sign == "-" and isinstance(p.right, Call))
    if (part := next(found, None)) is not None:
        without = rebuilt(form, lambda was, now: part.left if was is part else now)
        value = evaluate(substitute(without, {"g": Number(1.0, "1")}), trace, way.slot)
        gone = said(substitute(part.right, {"y": Name(Spelling(trace.graph).slot(way.slot))}))
        if value is not None:
            what = f"the part - {gone} of {operation.name}'s rule is missing"
            yield Change(replaced(operation, way.position, lambda _: _times(value)), what)


def _times(value: Value) -> Any:
    """A rule that is the upstream gradient times a value."""
    return lambda xp, o, g, y, *v: g * value


def said(formula: Expression) -> str:
    """A formula as text, without what the power rule leaves behind: `**(2 - 1)`."""
    text = show(formula)
    return _POWER.sub(lambda m: "" if m[1] == "2" else f"**{int(m[1]) - 1}", text)


def factors(formula: Expression) -> list[Expression]:
    """The factors of a product, each as it is written; divisors as one over them.

    >>> [show(f) for f in factors(parse("y * (1 - y)"))]
    ['y', '1 - y']
    """
    if isinstance(formula, Binary) and formula.sign == "*":
        return factors(formula.left) + factors(formula.right)
    if isinstance(formula, Binary) and formula.sign == "/":
        above = [] if isinstance(formula.left, Number) and formula.left.value == 1.0 else factors(formula.left)
        return [*above, Binary("/", Number(1.0, "1"), formula.right)]
    if isinstance(formula, Unary) and formula.sign == "-":
        return factors(formula.operand)
    return [formula]


def evaluate(formula: Expression, trace: Trace, slot: int, instead: Mapping[str, Value] | None = None) -> Value | None:
    """A formula over a step's own letters (`y` is its value) at this run's point; None if it cannot be.

    `instead` has other values for some letters.
    """
    operation, own = trace.graph.operations[slot], trace.graph
    if operation is None:
        return None
    graph, values = Graph(), {}
    letters = dict(zip(operation.arguments, own.arguments[slot], strict=False))
    for letter, at in (*letters.items(), ("y", slot)):
        graph.add_data(letter, "input", own.shapes[at])
        values[letter] = trace.slots[at] if instead is None or letter not in instead else instead[letter]
    try:
        node = Lowering(graph).node("result", formula, "")
        return Plan(graph).forward(values)[node.slot]
    except (BackpropError, ArithmeticError, ValueError):
        return None


def inverse(value: Value) -> Value:
    """1/value, with 0 where that is infinite."""
    if isinstance(value, float):
        return 1.0 / value if value else 0.0
    import numpy as np

    with np.errstate(all="ignore"):
        return np.where(value == 0.0, 0.0, 1.0 / value)


# Steps in letters.


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
        """The same as text; a long piece is called by its label."""
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
