"""What is said to a wrong answer, where it can be told what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from backpropcli.engine.marking import Mistake, entries, right, short
from backpropcli.spec.formula.tree import Binary, Call, Expression, Number, Unary, postorder
from backpropcli.views.primes import evaluate
from backpropcli.views.stages import Stage
from backpropcli.views.typeset import typeset
from backpropcli.views.worked import Term, Worked

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


def formula_mistake(worked: Worked, stage: Stage, given: Any, mistake: Mistake | None) -> str:
    """What is said to a wrong value: a part of the formula, the other sign, the wrong way round."""
    formula = stage.formula
    values = {name: worked.value(name) for name in stage.inputs}
    if isinstance(given, float) and all(isinstance(x, float) for x in values.values()):
        truth = worked.value(stage.name)

        def gives(part: Expression) -> bool:
            found = evaluate(part, values, stage.find)
            return found is not None and not right(found, truth) and right(given, found)

        found = [attempt for attempt in attempts(formula) if gives(attempt.formula)]
        first = [attempt for attempt in found if attempt.kind != "other"]
        meant = next((attempt for attempt in first if attempt.kind == "turned"), first[-1] if first else None)
        if meant is None and len(found) == 1:
            meant = found[0]
        if meant is not None:
            following = text_of(worked, meant.next_part) if meant.next_part is not None else ""
            return meant.words.format(text_of(worked, meant.formula), following)
    return _size(mistake)


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
    upstream, local = term.upstream.text, f"d{term.through.name}/d{label}"
    if local == name:
        local = f"the derivative of {worked.formula(term.through).text} by {label}"
    several = f"there are {len(terms)} paths, and what comes through each is added."
    then = f" And {several}" if len(terms) > 1 else ""
    match mistake.kind:
        case "upstream" if term.local is None:
            return f"{number} is the upstream gradient {upstream}. Take it through {stage_text(worked, term)}.{then}"
        case "upstream":
            return f"{number} is the upstream gradient {upstream}. Multiply it by {local}.{then}"
        case "local":
            alone = f"{number} is the local derivative {local} alone."
            return f"{alone} Multiply it by the upstream gradient {upstream}.{then}"
        case "path":
            return f"{number} is what comes through {term.through.name} alone: {several}"
        case "missing":
            return f"what comes through {term.through.name} is missing: {several}"
        case "added":
            return f"that is {term.upstream.text} + {local}. The two are multiplied."
        case "own":
            return f"that is {upstream} times {label} itself. With {stage_text(worked, term)}, what is {local}?"
        case "value":
            return f"{number} is the value of {label}, not {name}."
    return _size(mistake, any(halves(term.through.formula) for term in terms))


def _size(mistake: Mistake | None, two: bool = False) -> str:
    two = two and mistake is not None and not mistake.path
    match mistake.kind if mistake is not None else None:
        case "sign":
            return "the size is right, the sign is not."
        case "twice":
            return "that is twice too large." + (" Is a half forgotten?" if two else "")
        case "half":
            return "that is half of what it should be." + (" Is a factor 2 forgotten?" if two else "")
    return ""


def nearly(mistake: Mistake, answer: Any) -> str:
    """What is said to an answer that is not far off."""
    if mistake.kind == "rounded":
        return "nearly, but rounded too far. Three digits are asked for, and are enough."
    if all(map(short, entries(answer))):
        return "nearly. The answer is a short number, and nothing has to be rounded."
    return "nearly. Keep more digits on the way, and give three."


def halves(formula: Expression) -> bool:
    """Whether a formula has a 2 or a half in it, that may be forgotten."""
    return any(isinstance(part, Number) and part.value in (2.0, 0.5) for part in postorder(formula))


def stage_text(worked: Worked, term: Term) -> str:
    """The stage that a term comes through, as `t2 = w2 · a1`."""
    return f"{term.through.name} = {worked.formula(term.through).text}"


def text_of(worked: Worked, part: Expression) -> str:
    """A part of a formula as it is shown."""
    return typeset(part, worked.style)
