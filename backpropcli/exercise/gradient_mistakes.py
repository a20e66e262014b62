"""The mistakes in a gradient: a factor for the product, a path alone or left out, the value itself, a factor of two.

One list for the quiz, which has numbers, and for the page, which records how they are computed: what is in the place of
a number here may be either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from backpropcli.derivation.terms import Term
from backpropcli.derivation.worked import Worked
from backpropcli.exercise.constant_factors import halved, squared
from backpropcli.exercise.mistakes import FORGOTTEN, NAMES, Kind, Mistake, multiples
from backpropcli.exercise.wording import stage_text


def gradient_mistakes(worked: Worked, label: str, terms: Sequence[Term]) -> Iterator[Mistake]:
    """The mistakes in the gradient of `label`, which has these terms: none where it is the loss itself."""
    answer, own = worked.gradient(label), worked.value(label)
    yield from _of_paths(worked, label, terms, answer)
    for path, term in enumerate(terms):
        yield Mistake("upstream", term.upstream.value, path)
        yield Mistake("local", _local(term), path)
    if len(terms) == 1:
        yield Mistake("added", _combined(terms[0].upstream.value, _local(terms[0]), lambda a, b: a + b))
        yield Mistake("own", _combined(terms[0].upstream.value, own, lambda a, b: a * b))
    yield Mistake("value", own)
    yield from multiples(answer)


def _of_paths(worked: Worked, label: str, terms: Sequence[Term], answer: Any) -> Iterator[Mistake]:
    """One path alone, or one left out, where there are several."""
    parts = [_through(worked, term, label, len(terms)) for term in terms]
    if len(terms) < 2 or any(part is None for part in parts):
        return
    for path, part in enumerate(parts):
        yield Mistake("path", part, path)
        yield Mistake("missing", _combined(answer, part, lambda a, b: a - b), path)


def forgotten(label: str, terms: Sequence[Term]) -> dict[Kind, str]:
    """What may be forgotten where an answer is twice too large, or half of what it should be."""
    found: dict[Kind, str] = {}
    if all(halved(term.through.formula) for term in terms):
        found["twice"] = FORGOTTEN["twice"]
    if all(squared(term.through.formula, label) for term in terms):
        found["half"] = FORGOTTEN["half"]
    return found


def names(worked: Worked, label: str, terms: Sequence[Term], mistake: Mistake) -> dict[str, str]:
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


def _local(term: Term) -> Any:
    return term.local.value if term.local is not None else None


def _through(worked: Worked, term: Term, label: str, paths: int) -> Any:
    """What comes through one path; None where it is not known."""
    if paths > 1 and term.through.whole and label in worked.graph.nodes:
        return worked.trace.contribution(term.through.name, label)
    if term.local is None or term.upstream.value is None or term.local.value is None:
        return None
    return term.upstream.value * term.local.value


def _combined(left: Any, right: Any, operation: Callable[[Any, Any], Any]) -> Any:
    """Two numbers or arrays, entry by entry; None where one is not known, or they have not as many entries."""
    if left is None or right is None:
        return None
    a, b = (value.ravel() if getattr(value, "shape", ()) else value for value in (left, right))
    return operation(a, b) if getattr(a, "size", 1) == getattr(b, "size", 1) else None
