"""Stacked copies of a graph of plain numbers: many components moved in one pass over what lies downstream of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.ops.definition import Body
from backpropcli.passes.forward import program
from backpropcli.passes.stepping import UNARY, quietly

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point

Array = Any
Step = tuple[int, Body, int, int, tuple[int, ...], Body | None, list[int]]
"""A step as in `passes.forward`, with its branch, and the slots that no later step reads."""
COMPONENTS = 128
"""So many components share a pass; each brings a copy for each of its places."""


def ready(point: Point) -> list[Step | None]:
    """By slot every step on the way to the loss, made ready for stacked copies once for all passes."""
    graph = point.graph
    leading = [s for s, o in enumerate(graph.operations) if o is not None and point.gradients[s] is not None]
    last = {a: s for s in leading for a in graph.arguments[s] if a != point.target}
    dead: dict[int, list[int]] = {}
    for a, s in last.items():
        dead.setdefault(s, []).append(a)
    operations: list[Any] = graph.operations
    steps: list[Step | None] = [None] * len(graph)
    for slot, body, a, b, arguments in program(graph, leading, copies=True):
        steps[slot] = slot, body, a, b, arguments, operations[slot].branch, dead.get(slot, [])
    return steps


class Stack:
    """A pass over what lies downstream of a few components, made ready once and run for every step of their search."""

    def __init__(self, point: Point, components: Sequence[Component], steps: Sequence[Step | None]) -> None:
        self.point = point
        self.components = components
        self.xp = point.plan.numbers(copies=True)
        self.steps = [step for s in point.downstream({c.slot for c in components}) if (step := steps[s]) is not None]

    def look(self, active: Array, places: Array) -> tuple[Array, Array]:
        """The loss of the components `active` (their numbers) at their places (one row each), and by component the
        first step whose choice differs from the one here at any of them (-1: none does).
        """
        point, xp = self.point, self.xp
        copies, width = places.size, places.shape[1]
        v, moved = self._start(active, places)
        corners = np.full(copies, -1)
        with quietly(xp):
            for slot, body, a, b, arguments, branch, dead in self.steps:
                if b >= 0:
                    y = body(xp, v[a], v[b])
                elif b == UNARY:
                    y = body(xp, v[a])
                else:
                    y = body(xp, *[v[k] for k in arguments])
                if slot in moved:  # a component downstream of another: its own copies stay where they were put
                    y = put(np.array(np.broadcast_to(y, copies)), places, moved[slot])
                v[slot] = y
                if branch is not None:
                    turned = np.asarray(branch(xp, *[v[k] for k in arguments])) != point.branch_here(slot)
                    if turned.any():
                        corners[(corners < 0) & turned] = slot
                for k in dead:  # what is held at a time then stays in the cache
                    v[k] = None
            losses = np.broadcast_to(v[point.target] * point.seed, (copies,)).reshape(-1, width)
        corners = corners.reshape(-1, width)
        nearest = np.where(corners < 0, len(v), corners).min(axis=1)
        return losses, np.where(nearest == len(v), -1, nearest)

    def constant(self, active: Array, places: Array) -> Array:
        """By component whether the loss stays the same at its places because the change dies on the way, as
        `Point.constant` says it of one.
        """
        point = self.point
        places = np.vstack([places, places[:1]])  # the last row stays here: the same numbers to compare with
        v, moved = self._start(active, places)
        lost = np.zeros(places.size, bool)
        with quietly(self.xp):
            for slot, body, _, _, arguments, _, dead in self.steps:
                given = [v[a] for a in arguments]
                y = body(self.xp, *given)
                if getattr(y, "ndim", 0):
                    same = y == y[-1]
                    if slot == point.target:
                        lost |= ~same
                    if y[-1] != 0.0:
                        changed = [x != x[-1] if getattr(x, "ndim", 0) else False for x in given]
                        lost |= reduce(np.logical_or, changed) & same & ~self._chosen(slot, y, given, changed)
                    if same.all():
                        y = y[-1]  # every change has died: from here on one number stands for all copies
                v[slot] = put(np.array(np.broadcast_to(y, places.size)), places, moved[slot]) if slot in moved else y
                for a in dead:
                    v[a] = None
        return ~lost.reshape(places.shape)[:-1].any(axis=1)

    def _chosen(self, slot: int, y: Array, given: Sequence[Array], changed: Sequence[Array]) -> Array:
        """Where the value is that of another argument, which has not changed, or a whole step of a staircase."""
        kind = self.point.passes_on(slot)
        if kind != "one":
            return np.full(y.shape, kind == "steps")
        return reduce(np.logical_or, [np.logical_not(c) & (x == y) for x, c in zip(given, changed, strict=True)])

    def _start(self, active: Array, places: Array) -> tuple[list[Any], dict[int, list[int]]]:
        """The values here, with the components put at their places; and by slot the rows of the components there."""
        v: list[Any] = list(self.point.slots)
        moved: dict[int, list[int]] = {}
        for row, k in enumerate(active.tolist()):
            moved.setdefault(self.components[k].slot, []).append(row)
        for slot, rows in moved.items():
            v[slot] = put(np.full(places.size, v[slot]), places, rows)
        return v, moved


def put(values: Array, places: Array, rows: Sequence[int]) -> Array:
    """`values` of all copies, with those of some components put at their places."""
    by_component = values.reshape(places.shape)
    by_component[rows] = places[rows]
    return values
