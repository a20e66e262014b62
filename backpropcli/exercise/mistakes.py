"""The table of mistakes: what is said to each, which is meant where several give an answer, and what it shows.

Quiz and page use the same table: the page has it as data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Kind = Literal["path", "missing", "upstream", "local", "sign", "added", "own", "value", "old", "twice", "half", "start"]
WORDS: dict[Kind, str] = {
    "path": "{given} is what comes through {through} alone: {several}",
    "missing": "what comes through {through} is missing: {several}",
    "upstream": "{given} is the upstream gradient {upstream}. {on}{then}",
    "local": "{given} is {itself} alone. Multiply it by the upstream gradient {upstream}.{then}",
    "sign": "the size is right, the sign is not.",
    "added": "that is {upstream} + {local}. The two are multiplied.",
    "own": "that is {upstream} times {label} itself. With {stage}, what is {local}?",
    "value": "{given} is the value of {label}, not {name}.",
    "old": "with {source} = {earlier} it would be {given}, but {source} is {truth}.",
    "twice": "that is twice too large.{forgotten}",
    "half": "that is half of what it should be.{forgotten}",
    "start": "{label} changes by exactly as much as {label} does.",
}
"""What is said, by kind. `{given}` is the answer; `names` of `gradient_mistakes` has the others."""
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
FORGOTTEN: dict[Kind, str] = {"twice": " Is a half forgotten?", "half": " The 2 of the power is forgotten."}
CERTAIN: tuple[Kind, ...] = ("path", "missing", "upstream", "local", "sign")
"""Of these kinds the first that gives the answer is meant. Paths come first: where a factor is 1, what comes through a
path is the other factor too, and no advice to multiply by 1 would help. Any other must be the only one."""
MULTIPLES: dict[Kind, float] = {"sign": -1.0, "twice": 2.0, "half": 0.5}
"""How many times the right answer a wrong one is: what can be said whatever else gives it."""
ALIKE: dict[Kind, tuple[Kind, ...]] = {"half": ("own", "value")}
"""Kinds that give a number by themselves: half of the derivative of a² is a, its own value."""
TOPICS = ("upstream · local", "adding up the paths", "signs", "factors of 2", "the forward pass")
"""What can be practised; of those that need it equally, the first."""
PRODUCT, PATHS, SIGNS, FACTORS, FORWARD = TOPICS
TOPIC_OF: dict[Kind, str] = {"path": PATHS, "missing": PATHS, "sign": SIGNS}
"""What a mistake in a gradient shows, where it is not the product."""


class Mistake(NamedTuple):
    """A mistake, the number that comes of it, and on which path of the gradient it is made.

    `doubtful`: something else gives the same number, so that its reason, or its path, is not known.
    """

    kind: Kind
    number: Any
    path: int = 0
    doubtful: bool = False


def meant(found: Sequence[Mistake]) -> Mistake | None:
    """Which of the mistakes that give an answer is spoken of; None where it cannot be told."""
    for kind in CERTAIN:
        alike = [mistake for mistake in found if mistake.kind == kind]
        if alike:
            return alike[0]._replace(doubtful=len(alike) > 1)
    if len(found) == 1:
        return found[0]
    sized = next((mistake for mistake in found if mistake.kind in MULTIPLES), None)
    if sized is None:
        return None
    others = {mistake.kind for mistake in found if mistake is not sized}
    return sized._replace(doubtful=not others <= set(ALIKE.get(sized.kind, ())))


def multiples(answer: Any) -> list[Mistake]:
    """The other sign, and a factor of two."""
    return [Mistake(kind, factor * answer) for kind, factor in MULTIPLES.items()]


def said(kind: Kind, names: Mapping[str, str]) -> str:
    """What is said to a mistake, with these names in it; one that is not there is left out."""
    return WORDS[kind].format_map(_Names(names))


class _Names(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""
