"""What a page says in words, as data for its script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from backpropcli.exercise.value_hints import in_words, value_hint
from backpropcli.language.formula.tree import Binary, Call, Expression, Name
from backpropcli.notation.formula_html import minus
from backpropcli.notation.maths import Formula
from backpropcli.notation.numbers import local_name

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.terms import Term
    from backpropcli.derivation.worked import Worked
    from backpropcli.page.worked import Told

UPSTREAM = "□"
"""What stands for the upstream gradient in the formula of what becomes of it: `□ @ W2.T`."""


def value_hints(worked: Worked, stage: Stage) -> list[str]:
    """The first hint for a value, which names the rule; the others are its formula, and its numbers."""
    return [minus(escape(value_hint(worked, stage, 1)))]


def gradient_hints(told: Told, label: str, terms: Sequence[Term]) -> list[str]:
    """The first hint for a gradient, which names the paths; of the loss itself all three."""
    written = told.letters.name
    if not terms:
        loss = written(label)
        asked = f"how much does {loss} change when {loss} changes by 1?"
        return [asked, asked, "it is 1."]
    users = " and ".join(written(term.through.name) for term in terms)
    used = f"the chain rule: {written(label)} is used by {users}."
    if len(terms) > 1:
        return [f"{used} For each, upstream gradient times local derivative; then add."]
    local = written(local_name(terms[0].through.name, label))
    upstream = told.html(terms[0].upstream.text)
    return [f"{used} Upstream gradient {upstream}, times the local derivative {local}."]


def words(worked: Worked, stage: Stage) -> str | None:
    """What a named operation does, as `relu: z1 where it is positive, else 0.`; None where the formula says as much."""
    found = in_words(worked, stage)
    return None if found is None else minus(escape(found.replace(" is ", ": ", 1)))


def handed_on(told: Told, term: Term) -> tuple[str, Any]:
    """What an array operation makes of the upstream gradient, `□ @ W2.T`, and the other factor; None if there is none.

    Of a function that has no formula for it: through which call it goes.
    """
    text = told.html(term.text, {term.upstream.text: UPSTREAM})
    if text == told.html(term.text):
        return f"{UPSTREAM} through {told.html(told.formula(term.through).text)}", None
    match _other(term):
        case Name(name=name) if name in told.slots:
            return text, told.value(name)
        case Call(name="transpose", written="attribute", arguments=(Name(name=name),)) if name in told.slots:
            return text, told.value(name).T
    return text, None


def _other(term: Term) -> Expression | None:
    """The other factor in a formula of two, one of which is the upstream gradient; None in any other."""
    match term.text.source:
        case Formula(expression=Binary(sign="@" | "*", left=left, right=right)):
            factors = left, right
        case Formula(expression=Call(name="outer", arguments=(left, right), keywords=())):
            factors = left, right
        case _:
            return None
    match [isinstance(factor, Name) and factor.name == term.upstream.text for factor in factors]:
        case [True, False]:
            return factors[1]
        case [False, True]:
            return factors[0]
    return None
