"""Mistakes in a local derivative: rows of the table of mistakes, each with another operation in a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.gradcheck.mistakes.mutations import scaled
from backpropcli.gradcheck.mistakes.table import UPSTREAM_ALONE, Mistake, Wrong
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, Unary, postorder, substitute
from backpropcli.ops.definition import Elementwise, Value
from backpropcli.ops.table import TABLE

if TYPE_CHECKING:
    from backpropcli.gradcheck.external.edges import Step

SIGNS = {"+": "-", "-": "+"}
"""Signs that are taken for one another."""


def _varies(formula: Expression | None) -> bool:
    """Whether a local derivative is known, and no mere number."""
    inner = formula.operand if isinstance(formula, Unary) else formula
    return inner is not None and not isinstance(inner, Number)


def _factors(step: Step) -> Iterator[tuple[Value, str, dict[str, str]]]:
    """The factors of a local derivative of several: the value of each, how it is written, and what the words need."""
    formula = step.formula
    if formula is None or not _varies(formula):
        return
    parts, whole = factors(formula), step.named(formula)
    for part in parts if len(parts) > 1 else []:
        value = step.value(part)
        if value is not None and not isinstance(part, Number):
            factor = step.named(part)
            plain = factor if isinstance(part, Name | Call) or factor.isidentifier() else f"({factor})"
            yield value, plain, {"factor": plain, "called": step.called, "whole": whole}


def _factor_missing(step: Step) -> Iterator[Wrong]:
    for value, plain, about in _factors(step):
        yield Wrong(scaled(step.operation, step.position, inverse(value)), {**about, "over": f"1/{plain}"})


def _factor_twice(step: Step) -> Iterator[Wrong]:
    for value, plain, about in _factors(step):
        yield Wrong(scaled(step.operation, step.position, value), {**about, "over": plain})


def _local(step: Step) -> Iterator[tuple[Value, str, str]]:
    """The value of a whole local derivative, how it is written in a quotient, and how it is called."""
    formula = step.formula
    if formula is None or not _varies(formula) or (value := step.value(formula)) is None:
        return
    whole = step.named(formula)
    simple = isinstance(formula, Name | Call) or whole.isidentifier()
    plain = whole if simple else f"({whole})"
    if not step.operation.infix:
        yield value, plain, f"{step.called} local derivative {whole}"
    else:
        yield value, plain, f"the factor {plain}" if simple else f"the local derivative {whole}"


def _local_missing(step: Step) -> Iterator[Wrong]:
    for _, plain, local in _local(step):
        yield Wrong(step.giving(1.0), {"local": local, "over": f"1/{plain}"})


def _local_twice(step: Step) -> Iterator[Wrong]:
    for value, plain, local in _local(step):
        yield Wrong(scaled(step.operation, step.position, value), {"local": local, "over": plain})


def _at_value(step: Step) -> Iterator[Wrong]:
    operation = step.operation
    if isinstance(operation, Elementwise) and len(operation.arguments) == 1 and _varies(step.formula):
        wrong = step.replaced(lambda body: lambda xp, y, z: body(xp, operation.value(xp, y), y))
        name, argument = (show(step.letters[letter]) for letter in ("y", operation.arguments[0]))
        yield Wrong(wrong, {"called": step.called, "name": name, "argument": argument})


def _at_argument(step: Step) -> Iterator[Wrong]:
    formula = step.formula
    if formula is not None and len(step.operation.arguments) == 1 and _uses(formula, "y"):
        yield from _instead(step, substitute(formula, {"y": Name(step.operation.arguments[0])}))


def _nearly(step: Step) -> Iterator[Wrong]:
    for other in mutants(step.formula) if step.formula is not None else ():
        yield from _instead(step, other)


def _instead(step: Step, other: Expression) -> Iterator[Wrong]:
    """Another formula in the place of the local derivative."""
    value = step.value(other)
    if value is not None and step.formula is not None:
        about = {"called": step.called, "wrong": step.named(other), "right": step.named(step.formula)}
        yield Wrong(step.giving(value), about)


def _uses(formula: Expression, letter: str) -> bool:
    return any(isinstance(part, Name) and part.name == letter for part in postorder(formula))


def _of_another(step: Step) -> Iterator[Wrong]:
    """The local derivative of another activation: sigmoid's a * (1 - a) behind a tanh."""
    operation = step.operation
    if not isinstance(operation, Elementwise) or not operation.nonlinearity:
        return
    right = step.named(parse(operation.textbook[0]))
    for other in {id(o): o for o in TABLE.values()}.values():
        if isinstance(other, Elementwise) and other.nonlinearity and other is not operation:
            formula = substitute(parse(other.textbook[0]), {other.arguments[0]: Name(operation.arguments[0])})
            value = step.value(formula)
            if value is not None:
                about = {"other": other.name, "wrong": step.named(formula), "name": operation.name, "right": right}
                yield Wrong(step.giving(value), about)


FACTOR_MISSING = Mistake(
    "factor missing", _factor_missing, rule="the factor {factor} of {called} local derivative {whole} is missing"
)
FACTOR_TWICE = Mistake(
    "factor twice", _factor_twice, rule="the factor {factor} of {called} local derivative {whole} is there twice"
)
LOCAL_MISSING = Mistake("local missing", _local_missing, rule=UPSTREAM_ALONE.rule)
LOCAL_TWICE = Mistake("local twice", _local_twice, rule="{local} is there twice")
AT_VALUE = Mistake("at value", _at_value, rule="{called} local derivative is taken at {name} instead of {argument}")
AT_ARGUMENT = Mistake("at argument", _at_argument, rule="{called} local derivative is {wrong} there instead of {right}")
NEARLY = Mistake("nearly", _nearly, rule="{called} local derivative is {wrong} there instead of {right}")
OF_ANOTHER = Mistake(
    "of another", _of_another, rule="{other}'s local derivative {wrong} stands where {name}'s {right} belongs"
)


# Formulas.


def factors(formula: Expression) -> list[Expression]:
    """The factors of a product, each as it is written; divisors as one over them.

    >>> [show(f) for f in factors(parse("y * (1 - y)"))]
    ['y', '1 - y']
    """
    if isinstance(formula, Binary) and formula.sign == "*":
        return factors(formula.left) + factors(formula.right)
    if isinstance(formula, Binary) and formula.sign == "/":
        above = [] if isinstance(formula.left, Number) and formula.left.value == 1.0 else factors(formula.left)
        return [*above, Binary("/", Number(1.0, "1"), formula.right)]
    if isinstance(formula, Unary) and formula.sign == "-":
        return factors(formula.operand)
    return [formula]


def mutants(formula: Expression) -> Iterator[Expression]:
    """The formula with one sign turned, or one power left out, wherever one is."""
    if isinstance(formula, Binary):
        if formula.sign == "**" and isinstance(formula.right, Number):
            yield formula.left
        if formula.sign in SIGNS:
            yield Binary(SIGNS[formula.sign], formula.left, formula.right)
        yield from (Binary(formula.sign, left, formula.right) for left in mutants(formula.left))
        yield from (Binary(formula.sign, formula.left, right) for right in mutants(formula.right))
    elif isinstance(formula, Unary):
        yield from (Unary(formula.sign, operand) for operand in mutants(formula.operand))
    elif isinstance(formula, Call) and len(formula.arguments) == 1:
        yield from (Call(formula.name, (inner,)) for inner in mutants(formula.arguments[0]))


def inverse(value: Value) -> Value:
    """1/value, with 0 where that is infinite."""
    if isinstance(value, float):
        return 1.0 / value if value else 0.0
    import numpy as np

    with np.errstate(all="ignore"):
        return np.where(value == 0.0, 0.0, 1.0 / value)
