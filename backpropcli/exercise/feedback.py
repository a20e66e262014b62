"""What is said to a wrong answer, where it can be told what went wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from backpropcli.derivation.piecewise import evaluate
from backpropcli.derivation.stages import Stage
from backpropcli.derivation.terms import Term
from backpropcli.derivation.trial import comes_to
from backpropcli.derivation.worked import Worked
from backpropcli.exercise.grading import LEAST_DIGITS, Mistake, entries, fitting, mark, short
from backpropcli.language.formula.tree import Binary, Call, Expression, Index, Name, Number, Unary, postorder
from backpropcli.notation.formula import typeset
from backpropcli.notation.numbers import local_name

NEGATIVE = re.compile(r"\A(-\d[\d.]*(?:e-?\d+)?)(?![\d.])")
SHAPE = re.compile(r"\(\d+,(?:\d+(?:,\d+)*)?\)")
OTHER_SIGNS = {"+": "*-", "*": "+/", "-": "+", "/": "*-"}
DONE = {"+": "added", "*": "multiplied", "-": "subtracted", "/": "divided"}


class Attempt(NamedTuple):
    """A wrong value that a formula's learner may come to, and what is said to it.

    `formula` gives it; `kind` is "turned" (the wrong way round), "part" (of the formula) or "other" (another sign).
    `words` have `{0}` for the formula and `{1}` for `next_part`, what is to be done with it.
    """

    kind: Literal["turned", "part", "other"]
    formula: Expression
    words: str
    next_part: Expression | None = None


def attempts(formula: Expression) -> Iterator[Attempt]:
    """What may be worked out wrongly instead of a formula. Of the parts the last that fits is meant, of the others
    the only one."""
    if isinstance(formula, Binary) and formula.sign in ("-", "/"):
        turned = Binary(formula.sign, formula.right, formula.left)
        yield Attempt("turned", turned, "that is {0}, the wrong way round.")
    for part in postorder(formula)[:-1]:
        if not isinstance(part, Number):
            words, following = _next(formula, part)
            yield Attempt("part", part, "that is {0}. " + words, following)
    if isinstance(formula, Binary):
        for sign in OTHER_SIGNS.get(formula.sign, ""):
            other = Binary(sign, formula.left, formula.right)
            yield Attempt("other", other, f"that is {{0}}. Here they are {DONE[formula.sign]}.")


def formula_mistake(
    worked: Worked, stage: Stage, given: Any, mistake: Mistake | None, digits: int = LEAST_DIGITS
) -> str:
    """What is said to a wrong value: a part of the formula, the other sign, the wrong way round."""
    formula = stage.formula
    values = {name: worked.value(name) for name in stage.inputs}
    if not isinstance(formula, Index):
        truth, plain = worked.value(stage.name), all(isinstance(x, float) for x in values.values())

        def gives(part: Expression) -> bool:
            found = evaluate(part, values, stage.find) if plain else comes_to(part, values)
            return found is not None and not all(mark(found, truth, 0.0, digits)) and fitting(given, found, digits)

        found = [attempt for attempt in attempts(formula) if gives(attempt.formula)]
        outer = _outermost([attempt.formula for attempt in found if attempt.kind == "part"])
        meant = [attempt for attempt in found if attempt.kind == "part" and any(attempt.formula is p for p in outer)]
        meant = meant or [attempt for attempt in found if attempt.kind != "part"]
        if len(meant) == 1:  # a reason is given only where it is the one that gives this
            (one,) = meant
            following = text_of(worked, one.next_part) if one.next_part is not None else ""
            return one.words.format(text_of(worked, one.formula), following)
    return _size(mistake)


def _outermost(parts: Sequence[Expression]) -> list[Expression]:
    """Those that are not inside another of them."""
    inside = {id(inner) for part in parts for inner in postorder(part)[:-1]}
    return [part for part in parts if id(part) not in inside]


def _next(formula: Expression, part: Expression) -> tuple[str, Expression | None]:
    """What is to be done with a part of a formula as a sentence, such as `Halve it.`, with `{1}` for another part."""
    for parent in postorder(formula):
        if not any(inner is part for inner in parent.parts()):
            continue
        match parent:
            case Binary(sign="/", left=left, right=Number(value=2.0)) if left is part:
                return "Halve it.", None
            case Binary(sign="**", left=left, right=Number(value=2.0)) if left is part:
                return "Square it.", None
            case Binary(sign="*", left=left, right=right_):
                return "Multiply it by {1}.", right_ if left is part else left
            case Binary(sign="/", left=left, right=right_) if left is part:
                return "Divide it by {1}.", right_
            case Binary(sign="+", left=left, right=right_):
                return "Add {1}.", right_ if left is part else left
            case Binary(sign="-", left=left, right=right_) if left is part:
                return "Take away {1}.", right_
            case Unary(sign="-"):
                return "Change its sign.", None
            case Call(name=name, arguments=(_,)):
                return f"Take its {name}.", None
        break
    return "That is not yet all of the formula.", None


def gradient_mistake(worked: Worked, label: str, terms: Sequence[Term], given: Any, mistake: Mistake | None) -> str:
    """What is said to a wrong gradient."""
    name = worked.gradient_name(label)
    if not terms:
        return f"{label} changes by exactly as much as {label} does."
    if mistake is None:
        return ""
    term, number = terms[mistake.path], worked.show(given) or "that"
    upstream, local = term.upstream.text, local_name(term.through.name, label)
    itself = f"the local derivative {local}"
    if term.through.name == worked.trace.of:
        local = itself = f"the derivative of {worked.formula(term.through).text} with respect to {label}"
    several = f"there are {len(terms)} paths, and what comes through each is added."
    then = f" And {several}" if len(terms) > 1 else ""
    match mistake.kind:
        case "upstream" if term.local is None:
            return f"{number} is the upstream gradient {upstream}. Take it through {stage_text(worked, term)}.{then}"
        case "upstream":
            return f"{number} is the upstream gradient {upstream}. Multiply it by {local}.{then}"
        case "local":
            return f"{number} is {itself} alone. Multiply it by the upstream gradient {upstream}.{then}"
        case "path" if mistake.path < 0:
            return f"{number} is what comes through one path alone: {several}"
        case "path":
            return f"{number} is what comes through {term.through.name} alone: {several}"
        case "missing" if mistake.path < 0:
            return f"what comes through one path is missing: {several}"
        case "missing":
            return f"what comes through {term.through.name} is missing: {several}"
        case "added":
            return f"that is {term.upstream.text} + {local}. The two are multiplied."
        case "own":
            return f"that is {upstream} times {label} itself. With {stage_text(worked, term)}, what is {local}?"
        case "value":
            return f"{number} is the value of {label}, not {name}."
        case "twice" if not mistake.path and all(halved(term.through.formula) for term in terms):
            return f"{_size(mistake)} Is a half forgotten?"
        case "half" if not mistake.path and all(squared(term.through.formula, label) for term in terms):
            return f"{_size(mistake)} The 2 of the power is forgotten."
    return _size(mistake)


def _size(mistake: Mistake | None) -> str:
    match mistake.kind if mistake is not None else None:
        case "sign":
            return "the size is right, the sign is not."
        case "twice":
            return "that is twice too large."
        case "half":
            return "that is half of what it should be."
    return ""


def nearly(mistake: Mistake, answer: Any, digits: int = LEAST_DIGITS) -> str:
    """What is said to an answer that is not far off."""
    many = in_letters(digits)
    if mistake.kind == "rounded":
        return f"nearly, but rounded too far. {many.capitalize()} digits are asked for, and are enough."
    if all(short(x, digits) for x in entries(answer)):
        return "nearly. The answer is a short number, and nothing has to be rounded."
    return f"nearly. Keep more digits on the way, and give {many}."


def in_letters(digits: int) -> str:
    """A small number as a word."""
    return ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")[min(digits, 9)]


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


def stage_text(worked: Worked, term: Term) -> str:
    """The stage that a term comes through, as `t2 = w2 · a1`."""
    return f"{term.through.name} = {worked.formula(term.through).text}"


def text_of(worked: Worked, part: Expression) -> str:
    """A part of a formula as it is shown."""
    return typeset(part, worked.style, arrays=worked.arrays)


def summed(parts: Sequence[str | None]) -> str:
    """Terms with plus signs between them; one that begins with a negative number has brackets round that."""
    known = [part for part in parts if part]
    return " + ".join([*known[:1], *(NEGATIVE.sub(r"(\1)", part) for part in known[1:])])


def in_numbers(text: str | None) -> str | None:
    """A formula with numbers put in; None where long arrays stand in it as their shapes, which helps nobody."""
    return None if text is None or SHAPE.search(text) else text


def bracketed(number: str) -> str:
    """A number inside a formula: a negative one has brackets."""
    return f"({number})" if number.startswith("-") else number
