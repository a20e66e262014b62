"""A step of a graph back in the words of a formula: `a*b`, `-z`, `sum(x, axis=1)`; no options that are the defaults."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from backpropcli.language.formula.tree import Binary, Call, Expression, Index, Name, Number, Slice, Text, Unary
from backpropcli.language.formula.tree import Sequence as Listed
from backpropcli.ops.definition import Elementwise, Operation, Options
from backpropcli.ops.shapes.index import Label

MOST_ITEMS = 6
"""A longer list of places is shown as `[...]`."""


def literal(x: float) -> str:
    """The shortest text that the language reads back as the same finite number."""
    if x.is_integer() and abs(x) < 1e16:
        return str(int(x))
    return repr(x).replace("e+", "e").replace("e-0", "e-").replace("e0", "e")


def step_formula(operation: Operation, arguments: Sequence[Expression], options: Options | None = None) -> Expression:
    """A step as an expression of its arguments: with its sign, where it has one; what hands its argument on is that."""
    if operation.infix and len(arguments) == 2:
        return Binary(operation.infix, arguments[0], arguments[1])
    if operation.prefix:
        return Unary(operation.prefix, arguments[0])
    if isinstance(operation, Elementwise) and operation.signs == (1.0,):
        return arguments[0]
    return planned_call(operation, arguments, options)


def planned_call(operation: Operation, arguments: Sequence[Expression], options: Options | None) -> Expression:
    """An operation of these arguments with its options, as its author wrote them."""
    if operation.written:  # an index: a[1:, 0]
        index = getattr(options, "given", {}).get("index", ())
        items = index if isinstance(index, tuple) else (index,)
        return Index(arguments[0], tuple(_item(k, arguments[1:]) for k in items))
    if operation.variadic and getattr(operation, "listed", False):
        arguments = (Listed(tuple(arguments), "list"),)
    keywords = tuple((key, value) for key, value in _given(operation, options) if value is not None)
    if operation.variadic and not getattr(operation, "listed", False):  # einsum's text comes first
        arguments = (*(value for _, value in keywords if isinstance(value, Text)), *arguments)
        keywords = tuple(pair for pair in keywords if not isinstance(pair[1], Text))
    if operation.order:  # what stands elsewhere in NumPy's order is named
        named = zip(operation.arguments[1:], arguments[1:], strict=False)
        arguments, keywords = arguments[:1], (*named, *keywords)
    return Call(operation.name, tuple(arguments), keywords)


def _given(operation: Operation, options: Options | None) -> list[tuple[str, Expression | None]]:
    """The options that were written, but for those that are the defaults."""
    given = getattr(options, "given", {})
    return [
        (key, constant(given[key]))
        for key, default in operation.options.items()
        if key in given and given[key] != default
    ]


def planned_axis(axes: Sequence[int], rank: int) -> Expression:
    """One axis, or several, counted from the left; -1 for the last."""
    counted = tuple(k + rank for k in axes)
    one = -1 if counted == (rank - 1,) else counted[0] if len(counted) == 1 else counted
    return constant(one) or Name("...")


def constant(value: Any) -> Expression | None:
    """A Python value as a formula has it; None where it cannot be written."""
    if value is None or isinstance(value, bool):
        return Name(str(value))
    if isinstance(value, (int, float)):
        return signed(float(value))
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, tuple | list):
        kind: Literal["tuple", "list"] = "tuple" if isinstance(value, tuple) else "list"
        return Listed(tuple(constant(x) or Name("...") for x in value), kind)
    return None


def signed(value: float) -> Expression:
    """A number as a formula has it: the sign before it, and infinity and NaN by their names."""
    if value < 0:
        return Unary("-", signed(-value))
    return Number(value, literal(value)) if math.isfinite(value) else Name("inf" if value > 0 else "nan")


def _item(k: Any, labels: Sequence[Expression]) -> Expression:
    """One entry of an index: a number, a slice, a short list of places, or what the network itself gives."""
    if isinstance(k, slice):
        limits = [None if x is None else constant(x) for x in (k.start, k.stop, k.step)]
        return Slice(limits[0], limits[1], limits[2])
    if isinstance(k, Label):
        return labels[k.argument]
    if hasattr(k, "tolist"):
        k = k.tolist()
    if isinstance(k, list) and len(k) > MOST_ITEMS:
        return Name("[...]")
    return Name("...") if k is ... else constant(k) or Name("[...]")
