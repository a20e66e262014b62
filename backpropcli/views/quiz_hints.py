"""The hints of an exercise: which rule a blank needs, its formula, and the formula with numbers put in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod

from backpropcli.ops.definition import Elementwise, Operation
from backpropcli.spec.formula.parser import parse
from backpropcli.spec.formula.tree import Binary, Call, Expression, Name, Number, Unary, postorder
from backpropcli.views.quiz_words import stage_text
from backpropcli.views.stages import Stage
from backpropcli.views.typeset import typeset
from backpropcli.views.worked import Term, Worked

SIMPLE = frozenset({"exp", "log", "sqrt", "erf"})
"""Functions that a pocket calculator has, or nearly."""


def value_hint(worked: Worked, stage: Stage, number: int) -> str:
    """A hint for a value: 1 says what is to be done, 2 the formula, 3 the same with numbers put in."""
    if number == 1:
        return _value_rule(worked, stage)
    formula = worked.formula(stage)
    inside = spelled_out(worked, stage, number == 3) or (formula.text if number == 2 else formula.numbers)
    return f"{stage.name} = {inside}" if inside else "put the numbers in, entry by entry."


def gradient_hint(worked: Worked, label: str, terms: Sequence[Term], number: int) -> str:
    """A hint for a gradient: 1 says which rule, 2 the formula, 3 the same with numbers put in."""
    if not terms:
        start = f"{worked.gradient_name(label)} is 1: it is where the way back starts."
        return f"how much does {label} change when {label} changes by 1?" if number == 1 else start
    if number == 1:
        return _gradient_rule(worked, label, terms)
    parts = [term.text if number == 2 else term.numbers for term in terms]
    name = worked.gradient_name(label)
    if not all(parts):
        return _spread(worked, label, terms) or "put the numbers in, entry by entry."
    remarks = "; ".join(dict.fromkeys(term.remark for term in terms if term.remark)) if number == 3 else ""
    return f"{name} = {' + '.join(filter(None, parts))}" + (f", as {remarks}" if remarks else "")


# Values.


def in_words(worked: Worked, stage: Stage) -> str | None:
    """What a named operation does, as `relu is z1 where it is positive, else 0`.

    None where there is no such operation, or its words speak of something that has no name here.
    """
    operation = worked.graph.operations[stage.slot]
    match stage.formula:
        case Call(name=name, arguments=given) if operation is not None and operation.name == name:
            pass
        case Binary(sign="@", left=left, right=right) if operation is not None:
            given = (left, right)
        case _:
            return None
    words = _of_these(operation, given)
    return None if words is None else f"{'@' if isinstance(stage.formula, Binary) else operation.name} is {words}."


def _value_rule(worked: Worked, stage: Stage) -> str:
    each = ", entry by entry" if worked.shape(stage.name) else ""
    words = in_words(worked, stage)
    if words is not None:
        return words
    match stage.formula:
        case Binary(sign="+", left=Name(name=a), right=Name(name=b)):
            return f"add {a} and {b}{each}."
        case Binary(sign="-", left=Name(name=a), right=Name(name=b)):
            return f"take {b} away from {a}{each}."
        case Binary(sign="*", left=Name(name=a), right=Name(name=b)):
            return f"multiply {a} by {b}{each}."
        case Binary(sign="/", left=Name(name=a), right=Name(name=b)):
            return f"divide {a} by {b}{each}."
        case Unary(sign="-", operand=Name(name=a)):
            return f"change the sign of {a}{each}."
    if not stage.inputs:
        return "work the formula out."
    *most, last = stage.inputs
    given = f"{', '.join(most)} and {last}" if most else last
    if sum(isinstance(part, Binary | Unary | Call) for part in postorder(stage.formula)) < 2:
        return f"put in the {'numbers' if most else 'number'} of {given}{each}."
    return f"put in the numbers of {given}. First what is in brackets, then powers, then products, then sums{each}."


def _of_these(operation: Operation, given: Sequence[Expression]) -> str | None:
    """An operation in plain words, with what it is given here in the place of its own letters; None where one of these
    is a formula, not a name or a number.

    A lone `a` is an article: only where there is a `b` too are they letters.
    """
    words = operation.words.partition(";")[0].rstrip(".")
    letters = [letter for letter in operation.arguments if letter != "a" or re.search(r"\bb\b", words)]
    named = [letter for letter in letters if re.search(rf"\b{letter}\b", words)]
    put_in = {}
    for letter, part in zip(operation.arguments, given, strict=False):
        if letter in named:
            if not isinstance(part, Name | Number):
                return None
            put_in[letter] = part.name if isinstance(part, Name) else typeset(part)
    if not put_in:
        return words
    return re.sub(rf"\b({'|'.join(put_in)})\b", lambda found: put_in[found[0]], words)


def spelled_out(worked: Worked, stage: Stage, numbers: bool) -> str | None:
    """A function's formula, as `1 / (1 + exp(-z1))` for sigmoid; None where its name says as much."""
    operation = worked.graph.operations[stage.slot]
    match stage.formula:
        case Call(name=name, arguments=(Name(name=given),), keywords=()):
            pass
        case _:
            return None
    if not isinstance(operation, Elementwise) or operation.name != name or len(operation.arguments) != 1:
        return None
    formula = parse(operation.formula)
    calls = {part.name for part in postorder(formula) if isinstance(part, Call)}
    if name in calls or not calls <= SIMPLE:
        return None
    text = worked.show(worked.value(given)) if numbers else given
    return None if text is None else typeset(formula, worked.style, numbers={operation.arguments[0]: text})


# Gradients.


def _gradient_rule(worked: Worked, label: str, terms: Sequence[Term]) -> str:
    if len(terms) > 1:
        users = ", ".join(term.through.name for term in terms[:-1]) + f" and {terms[-1].through.name}"
        return f"{label} is used by {users}. For each, upstream gradient times local derivative; then add."
    rule = _local_rule(worked, terms[0].through, label, terms[0])
    shared = terms[0].local is not None and worked.shape(label) != worked.shape(terms[0].through.name)
    also = f" {label} is used for every entry of {terms[0].through.name}, so add up over them." if shared else ""
    return f"{stage_text(worked, terms[0])}, {rule}{also}"


def _local_rule(worked: Worked, through: Stage, label: str, term: Term) -> str:
    """What kind of local derivative it is, as the end of a sentence: so dt2/dw2 is what w2 is multiplied by."""
    local, upstream = f"d{through.name}/d{label}", term.upstream.text
    if term.local is None:
        return _array_rule(worked, through, label, upstream)
    if local == worked.gradient_name(label):
        return f"so differentiate that by {label}. The upstream gradient is {upstream} = 1."
    match through.formula:
        case Binary(sign="*", left=Name(name=a), right=Name(name=b)) if a != b:
            return f"so {local} is what {label} is multiplied by."
        case Binary(sign="+", left=Name(name=a), right=Name(name=b)) if a != b:
            return "and a sum hands the upstream gradient on as it is."
        case Binary(sign="-", left=Name(name=a), right=Name(name=b)) if a != b:
            return f"so {through.name} changes {'as much as' if a == label else 'against'} {label}: {local} is " + (
                "1." if a == label else "-1.")  # fmt: skip
        case Call(name="relu", arguments=(Name(),)):
            return f"so {local} is 1 where {label} is positive, else 0."
        case Call(name=name, arguments=(Name(),)):
            return f"so {local} is the derivative of {name}. The upstream gradient is {upstream}."
    return f"so differentiate that by {label}, and multiply by the upstream gradient {upstream}."


def _array_rule(worked: Worked, through: Stage, label: str, upstream: str) -> str:
    """How an operation that is not worked out entry by entry hands a gradient on."""
    match through.formula:
        case Binary(sign="@", left=Name(name=a), right=Name(name=b)) if a != b and worked.shape(a) and worked.shape(b):
            first, second = (upstream, f"{b}.T") if label == a else (f"{a}.T", upstream)
            other = b if label == a else a
            if len(worked.shape(a)) == len(worked.shape(b)) == 2:
                return f"so multiply {first} by {second}, where {other}.T is {other} with rows and columns swapped."
            return f"so every entry of {label} is multiplied by entries of {other}: weight {upstream} with them."
        case Call(name="sum", keywords=()):
            return f"and every entry of {label} counts once in the sum: it gets {upstream} as it is."
        case Call(name="mean", keywords=()):
            return f"and every entry counts one n-th in the mean of n entries: it gets {upstream} divided by n."
        case Call(name=name):
            return f"and {upstream} is known. How {name} hands it on:  backprop ops {name}"
    return f"and {upstream} is known: what does each entry of {label} do to {through.name}?"


def _spread(worked: Worked, label: str, terms: Sequence[Term]) -> str:
    """What every entry of an array gets that was summed, with its number; empty where it is something else."""
    if len(terms) > 1 or terms[0].upstream.numbers is None or worked.shape(terms[0].through.name):
        return ""
    number, many = terms[0].upstream.numbers, prod(worked.shape(label))
    match terms[0].through.formula:
        case Call(name="sum"):
            return f"each of the {many} entries is {number}."
        case Call(name="mean"):
            return f"each of the {many} entries is {number} / {many}."
    return ""
