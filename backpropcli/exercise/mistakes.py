"""What is said to a mistake in an exercise, and which is meant where several give an answer.

What each mistake makes of the right number, and its words, are the rows of the one table of mistakes; quiz and page use
the same, the page as data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.gradcheck.mistakes.table import (
    HALF,
    LEARNERS,
    LEARNERS_ONLY,
    ONE_PATH,
    OWN_VALUE,
    PATH_MISSING,
    SIGN,
    TWICE,
    VALUE,
    Right,
)

OLD, START = "old", "start"
"""Not of the table: an earlier wrong answer that was gone on with, and where the way back starts."""
WORDS = {
    **{row.name: row.told for row in (*LEARNERS, *LEARNERS_ONLY)},
    OLD: "with {source} = {earlier} it would be {given}, but {source} is {truth}.",
    START: "{label} changes by exactly as much as {label} does.",
}
"""What is said, by the mistake's name. `{given}` is the answer; `names` of `gradient_mistakes` has the others."""
NAMES = {
    "local": "∂{through}/∂{label}",
    "itself": "the local derivative {local}",
    "of loss": "the derivative of {formula} with respect to {label}",
    "on by local": "Multiply it by {local}.",
    "on through": "Take it through {stage}.",
    "several": "there are {paths} paths, and what comes through each is added.",
    "then": " And {several}",
    "one": "one path",
}
"""How what stands in these words is called: the local derivative of the loss, which is a gradient, by its formula; how
one goes on where there is a local derivative, and where there is none."""
FORGOTTEN = {TWICE.name: " Is a half forgotten?", HALF.name: " The 2 of the power is forgotten."}
CERTAIN = tuple(row.name for row in LEARNERS)
"""Of these the first that gives the answer is meant; any other must be the only one."""
MULTIPLES = {row.name: wrong.number for row in (SIGN, TWICE, HALF) for wrong in row.wrong(Right(1.0))}
"""How many times the right answer a wrong one is: what can be said whatever else gives it."""
ALIKE = {HALF.name: (OWN_VALUE.name, VALUE.name)}
"""What gives a number by itself: half of the derivative of a² is a, its own value."""
TOPICS = ("upstream · local", "adding up the paths", "signs", "factors of 2", "the forward pass")
"""What can be practised; of those that need it equally, the first."""
PRODUCT, PATHS, SIGNS, FACTORS, FORWARD = TOPICS
TOPIC_OF = {ONE_PATH.name: PATHS, PATH_MISSING.name: PATHS, SIGN.name: SIGNS}
"""What a mistake in a gradient shows, where it is not the product."""


class Candidate(NamedTuple):
    """A mistake that may have been made: its name, the number that comes of it, and on which path of the gradient.

    `doubtful`: something else gives the same number, so that its reason, or its path, is not known.
    """

    kind: str
    number: Any
    path: int = 0
    doubtful: bool = False


def meant(found: Sequence[Candidate]) -> Candidate | None:
    """Which of the mistakes that give an answer is spoken of; None where it cannot be told."""
    for kind in CERTAIN:
        alike = [one for one in found if one.kind == kind]
        if alike:
            return alike[0]._replace(doubtful=len(alike) > 1)
    if len(found) == 1:
        return found[0]
    sized = next((one for one in found if one.kind in MULTIPLES), None)
    if sized is None:
        return None
    others = {one.kind for one in found if one is not sized}
    return sized._replace(doubtful=not others <= set(ALIKE.get(sized.kind, ())))


def multiples(answer: Any) -> list[Candidate]:
    """The other sign, and a factor of two."""
    return [Candidate(kind, factor * answer) for kind, factor in MULTIPLES.items()]


def said(kind: str, names: Mapping[str, str]) -> str:
    """What is said to a mistake, with these names in it; one that is not there is left out."""
    return WORDS[kind].format_map(_Names(names))


class _Names(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""
