"""What is said beside a derivative with cases: which side of a corner a value is on, and what a choice does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.derivation.piecewise import as_where, conjuncts, decided, is_where, joined, primed
from backpropcli.language.formula.tree import substitute
from backpropcli.notation import maths
from backpropcli.notation.formula import UNICODE, Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backpropcli.derivation.piecewise import Prime


def cases(prime: Prime, style: Style = UNICODE) -> maths.Said:
    """For arrays: `relu'(z1) = 1 where z1 > 0, else 0`; empty where the derivative has no cases."""
    words, formula = prime.arguments, as_where(prime.formula)
    said: list[str] = []
    while is_where(formula):
        condition, then, formula = formula.parts()
        holds = [maths.formula(part, style) for part in conjuncts(substitute(condition, words))]
        said += [maths.formula(substitute(then, words), style), " where ", maths.joined(" and ", holds), ", "]
    if not said:
        return maths.Said()
    name = maths.Maths(prime.name, maths.Formula(primed(prime)))
    return maths.Said(name, " = ", *said, "else ", maths.formula(substitute(formula, words), style))


def reason(prime: Prime, values: Sequence[float], words: Sequence[str], style: Style = UNICODE) -> str:
    """For numbers: `, as 7 > 0`: the conditions of the textbook form that decide; empty where there are none."""
    numbers = dict(zip(prime.operation.arguments, words, strict=False))
    found = decided(as_where(prime.formula), dict(zip(prime.operation.arguments, values, strict=False)))
    return f", as {joined(found[0], style, numbers)}" if found is not None and found[0] else ""


def outcome(prime: Prime, slope: float, argument: str) -> str:
    """What a choice does to `argument`: `: w is the larger, so it gets all of the gradient`; empty where none is made
    between arguments."""
    noun = prime.operation.chosen.get(prime.operation.arguments[prime.position])
    match noun, slope:
        case None, _:
            return ""
        case _, 1.0:
            return f": {argument} is {noun}, so it gets all of the gradient"
        case _, 0.5:
            return f": neither is {noun}, so each gets half of the gradient"
        case _, 0.0:
            return f": {argument} is not {noun}, so it gets nothing"
    return ""
