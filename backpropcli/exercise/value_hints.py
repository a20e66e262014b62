"""Hints for a value: which rule it needs, its formula, and the formula with numbers put in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpropcli.exercise.functions import Functions, calls, definition, written_out
from backpropcli.exercise.wording import bracketed, in_numbers, summed, text_of
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, Unary, postorder, substitute
from backpropcli.notation.formula import typeset
from backpropcli.notation.numbers import exact
from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.table import lookup

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked

RULES = {"+": "add {0} and {1}", "-": "take {1} away from {0}", "*": "multiply {0} by {1}", "/": "divide {0} by {1}"}
"""What is to be done with two names."""
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


def in_words(worked: Worked, stage: Stage) -> str | None:
    """What a named operation does, as `relu is z1 where it is positive, else 0`; None where there is no such one."""
    operation = worked.graph.operations[stage.slot]
    match stage.formula:
        case Call(name=name, arguments=arguments) if operation is not None and operation.name == name:
            given = f" of {text_of(worked, arguments[0])}" if len(arguments) == 1 else ""
            if all(isinstance(argument, Name) for argument in arguments):
                return f"{name} is {_of_these(worked, operation, arguments)}."
            head = f"{name}{given}" if given else text_of(worked, stage.formula)
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
        case Binary(sign=sign, left=Name(name=a), right=Name(name=b)) if sign in RULES:
            return f"{RULES[sign].format(a, b)}{each}."
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
        whole = text_of(worked, part)
        if letter == "condition":
            words = words.replace(HOLDS, f"{whole} holds" if _compares(part) else f"{whole} is not 0")
        elif letter not in NOUNS:
            number = part.operand if isinstance(part, Unary) else part
            texts[letter] = whole if isinstance(part, Name | Call) or isinstance(number, Number) else f"({whole})"
    for letter in texts:
        words = re.sub(rf"\b{letter}\b(?!\()" + (ARTICLE if letter == "a" else ""), f"\0{letter}\0", words)
    for letter, text in texts.items():
        words = words.replace(f"\0{letter}\0", text)
    bare = "(" + text_of(worked, given[0]) + ")" if given else ""
    return words.replace(bare, bare[1:-1], 1) if bare and words.startswith(f"{bare} where") else words


def _compares(part: Expression) -> bool:
    return isinstance(part, Binary) and part.sign in ("<", "<=", ">", ">=", "==", "!=", "&", "|")


def spelled_out(worked: Worked, stage: Stage, numbers: bool, functions: Functions = NONE) -> str | None:
    """A function's formula, as `1 / (1 + exp(-z1))` for sigmoid; None where its name says as much."""
    put_in = {name: worked.show(worked.value(name)) for name in stage.inputs} if numbers else {}
    shown = {name: text for name, text in put_in.items() if text is not None}
    if len(shown) < len(put_in):
        return None
    formula: Expression | None = written_out(stage.shown, functions)
    if formula is stage.shown:
        added = _added(worked, stage, numbers)
        if added is not None:
            return added
        formula = _textbook(worked, stage)
    return None if formula is None else typeset(formula, worked.style, arrays=worked.arrays, numbers=shown)


def _textbook(worked: Worked, stage: Stage) -> Expression | None:
    """The formula of the one operation that a stage is, of one argument; None where its name says as much."""
    operation = worked.graph.operations[stage.slot]
    match stage.formula:
        case Call(name=name, arguments=(argument,), keywords=()):
            pass
        case _:
            return None
    if not isinstance(operation, Elementwise | Structural) or operation.name != name or not operation.formula:
        return None
    formula = parse(operation.formula)
    if isinstance(operation, Structural):
        if len(worked.graph.shapes[worked.graph.arguments[stage.slot][0]]) != 1:
            return None
    elif len(operation.arguments) > 1 or not all(_elementary(part, operation) for part in postorder(formula)):
        return None
    return substitute(formula, {operation.arguments[0]: argument})


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
        operation.matrix_product or (operation.divisor is not None and not operation.count_power)
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
