"""The loss at places nearby, for many components at a time: in a plain loop over floats, or in stacked copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from backpropcli.gradcheck.tolerances import UNIT

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Look, Point

LOOP = 150_000
"""Up to so many evaluations of a node, a plain loop over floats is faster than importing NumPy."""
FEW = 32
"""Fewer slots than this are followed one by one."""


def loops(point: Point, places: int) -> bool:
    """Whether a plain loop evaluates the network at so many places."""
    return point.plan.scalar and places * len(point.graph) <= LOOP


def look(point: Point, components: Sequence[Component], places: Sequence[Sequence[float]]) -> list[Look]:
    """For each component the loss at each of its places."""
    if loops(point, sum(map(len, places))):
        return list(point.look(components, places))
    stacked = _numbers if point.plan.scalar else _arrays
    return list(stacked(point, components, places))


def _numbers(point: Point, components: Sequence[Component], places: Sequence[Sequence[float]]) -> Iterator[Look]:
    import numpy as np

    from backpropcli.gradcheck.large.stacks import COMPONENTS, Stack, ready

    steps = ready(point)
    for first in range(0, len(components), COMPONENTS):
        some, where = components[first : first + COMPONENTS], places[first : first + COMPONENTS]
        losses, corners = Stack(point, some, steps).look(np.arange(len(some)), np.array(where, float))
        yield from zip(losses.tolist(), corners.tolist(), strict=True)


def _arrays(point: Point, components: Sequence[Component], places: Sequence[Sequence[float]]) -> Iterator[Look]:
    import numpy as np

    from backpropcli.gradcheck.large.perturbation import Perturbation
    from backpropcli.gradcheck.large.sparsity import indices

    for slot, group in groupby(zip(components, places, strict=True), key=lambda pair: pair[0].slot):
        some, where = zip(*group, strict=True)
        losses, corners = Perturbation(point, slot).look(indices(some), np.array(where, float))
        yield from zip(losses.tolist(), corners.tolist(), strict=True)


def noises(point: Point, slots: Sequence[int]) -> dict[int, float]:
    """The rounding error of the loss for what lies downstream of each of many slots (see `Point.noise`)."""
    if len(slots) < FEW:
        return {slot: point.noise(slot) for slot in slots}
    from backpropcli.gradcheck.large.reach import added_up

    found = added_up(point.graph, point.rounding_sizes(), slots)
    return {
        slot: point.noise(slot) if size is None or slot == point.target else UNIT * size
        for slot, size in zip(slots, found, strict=True)
    }
