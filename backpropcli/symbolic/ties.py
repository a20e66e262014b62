"""The comparisons by which a formula chooses, and where two sides tie (max of equal numbers): what each entry gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Part, Structural
from backpropcli.symbolic.arrays import entries
from backpropcli.symbolic.digits import number_of_digits
from backpropcli.symbolic.words import Formula, choice, sympy

if TYPE_CHECKING:
    from backpropcli.graph import Graph


def relations(e: Formula) -> set[Any]:
    """All comparisons of more and less by which an expression chooses; what asks for one number has no corner."""
    order = (sympy().Lt, sympy().Le, sympy().Gt, sympy().Ge)
    return {relation for one in e.atoms(choice()) for relation in one.args[0].atoms(*order)}


def true_relation(relation: Any, known: Mapping[Any, Any]) -> Any:
    """A comparison of two numbers as it is here: `a == b`, `a < b`."""
    a, b = (number_of_digits(side, known) for side in (relation.lhs, relation.rhs))
    kind = sympy().Eq if a == b else sympy().Lt if a < b else sympy().Gt
    return kind(relation.lhs, relation.rhs, evaluate=False)


def sided(condition: Any, known: Mapping[Any, Any]) -> Any:
    """A condition as it is said: `z > 0`, the number on the right, and strict where it is so here."""
    if not condition.is_Relational:
        return exactly(condition, known)
    if condition.lhs.is_number and not condition.rhs.is_number:
        condition = condition.reversed
    left, right = (number_of_digits(e, known) for e in (condition.lhs, condition.rhs))
    strict = {sympy().Ge: sympy().Gt, sympy().Le: sympy().Lt}.get(type(condition))
    return strict(condition.lhs, condition.rhs, evaluate=False) if strict and left != right else condition


def exactly(condition: Any, known: Mapping[Any, Any]) -> Any:
    """A condition that asks which of several numbers one is (a label), as the number that it is: `y[1] == 0`."""
    library, used = sympy(), condition.free_symbols
    atoms = condition.atoms(library.core.relational.Relational)
    if len(used) != 1 or not all(isinstance(a, library.Eq | library.Ne) for a in atoms):
        return condition
    (one,) = used
    return library.Eq(one, library.nsimplify(float(known[one])), evaluate=False)


def without_doubles(conditions: Sequence[Any]) -> list[Any]:
    """Conditions, each said once: `b > a` is `a < b`, and where `a == b` nothing is said of more and less."""
    library = sympy()
    loose = {(c.gts, c.lts) for c in conditions if isinstance(c, library.Ge | library.Le)}
    both = {sides for sides in loose if sides[::-1] in loose}
    equal = {frozenset(c.args) for c in conditions if isinstance(c, library.Eq)} | {frozenset(sides) for sides in both}
    told: dict[Any, Any] = {}
    for c in conditions:
        if isinstance(c, library.Ge | library.Le) and (c.gts, c.lts) in both:
            c = library.Eq(c.lhs, c.rhs, evaluate=False)
        sides = frozenset(c.args) if c.is_Relational else frozenset({c})
        if len(sides) > 1 and sides in equal and not isinstance(c, library.Eq):
            continue
        if c.is_Relational and c.lhs == c.rhs:
            continue
        told.setdefault((sides, getattr(c, "gts", None) if not isinstance(c, library.Eq) else None), c)
    return list(told.values())


def tie_shares(graph: Graph, slot: int, k: int, numbers: Sequence[Sequence[Any]]) -> list[list[Formula]]:
    """How fast entry k of a structural operation's result moves with every entry of every argument, as exact numbers.

    By the operation's own definition, from its arguments' `numbers`: at a corner every slope between those of its
    sides is right, and the usual one is a convention, which the definition has.
    """
    import numpy as np

    from backpropcli.ops.numbers.array import xp

    operation: Any = graph.operations[slot]
    assert isinstance(operation, Structural)
    shapes = [graph.shapes[a] for a in graph.arguments[slot]]
    values = [np.array([float(x) for x in row]).reshape(shape) for row, shape in zip(numbers, shapes, strict=True)]
    options: Any = graph.options[slot]
    y = operation.value(xp, options, *values)
    upstream = np.zeros(np.shape(y))
    upstream.reshape(-1)[k] = 1.0
    found = []
    for position, value in enumerate(values):
        vjp, which = (operation.vjps[0], (position,)) if operation.variadic else (operation.vjps[position], ())
        product = vjp(xp, options, upstream, y, *which, *values)
        if isinstance(product, Part):
            buffer = np.zeros(value.shape)
            np.add.at(buffer, (..., *product.where), product.value)
            product = buffer
        found.append([sympy().nsimplify(float(x), rational=True, tolerance=1e-15) for x in entries(product)])
    return found
