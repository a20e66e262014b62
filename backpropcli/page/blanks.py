"""Which numbers an exercise in a page asks for: all, or of a large network those nearest to the loss, as the quiz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.exercise.blanks import MOST

if TYPE_CHECKING:
    from backpropcli.derivation.worked import Worked

MOST_ENTRIES, MOST_OF_ONE = 150, 30
"""So many numbers are asked for at most, arrays entry by entry; of one array of a large network, the second."""
Place = tuple[str, str]
"""`("value", "a1")` or `("gradient", "w1")`."""


class Blanks(NamedTuple):
    """What is asked for, what is given beside it, and how many numbers were not asked for as there are too many."""

    asked: frozenset[Place]
    given: tuple[Place, ...]
    beyond: int


def blanks(worked: Worked) -> Blanks:
    """The blanks of an exercise: none has to be worked out from what is neither given nor asked for."""
    values: list[Place] = [("value", stage.name) for stage in worked.stages]
    gradients: list[Place] = [("gradient", label) for label in worked.order()]
    sizes = {place: prod(worked.shape(place[1])) for place in (*values, *gradients)}
    asked = set(sizes)
    if len(sizes) > MOST or sum(sizes.values()) > MOST_ENTRIES:
        asked = set(_nearest(values[::-1], gradients, sizes))
    data: list[Place] = [("value", name) for name in worked.graph.names("input", "target", "parameter")]
    if len(asked) == len(sizes):
        return Blanks(frozenset(asked), tuple(data), 0)
    needed = set(_needed(worked, asked))
    given = tuple(place for place in (*data, *values, *gradients) if place in needed and place not in asked)
    return Blanks(frozenset(asked), given, sum(sizes.values()) - sum(sizes[place] for place in asked))


def _nearest(values: Sequence[Place], gradients: Sequence[Place], sizes: dict[Place, int]) -> Iterator[Place]:
    """From the loss on, of both passes alike; what is too large by itself, or for what is left, is left out."""
    sides = [list(reversed(values)), list(reversed(gradients))]
    taken, left = 0, MOST_ENTRIES
    while any(sides) and taken < MOST:
        for side in sides:
            while side and sizes[side[-1]] > min(left, MOST_OF_ONE):
                side.pop()
            if side and taken < MOST:
                left -= sizes[side[-1]]
                taken += 1
                yield side.pop()


def _needed(worked: Worked, asked: set[Place]) -> Iterator[Place]:
    """What the blanks are worked out from."""
    stages = {stage.name: stage for stage in worked.stages}
    for phase, label in asked:
        through = [stages[label]] if phase == "value" else worked.users.get(label, [])
        for stage in through:
            yield from (("value", name) for name in stage.inputs)
            if phase == "gradient":
                yield "value", stage.name
                yield "gradient", stage.name
