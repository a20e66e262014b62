"""The sparsity of a perturbation: which entries of each value it reaches, and how only those are read.

By axis a *pattern* has either a label (one entry of this axis is reached: the one whose number stands on that axis of
the changed component's own index) or None (all are).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.ops.definition import XP
    from backpropcli.ops.shape import Shape

Pattern = tuple[int | None, ...]
"""By axis the label of the one entry that is reached, None where all are. An axis of size 1 has no label."""
Array = Any
Indices = tuple[Array, ...]
"""By label the entry's number, one for each copy."""
State = dict[int, Array]
"""By slot the new values of the entries that are reached, (copies, *region); an axis with a label has size 1 there."""


class Sparsity:
    """The values here, and by slot the pattern in which they change; `values` are in the numbers of `xp`."""

    def __init__(self, point: Point, xp: XP, values: Sequence[Array]) -> None:
        self.point = point
        self.graph = point.graph
        self.xp = xp
        self.values = values
        self.patterns: dict[int, Pattern] = {}
        self._bases: dict[tuple[int, tuple[int, ...]], Array] = {}

    def base(self, slot: int, pattern: Pattern, index: Indices) -> Array:
        """The values here of the entries in a pattern: (copies, *region); without copies where all are in it."""
        labels = [k for k, label in enumerate(pattern) if label is not None]
        if not labels:
            return self.values[slot]
        key = slot, tuple(labels)
        if key not in self._bases:
            whole = np.broadcast_to(self.values[slot], self.graph.shapes[slot], subok=True)
            rest = [k for k in range(len(pattern)) if k not in labels]
            self._bases[key] = whole.transpose(labels + rest).copy()
        return self._take(self._bases[key], pattern, index)

    def at(self, whole: Array, pattern: Pattern, index: Indices) -> Array:
        """The entries in a pattern of any array of the step's own shape."""
        labels = [k for k, label in enumerate(pattern) if label is not None]
        if not labels:
            return whole
        rest = [k for k in range(len(pattern)) if k not in labels]
        return self._take(whole.transpose(labels + rest), pattern, index)

    def _take(self, front: Array, pattern: Pattern, index: Indices) -> Array:
        """From an array whose labelled axes stand in front, one entry of them for each copy."""
        taken = front[tuple(index[label] for label in pattern if label is not None)]
        shape, rest = [len(taken)], iter(taken.shape[1:])
        shape += [1 if label is not None else next(rest) for label in pattern]
        return taken.reshape(shape)

    def widened(self, slot: int, state: State, wanted: Pattern, index: Indices) -> Array:
        """The new values of a slot in a pattern that reaches further than its own: the others are those here."""
        new, pattern = state[slot], self.patterns[slot]
        if pattern == wanted:
            return new
        base = self.base(slot, wanted, index)
        result = np.empty_like(new, shape=(len(new), *extent(self.graph.shapes[slot], wanted)))
        result[...] = base
        where: list[Any] = [np.arange(len(new))]
        lost = []
        for k, (label, kept) in enumerate(zip(pattern, wanted, strict=True)):
            if label is not None and kept is None:
                where.append(index[label])
                lost.append(k + 1)
            else:
                where.append(slice(None))
        result[tuple(where)] = new.squeeze(axis=tuple(lost))
        return result


def indices(components: Sequence[Component]) -> Indices:
    """The entries' numbers of components of one slot."""
    return tuple(np.array([c.index for c in components], int).reshape(len(components), -1).T)


def single(labels: Sequence[int], shape: Shape) -> Pattern:
    """The pattern of one entry."""
    return tuple(label if n > 1 else None for label, n in zip(labels, shape, strict=True))


def own(pattern: Pattern, shape: Shape) -> Pattern:
    """A broadcast result's pattern on the axes of an argument of this shape."""
    return tuple(pattern[k] if shape[k] > 1 else None for k in range(-len(shape), 0))


def extent(shape: Shape, pattern: Pattern) -> Shape:
    """The shape of what a pattern reaches: 1 along the axes with a label."""
    return tuple(1 if label is not None else n for label, n in zip(pattern, shape, strict=True))


def region(shape: Shape, pattern: Pattern) -> int:
    """How many entries a pattern reaches."""
    return math.prod(extent(shape, pattern))
