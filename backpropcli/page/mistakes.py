"""What an exercise's page says to wrong answers, as data: the mistakes of the quiz, with places for their numbers.

A mistake has its kind, by which the table has its words, the path that it is made on, and where its number stands among
the results of the page's program. The script tells which of them give an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.trial import comes_to
from backpropcli.engine import Plan
from backpropcli.engine.recording import RecordedPlan
from backpropcli.exercise import feedback, grading, mistakes
from backpropcli.exercise.carried_forward import MOST_TOGETHER
from backpropcli.exercise.formula_mistakes import attempts
from backpropcli.exercise.gradient_mistakes import forgotten, gradient_mistakes
from backpropcli.exercise.question import HINTS
from backpropcli.exercise.wording import in_letters
from backpropcli.language.formula.tree import Expression, Name, postorder
from backpropcli.ops.numbers.recorder import TooLongError

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.terms import Term
    from backpropcli.graph import Graph
    from backpropcli.page.worked import Told

Data = dict[str, Any]


def rules(asked: int) -> Data:
    """How the page grades, with all the numbers of the quiz: the digits asked for, how near is near, what is said."""
    return {
        "asked": asked,
        "least": grading.LEAST_DIGITS,
        "most": grading.MOST_DIGITS,
        "exact": grading.EXACT,
        "tie": grading.TIE,
        "near": grading.NEAR,
        "together": MOST_TOGETHER,
        "hints": HINTS,
        "certain": mistakes.CERTAIN,
        "alike": mistakes.ALIKE,
        "multiples": mistakes.MULTIPLES,
        "words": mistakes.WORDS,
        "names": mistakes.NAMES,
        "nearly": {digits: _nearly(digits) for digits in sorted({asked, grading.LEAST_DIGITS})},
    }


def _nearly(digits: int) -> Data:
    """What is said to an answer that is nearly right, where so many digits are asked for."""
    return {
        "digits": in_letters(digits),
        "rounded": feedback.rounded_too_far(digits),
        "whole": feedback.UNROUNDED,
        "more": feedback.more_digits(digits),
    }


def of_value(told: Told, stage: Stage) -> Data:
    """What may be worked out wrongly instead of a formula of plain numbers."""
    if told.shape(stage.name) or any(told.shape(name) for name in stage.inputs):
        return {}
    values = {name: told.value(name) for name in stage.inputs}
    found = []
    for place, attempt in enumerate(attempts(stage.formula)):
        number = _worked_out(told, attempt.formula, values)
        if number is not None:
            said = attempt.said(told.formula_html)
            one = {"place": place, "kind": attempt.kind, "at": told.places.start(number), "said": said}
            found.append({**one, "within": attempt.within} if attempt.kind == "part" else one)
    return {"attempts": found} if found else {}


def of_gradient(told: Told, label: str, terms: Sequence[Term]) -> Data:
    """What a wrong gradient may be; of an array, whose entries are graded one by one, what is known of each."""

    made: Data = {}
    try:
        found = [
            {"kind": mistake.kind, "path": mistake.path, "at": told.places.start(mistake.number)}
            for mistake in gradient_mistakes(told, label, terms)
            if _has_place(told, label, mistake)
        ]
        made = {"mistakes": found} if found else {}
    except TooLongError:  # the page does without
        pass
    forgettable = forgotten(label, terms) if terms else {}
    return {**made, "forgotten": forgettable} if forgettable else made


def _has_place(told: Told, label: str, mistake: mistakes.Candidate) -> bool:
    """Whether the number of a mistake in a gradient is one for each entry, and stands in the page."""
    number, shape = mistake.number, told.shape(label)
    if mistake.kind in mistakes.MULTIPLES or number is None or getattr(number, "shape", ()) != shape:
        return False
    return not shape or (mistake.kind == "value" and told.shows(number, ("value", label)))


def _worked_out(told: Told, formula: Expression, values: Mapping[str, Any]) -> Any:
    """What a formula comes to; None where that is not known, or would make the page's program too long."""
    plan = told.trace.plan

    def make(graph: Graph) -> Plan:
        return RecordedPlan(graph, plan.tape) if isinstance(plan, RecordedPlan) else Plan(graph)

    used = {part.name for part in postorder(formula) if isinstance(part, Name)}
    try:
        return comes_to(formula, {name: value for name, value in values.items() if name in used}, make)
    except TooLongError:
        return None
