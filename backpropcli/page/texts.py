"""What a page says in words, as data for its script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from backpropcli.exercise.value_hints import in_words, value_hint
from backpropcli.notation.formula_html import minus
from backpropcli.notation.numbers import local_name

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.terms import Term
    from backpropcli.derivation.worked import Worked
    from backpropcli.page.worked import Told

UPSTREAM = "□"
"""What stands for the upstream gradient in the formula of what becomes of it: `□ @ W2.T`."""
NAME = r"([^\W\d][\w.]*)"
OTHER = re.compile(rf"□ (?:@|·|\*) {NAME}|{NAME} (?:@|·|\*) □|outer\({NAME}, □\)|outer\(□, {NAME}\)")
"""Formulas of two factors: the upstream gradient and another."""


def value_hints(worked: Worked, stage: Stage) -> list[str]:
    """The first hint for a value, which names the rule; the others are its formula, and its numbers."""
    return [minus(escape(value_hint(worked, stage, 1)))]


def gradient_hints(told: Told, label: str, terms: Sequence[Term]) -> list[str]:
    """The first hint for a gradient, which names the paths; of the loss itself all three."""
    if not terms:
        loss = told.written(label)
        asked = f"how much does {loss} change when {loss} changes by 1?"
        return [asked, asked, "it is 1."]
    users = " and ".join(told.written(term.through.name) for term in terms)
    used = f"the chain rule: {told.written(label)} is used by {users}."
    if len(terms) > 1:
        return [f"{used} For each, upstream gradient times local derivative; then add."]
    local = told.written(local_name(terms[0].through.name, label))
    upstream = told.written(terms[0].upstream.text)
    return [f"{used} Upstream gradient {upstream}, times the local derivative {local}."]


def words(worked: Worked, stage: Stage) -> str | None:
    """What a named operation does, as `relu: z1 where it is positive, else 0.`; None where the formula says as much."""
    found = in_words(worked, stage)
    return None if found is None else minus(escape(found.replace(" is ", ": ", 1)))


def handed_on(worked: Worked, term: Term) -> tuple[str, Any]:
    """What an array operation makes of the upstream gradient, `□ @ W2.T`, and the other factor; None if there is none.

    Of a function that has no formula for it: through which call it goes.
    """
    upstream = term.upstream.text
    text = re.sub(rf"(?<![\w.]){re.escape(upstream)}(?![\w]|\.\d)", UPSTREAM, term.text)
    if text == term.text:
        return f"{UPSTREAM} through {worked.formula(term.through).text}", None
    found = OTHER.fullmatch(text)
    names = [name for name in found.groups() if name] if found else []
    if len(names) != 1 or names[0].removesuffix(".T") not in worked.slots:
        return text, None
    value = worked.value(names[0].removesuffix(".T"))
    return text, value.T if names[0].endswith(".T") else value
