"""Slopes carried back to whole arrays: those of relu(x @ W) with respect to W follow from those at the result.

A product's entries are often far fewer than its weights', and a change of one of them reaches less. So differences are
taken at the result, and x carries them to every weight: no difference of a linear function says more than the function
itself. What comes out can only pass a gradient: one that it does not pass is looked at for itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from backpropcli.gradcheck.large.pullback import Pullback
from backpropcli.gradcheck.large.slopes import EntrySlopes, Slopes

if TYPE_CHECKING:
    from backpropcli.gradcheck.large.perturbation import Perturbation
    from backpropcli.gradcheck.point.point import Point

WORTH = 0.5
"""Carrying back pays if it costs less than this share of looking at every entry itself."""
LIGHT = 1e8
"""Only where more numbers than these would be computed slopes are carried along every use: some may be very many."""
FAR_LESS = 0.1
"""It pays where it takes no more than this share of the work."""
STOPS = 64
"""So many steps that cannot be passed may lie on the way."""


class CarriedSlopes:
    """The slopes of whole arrays, each looked at where that is cheapest, by one `oracle`."""

    def __init__(self, point: Point, oracle: EntrySlopes) -> None:
        self.point = point
        self.graph = point.graph
        self.oracle = oracle
        self.pullback = Pullback(point, oracle)
        self._perturbations: dict[int, Perturbation] = {}
        self._direct: dict[int, Slopes] = {}
        self._work: dict[int, float] = {}
        self._through: dict[int, float] = {}
        self._total: dict[int, Slopes] = {}

    def perturbation(self, slot: int) -> Perturbation:
        """The program for one slot, made once."""
        if slot not in self._perturbations:
            self._perturbations[slot] = self.oracle.perturbation(slot)
        return self._perturbations[slot]

    def entries(self, slot: int) -> int:
        """How many numbers a slot holds."""
        return math.prod(self.graph.shapes[slot])

    def next(self, slot: int) -> int:
        """The one linear or elementwise step that uses a slot; -1 where there is none, or more than one use."""
        users = [s for s in self.point.users(slot) if self.point.gradients[s] is not None]
        if len(users) != 1 or slot == self.point.target or users[0] == self.point.target:
            return -1
        (step,) = users
        return step if self.graph.arguments[step].count(slot) == 1 and self.pullback.direct(step) else -1

    def work(self, slot: int) -> float:
        """About how many numbers are computed for the slopes of all entries of a slot, in the cheapest way."""
        if slot not in self._work:
            path = [slot]
            while path[-1] not in self._work and self.next(path[-1]) >= 0:
                path.append(self.next(path[-1]))
            for s in reversed(path):
                if s not in self._work:
                    self._work[s] = self.own_work(s)
                    step = self.next(s)
                    if step >= 0 and self.work(step) < WORTH * self._work[s]:
                        self._work[s] = self._work[step] + self.entries(s)
                    elif self._everywhere(s):
                        self._work[s] = self.through(s)
        return self._work[slot]

    def through(self, slot: int) -> float:
        """About how many numbers are computed where slopes are carried back along every use, those of a step that uses
        a slot many times added up; infinite where too much on the way cannot be passed.
        """
        if slot not in self._through:
            later = [s for s in [slot, *self.point.downstream({slot})] if self._leads(s)]
            stops = [s for s in later if self.uses(s) is None]
            known = len(stops) <= STOPS and slot not in stops
            work = sum(map(self.own_work, stops)) + sum(map(self.entries, later)) if known else np.inf
            self._through[slot] = float(work)
        return self._through[slot]

    def _everywhere(self, slot: int) -> bool:
        """Whether that pays: by far, for nothing is known before all is, and somebody may press Ctrl-C."""
        return self.own_work(slot) > LIGHT and self.through(slot) < FAR_LESS * self.own_work(slot)

    def uses(self, slot: int) -> list[tuple[int, int]] | None:
        """The steps that use a slot, each with the argument's number; None where one of them cannot be passed."""
        if slot == self.point.target:
            return None
        steps = [s for s in self.point.users(slot) if self._leads(s)]
        if any(step == self.point.target or not self.pullback.passable(step) for step in steps):
            return None
        return [(s, k) for s in steps for k, a in enumerate(self.graph.arguments[s]) if a == slot]

    def _leads(self, slot: int) -> bool:
        return slot == self.point.target or self.point.gradients[slot] is not None

    def total(self, slot: int) -> Slopes:
        """The slopes of a slot, carried back along every use."""
        for s in reversed([slot, *self.point.downstream({slot})]):
            if s in self._total or not self._leads(s):
                continue
            uses = self.uses(s)
            parts = [self.pullback.back(step, k, self._total[step]) for step, k in uses] if uses is not None else [None]
            added: Slopes | None = None
            for part in parts:
                if part is None:
                    added = self.direct(s)
                    break
                added = part if added is None else Slopes(added.value + part.value, np.hypot(added.error, part.error))
            assert added is not None  # it leads to the loss
            self._total[s] = added
        return self._total[slot]

    def own_work(self, slot: int) -> float:
        """About how many numbers are computed where every entry is looked at itself."""
        return 6.0 * self.entries(slot) * self.perturbation(slot).work

    def carried(self, slot: int) -> Slopes | None:
        """The slopes of a slot, from further on; None where every entry is better looked at itself."""
        path = [slot]
        while self.next(path[-1]) >= 0 and self.work(path[-1]) < self.own_work(path[-1]):
            path.append(self.next(path[-1]))
        last = path[-1]
        everywhere = self._everywhere(last)
        if len(path) == 1 and not everywhere:
            return None
        found = self.total(last) if everywhere else self.direct(last)
        for s, step in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
            carried = self.pullback.back(step, self.graph.arguments[step].index(s), found)
            if carried is None:
                return None
            found = carried
        return found

    def direct(self, slot: int) -> Slopes:
        """The slopes by differences of every entry of a slot."""
        if slot not in self._direct:
            shape = self.graph.shapes[slot]
            x = np.broadcast_to(np.asarray(self.point.slots[slot], float), shape)
            index = tuple(k.ravel() for k in np.indices(shape))
            value, error = self.oracle.slopes(self.perturbation(slot), x.ravel(), index)
            unknown = ~(np.isfinite(value) & np.isfinite(error))
            value, error = np.where(unknown, 0.0, value), np.where(unknown, np.inf, error)
            self._direct[slot] = Slopes(value.reshape(shape), error.reshape(shape))
        return self._direct[slot]
