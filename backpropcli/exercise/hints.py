"""The hints of an exercise: which rule a blank needs, its formula, and the formula with numbers put in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod

from backpropcli.derivation.stages import Stage
from backpropcli.derivation.terms import Term
from backpropcli.derivation.worked import Worked
from backpropcli.exercise.functions import Functions, calls, definition, written_out
from backpropcli.exercise.wording import bracketed, in_numbers, stage_text, summed
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, Unary, postorder, substitute
from backpropcli.notation.formula import typeset
from backpropcli.notation.numbers import exact, local_name
from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.table import lookup

MOST_ADDED = 6
"""Vectors of up to so many entries are multiplied or added up entry by entry."""
NOUNS = frozenset({"logits", "targets", "operands", "arrays", "labels", "p"})
"""Arguments whose names are words of the language too."""
HOLDS = "the condition holds (is not 0)"
ARTICLE = r"(?=$|[,;.:)]| (?:where|is|times|with|or|nor|and|@)\b)"
"""What follows where `a` is a letter, and no article."""
NONE: Functions = {}


def value_hint(worked: Worked, stage: Stage, number: int, functions: Functions = NONE) -> str:
    """A hint for a value: 1 says what is to be done, 2 the formula, 3 the same with numbers put in.

    `functions` are those that the network defines itself.
    """
    if number == 1:
        own = [definition(functions[name], worked.style) for name in calls(stage.shown, functions)]
        return f"{'; '.join(own)}. Put in what it is given here." if own else _value_rule(worked, stage)
    formula = worked.formula(stage)
    put_in = formula.text if number == 2 else in_numbers(formula.numbers)
    inside = spelled_out(worked, stage, number == 3, functions) or put_in
    return f"{stage.name} = {inside}" if inside else "put the numbers in, entry by entry."


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


# Values.


def in_words(worked: Worked, stage: Stage) -> str | None:
    """What a named operation does, as `relu is z1 where it is positive, else 0`; None where there is no such one."""
    operation = worked.graph.operations[stage.slot]
    match stage.formula:
        case Call(name=name, arguments=arguments) if operation is not None and operation.name == name:
            given = f" of {_text(worked, arguments[0])}" if len(arguments) == 1 else ""
            if all(isinstance(argument, Name) for argument in arguments):
                return f"{name} is {_of_these(worked, operation, arguments)}."
            head = f"{name}{given}" if given else _text(worked, stage.formula)
            return f"{head} is {_of_these(worked, operation, arguments)}."
        case Binary(sign="@", left=left, right=right) if operation is not None:
            return f"@ is {_of_these(worked, operation, (left, right))}."
    return None


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


def _of_these(worked: Worked, operation: Operation, given: Sequence[Expression]) -> str:
    """An operation in plain words, with what it is given here in the place of its own letters."""
    words = operation.words.partition(";")[0].rstrip(".")
    missing = operation.arguments[len(given) :]
    defaults = operation.defaults[len(operation.defaults) - len(missing) :] if missing else ()
    parts = [*given, *(Number(default, exact(default)) for default in defaults)]
    texts = {}
    for letter, part in zip(operation.arguments, parts, strict=False):
        whole = _text(worked, part)
        if letter == "condition":
            words = words.replace(HOLDS, f"{whole} holds" if _compares(part) else f"{whole} is not 0")
        elif letter not in NOUNS:
            number = part.operand if isinstance(part, Unary) else part
            texts[letter] = whole if isinstance(part, Name | Call) or isinstance(number, Number) else f"({whole})"
    for letter in texts:
        words = re.sub(rf"\b{letter}\b(?!\()" + (ARTICLE if letter == "a" else ""), f"\0{letter}\0", words)
    for letter, text in texts.items():
        words = words.replace(f"\0{letter}\0", text)
    bare = "(" + _text(worked, given[0]) + ")" if given else ""
    return words.replace(bare, bare[1:-1], 1) if bare and words.startswith(f"{bare} where") else words


def _compares(part: Expression) -> bool:
    return isinstance(part, Binary) and part.sign in ("<", "<=", ">", ">=", "==", "!=", "&", "|")


def _text(worked: Worked, part: Expression) -> str:
    return typeset(part, worked.style, arrays=worked.arrays)


def spelled_out(worked: Worked, stage: Stage, numbers: bool, functions: Functions = NONE) -> str | None:
    """A function's formula, as `1 / (1 + exp(-z1))` for sigmoid; None where its name says as much."""
    plain = written_out(stage.shown, functions)
    put_in = {name: worked.show(worked.value(name)) for name in stage.inputs} if numbers else {}
    if any(text is None for text in put_in.values()):
        return None
    shown = {name: text or "" for name, text in put_in.items()}
    if plain is not stage.shown:
        return typeset(plain, worked.style, arrays=worked.arrays, numbers=shown)
    operation = worked.graph.operations[stage.slot]
    added = _added(worked, stage, numbers)
    if added is not None:
        return added
    match stage.formula:
        case Call(name=name, arguments=(argument,), keywords=()):
            pass
        case _:
            return None
    if not isinstance(operation, Elementwise | Structural) or operation.name != name or not operation.formula:
        return None
    formula, letter = parse(operation.formula), operation.arguments[0]
    if isinstance(operation, Structural):
        if len(worked.graph.shapes[worked.graph.arguments[stage.slot][0]]) != 1:
            return None
    elif len(operation.arguments) > 1 or not all(_elementary(part, operation) for part in postorder(formula)):
        return None
    return typeset(substitute(formula, {letter: argument}), worked.style, arrays=worked.arrays, numbers=shown)


def _elementary(part: Expression, operation: Operation) -> bool:
    """Whether a part of an operation's formula is one that a pocket calculator knows, other than itself."""
    if not isinstance(part, Call):
        return True
    found = lookup(part.name)
    return isinstance(found, Elementwise) and found.elementary and found is not operation


def _added(worked: Worked, stage: Stage, numbers: bool) -> str | None:
    """The dot product or the sum of short vectors, entry by entry: `x[0] · w[0] + x[1] · w[1]`."""
    operation = stage.operation
    if operation is None or not (
        operation.matrix_product or (operation.divisor is not None and not averages(operation))
    ):
        return None
    match stage.formula:
        case Call(arguments=(Name(name=a), Name(name=b)), keywords=()):
            names = [a, b]
        case Binary(sign="@", left=Name(name=a), right=Name(name=b)):
            names = [a, b]
        case Call(arguments=(Name(name=a),), keywords=()):
            names = [a]
        case _:
            return None
    shapes = [worked.shape(name) for name in names]
    if any(len(shape) != 1 or not 1 < shape[0] <= MOST_ADDED for shape in shapes):
        return None
    terms = []
    for k in range(shapes[0][0]):
        entries = [float(worked.value(name)[k]) if numbers else f"{name}[{k}]" for name in names]
        shown = [entry if isinstance(entry, str) else worked.precision.show(entry) for entry in entries]
        terms.append(worked.style.times.join([" ", " "]).join([shown[0], *map(bracketed, shown[1:])]))
    return summed(terms)


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
                f"so {local} is the derivative of {name} at {_text(worked, argument)}, times that of "
                f"{_text(worked, argument)} with respect to {label}. The upstream gradient is {upstream}."
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
            if averages(through.operation):
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
    share = f"{number} / {many}" if averages(operation) else number
    return f"each of the {many} entries is {share}." if many > 1 else f"its entry is {number}."


def averages(operation: Structural) -> bool:
    """Whether a sum of entries is divided by their number."""
    return bool(operation.count_power)
