"""Chains of factors in a formula: which products are of arrays, entry by entry."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeGuard

from backpropcli.language.formula.grammar import BINDING, PRODUCT
from backpropcli.language.formula.tree import Binary, Call, Expression, Index, Name, Number, Slice, Text
from backpropcli.ops.definition import Structural
from backpropcli.ops.table import lookup

TIMES, CHAINED, ELEMENTWISE = range(3)
"""A product's sign: that of numbers; `*` as elsewhere in its chain of factors; `*` as both its factors are arrays."""


def products(order: list[Expression], arrays: Collection[str], whole: bool = False) -> list[int]:
    """For each part of a formula the sign that it has as a product: one sign in a whole chain of factors.

    The sign of a chain is `*` where two arrays are multiplied in it, entry by entry; of the `whole` in any case.
    """
    found = [TIMES] * len(order)
    if not arrays and not whole:
        return found
    places = _places(order)
    spread = _spread(order, places, arrays)
    chains = [(k, places[k][0], part.sign) for k, part in enumerate(order) if _is_product(part)]
    for k, left, sign in chains:
        if sign == "*" and all(spread[place] for place in places[k]):
            found[k] = ELEMENTWISE
        elif found[left]:
            found[k] = CHAINED
    if whole and not found[-1] and _is_product(order[-1]):
        found[-1] = CHAINED
    for k, left, _ in reversed(chains):
        if found[k] and not found[left] and _is_product(order[left]):
            found[left] = CHAINED
    return found


def _places(order: list[Expression]) -> list[list[int]]:
    """Where the parts of each part of a formula stand among all."""
    stack: list[int] = []
    found = []
    for k, part in enumerate(order):
        count = len(part.parts())
        found.append(stack[len(stack) - count :])
        del stack[len(stack) - count :]
        stack.append(k)
    return found


def _is_product(part: Expression) -> TypeGuard[Binary]:
    return isinstance(part, Binary) and BINDING[part.sign] == PRODUCT


def _spread(order: list[Expression], places: list[list[int]], arrays: Collection[str]) -> list[bool]:
    """Which parts of a formula are arrays, as far as its words tell."""
    found: list[bool] = []
    for part, inside in zip(order, places, strict=True):
        match part:
            case Name(name=name):
                found.append(name in arrays)
            case Number() | Text() | Index() | Slice():
                found.append(False)
            case Call():
                found.append(any(found[k] for k in inside) and not _one_number(part))
            case _:
                found.append(any(found[k] for k in inside))
    return found


def _one_number(call: Call) -> bool:
    """Whether a call reduces an array to one number, as far as its words tell."""
    operation = lookup(call.name)
    if not isinstance(operation, Structural) or call.keywords:
        return False
    return operation.reduces and len(call.arguments) == len(operation.arguments)
