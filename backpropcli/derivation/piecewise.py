"""Derivatives written with a prime, `relu'(z)`: spelled out where smooth, put in words where they have cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import nan
from typing import NamedTuple

from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import (
    Binary,
    Call,
    Expression,
    Name,
    Number,
    Unary,
    postorder,
    rebuilt,
    same,
    substitute,
)
from backpropcli.notation.formula import Style, typeset
from backpropcli.notation.numbers import exact, local_name
from backpropcli.ops.definition import Elementwise, Operation
from backpropcli.ops.numbers.scalar import xp
from backpropcli.ops.table import INFIX, lookup

MOST_PARTS = 12
"""A textbook derivative of up to so many parts is spelled out inside a larger formula."""
OPPOSITE = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}


class Prime(NamedTuple):
    """A local derivative that is one number: `relu'(z)`, `sign(z)`; the whole of a formula (`alone`) or a part of it.

    `name` stands in the formula, `head` in the remark, with `{}` for the numbers; `call` is the operation's call, and
    `formula` the textbook form of its derivative by the argument at `position`.
    """

    name: str
    head: str
    call: Call
    operation: Elementwise
    position: int
    alone: bool

    @property
    def formula(self) -> Expression:
        """The textbook form in the operation's own letters: `where(z > 0, 1, 0)`."""
        return parse(self.operation.textbook[self.position])

    @property
    def arguments(self) -> dict[str, Expression]:
        """What the call puts in the place of those letters."""
        return arguments(self.call, self.operation)


def arguments(call: Call, operation: Operation) -> dict[str, Expression]:
    """The operation's arguments by name, as a call gives them, with the defaults of those left out."""
    missing = operation.arguments[len(call.arguments) :]
    defaults = operation.defaults[len(operation.defaults) - len(missing) :] if missing else ()
    given = [*call.arguments, *(Number(d, exact(d)) for d in defaults)]
    return dict(zip(operation.arguments, given, strict=False))


def textbook(
    formula: Expression, whole: Expression, value: str, find: Callable[[str], object]
) -> tuple[Expression, list[Prime]]:
    """A local derivative as it is shown, and the primes in it, each as a name.

    `sigmoid'(z1)` becomes `a1*(1 - a1)` where `whole`, the stage's formula, is `sigmoid(z1)` and `value`, its name, a1.
    `find` gives the operation of a name.
    """
    spelling = _Spelling(whole, value, find)

    def shown(part: Expression, now: Expression) -> Expression:
        if isinstance(whole, Call) and same(part, whole):
            return Name(value)
        return (spelling.shown(part, part is formula) if isinstance(part, Call) else None) or now

    return rebuilt(formula, shown), spelling.primes


class _Spelling:
    """How the calls in a derivative of `whole`, whose value is called `value`, are shown; `primes` are those found."""

    def __init__(self, whole: Expression, value: str, find: Callable[[str], object]) -> None:
        self.whole = whole
        self.value = value
        self.find = find
        self.primes: list[Prime] = []
        self.with_cases = _calls_with_cases(whole, find)

    def shown(self, part: Call, alone: bool) -> Expression | None:
        """What a call is shown as, where that is not itself: a prime's name, or its textbook form."""
        if part.prime:
            call = Call(part.name, part.arguments, part.keywords, written=part.written)
            operation = self.find(part.name)
            if not isinstance(operation, Elementwise):
                return None
            return self._smooth(part, call, operation) or self._named(
                Prime(typeset(part), f"{part.name}'({{}})", call, operation, 0, alone)
            )
        for call, operation, position in self.with_cases:
            if same(part, _local(call, operation, position)):
                name, head = self._name(part, call, position)
                return self._named(Prime(name, head, call, operation, position, alone))
        return None

    def _smooth(self, part: Call, call: Call, operation: Elementwise) -> Expression | None:
        """The textbook form of a derivative without cases; None where it is better called by its name."""
        formula = parse(operation.textbook[0])
        if has_cases(formula):
            return None
        words = arguments(call, operation)
        short = len(postorder(formula)) <= MOST_PARTS
        if same(call, self.whole) and (short or lookup(part.name) is operation):  # a spec's own may be of any length
            return substitute(formula, {**words, "y": Name(self.value)})
        return substitute(formula, {**words, "y": call}) if short else None

    def _name(self, part: Call, call: Call, position: int) -> tuple[str, str]:
        """What a derivative with cases is called in the formula, and in the remark, with `{}` for the numbers."""
        if cases_of_call(part):
            return typeset(part), f"{part.name}({{}})"
        varying = [a for a in call.arguments if any(isinstance(p, Name) for p in postorder(a))]
        if len(varying) > 1 and same(call, self.whole) and _only(call, position):
            name = local_name(self.value, typeset(call.arguments[position]))
            return name, name
        by = position + 1 if len(varying) > 1 else 0
        made = (Call(call.name, inside, prime=True, by=by) for inside in (call.arguments, (Name("{}"),)))
        name, head = map(typeset, made)
        return name, head

    def _named(self, prime: Prime) -> Expression:
        if prime not in self.primes:
            self.primes.append(prime)
        return Name(prime.name)


def primed(prime: Prime) -> Expression:
    """A derivative such as `relu'(z1)` as a formula; one that is no call, `∂m/∂a`, as a name."""
    call = prime.call
    for by in (0, prime.position + 1):
        made = Call(call.name, call.arguments, call.keywords, written=call.written, prime=True, by=by)
        if prime.name == typeset(made):
            return made
    spelled = substitute(prime.formula, prime.arguments)  # sign(e), for abs'(e)
    return spelled if prime.name == typeset(spelled) else Name(prime.name)


def _only(call: Call, position: int) -> bool:
    """Whether an argument is a name that the call uses nowhere else."""
    argument = call.arguments[position]
    return isinstance(argument, Name) and sum(same(p, argument) for p in postorder(call)) == 1


def _calls_with_cases(whole: Expression, find: Callable[[str], object]) -> list[tuple[Call, Elementwise, int]]:
    """The calls in a formula whose derivatives make a choice, and the argument's position (`where` left out)."""
    found = []
    for part in postorder(whole):
        operation = find(part.name) if isinstance(part, Call) and not part.keywords else None
        if isinstance(part, Call) and isinstance(operation, Elementwise) and not operation.selects:
            for k in range(len(part.arguments)):
                if has_cases(parse(operation.textbook[k])):
                    found.append((part, operation, k))
    return found


def _local(call: Call, operation: Elementwise, position: int) -> Expression:
    return substitute(parse(operation.textbook[position]), {**arguments(call, operation), "y": call})


def decided(
    formula: Expression, known: Mapping[str, float], find: Callable[[str], object] = lookup
) -> tuple[list[Expression], Expression] | None:
    """The conditions that decide a choice at these numbers, and what is chosen; None where nobody can tell."""
    said: list[Expression] = []
    while is_where(formula):
        condition, then, otherwise = formula.parts()
        parts = conjuncts(condition)
        verdicts = [evaluate(part, known, find) for part in parts]
        if None in verdicts:
            return None
        if all(verdicts):
            said, formula = parts, then
        else:
            said.append(_opposite(parts[[bool(v) for v in verdicts].index(False)]))
            formula = otherwise
    used = [part.name for condition in said for part in postorder(condition) if isinstance(part, Name)]
    if any(known[name] != known[name] for name in used):  # NaN decides nothing
        return None
    match said:
        case [Binary(sign="<=") as a, Binary(sign=">=") as b] if same(a.left, b.left) and same(a.right, b.right):
            said = [Binary("==", a.left, a.right)]
    return said, formula


class Taken(NamedTuple):
    """A choice in a local derivative, `where(x > y, 2x, 1)`, what is chosen, and the conditions that decide it."""

    part: Call
    conditions: list[Expression]
    chosen: Expression

    def told(self, chosen: Expression, style: Style, numbers: Mapping[str, str]) -> str:
        """`3 > 2, so 2x is taken`; `chosen` as its names are shown, `numbers` those of the conditions."""
        because = joined(self.conditions, style, numbers).replace(" == ", " = ")
        return f"{because}, so {typeset(chosen, style)} is taken"


def taken(formula: Expression, known: Mapping[str, float], find: Callable[[str], object]) -> Iterator[Taken]:
    """The choices in a local derivative that these numbers decide."""
    for part in _choices(formula, find):
        if (found := decided(part, known, find)) is not None and found[0]:
            yield Taken(part, *found)


def _choices(formula: Expression, find: Callable[[str], object]) -> list[Call]:
    """The choices in a local derivative, outer ones alone."""
    found: list[Call] = []
    waiting = [formula]
    while waiting:
        part = waiting.pop()
        operation = find(part.name) if isinstance(part, Call) and not part.prime else None
        if isinstance(part, Call) and isinstance(operation, Elementwise) and operation.selects:
            found.append(part)
        else:
            waiting += reversed(part.parts())
    return found


def has_cases(formula: Expression) -> bool:
    """Whether a textbook form makes a choice."""
    return any(isinstance(part, Call) and (_selects(part) or cases_of_call(part)) for part in postorder(formula))


def as_where(formula: Expression) -> Expression:
    """`step(z)` and `sign(z)` as the choices that they are."""
    if isinstance(formula, Call) and (cases := cases_of_call(formula)) and len(formula.arguments) == 1:
        return substitute(parse(cases), {"z": formula.arguments[0]})
    return formula


def cases_of_call(call: Call) -> str:
    """The choice that a step function of the table is, `where(z > 0, 1, 0)`; empty for any other."""
    operation = lookup(call.name)
    return operation.cases if isinstance(operation, Elementwise) else ""


def is_where(formula: Expression) -> bool:
    """Whether it is a choice between two."""
    return isinstance(formula, Call) and _selects(formula) and len(formula.parts()) == 3


def _selects(call: Call) -> bool:
    operation = lookup(call.name)
    return isinstance(operation, Elementwise) and operation.selects


def conjuncts(condition: Expression) -> list[Expression]:
    """The conditions that `&` joins; a number alone is one where it is not 0."""
    result = []
    waiting = [condition]
    while waiting:
        latest = waiting.pop()
        if isinstance(latest, Binary) and latest.sign == "&":
            waiting += [latest.right, latest.left]
        else:
            result.append(Binary("!=", latest, Number(0, "0")) if isinstance(latest, Name) else latest)
    return result


def _opposite(condition: Expression) -> Expression:
    if isinstance(condition, Binary) and condition.sign in OPPOSITE:
        return Binary(OPPOSITE[condition.sign], condition.left, condition.right)
    return Unary("~", condition)


def joined(conditions: Sequence[Expression], style: Style, numbers: Mapping[str, str] | None = None) -> str:
    """Conditions that hold together: `7 > 0 and 7 < 9`."""
    return " and ".join(dict.fromkeys(typeset(condition, style, numbers=numbers) for condition in conditions))


def evaluate(
    expression: Expression, values: Mapping[str, float], find: Callable[[str], object] = lookup
) -> float | None:
    """What a formula of plain numbers comes to, by the operations' own bodies: NaN for 1/0, None if not known."""
    stack: list[float] = []
    for part in postorder(expression):
        count = len(part.parts())
        inside = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        operation: object = None
        match part:
            case Number(value=value):
                stack.append(value)
                continue
            case Name(name=name) if name in values:
                stack.append(values[name])
                continue
            case Binary(sign=sign):
                operation = INFIX.get(sign)
            case Unary(sign="-"):
                operation = lookup("negative")
            case Call(name=name, keywords=()):
                operation = find(name)
        if not isinstance(operation, Elementwise):
            return None
        missing = len(operation.arguments) - len(inside)
        defaults = operation.defaults[len(operation.defaults) - missing :] if missing else ()
        try:
            stack.append(operation.value(xp, *inside, *defaults))
        except (ArithmeticError, ValueError):
            stack.append(nan)
    return stack[0]
