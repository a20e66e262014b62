"""What a page says in words, as data for its script: to wrong answers what the quiz says (`exercise.feedback`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

from backpropcli.derivation.stages import Stage
from backpropcli.derivation.terms import Term
from backpropcli.derivation.worked import Worked
from backpropcli.exercise.feedback import Attempt, attempts, halved, squared, text_of
from backpropcli.exercise.hints import in_words, value_hint
from backpropcli.language.formula.tree import Name, postorder
from backpropcli.notation.formula import typeset
from backpropcli.notation.formula_html import minus

UPSTREAM = "□"
"""What stands for the upstream gradient in the formula of what becomes of it: `□ @ W2.T`."""
NAME = r"([^\W\d][\w.]*)"
OTHER = re.compile(rf"□ (?:@|·|\*) {NAME}|{NAME} (?:@|·|\*) □|outer\({NAME}, □\)|outer\(□, {NAME}\)")
"""Formulas of two factors: the upstream gradient and another."""
Html = Callable[[str | None], str | None]


def wrong_values(worked: Worked, stage: Stage, html: Html) -> list[dict[str, Any]]:
    """What may be worked out wrongly instead of a formula of plain numbers, with places for these, and what is said."""
    if worked.shape(stage.name) or any(worked.shape(name) for name in stage.inputs):
        return []
    result: list[dict[str, Any]] = []
    kept: list[Attempt] = []
    for attempt in attempts(stage.formula):
        used = [part.name for part in postorder(attempt.formula) if isinstance(part, Name)]
        numbers = {name: worked.show(worked.value(name)) or "" for name in used if name in stage.inputs}
        if len(numbers) < len(set(used)):
            continue
        put_in = typeset(attempt.formula, worked.style, numbers=numbers)
        following = attempt.next_part
        then = "" if following is None else html(text_of(worked, following))
        said = attempt.words.format(html(text_of(worked, attempt.formula)), then)
        kept.append(attempt)
        result.append({"kind": attempt.kind, "numbers": html(put_in), "said": said})
    for one, told in zip(kept, result, strict=True):  # a part inside another that fits too is not what was meant
        within = [
            k
            for k, other in enumerate(kept)
            if other.kind == "part"
            and other is not one
            and any(part is one.formula for part in postorder(other.formula))
        ]
        told["within"] = within if one.kind == "part" else []
    return result


def hint(worked: Worked, stage: Stage) -> str:
    """The first hint for a value, which names the rule."""
    return minus(escape(value_hint(worked, stage, 1)))


def words(worked: Worked, stage: Stage) -> str | None:
    """What a named operation does, as `relu: z1 where it is positive, else 0.`; None where the formula says as much."""
    found = in_words(worked, stage)
    return None if found is None else minus(escape(found.replace(" is ", ": ", 1)))


def forgettable(term: Term, label: str) -> str:
    """Whether a half ("half") or the 2 of a power ("two") may have been forgotten in a term; both, or none."""
    formula = term.through.formula
    return "half " * halved(formula) + "two" * squared(formula, label)


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
