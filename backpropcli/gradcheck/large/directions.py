"""Random directions over all components at once: the slope along each beside backprop's, and who is to blame.

A direction alone is nearly blind to one small bad entry among many, so it stands beside a sample of single components,
not in place of it; what it does see, it sees wherever it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backpropcli.gradcheck.acceptance import allowed, tells
from backpropcli.gradcheck.differences import UNKNOWN, Slope
from backpropcli.gradcheck.stepsize import StepSearch
from backpropcli.gradcheck.tolerances import UNIT

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point

Array = Any
COUNT = 20
"""So many directions, where a network is small enough for them."""
WORK = 2e9
"""Numbers that may be computed for all of them; but two there are in any case."""
LOOKS = 40
"""Evaluations that a direction takes, more or less."""
FEW = 16
"""Among so many suspects each is judged by itself."""


class Seen(NamedTuple):
    """Backprop's slope along a direction, the one that differences see, and how far they may be apart."""

    backprop: float
    numerical: Slope
    slack: float
    length: float

    @property
    def blind(self) -> bool:
        """Whether the difference is too rough to tell, beside the gradient's length along the direction."""
        return not tells(self.numerical.error, self.length)

    @property
    def excess(self) -> float:
        """By how much they are further apart than they may be; negative where they agree."""
        return abs(self.backprop - self.numerical.value) - self.slack if not self.blind else -math.inf


class Directions:
    """Directions over all components of some parameters; every entry moves by ±1 times the step."""

    def __init__(self, point: Point, names: Sequence[str], tolerance: float, seed: int) -> None:
        self.point = point
        self.tolerance = tolerance
        self.graph = point.graph
        self.names = [n for n in names if point.reaches(self.graph.nodes[n].slot)]
        found = [np.asarray(point.trace.gradient(n), float).ravel() for n in self.names]
        self.gradient = np.concatenate(found) if found else np.zeros(0)
        self.ends = np.cumsum([0, *map(len, found)])
        self.rng = np.random.default_rng([seed, 7919])
        slots = point.downstream({self.graph.nodes[n].slot for n in self.names})
        self.noise = math.hypot(*[point.noise(self.graph.nodes[n].slot) for n in self.names]) if slots else 0.0
        self.watched = point.watched(slots)

    def count(self) -> int:
        """How many directions there is time for."""
        return max(2, min(COUNT, int(WORK / LOOKS / self.point.work()))) if self.names else 0

    def draw(self) -> Array:
        """The next random direction: +1 or -1 for every entry, one parameter after the other."""
        return self.rng.choice([-1.0, 1.0], size=len(self.gradient))

    def look(self, direction: Array) -> Seen:
        """The slope along a direction."""
        terms = self.gradient * direction
        backprop, length = float(terms.sum()), float(np.linalg.norm(terms))
        search = StepSearch(0.0, self.noise, self.tolerance / 10.0)
        search.run(lambda steps: self._losses(direction, steps))
        n = search.best if not search.cornered else UNKNOWN
        rounded = 4.0 * UNIT * float(np.abs(terms).sum())
        slack = allowed(max(length, abs(backprop), abs(n.value)), n.error, self.tolerance, rounded)
        return Seen(backprop, n, slack, max(length, abs(n.value)))

    def _losses(self, direction: Array, steps: Sequence[float]) -> tuple[list[float], int]:
        """The loss at each step along the direction, and a step whose choice changes on the way (-1: none does)."""
        point, losses, corner = self.point, [], -1
        for t in steps:
            changed = {}
            for name, first, last in zip(self.names, self.ends[:-1], self.ends[1:], strict=True):
                slot, own = self.graph.nodes[name].slot, direction[first:last]
                if not own.any():
                    continue
                moved = np.asarray(point.slots[slot], float) + t * own.reshape(self.graph.shapes[slot])
                changed[slot] = moved if self.graph.shapes[slot] else float(moved)
            v = point.plan.reevaluate(point.slots, changed)
            losses.append(point.total(v[point.target]))
            if corner < 0:
                corner = self._corner(v)
        return losses, corner

    def _corner(self, v: Sequence[Any]) -> int:
        for slot, operation in self.watched:
            there = self.point.branch(operation, slot, v, self.graph.arguments[slot])
            if np.any(np.asarray(there) != np.asarray(self.point.branch_here(slot))):
                return slot
        return -1

    def suspects(self, direction: Array) -> list[Component]:
        """The few components among which the one to blame is: the direction is halved, and halved again."""
        first, last = 0, len(direction)
        while last - first > FEW:
            middle = (first + last) // 2
            halves = [(first, middle), (middle, last)]
            excess = [self.look(self._part(direction, *half)).excess for half in halves]
            if max(excess) <= 0.0:
                return []
            first, last = halves[excess.index(max(excess))]
        found: list[Component] = []
        for name, start, end in zip(self.names, self.ends[:-1], self.ends[1:], strict=True):
            found += self.point.components(name, range(max(first, start) - start, max(min(last, end), start) - start))
        return found

    def _part(self, direction: Array, first: int, last: int) -> Array:
        part = np.zeros(len(direction))
        part[first:last] = direction[first:last]
        return part

    def all(self) -> Iterator[tuple[Array, Seen]]:
        """Every direction, and what was seen along it."""
        for _ in range(self.count()):
            direction = self.draw()
            yield direction, self.look(direction)
