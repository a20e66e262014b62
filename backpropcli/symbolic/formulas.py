"""The textbook formulas of elementwise operations, read by our parser, as functions of SymPy expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tape import Tape
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, Unary, postorder
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.table import INFIX, TABLE, lookup
from backpropcli.symbolic.arrays import entrywise
from backpropcli.symbolic.words import Formula, SymbolicError, number, primitives


@cache
def rule(operation: Elementwise) -> Callable[..., Formula]:
    """An elementwise operation as a function of expressions."""
    if operation.name in primitives() and TABLE.get(operation.name) is operation:
        made: Callable[..., Formula] = primitives()[operation.name]
        return made
    tape = operation.value
    if isinstance(tape, Tape):  # a function of the spec, its gradient derived by hand: its own steps
        return lambda *arguments: _recorded(tape, arguments)
    return lambda *arguments: interpret(operation.formula, dict(zip(operation.arguments, arguments, strict=True)))


def _recorded(tape: Tape, arguments: Sequence[Formula]) -> Formula:
    """What the steps of a tape come to."""
    values, graph = list(arguments), tape.graph
    for slot in range(len(arguments), len(graph)):
        inner = graph.operations[slot]
        if isinstance(inner, Elementwise):
            values.append(rule(inner)(*[values[k] for k in graph.arguments[slot]]))
        else:
            values.append(number(graph.constants[slot]))
    return values[tape.last]


def interpret(text: str, names: Mapping[str, Formula], reducing: Any = None) -> Formula:
    """A textbook formula of ours, with formulas for its names; sums and means are `reducing`'s."""
    done: dict[int, Formula] = {}
    tree = parse(text, names)
    for e in postorder(tree):
        parts = [done[id(p)] for p in e.parts()]
        if isinstance(e, Call) and hasattr(reducing, e.name):
            outermost = e is tree or (isinstance(tree, Call | Unary) and e in tree.parts())
            done[id(e)] = getattr(reducing, e.name)(parts[0], outermost)
        else:
            done[id(e)] = _meant(e, parts, names, text)
    return done[id(tree)]


def _meant(e: Expression, parts: Sequence[Formula], names: Mapping[str, Formula], whole: str) -> Formula:
    """One step of the `whole` formula, whose parts are these."""
    match e:
        case Number():
            return number(e.value)
        case Name():
            return names[e.name] if e.name in names else primitives()[e.name]
        case Unary():
            return -parts[0] if e.sign == "-" else call("logical_not", parts)
        case Call():
            return call(e.name, parts)
        case Binary():
            arithmetic = ARITHMETIC.get(e.sign)
            try:
                return arithmetic(*parts) if arithmetic else call(INFIX[e.sign].name, parts)
            except ZeroDivisionError:
                raise SymbolicError("there is a division by 0 in it") from None
    raise SymbolicError(f"{whole} is more than a formula of numbers")


ARITHMETIC: Mapping[str, Callable[..., Formula]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


def call(name: str, parts: Sequence[Formula]) -> Formula:
    """An elementwise operation, by its name, of these arguments; those left out take their defaults."""
    found = lookup(name)
    if not isinstance(found, Elementwise):
        raise SymbolicError(f"{name} has no formula")
    given = (
        [*parts, *map(number, found.defaults[len(found.defaults) + len(parts) - len(found.arguments) :])]
        if len(parts) < len(found.arguments)
        else parts
    )
    return entrywise(primitives().get(found.name) or rule(found))(*given)
