"""Which blanks an exercise has: none without what it needs, none that only cancellation is left of; and with how many
digits answers are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.exercise.carried_forward import carried_on, each
from backpropcli.exercise.given_numbers import identified
from backpropcli.exercise.grading import LEAST_DIGITS, cut, entries, rounded, short

if TYPE_CHECKING:
    from backpropcli.derivation.worked import Worked
    from backpropcli.exercise.question import Question

MOST = 60
"""A quiz of more questions than these takes too long; without `every` it asks so many."""
MOST_ASKED = 6
"""So many digits are asked for at most. What is not known with these is pure cancellation."""
DRIFT = 0.05
"""So far an answer may be off, as a part of it, for somebody who goes on with the digits that are asked for."""
FORMS: tuple[Callable[[float, int], float], ...] = (rounded, cut)
"""What is done with a long number."""


class Choice(NamedTuple):
    """The questions that are asked, the names of those that are not, how many are beyond `MOST`, and what is told.

    `told` are the names that the questions need and that are not asked for; `digits`: how many are asked for.
    """

    questions: list[Question]
    left_out: list[str]
    beyond: int
    told: list[str]
    digits: int


def choose(asked: Sequence[Question], every: bool) -> Choice:
    """The choice among all questions, which come in the order in which they are worked out."""
    if not asked:
        return Choice([], [], 0, [], LEAST_DIGITS)
    worked = asked[0].worked
    typable = [question for question in asked if question.typable()]
    near = _nearest(typable) if not every and len(typable) > MOST else typable
    sure = list(_without_cancellation(worked, near))
    names = {question.name for question in sure}
    kept = [question for question in sure if all(n in names or tellable(worked, n) for n in question.needs)]
    names = {question.name for question in kept}
    told = dict.fromkeys(name for question in kept for name in question.needs if name not in names)
    possible = names | {question.name for question in typable} - {question.name for question in near}
    left_out = [question.name for question in asked if question.name not in possible]
    shown = as_told(worked, told)
    digits = next((d for d in range(LEAST_DIGITS, MOST_ASKED) if not _drifting(worked, kept, shown, d)), MOST_ASKED)
    for question in kept:
        question.told, question.digits = shown, digits
    return Choice(kept, left_out, len(typable) - len(near), list(told), digits)


def _nearest(questions: Sequence[Question]) -> list[Question]:
    """Those nearest to the loss: as many values as gradients, where there are enough."""
    values = [question for question in questions if question.stage is not None]
    gradients = [question for question in questions if question.stage is None]
    near = MOST // 2 if values and gradients else MOST
    return values[-max(near, MOST - len(gradients)) :] * bool(values) + gradients[: max(near, MOST - len(values))]


def tellable(worked: Worked, name: str) -> bool:
    """Whether a value or a gradient is short enough to be told."""
    return identified(worked, name.removeprefix(worked.gradient_name(""))) is not None


def as_told(worked: Worked, names: Sequence[str] | Mapping[str, Any]) -> dict[int, Any]:
    """The values among these names that are told in other digits than they have, as they are told, by slot."""
    result: dict[int, Any] = {}
    for name in names:
        text = identified(worked, name) if name in worked.slots else None
        if text is None:
            continue
        value = worked.value(name)
        told = [float(word) for word in text.replace("[", " ").replace("]", " ").split()]
        if told != entries(value) and all(map(isfinite, told)):
            result[worked.slots[name]] = told[0] if isinstance(value, float) else _like(told, value)
    return result


def _like(numbers: Sequence[float], value: Any) -> Any:
    import numpy as np

    return np.array(numbers).reshape(value.shape)


def _without_cancellation(worked: Worked, questions: Sequence[Question]) -> Iterator[Question]:
    """The questions whose answers can be found by somebody who goes on with many digits."""
    shown = as_told(worked, worked.graph.names("input", "target", "parameter"))
    if not shown and all(short(x) for question in questions for x in entries(question.answer)):
        yield from questions
        return
    own: list[dict[str, Any]] = [{} for _ in FORMS]
    for question in questions:
        found = [_typed(worked, question, own[k], shown, MOST_ASKED, form) for k, form in enumerate(FORMS)]
        if all(_drift(question, number) <= DRIFT for number in found):
            for k, number in enumerate(found):
                own[k][question.name] = number
            yield question


def _drifting(worked: Worked, questions: Sequence[Question], shown: Mapping[int, Any], digits: int) -> bool:
    """Whether somebody who goes on with so many digits gets too far away from the answers."""
    if all(short(x, digits) for question in questions for x in entries(question.answer)) and not shown:
        return False
    for form in FORMS:
        own: dict[str, Any] = {}
        for question in questions:
            own[question.name] = _typed(worked, question, own, shown, digits, form)
            if _drift(question, own[question.name]) > DRIFT:
                return True
    return False


def _typed(
    worked: Worked, question: Question, own: Mapping[str, Any], shown: Mapping[int, Any], digits: int, form: Any
) -> Any:
    return each(carried_on(worked, question.stage, question.label, own, shown), digits, form)


def _drift(question: Question, number: Any) -> float:
    """How far a number is off the answer, as a part of it, at its worst entry."""
    worst = 0.0
    for ours, truth in zip(entries(number), entries(question.answer), strict=True):
        off = abs(ours - truth)
        worst = max(worst, 0.0 if off <= question.residue else off / abs(truth) if truth and off == off else inf)
    return worst
