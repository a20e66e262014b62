"""Hints for a gradient: which rule it needs, its formula, and the formula with numbers put in."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from backpropcli.exercise.functions import Functions, calls, definition
from backpropcli.exercise.wording import in_numbers, stage_text, summed, text_of
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, postorder
from backpropcli.notation.numbers import local_name

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.terms import Term
    from backpropcli.derivation.worked import Worked

NONE: Functions = {}


def gradient_hint(worked: Worked, label: str, terms: Sequence[Term], number: int, functions: Functions = NONE) -> str:
    """A hint for a gradient: 1 says which rule, 2 the formula, 3 the same with numbers put in."""
    if not terms:
        start = f"{worked.gradient_name(label)} is 1: it is where the way back starts."
        return f"how much does {label} change when {label} changes by 1?" if number == 1 else start
    if number == 1:
        return _gradient_rule(worked, label, terms)
    parts = [term.text if number == 2 else in_numbers(term.numbers) for term in terms]
    name = worked.gradient_name(label)
    if not all(parts):
        return _spread(worked, label, terms) or "put the numbers in, entry by entry."
    remarks = "; ".join(dict.fromkeys(term.remark for term in terms if term.remark))
    if number == 2:
        own = dict.fromkeys(called for term in terms for called in calls(term.through.shown, functions))
        remarks = "; ".join(definition(functions[called], worked.style) for called in own)
        return f"{name} = {summed(parts)}" + (f", where {remarks}" if remarks else "")
    return f"{name} = {summed(parts)}" + (f", as {remarks}" if remarks else "")


def _gradient_rule(worked: Worked, label: str, terms: Sequence[Term]) -> str:
    if len(terms) > 1:
        users = ", ".join(term.through.name for term in terms[:-1]) + f" and {terms[-1].through.name}"
        return f"{label} is used by {users}. For each, upstream gradient times local derivative; then add."
    rule = _local_rule(worked, terms[0].through, label, terms[0])
    shared = terms[0].local is not None and worked.shape(label) != worked.shape(terms[0].through.name)
    also = f" {label} is used for every entry of {terms[0].through.name}, so add up over them." if shared else ""
    return f"{stage_text(worked, terms[0])}, {rule}{also}"


def _local_rule(worked: Worked, through: Stage, label: str, term: Term) -> str:
    """What kind of local derivative it is, as the end of a sentence: so ∂t2/∂w2 is what w2 is multiplied by."""
    local, upstream = local_name(through.name, label), term.upstream.text
    if term.local is None:
        return _array_rule(worked, through, label, upstream)
    if through.name == worked.trace.of:
        return f"so differentiate that with respect to {label}. The upstream gradient is {upstream} = 1."
    match through.formula:
        case Binary(sign="*", left=left, right=right) if _alone(label, left, right) or _alone(label, right, left):
            return f"so {local} is what {label} is multiplied by."
        case Binary(sign="+", left=Name(name=a), right=Name(name=b)) if a != b:
            return "and a sum hands the upstream gradient on as it is."
        case Binary(sign="-", left=Name(name=a), right=Name(name=b)) if a != b:
            return f"so {through.name} changes {'as much as' if a == label else 'against'} {label}: {local} is " + (
                "1." if a == label else "-1."
            )
        case Call(name="relu", arguments=(Name(),)):
            return f"so {local} is 1 where {label} is positive, else 0."
        case Call(name=name, arguments=(Name(),)):
            return f"so {local} is the derivative of {name}. The upstream gradient is {upstream}."
        case Call(name=name, arguments=(argument,)) if through.shown is through.formula:
            return (
                f"so {local} is the derivative of {name} at {text_of(worked, argument)}, times that of "
                f"{text_of(worked, argument)} with respect to {label}. The upstream gradient is {upstream}."
            )
    return f"so differentiate that with respect to {label}, and multiply by the upstream gradient {upstream}."


def _alone(label: str, part: Expression, other: Expression) -> bool:
    """Whether one part is just a name, and the other does not use it."""
    inside = any(isinstance(p, Name) and p.name == label for p in postorder(other))
    return isinstance(part, Name) and part.name == label and not inside


def _array_rule(worked: Worked, through: Stage, label: str, upstream: str) -> str:
    """How an operation that is not worked out entry by entry hands a gradient on."""
    match through.formula:
        case Binary(sign="@", left=Name(name=a), right=Name(name=b)) if a != b and worked.shape(a) and worked.shape(b):
            first, second = (upstream, f"{b}.T") if label == a else (f"{a}.T", upstream)
            other = b if label == a else a
            if len(worked.shape(a)) == len(worked.shape(b)) == 2:
                return f"so multiply {first} by {second}, where {other}.T is {other} with rows and columns swapped."
            return f"so every entry of {label} is multiplied by entries of {other}: weight {upstream} with them."
        case Call(keywords=()) if through.operation is not None and through.operation.divisor is not None:
            if through.operation.count_power:
                return f"and every entry counts one n-th in the mean of n entries: it gets {upstream} divided by n."
            return f"and every entry of {label} counts once in the sum: it gets {upstream} as it is."
        case Call(name=name):
            return f"and {upstream} is known. How {name} hands it on:  backprop ops {name}"
    return f"and {upstream} is known: what does each entry of {label} do to {through.name}?"


def _spread(worked: Worked, label: str, terms: Sequence[Term]) -> str:
    """What every entry of an array gets that was summed, with its number; empty where it is something else."""
    if len(terms) > 1 or terms[0].upstream.numbers is None or worked.shape(terms[0].through.name):
        return ""
    number, many = terms[0].upstream.numbers, prod(worked.shape(label))
    operation = terms[0].through.operation
    if operation is None or operation.divisor is None:
        return ""
    share = f"{number} / {many}" if operation.count_power else number
    return f"each of the {many} entries is {share}." if many > 1 else f"its entry is {number}."
