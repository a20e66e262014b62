"""The number that stands in front of a formula: a half that may be forgotten, or the 2 of a square."""

from __future__ import annotations

from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, Unary, postorder


def factors(formula: Expression) -> tuple[float, list[Expression]]:
    """A product as its number and its other factors: `(a - y)**2 / 2` as 0.5 and [(a - y)**2]."""
    match formula:
        case Number(value=value):
            return value, []
        case Unary(sign="-", operand=operand):
            number, rest = factors(operand)
            return -number, rest
        case Binary(sign="*", left=left, right=right_):
            (a, some), (b, more) = factors(left), factors(right_)
            return a * b, [*some, *more]
        case Binary(sign="/", left=left, right=Number(value=value)) if value:
            number, rest = factors(left)
            return number / value, rest
        case Binary(sign="/", left=left):
            number, rest = factors(left)
            return number, [*rest, formula]
    return 1.0, [formula]


def halved(formula: Expression) -> bool:
    """Whether a half stands in front of all of a formula: what it may be forgotten from."""
    return abs(factors(formula)[0]) == 0.5


def squared(formula: Expression, label: str) -> bool:
    """Whether the derivative by `label` has a 2 because it is of a square, which no half takes away."""
    number, rest = factors(formula)
    users = [part for part in rest if any(isinstance(p, Name) and p.name == label for p in postorder(part))]
    if len(users) != 1 or abs(number) == 0.5:
        return False
    match users[0]:
        case Binary(sign="**", right=Number(value=2.0)) | Call(name="square"):
            return True
    return False
