"""What is said to a wrong answer, where it can be told what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.piecewise import evaluate
from backpropcli.derivation.trial import comes_to
from backpropcli.exercise.formula_mistakes import attempts, meant
from backpropcli.exercise.grading import entries, fits, fitting, grade, near, right, shape, short, too_few
from backpropcli.exercise.wording import in_letters, text_of
from backpropcli.gradcheck.mistakes.table import TRANSPOSED
from backpropcli.language.formula.tree import Expression, Index
from backpropcli.notation.numbers import nested

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked
    from backpropcli.exercise.mistakes import Candidate


def of_shape(given: Any, answer: Any, name: str) -> str:
    """What is said to an array of another shape, or with its rows and columns swapped; empty where it is neither."""
    swapped = shape(given)[::-1] == shape(answer) and len(shape(given)) == 2
    if swapped and all(grade(given.T, answer)):
        return TRANSPOSED.told
    if shape(given) == shape(answer):
        return ""
    like = nested(answer, lambda _: "..")
    return f"{name} looks like {like}." if shape(answer) else f"{name} is one number."


def giving(given: Any, answer: Any, mistakes: Iterable[Candidate], digits: int) -> list[Candidate]:
    """The mistakes that give an answer, and not the right one."""
    typed, truth = entries(given), entries(answer)

    def gives(number: Any) -> bool:
        wrong = None if number is None else entries(number)
        same = wrong is not None and len(wrong) == len(typed) and wrong != truth
        return same and all(fits(a, b, digits) for a, b in zip(typed, wrong or (), strict=True))

    return [mistake for mistake in mistakes if gives(mistake.number)]


def nearly(given: Any, answer: Any, digits: int) -> str:
    """What is said to an answer that is not far off; empty to any other."""
    pairs = list(zip(entries(given), entries(answer), strict=True))
    if all(right(a, b, 0.0, digits) or too_few(a, b, digits) for a, b in pairs):
        return rounded_too_far(digits)
    if not all(near(a, b, digits) for a, b in pairs):
        return ""
    return UNROUNDED if all(short(b, digits) for _, b in pairs) else more_digits(digits)


def rounded_too_far(digits: int) -> str:
    """What is said to the right answer in fewer digits than are asked for."""
    return f"nearly, but rounded too far. {in_letters(digits).capitalize()} digits are asked for, and are enough."


UNROUNDED = "nearly. The answer is a short number, and nothing has to be rounded."


def more_digits(digits: int) -> str:
    """What is said to an answer that is off in its last digits."""
    return f"nearly. Keep more digits on the way, and give {in_letters(digits)}."


def of_formula(worked: Worked, stage: Stage, given: Any, digits: int) -> str:
    """What is said to a wrong value that something else than the formula comes to; empty where that is not known."""
    if isinstance(stage.formula, Index):
        return ""
    values = {name: worked.value(name) for name in stage.inputs}
    truth, plain = worked.value(stage.name), all(isinstance(x, float) for x in values.values())

    def gives(part: Expression) -> bool:
        found = evaluate(part, values, stage.find) if plain else comes_to(part, values)
        return found is not None and not all(grade(found, truth, 0.0, digits)) and fitting(given, found, digits)

    tried = attempts(stage.formula)
    one = meant([k for k, attempt in enumerate(tried) if gives(attempt.formula)], tried)
    return "" if one is None else one.said(lambda part: text_of(worked, part))
