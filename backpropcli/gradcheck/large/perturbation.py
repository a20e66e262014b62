"""The perturbation of one entry in a network of arrays: only the entries that it reaches are computed again.

Where a change of W[i, j] stands is known without looking: x @ W changes in column j alone, the next product by one
outer product (a rank-one update), a row-wise operation in the same rows. So each slot downstream has a *pattern*: by
axis either a label (one entry of this axis is reached: the one whose number stands on that axis of the component's own
index) or None (all are). Many components of one slot share a program and run side by side, one copy each. What is not
known of an operation is computed whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from backpropcli.gradcheck.large.propagation import Propagation, Update
from backpropcli.gradcheck.large.sparsity import Array, Indices, State, region, single
from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Point
    from backpropcli.ops.definition import XP

ROOM = 1 << 17
"""So many numbers of one step are held at a time: with those beside them, a processor's second cache."""
FEWEST, MOST = 6, 1 << 14
"""Copies that run side by side."""


class Perturbation(Propagation):
    """What a perturbation of any one entry of `slot` does, over copies of only the entries that it reaches.

    `values` are those here by slot in the numbers of `xp`, if not those of float64: the complex step runs the same way.
    """

    def __init__(self, point: Point, slot: int, xp: XP = None, values: Sequence[Array] | None = None) -> None:
        super().__init__(point, xp or point.plan.numbers(copies=True), values if values is not None else point.slots)
        self.slot = slot
        self.shape = self.graph.shapes[slot]
        self.patterns[slot] = single(range(len(self.shape)), self.shape)
        with quietly(self.xp):
            for step in point.downstream({slot}):
                if point.gradients[step] is not None or step == point.target:
                    self.add(step)
        self._retire()
        sizes = [region(self.graph.shapes[m.slot], m.pattern) for m in self.updates]
        self.widest = max([region(self.shape, self.patterns[slot]), *sizes])
        self.work = 1.0 + sum(m.work for m in self.updates)
        """About how many numbers are computed for one copy."""

    @property
    def room(self) -> int:
        """How many copies run side by side."""
        return max(FEWEST, min(MOST, ROOM // self.widest))

    # Running.

    def look(self, index: Indices, places: Array) -> tuple[Array, Array]:
        """The loss with one entry moved, and the first step whose choice differs from the one here (-1: none does).

        `index` has the entries' numbers, by axis; `places` is (entries, places). Both results are; losses are float64.
        """
        entries, width = places.shape
        losses, corners = np.empty((entries, width)), np.empty(entries, int)
        group = max(1, self.room // width)
        for first in range(0, entries, group):
            part = slice(first, first + group)
            copied = tuple(np.repeat(k[part], width) for k in index)
            totals, turned = self._pass(copied, places[part].ravel())
            losses[part] = totals.reshape(-1, width)
            turned = turned.reshape(-1, width)
            nearest = np.where(turned < 0, len(self.graph), turned).min(axis=1)
            corners[part] = np.where(nearest == len(self.graph), -1, nearest)
        return losses, corners

    def totals(self, index: Indices, xs: Array) -> Array:
        """The loss with one entry moved to its one place, in the numbers of `xp`."""
        found = [
            self._pass(tuple(k[first : first + self.room] for k in index), xs[first : first + self.room], False)[0]
            for first in range(0, len(xs), self.room)
        ]
        return np.concatenate(found)

    def _pass(self, index: Indices, xs: Array, watching: bool = True) -> tuple[Array, Array]:
        self.point.beat()
        copies = len(xs)
        state: State = {self.slot: xs.reshape((copies,) + (1,) * len(self.shape))}
        corners = np.full(copies, -1)
        with quietly(self.xp):
            for update in self.updates:
                state[update.slot] = update.run(state, index)
                if watching and update.watch is not None:
                    turned = update.watch(state, index)
                    if turned.any():
                        corners[(corners < 0) & turned] = update.slot
                for slot in update.dead:
                    del state[slot]
            return self._totals(state, index, copies), corners

    def _totals(self, state: State, index: Indices, copies: int) -> Array:
        """The loss of every copy."""
        point, target = self.point, self.point.target
        if target not in self.patterns:  # nothing leads to it
            return np.full(copies, point.loss)
        new, pattern = state[target], self.patterns[target]
        if not self.graph.shapes[target]:
            return np.broadcast_to(new, (copies,)) * point.seed
        seed = self.at(np.broadcast_to(point.seed, self.graph.shapes[target]), pattern, index)
        if not any(label is not None for label in pattern):
            return (new * seed).reshape(copies, -1).sum(axis=1)
        change = (new - self.base(target, pattern, index)) * seed
        return point.loss + change.reshape(copies, -1).sum(axis=1)

    def _retire(self) -> None:
        """Say after which step a value is needed no more: what is held at a time then stays in the cache."""
        last: dict[int, Update] = {}
        for update in self.updates:
            for a in self.graph.arguments[update.slot]:
                if a in self.patterns:
                    last[a] = update
        for slot, update in last.items():
            if slot != self.point.target:
                update.dead.append(slot)
