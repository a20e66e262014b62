"""Rows with names of their own: where a network that is unrolled in time has a node `h[3]`, that is a name."""

from __future__ import annotations

from collections.abc import Container

from backpropcli.language.formula.tree import Expression, Index, Name, Number, Unary


def row(e: Index, known: Container[str]) -> Expression:
    """`h[3]` as a name, and `h[3, 1]` as an entry of it, where `h[3]` is known; any other index as it is."""
    if not isinstance(e.value, Name):
        return e
    number = whole(e.items[0])
    name = f"{e.value.name}[{number}]"
    if number is None or name not in known:
        return e
    found = Name(name, e.start, e.end)
    return Index(found, e.items[1:], e.start, e.end) if len(e.items) > 1 else found


def whole(item: Expression) -> int | None:
    """A whole number that stands in an index; None for something else."""
    if isinstance(item, Unary) and item.sign == "-" and isinstance(item.operand, Number) and item.operand.whole:
        return -int(item.operand.text)
    return int(item.text.replace("_", "")) if isinstance(item, Number) and item.whole else None
