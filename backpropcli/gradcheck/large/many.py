"""The first level for many components at once: searches, and the rule that accepts, in arrays instead of one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backpropcli.gradcheck.acceptance import agrees, contradicts, power, sharp
from backpropcli.gradcheck.differences import Slope
from backpropcli.gradcheck.large.carried import CarriedSlopes
from backpropcli.gradcheck.large.entry_differences import Differences
from backpropcli.gradcheck.large.searches import ARRAYS, first_places, searched
from backpropcli.gradcheck.large.sparsity import indices
from backpropcli.gradcheck.large.stacks import COMPONENTS, Stack, ready
from backpropcli.gradcheck.report import Row

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.gradcheck.stepsize import StepSearch

Array = Any
DEAR = 2e7
"""Looks that cost more numbers than this are left to the next level, where slopes are carried to it."""
SLAB = 4096
"""So many components of one array are searched before the next ones: what was found until then is kept."""


class Found(NamedTuple):
    """What the first level found of one component: the slope, the step whose corner stays inside (-1: none), and
    whether the slope plainly contradicts the gradient, where that was asked.
    """

    best: Slope
    corner: int
    contradicts: bool = False


class Rule(NamedTuple):
    """When a slope is sharp enough to be believed, and near enough to pass (see `acceptance`)."""

    tolerance: float
    limit: float

    def accepts(self, a: Array, n: Slope) -> Array:
        """By component whether it passes."""
        with np.errstate(all="ignore"):
            return sharp(a, n, self.limit, ARRAYS) & agrees(a, n, self.tolerance, xp=ARRAYS)

    def contradicts(self, a: Array, n: Slope) -> Array:
        """By component whether a precise slope says something plainly different."""
        with np.errstate(all="ignore"):
            return contradicts(a, n, self.tolerance, self.limit, ARRAYS)

    def rows(self, components: Sequence[Component], n: Slope) -> Iterator[Row]:
        """The rows of components that pass."""
        value: Array = n.value
        error: Array = n.error
        with np.errstate(all="ignore"):
            sharpness = power(n, self.tolerance)
        known = (value != 0.0) & np.isfinite(error)
        each = (value.tolist(), error.tolist(), sharpness.tolist(), known.tolist())
        for c, v, e, sees, told in zip(components, *each, strict=True):  # as `Component.row`, a slope at a time
            yield Row(c.name, c.index, c.backprop, v, e, "pass", sees=sees if told else None)


def first_level(
    point: Point,
    components: Sequence[Component],
    goal: float,
    rule: Rule,
    noises: Mapping[int, float],
    carriers: CarriedSlopes | None = None,
) -> Iterator[tuple[int, Row | Found]]:
    """For every component, by its number: the row where it passes, else what was found. Not in order.

    `noises` are the rounding errors of the loss by slot.
    """
    if point.plan.scalar:
        yield from _scalars(point, components, goal, rule, noises)
        return
    differences = Differences(point, goal)
    carriers = carriers or CarriedSlopes(point, differences)
    first = 0
    for slot, group in groupby(components, key=lambda c: c.slot):
        some = list(group)
        for number, found in _arrays(slot, some, rule, carriers, differences):
            yield first + number, found
        first += len(some)


def _scalars(
    point: Point, components: Sequence[Component], goal: float, rule: Rule, noises: Mapping[int, float]
) -> Iterator[tuple[int, Row | Found]]:
    order = sorted(range(len(components)), key=lambda k: components[k].slot)  # neighbours share what lies downstream
    steps = ready(point)
    for first in range(0, len(order), COMPONENTS):
        numbers = order[first : first + COMPONENTS]
        some = [components[k] for k in numbers]
        stack = Stack(point, some, steps)
        noise = np.array([noises[c.slot] for c in some])
        searches = searched(np.array([c.x for c in some]), noise, goal, stack.look)
        still = np.array([c.backprop == 0.0 for c in some]) & (searches.value == 0.0) & ~searches.cornered
        if still.any():
            active = np.flatnonzero(still)
            still[active] = stack.constant(active, first_places(searches.x[active]))
        for k, found in judged(some, searches, rule, still):
            yield numbers[k], found


def _arrays(
    slot: int, components: Sequence[Component], rule: Rule, carriers: CarriedSlopes, differences: Differences
) -> Iterator[tuple[int, Row | Found]]:
    a = np.array([c.backprop for c in components])
    rest = np.arange(len(components))
    each = 6.0 * carriers.perturbation(slot).work
    carried = carriers.carried(slot) if carriers.work(slot) < each * len(components) else None
    if carried is not None:
        flat = np.array([c.flat for c in components])
        value, error = carried.value.ravel()[flat], carried.error.ravel()[flat]
        n = Slope(value, error)
        passed = rule.accepts(a, n)
        good = np.flatnonzero(passed).tolist()
        yield from zip(good, rule.rows([components[k] for k in good], Slope(value[good], error[good])), strict=True)
        plain = rule.contradicts(a, n)
        for k in np.flatnonzero(plain).tolist():
            yield k, Found(Slope(float(value[k]), float(error[k])), -1, contradicts=True)
        rest = np.flatnonzero(~passed & ~plain)
        if each * len(rest) > max(DEAR, carriers.work(slot)):  # complex steps are carried as fast, and are sharper
            waits = np.isfinite(error[rest])
            for k in rest[waits].tolist():
                yield k, Found(Slope(float(value[k]), float(error[k])), -1)
            rest = rest[~waits]
    for first in range(0, len(rest), SLAB):
        numbers = rest[first : first + SLAB].tolist()
        some = [components[k] for k in numbers]
        found = differences.search(carriers.perturbation(slot), np.array([c.x for c in some]), indices(some))
        for k, one in judged(some, found, rule):
            yield numbers[k], one


def judged(
    components: Sequence[Component], found: StepSearch, rule: Rule, still: Array = False
) -> Iterator[tuple[int, Row | Found]]:
    """The rows of those that pass, and what was found of the others; `still`: the loss does not move at all."""
    a = np.array([c.backprop for c in components])
    passed = (rule.accepts(a, found.best) & ~found.cornered) | still
    good = np.flatnonzero(passed).tolist()
    rows = rule.rows([components[k] for k in good], Slope(found.value[good], found.error[good]))
    yield from zip(good, rows, strict=True)
    for k in np.flatnonzero(~passed).tolist():
        slope = Slope(float(found.value[k]), float(found.error[k]))
        yield k, Found(slope, int(found.corner[k]) if found.cornered[k] else -1)
