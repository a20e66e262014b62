"""A whole-array rule at the upstream gradient that arrives, beside complex steps: along directions, then by entry.

One random direction over all entries tells whether anything is wrong; entries are only looked at if one does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.ops.definition import Part, Structural
from backpropcli.ops.stacking import spread
from backpropcli.passes.backward import rule
from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape

Array = Any
DIRECTION_AGREES = 1e-10
"""Along a direction, rule and complex step may differ by this, relative to the sizes that are added up."""
ENTRY_AGREES = 1e-9
"""For one entry rule and complex step may differ by this, relative to the larger of the two."""
CANCELLED = 1e-13
"""What an entry may be off beside the largest of all."""
DIRECTIONS = 2
AT_ONCE = 1 << 18
"""So many numbers are computed side by side."""
EVERY = 40_000_000
"""Up to so many numbers every entry is looked at; beyond, directions are halved until few entries are left."""
BESIDE = 1e-6
"""So far off, relative to the largest entry, ties are undone."""
FEW = 8
"""So many bad entries are searched for by halving."""


class Product:
    """What one step passes back to its argument `k`, and what its value says that should be."""

    def __init__(
        self,
        operation: Structural,
        options: Any,
        values: Sequence[Array],
        shapes: Sequence[Shape],
        y: Array,
        upstream: Array,
        k: int,
    ) -> None:
        from backpropcli.ops.numbers.array import xp

        self.operation = operation
        self.options = options
        self.shapes = [*shapes]
        self.values = [np.broadcast_to(np.asarray(v, float), s) for v, s in zip(values, shapes, strict=True)]
        self.upstream = np.broadcast_to(np.asarray(upstream, float), np.shape(y))
        self.k = k
        self.moved = False
        """Whether it stands beside the point."""
        with quietly(xp):
            self.says = self._dense(rule(operation, k)(xp, options, self.upstream, np.asarray(y), *self.values))

    def _dense(self, found: Any) -> Array:
        from backpropcli.ops.numbers.array import xp

        shape = self.shapes[self.k]
        if not isinstance(found, Part):
            return np.broadcast_to(np.asarray(found, float), shape).ravel()
        whole = np.zeros(shape)
        if found.unique:
            whole[found.where] += found.value
        else:
            xp.add_at(whole, found.where, found.value)
        return whole.ravel()

    def slopes(self, directions: Array) -> Array:
        """The slope of what the upstream gradient weighs, along each direction (copies, entries)."""
        from backpropcli.ops.numbers.complexstep import slope, start, xp

        copies = len(directions)
        moved: list[Any] = [start(v, np.zeros(v.shape)) for v in self.values]
        own = self.values[self.k]
        moved[self.k] = start(np.broadcast_to(own, (copies, *own.shape)), directions.reshape(copies, *own.shape))
        with quietly(xp):
            result = slope(self.operation.value(xp, self.options, *spread(xp, moved, self.shapes)))
            return np.broadcast_to(result, (copies, *self.upstream.shape)).reshape(copies, -1) @ self.upstream.ravel()

    def doubted(self) -> list[int]:
        """The entries whose rule complex steps contradict, those most that matter first; empty if nothing is amiss."""
        rng = np.random.default_rng(0)
        size = len(self.says)
        directions = rng.uniform(0.5, 1.5, (DIRECTIONS, size))
        directions[1::2] *= rng.choice((-1.0, 1.0), (DIRECTIONS // 2, size))
        if all(self._agree(d) for d in directions):
            return []
        if size * (size + self.upstream.size) <= EVERY:
            return self._by_entry()
        found = list(islice(self._halved(directions[0], 0, size), FEW))
        beside = self._beside() if len(found) == FEW and self.operation.branch is not None else None
        return found if beside is None else [*dict.fromkeys([*beside.doubted(), *found])]

    def _beside(self) -> Product | None:
        """The same beside the point, where no two entries tie: thousands of ties would hide a wrong rule. None for what
        stands there already.
        """
        if self.moved:
            return None
        own, rng = self.values[self.k], np.random.default_rng(1)
        steps = BESIDE * (np.abs(own).max(initial=0.0, where=np.isfinite(own)) or 1.0)
        values = [*self.values]
        values[self.k] = own + steps * rng.uniform(-1.0, 1.0, own.shape)
        return self._at(values)

    def _at(self, values: Sequence[Array]) -> Product:
        from backpropcli.ops.numbers.array import xp

        with quietly(xp):
            y = self.operation.value(xp, self.options, *values)
        found = Product(self.operation, self.options, values, self.shapes, y, self.upstream, self.k)
        found.moved = True
        return found

    def _agree(self, direction: Array) -> bool:
        seen, terms = float(self.slopes(direction[None])[0]), self.says * direction
        gap = abs(seen - float(terms.sum()))
        return bool(gap <= DIRECTION_AGREES * max(float(np.abs(terms).sum()), abs(seen)))  # not where either is NaN

    def _by_entry(self) -> list[int]:
        size = len(self.says)
        group = max(1, AT_ONCE // (size + self.upstream.size))
        seen = np.concatenate(
            [self.slopes(np.eye(min(group, size - first), size, first)) for first in range(0, size, group)]
        )
        with np.errstate(all="ignore"):
            off = np.abs(self.says - seen)
            largest = np.max(np.abs(self.says), initial=0.0, where=np.isfinite(self.says))
            wrong = ~(off <= ENTRY_AGREES * np.maximum(np.abs(self.says), np.abs(seen)) + CANCELLED * largest)
            off = np.where(np.isnan(off), math.inf, off)
        return [int(k) for k in np.argsort(-off, kind="stable") if wrong[k]]

    def _halved(self, direction: Array, first: int, last: int) -> Iterator[int]:
        part = np.zeros(len(direction))
        part[first:last] = direction[first:last]
        if self._agree(part):
            return
        if last - first == 1:
            yield first
            return
        middle = (first + last) // 2
        yield from self._halved(direction, first, middle)
        yield from self._halved(direction, middle, last)
