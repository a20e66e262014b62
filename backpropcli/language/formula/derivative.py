"""The textbook derivative of a formula: the chain rule on its tree, written as a lecturer would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from backpropcli.language.formula.algebra import ONE, TWO, ZERO, add, negative, product, quotient
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import (
    Binary,
    Call,
    Expression,
    Name,
    Number,
    Unary,
    longer,
    postorder,
    same,
    substitute,
)
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.table import INFIX, lookup

LONGEST = 2_000
"""A derivative of more subexpressions is not worth reading."""

Find = Callable[[str], object]


def derivative(expression: Expression, name: str, find: Find = lookup) -> Expression | None:
    """The derivative of an elementwise formula by one of its names, lightly simplified; `relu'(z)` for an activation's.

    `find` gives the operation of a name: a spec's own functions are its own, whatever they are called.

    None where the formula is not elementwise in that name (`sum(x)`, `W @ x`), or where the answer is too long to read.

    >>> from backpropcli.language.formula.show import show
    >>> show(derivative(parse("(a2 - y)**2 / 2"), "a2"))
    '2 * (a2 - y) / 2'
    """
    # Only what contains the name has a derivative; the rest is a constant (None here, ZERO where asked for).
    slopes: dict[int, Expression] = {}
    for part in postorder(expression):
        if isinstance(part, Name):
            if part.name == name and not part.prefix:
                slopes[id(part)] = ONE
            continue
        if not any(id(inner) in slopes for inner in part.parts()):
            continue
        slope = _slope(part, slopes, find)
        if slope is None or longer(slope, LONGEST):
            return None
        slopes[id(part)] = slope
    return slopes.get(id(expression), ZERO)


def _slope(e: Expression, slopes: Mapping[int, Expression], find: Find) -> Expression | None:
    """The derivative of one operation, from those of its parts; a part without one is constant."""
    match e:
        case Unary(sign="-"):
            return negative(slopes[id(e.operand)])
        case Unary(sign="+"):
            return slopes[id(e.operand)]
        case Unary():
            return ZERO
        case Binary():
            return _infix(e, slopes.get(id(e.left)), slopes.get(id(e.right)))
        case Call():
            return _call(e, slopes, find)
    return None


Slope = Expression | None
"""A derivative; None where the part is constant."""


def _infix(e: Binary, u: Slope, v: Slope) -> Slope:
    """The rules of calculus for the operators; `u`, `v` are the derivatives of left and right, None if constant."""
    if e.sign == "@" or e.sign not in INFIX:
        return None
    rule = RULES.get(e.sign)
    return rule(e, u, v) if rule is not None else ZERO


def _product(e: Binary, u: Slope, v: Slope) -> Slope:
    return add(product(u, e.right) if u is not None else None, product(e.left, v) if v is not None else None)


def _quotient(e: Binary, u: Slope, v: Slope) -> Slope:
    left, right = e.left, e.right
    if v is None:
        assert u is not None
        return quotient(u, right)
    square = Binary("**", right, TWO)
    if u is None:
        return quotient(product(negative(left), v), square)
    top = add(product(u, right), negative(product(left, v)))
    return quotient(top or ZERO, square)


def _remainder(e: Binary, u: Slope, v: Slope) -> Slope:
    """A % b is a - floor(a / b) * b."""
    times = product(Call("floor", (Binary("/", e.left, e.right),)), v) if v is not None else None
    return add(u, negative(times) if times is not None else None)


def _power(e: Binary, u: Slope, v: Slope) -> Slope:
    base, exponent = e.left, e.right
    if v is None:
        assert u is not None
        return product(product(exponent, lowered(base, exponent)), u)
    log = Call("log", (base,))
    if u is None:
        return product(product(e, log) if not _is_e(base) else e, v)
    # u**v is exp(v * log(u)).
    inner = add(product(v, log), quotient(product(exponent, u), base))
    assert inner is not None
    return product(e, inner)


RULES: Mapping[str, Callable[[Binary, Slope, Slope], Slope]] = {
    "+": lambda e, u, v: add(u, v),
    "-": lambda e, u, v: add(u, negative(v) if v is not None else None),
    "*": _product,
    "/": _quotient,
    "**": _power,
    "%": _remainder,
}
"""The derivative of an operator's value; the others choose or compare, and have the slope 0."""


def _is_e(e: Expression) -> bool:
    return isinstance(e, Name) and e.name == "e" and bool(e.prefix)


def lowered(base: Expression, exponent: Expression) -> Expression:
    """base**(exponent - 1)."""
    number = exponent.operand if isinstance(exponent, Unary) and exponent.sign == "-" else exponent
    if not isinstance(number, Number):
        return Binary("**", base, Binary("-", exponent, ONE))
    value = (-number.value if number is not exponent else number.value) - 1
    if value == 0:
        return ONE
    if value == 1:
        return base
    plain = Number(abs(value), repr(int(abs(value))) if abs(value).is_integer() and number.whole else repr(abs(value)))
    return Binary("**", base, plain if value > 0 else Unary("-", plain))


def _call(e: Call, slopes: Mapping[int, Expression], find: Find) -> Expression | None:
    """The chain rule: for each argument, the operation's local derivative there times the argument's own."""
    operation = find(e.name)
    if e.prime or e.keywords or e.written == "attribute":
        return None
    if not isinstance(operation, Elementwise):
        unknown = operation is None and len(e.arguments) == 1
        return product(_primed(e), slopes[id(e.arguments[0])]) if unknown else None
    if len(e.arguments) > len(operation.arguments):
        return None
    if operation.selects and len(e.arguments) == len(operation.arguments):
        chosen = [slopes.get(id(argument), ZERO) for argument in e.arguments[1:]]
        return chosen[0] if all(same(chosen[0], one) for one in chosen) else e.with_parts((e.arguments[0], *chosen))
    total: Expression | None = None
    for k, argument in enumerate(e.arguments):
        inner = slopes.get(id(argument))
        if inner is not None:
            total = add(total, product(_local(e, operation, k), inner))
    return total if total is not None else ZERO


def _primed(e: Call) -> Call:
    """`relu'(z)`."""
    return Call(e.name, e.arguments, prime=True)


def _local(e: Call, operation: Elementwise, k: int) -> Expression:
    """The textbook derivative by argument k, with the call's own arguments put in (`y` is the call itself)."""
    if operation.primed and len(e.arguments) == 1:
        return _primed(e)
    if operation.infix and len(e.arguments) == 2:
        slope = _infix(Binary(operation.infix, *e.arguments), ONE if k == 0 else None, ONE if k == 1 else None)
        if slope is not None:
            return slope
    given = list(e.arguments)
    missing = len(operation.arguments) - len(given)
    given += [_number(d) for d in operation.defaults[len(operation.defaults) - missing :]] if missing else []
    names = dict(zip(operation.arguments, given, strict=True))
    return substitute(_textbook(operation.textbook[k]), {"y": Call(e.name, e.arguments), **names})


def _number(value: float) -> Expression:
    return Number(value, repr(value)) if value >= 0 else Unary("-", Number(-value, repr(-value)))


@cache
def _textbook(text: str) -> Expression:
    return parse(text)
