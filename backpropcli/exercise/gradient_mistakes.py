"""The mistakes in a gradient: a factor for the product, a path alone or left out, the value itself, a factor of two.

One list for the quiz, which has numbers, and for the page, which records how they are computed: what is in the place of
a number here may be either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.exercise.constant_factors import halved, squared
from backpropcli.exercise.mistakes import FORGOTTEN, NAMES, Candidate
from backpropcli.exercise.wording import stage_text
from backpropcli.gradcheck.mistakes.table import HALF, LEARNERS, LEARNERS_ONLY, TWICE, Right

if TYPE_CHECKING:
    from backpropcli.derivation.terms import Term
    from backpropcli.derivation.worked import Worked


def gradient_mistakes(worked: Worked, label: str, terms: Sequence[Term]) -> Iterator[Candidate]:
    """What each mistake makes of the gradient of `label`, which has these terms: none where it is the loss itself."""
    right = Right(
        worked.gradient(label),
        worked.value(label),
        [term.upstream.value for term in terms],
        [term.local.value if term.local is not None else None for term in terms],
        [_through(worked, term, label, len(terms)) for term in terms],
    )
    for row in (*LEARNERS, *LEARNERS_ONLY):
        for wrong in row.wrong(right):
            yield Candidate(row.name, wrong.number, wrong.about.get("path", 0))


def forgotten(label: str, terms: Sequence[Term]) -> dict[str, str]:
    """What may be forgotten where an answer is twice too large, or half of what it should be."""
    found: dict[str, str] = {}
    if all(halved(term.through.formula) for term in terms):
        found[TWICE.name] = FORGOTTEN[TWICE.name]
    if all(squared(term.through.formula, label) for term in terms):
        found[HALF.name] = FORGOTTEN[HALF.name]
    return found


def names(worked: Worked, label: str, terms: Sequence[Term], mistake: Candidate) -> dict[str, str]:
    """How all is called that is spoken of, by its place in `mistakes.WORDS`."""
    found = {"label": label, "name": worked.gradient_name(label), "paths": str(len(terms))}
    found["several"] = NAMES["several"].format(**found)
    if len(terms) > 1:
        found["then"] = NAMES["then"].format(**found)
    if not mistake.doubtful:
        found["forgotten"] = forgotten(label, terms).get(mistake.kind, "")
    if not terms:
        return found
    term = terms[mistake.path]
    found["through"], found["upstream"] = term.through.name, term.upstream.text
    found["stage"], found["formula"] = stage_text(worked, term), worked.formula(term.through).text
    of_loss = term.through.name == worked.trace.of
    found["local"] = NAMES["of loss" if of_loss else "local"].format(**found)
    found["itself"] = found["local"] if of_loss else NAMES["itself"].format(**found)
    found["on"] = NAMES["on by local" if term.local is not None else "on through"].format(**found)
    return {**found, "through": NAMES["one"]} if mistake.doubtful else found


def _through(worked: Worked, term: Term, label: str, paths: int) -> Any:
    """What comes through one path; None where it is not known."""
    if paths > 1 and term.through.whole and label in worked.graph.nodes:
        return worked.trace.contribution(term.through.name, label)
    if term.local is None or term.upstream.value is None or term.local.value is None:
        return None
    return term.upstream.value * term.local.value
