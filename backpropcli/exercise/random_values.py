"""Random nice numbers for an exercise, such that its values and gradients have few figures.

Where a network has one to four numbers, all small ones are tried, and a seed picks among the nicest: seeds that follow
one another get different numbers. Else it is the best of many draws, of which no two seeds among hundreds share one:
three of the numbers tell the seed. The same seed gives the same numbers everywhere, whoever else gets some, and those
of the page that `page --exercise --seed` writes: it has the nicest as data, and its script draws in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import SpecError
from backpropcli.exercise import random_cost, random_rules
from backpropcli.exercise.random_rules import EVERY, LARGER, NEGATIVE, SMALL

if TYPE_CHECKING:
    from backpropcli.derivation.worked import Worked
    from backpropcli.engine.plan import Plan
    from backpropcli.ops.definition import Value

DRAWS = 300
"""So many sets of numbers are tried."""
SIZES = {1: 16, 2: 8, 3: 4, 4: 3}
"""By how many numbers a network has: how large they get where all of them are tried."""
NICEST = {1: 48, 2: 64, 3: 96, 4: 128}
"""Among so many of the nicest a seed picks."""
ENOUGH, MOST_HALVED = 30, 2
"""Where fewer than these are possible (log takes no negative number), halves are tried too, of so many numbers."""
APART = 0.618
"""Seeds that follow one another pick so far apart in the list of the nicest, as a part of its length."""
AVOIDED = 1000
"""What costs as much is taken only where there is nothing else."""
MOST_NUMBERS = 3_000
"""Data of more numbers than these are no exercise."""
DYING = 4
"""Every fourth seed makes a unit dead, such as a ReLU, where there is one, so that a gradient of 0 is practised."""
TELLING, TOLD = (1, 2, 3, 4, 5, 6, -1, -2), 3
"""So many of the numbers are among these, chosen such that no other seed of as many as there are choices has them."""
SPREAD = 5
"""Seeds that follow one another differ in each of the numbers that tell them."""
WORD = 0xFFFFFFFF

Slots = tuple[Sequence[int], Sequence[int]]
"""The slots whose values, and those whose gradients, are asked for."""


def random_values(plan: Plan, values: Mapping[str, Value], of: str, asked: Slots, seed: int) -> dict[str, Value]:
    """Other numbers for all data: small whole ones, or tenths where the network's own are not whole.

    `asked` are the slots whose values, and those whose gradients, will be asked for. Where no numbers give finite
    answers everywhere, they are the network's own. Raises SpecError where there are too many.
    """
    search = Search(plan, values, of, asked)
    many = len(search.first)
    if many > MOST_NUMBERS:
        raise SpecError(
            f"other numbers are for exercises, and this network has {many:,}: {MOST_NUMBERS:,} is the most",
            hint="Take fewer units or examples, or leave the numbers as they are.",
        )
    return shaped(search.data, search.picked(seed) if search.small else search.drawn(seed))


class Nicest(NamedTuple):
    """The nicest of all small numbers, the nicest first; `apart`: those with a dead unit are kept apart from others.

    Every fourth seed picks from those that are wanted where a unit is dying.
    """

    draws: list[list[float]]
    apart: bool

    @property
    def stride(self) -> int:
        """How far apart seeds pick that follow one another."""
        return stride(len(self.draws))


class Search:
    """What is tried for one network's data."""

    def __init__(self, plan: Plan, values: Mapping[str, Value], of: str, asked: Slots) -> None:
        self.data = {name: values[name] for name, node in plan.graph.nodes.items() if node.kind != "node"}
        self.parts = random_rules.rules(plan, self.data)
        self.first = [x for part in self.parts for x in part.entries]
        self.unit = 1 if all(x.is_integer() for x in self.first) else 10
        self.mortal = random_cost.mortal(plan.graph)
        self.free = sum(len(part.entries) for part in self.parts if part.rule != "kept")
        self._cost = partial(self._priced, plan, of, asked)

    @property
    def small(self) -> bool:
        """Whether there are so few numbers that all small ones can be tried."""
        return self.free in SIZES

    def dying(self, seed: int) -> bool:
        """Whether a seed's numbers should make a unit dead."""
        return self.mortal and seed % DYING == DYING - 1

    def _priced(self, plan: Plan, of: str, asked: Slots, draw: list[float], dying: bool) -> tuple[float, bool]:
        """What a draw costs, and whether it has a dead unit."""
        if draw == self.first:
            return math.inf, False
        cost, dead = random_cost.cost(plan, shaped(self.data, draw), of, asked, dying)
        return cost + random_cost.alike(self.parts, draw), dead

    def nicest(self, dying: bool) -> Nicest:
        """The nicest of all small numbers; empty where none is possible."""
        found: list[tuple[float, list[float]]] = []
        apart = False
        for halves in (False, True):
            if halves and (len(found) >= ENOUGH or self.free > MOST_HALVED):
                break
            most = SIZES[self.free]
            choices = [axis for part in self.parts for axis in random_rules.choices(part, most, self.unit, halves)]
            tried = [(*self._cost(draw, dying), draw) for draw in map(list, product(*choices))]
            possible = [(price, dead, draw) for price, dead, draw in tried if price < math.inf]
            possible = [one for one in possible if one[0] < AVOIDED] or possible
            apart = self.mortal and len({dead for _, dead, _ in possible}) == 2
            found = [(price, draw) for price, dead, draw in possible if not apart or dead == dying]
        chosen = sorted(found, key=lambda pair: pair[0])[: NICEST[self.free]]
        return Nicest([draw for _, draw in chosen], apart)

    def picked(self, seed: int) -> list[float]:
        """One of the nicest of all small numbers."""
        dying = self.dying(seed)
        nicest = self.nicest(dying)
        place = seed // DYING if dying and nicest.apart else seed
        return nicest.draws[place * nicest.stride % len(nicest.draws)] if nicest.draws else self.first

    def drawn(self, seed: int) -> list[float]:
        """The nicest of many draws."""
        following, dying = generator(seed), self.dying(seed)
        free = [part.rule == "any" for part in self.parts for _ in part.entries]
        telling = [k for k, is_free in enumerate(free) if is_free][:TOLD]
        best, least = self.first, math.inf
        for k in range(DRAWS):
            most = SMALL if k % EVERY else LARGER
            draw = [
                random_rules.number(following, part, entry, most, self.unit)
                for part in self.parts
                for entry in part.entries
            ]
            tell(draw, telling, self.unit, seed)
            price, _ = self._cost(draw, dying)
            if price < least:
                best, least = draw, price
        return best


def asked_of(worked: Worked) -> Slots:
    """The slots of all that an exercise may ask for."""
    return [stage.slot for stage in worked.stages], [worked.slots[label] for label in worked.order()]


def as_data(search: Search) -> dict[str, Any]:
    """What the page's script needs to choose the same numbers: the nicest, or by which rules they are drawn."""
    data: dict[str, Any] = {"mortal": search.mortal, "dying": DYING}
    if search.small:
        found = [search.nicest(dying) for dying in (False, True)[: 1 + search.mortal]]
        return {**data, "nicest": [{"draws": one.draws, "stride": one.stride, "apart": one.apart} for one in found]}
    rules = {"every": EVERY, "small": SMALL, "larger": LARGER, "negative": NEGATIVE, "unit": search.unit}
    telling = {"signs": TELLING, "told": TOLD, "spread": SPREAD}
    return {**data, **rules, **telling, "draws": DRAWS, "costs": random_cost.as_data()}


def stride(count: int) -> int:
    """How far apart seeds pick among so many, such that none is picked twice before all were."""
    step = math.floor(count * APART) or 1
    while math.gcd(step, count) > 1:
        step += 1
    return step


def tell(draw: list[float], telling: Sequence[int], unit: int, seed: int) -> None:
    """Make some numbers of a draw such that, with the others, they tell its seed: no draw belongs to two of these."""
    rest = sum((2 * k + 1) * math.floor(x * unit + 0.5) for k, x in enumerate(draw) if k not in telling)
    code = (seed * SPREAD + rest) % len(TELLING) ** len(telling)
    for k in telling:
        code, figure = divmod(code, len(TELLING))
        draw[k] = TELLING[figure] / unit


def generator(seed: int) -> Callable[[], float]:
    """Random numbers from 0 to below 1: Mulberry32, which JavaScript computes exactly too."""
    state = (_times(seed & WORD, 0x9E3779B1) ^ 0x5BF03635) & WORD

    def following() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & WORD
        t = _times(state ^ (state >> 15), 1 | state)
        t = ((t + _times(t ^ (t >> 7), 61 | t)) & WORD) ^ t
        return (t ^ (t >> 14)) / 4294967296

    return following


def _times(a: int, b: int) -> int:
    return a * b & WORD


def shaped(data: Mapping[str, Value], numbers: Sequence[float]) -> dict[str, Value]:
    """The numbers in the shapes of the data."""
    result: dict[str, Value] = {}
    start = 0
    for name, value in data.items():
        shape = getattr(value, "shape", ())
        if not shape:
            result[name], start = numbers[start], start + 1
            continue
        import numpy as np

        result[name] = np.array(numbers[start : start + value.size]).reshape(shape)
        start += value.size
    return result
