"""Arithmetic on expressions, as a lecturer would write it: what adds 0 or multiplies by 1 is left out.

A product is tidied as on paper: numbers gathered, what stands above and below a line cancelled, `2(a2 - y)/2 · 1 · w2`
is `(a2 - y) · w2`. No more than that: sums are not multiplied out, nothing is reordered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import isfinite

from backpropcli.language.formula.steps import literal
from backpropcli.language.formula.tree import Binary, Call, Expression, Number, Unary, postorder, rebuilt, same

ZERO = Number(0.0, "0")
ONE = Number(1.0, "1")
TWO = Number(2.0, "2")
LARGEST = 10**6
"""A fraction of larger numbers is written as a decimal."""


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


# Products and sums of many.


def multiplied(factors: Sequence[Expression]) -> Expression:
    """The factors as one product, from left to right."""
    whole: Expression | None = None
    for one in factors:
        for part in factors_of(one):
            whole = part if whole is None else Binary("*", whole, part)
    return whole if whole is not None else ONE


def factors_of(e: Expression) -> list[Expression]:
    """The factors of a product that is itself a factor."""
    parts: list[Expression] = []
    while isinstance(e, Binary) and e.sign == "*":
        parts.insert(0, e.right)
        e = e.left
    return [e, *parts]


def added(terms: Sequence[Expression]) -> Expression:
    """The terms as one sum: what begins with a minus is subtracted, 0 left out, the same twice is two times it."""
    kept = [one for one in terms if not (isinstance(one, Number) and one.value == 0)]
    if not kept:
        return ZERO
    if len(kept) == 2 and same(*kept):
        return Binary("*", TWO, kept[0])
    whole = kept[0]
    for one in kept[1:]:
        negative = isinstance(one, Unary) and one.sign == "-"
        whole = Binary("-", whole, one.operand) if negative else Binary("+", whole, one)  # type: ignore[attr-defined]  # it is a Unary there
    return whole


def tidied(factors: Iterable[Expression]) -> Expression:
    """The same product with its numbers gathered in front and equal factors above and below the line cancelled."""
    coefficient, above, below = Fraction(1), list[Expression](), list[Expression]()
    decimal = False
    for one in factors:
        tidy = _inside(one)
        decimal = decimal or any(isinstance(p, Number) and not p.value.is_integer() for p in postorder(tidy))
        c, up, down = _split(tidy)
        coefficient *= c
        above += up
        below += down
    if not coefficient:
        return ZERO
    for one in list(below):
        if (twin := next((k for k, other in enumerate(above) if same(one, other)), None)) is not None:
            del above[twin]
            below.remove(one)
    if coefficient < 0 and (turned := _turned(above)) is not None:
        coefficient, above = -coefficient, turned
    return _composed(coefficient, above, below, decimal)


def replaced(e: Expression, pairs: Sequence[tuple[Expression, Expression]]) -> Expression:
    """The same with each part that is the first of a pair replaced by the second."""
    return rebuilt(e, lambda _, now: next((new for old, new in pairs if same(old, now)), now))


def tidied_inside(e: Expression) -> Expression:
    """The same with the arguments of its calls tidied."""

    def tidy(_: Expression, now: Expression) -> Expression:
        if not isinstance(now, Call):
            return now
        return now.with_parts(tuple(tidied([a]) if isinstance(a, Binary | Unary) else a for a in now.parts()))

    return rebuilt(e, tidy)


def _split(e: Expression) -> tuple[Fraction, list[Expression], list[Expression]]:
    """A factor as a number, what stands above the line, and what stands below."""
    chain: list[tuple[Expression, bool]] = [(e, False)]
    coefficient, above, below = Fraction(1), list[Expression](), list[Expression]()
    while chain:
        part, under = chain.pop()
        match part:
            case Number(value=value) if isfinite(value) and (value or not under):
                coefficient = coefficient / _rational(value) if under else coefficient * _rational(value)
            case Binary(sign="*"):
                chain += [(part.right, under), (part.left, under)]
            case Binary(sign="/"):
                chain += [(part.right, not under), (part.left, under)]
            case Unary(sign="-"):
                coefficient = -coefficient
                chain.append((part.operand, under))
            case _:
                (below if under else above).append(part)
    return coefficient, above, below


def _inside(e: Expression) -> Expression:
    """A sum whose terms are tidied; anything else as it is."""
    terms: list[Expression] = []
    while isinstance(e, Binary) and e.sign in "+-":
        terms.insert(0, Unary("-", e.right) if e.sign == "-" else e.right)
        e = e.left
    return added([tidied([term]) for term in [e, *terms]]) if terms else e


def _rational(value: float) -> Fraction:
    """A number as its decimal says: 0.1 is 1/10."""
    return Fraction(repr(value))


def _turned(above: Sequence[Expression]) -> list[Expression] | None:
    """The factors with the first difference turned round, which changes the product's sign; `1 - y` stays as it is."""
    for k, one in enumerate(above):
        if isinstance(one, Binary) and one.sign == "-" and not isinstance(one.left, Number):
            return [*above[:k], Binary("-", one.right, one.left), *above[k + 1 :]]
    return None


def _composed(coefficient: Fraction, above: list[Expression], below: list[Expression], decimal: bool) -> Expression:
    """The product written down; with `decimal` its number is 0.2, not 1/5."""
    negative, size = coefficient < 0, abs(coefficient)
    if size.denominator > (1 if decimal else LARGEST) or size.numerator > LARGEST:
        above = [Number(float(size), literal(float(size))), *above]
        size = Fraction(1)
    front, under = size.numerator, size.denominator
    upper = [*([Number(float(front), str(front))] if front != 1 or not above else []), *above]
    lower = [*([Number(float(under), str(under))] if under != 1 else []), *below]
    whole = multiplied(upper)
    if lower:
        whole = Binary("/", whole, multiplied(lower))
    return Unary("-", whole) if negative else whole
