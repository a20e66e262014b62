"""A step's options back in the words of a formula: `sum(x, axis=1)`, and nothing where they are the defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backpropcli.ops.definition import Operation, Options, Shape
from backpropcli.spec.formula.tree import Call, Expression, Index, Name, Number, Slice, Text, Unary
from backpropcli.spec.formula.tree import Sequence as Listed
from backpropcli.views.numbers import exact

MOST_ITEMS = 6
"""A longer list of places is shown as `[...]`."""


def planned_call(
    operation: Operation, arguments: Sequence[Expression], options: Options | None, shapes: Sequence[Shape]
) -> Expression:
    """An operation of these arguments with its planned options, as somebody might have written it."""
    if operation.written and hasattr(options, "where"):
        items = iter(arguments[1:])
        return Index(arguments[0], tuple(_item(k, items) for k in _trimmed(options.where)))  # type: ignore[union-attr]
    if operation.variadic and getattr(operation, "listed", False):
        arguments = (Listed(tuple(arguments), "list"),)
    keywords = tuple((key, value) for key, value in _given(operation, options, shapes) if value is not None)
    if operation.variadic and not getattr(operation, "listed", False):  # einsum's text comes first
        arguments = (*(value for _, value in keywords if isinstance(value, Text)), *arguments)
        keywords = tuple(pair for pair in keywords if not isinstance(pair[1], Text))
    if operation.order:  # what stands elsewhere in NumPy's order is named
        named = zip(operation.arguments[1:], arguments[1:], strict=False)
        arguments, keywords = arguments[:1], (*named, *keywords)
    return Call(operation.name, tuple(arguments), keywords)


def _given(
    operation: Operation, options: Options | None, shapes: Sequence[Shape]
) -> list[tuple[str, Expression | None]]:
    """The options that are not the defaults, as far as the plan still knows them."""
    planned = vars(options) if options is not None else {}
    rank = max(map(len, shapes), default=0)
    result: list[tuple[str, Expression | None]] = []
    for key, default in operation.options.items():
        if key == "ddof" and "divisor" in planned:
            value: Any = planned["count"] - planned["divisor"]
        elif key == "shape" and "after" in planned:
            value = planned["after"]
        else:
            value = planned.get(key, default)
        if key in ("axis", "axes"):
            value = _axes(value, default, rank)
        if value is not ... and value != default and not (key == "ord" and default is None and value == 2):
            result.append((key, _constant(value)))
    return result


def _axes(value: Any, default: Any, rank: int) -> Any:
    """Axes counted from the left, as most people write them; the default where they are what it means."""
    axes = value if isinstance(value, tuple) else (value,) if isinstance(value, int) else ()
    if not all(isinstance(k, int) for k in axes):
        return value  # pairs of them: tensordot
    everything = sorted(axes) == list(range(-rank, 0))  # for a transpose, this order or the reverse
    if not axes or (default is None and everything and list(axes) in (sorted(axes), sorted(axes, reverse=True))):
        return default
    if isinstance(default, int) and len(axes) == 1 and (axes[0] - default) in (0, rank, -rank):
        return default
    counted = tuple(k + rank if k < 0 else k for k in axes)
    return counted[0] if len(counted) == 1 else counted


def planned_axis(axes: Sequence[int], rank: int) -> Expression:
    """One axis, or several, counted from the left; -1 for the last."""
    counted = tuple(k + rank for k in axes)
    one = -1 if counted == (rank - 1,) else counted[0] if len(counted) == 1 else counted
    return _constant(one) or Name("...")


def _constant(value: Any) -> Expression | None:
    if value is None or isinstance(value, bool):
        return Name(str(value))
    if isinstance(value, (int, float)):
        return Unary("-", _constant(-value) or Name("?")) if value < 0 else Number(float(value), exact(value))
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, tuple):
        return Listed(tuple(_constant(x) or Name("...") for x in value), "tuple")
    return None


def _trimmed(where: Sequence[Any]) -> list[Any]:
    """A complete index without the whole axes at its end."""
    items = list(where)
    while len(items) > 1 and isinstance(items[-1], slice) and items[-1].start == 0 and items[-1].step == 1:
        items.pop()
    return items


def _item(k: Any, labels: Any) -> Expression:
    """One entry of an index: a number, a slice, a short list of places, or what the network itself gives."""
    if isinstance(k, slice):
        parts = ((k.start, 0), (k.stop, None), (k.step, 1))
        limits = [None if x is None or x == trivial else _constant(x) for x, trivial in parts]
        return Slice(limits[0], limits[1], limits[2])
    if hasattr(k, "tolist"):
        k = k.tolist()
    if isinstance(k, list):
        flat = len(k) <= MOST_ITEMS and not any(isinstance(x, list) for x in k)
        return Listed(tuple(_constant(x) or Name("...") for x in k), "list") if flat else Name("[...]")
    return _constant(k) or next(labels, Name("[...]"))
