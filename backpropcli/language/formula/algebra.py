"""Arithmetic on expressions, as a lecturer would write it: what adds 0 or multiplies by 1 is left out."""

from __future__ import annotations

from backpropcli.language.formula.tree import Binary, Expression, Number, Unary

ZERO = Number(0.0, "0")
ONE = Number(1.0, "1")
TWO = Number(2.0, "2")


def is_number(e: Expression, value: float) -> bool:
    """Whether an expression is this number."""
    if isinstance(e, Unary) and e.sign == "-" and isinstance(e.operand, Number):
        return -e.operand.value == value
    return isinstance(e, Number) and e.value == value


def negative(e: Expression) -> Expression:
    """-e."""
    if is_number(e, 0):
        return ZERO
    if isinstance(e, Unary) and e.sign == "-":
        return e.operand
    if isinstance(e, Binary) and e.sign == "*" and is_number(e.right, -1):
        return e.left
    return Unary("-", e)


def add(a: Expression | None, b: Expression | None) -> Expression | None:
    """A + b, where None and 0 add nothing."""
    if a is None or (b is not None and is_number(a, 0)):
        return b
    if b is None or is_number(b, 0):
        return a
    if isinstance(b, Unary) and b.sign == "-":
        return Binary("-", a, b.operand)
    if isinstance(b, Binary) and b.sign in "+-":
        # Left-associative, as it would be written: a + (b + c) is a + b + c.
        first = add(a, b.left)
        assert first is not None
        return Binary(b.sign, first, b.right)
    return Binary("+", a, b)


def product(a: Expression, b: Expression) -> Expression:
    """A * b without factors 1, written from left to right."""
    if is_number(a, 0) or is_number(b, 0):
        return ZERO
    if is_number(a, 1):
        return b
    if is_number(b, 1):
        return a
    if is_number(a, -1):
        return negative(b)
    factors: list[tuple[str, Expression]] = []
    while isinstance(b, Binary) and b.sign in ("*", "/"):
        factors.append((b.sign, b.right))
        b = b.left
    result = a if is_number(b, 1) else Binary("*", a, b)
    for sign, factor in reversed(factors):
        result = Binary(sign, result, factor)
    return result


def quotient(a: Expression, b: Expression) -> Expression:
    """A / b."""
    if is_number(a, 0):
        return ZERO
    return a if is_number(b, 1) else Binary("/", a, b)
