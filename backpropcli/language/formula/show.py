"""Trees back to formula text, in the language itself: what `show` prints, `parse` reads as the same tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backpropcli.language.formula.grammar import ATOM, BINDING, COMPARISON, POWER, SIGN
from backpropcli.language.formula.tree import (
    DOTTED,
    Binary,
    Call,
    Expression,
    Index,
    Name,
    Number,
    Sequence,
    Slice,
    Text,
    Unary,
)


def show(expression: Expression) -> str:
    """The formula as text, with no more parentheses than needed.

    >>> show(Binary("**", Binary("-", Name("a"), Name("y")), Number(2, "2")))
    '(a - y)**2'
    """
    # Pieces are joined once, at the end: a chain of 10,000 terms must not copy its beginning 10,000 times.
    pieces: list[str] = []
    waiting: list[str | Expression] = [expression]
    while waiting:
        latest = waiting.pop()
        if isinstance(latest, str):
            pieces.append(latest)
        else:
            waiting.extend(reversed(_layout(latest)))
    return "".join(pieces)


def _binding(e: Expression) -> int:
    """How tightly the outermost operator of an expression binds."""
    if isinstance(e, Binary):
        return BINDING[e.sign]
    return SIGN if isinstance(e, Unary) else ATOM


def _within(e: Expression, needed: int) -> list[str | Expression]:
    """An operand, in parentheses unless it binds as tightly as needed."""
    return [e] if _binding(e) >= needed else ["(", e, ")"]


def _layout(e: Expression) -> list[str | Expression]:
    """Text and parts, in order."""
    return LAYOUTS[type(e)](e)


def _text(e: Text) -> list[str | Expression]:
    quote = '"' if "'" in e.value else "'"
    return [quote + e.value + quote]


def _index(e: Index) -> list[str | Expression]:
    return [*_receiver(e.value), "[", *_listed(e.items), "]"]


def _slice(e: Slice) -> list[str | Expression]:
    step: list[str | Expression] = [":", e.step] if e.step is not None else []
    return [e.lower or "", ":", e.upper or "", *step]


def _sequence(e: Sequence) -> list[str | Expression]:
    if e.kind == "list":
        return ["[", *_listed(e.items), "]"]
    return ["(", *_listed(e.items), ",)" if len(e.items) == 1 else ")"]


def _infix(e: Binary) -> list[str | Expression]:
    binding = BINDING[e.sign]
    if binding == POWER:
        # Right-associative, and its exponent may begin with a sign.
        return [*_within(e.left, ATOM), "**", *_within(e.right, SIGN)]
    left = _within(e.left, binding + (binding == COMPARISON))
    if isinstance(e.right, Unary):
        return [*left, f" {e.sign} ", "(", e.right, ")"]
    return [*left, f" {e.sign} ", *_within(e.right, binding + 1)]


def _call(e: Call) -> list[str | Expression]:
    keywords = [piece for key, value in e.keywords for piece in (", ", f"{key}=", value)]
    if e.written == "attribute":
        return [*_receiver(e.arguments[0]), f".{DOTTED.get(e.name, e.name)}"]
    if e.written == "method":
        inside = [*_listed(e.arguments[1:]), *(keywords if len(e.arguments) > 1 else keywords[1:])]
        return [*_receiver(e.arguments[0]), f".{e.name}(", *inside, ")"]
    inside = [*_listed(e.arguments), *(keywords if e.arguments else keywords[1:])]
    return [f"{e.name}{chr(39) * e.prime}(", *inside, ")"]


LAYOUTS: dict[type, Callable[[Any], list[str | Expression]]] = {
    Number: lambda e: [e.text],
    Name: lambda e: [("np." if e.prefix else "") + e.name],
    Text: _text,
    Unary: lambda e: [e.sign, *_within(e.operand, SIGN)],
    Binary: _infix,
    Call: _call,
    Index: _index,
    Slice: _slice,
    Sequence: _sequence,
}
"""How each kind of expression is written."""


def _receiver(e: Expression) -> list[str | Expression]:
    """What a dot or an index follows."""
    return ["(", e, ")"] if isinstance(e, Binary | Unary | Number) else [e]


def _listed(items: tuple[Expression, ...]) -> list[str | Expression]:
    pieces: list[str | Expression] = []
    for item in items:
        pieces += [", ", item] if pieces else [item]
    return pieces
