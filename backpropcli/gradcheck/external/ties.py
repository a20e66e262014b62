"""External gradients on a corner that several numbers share, as two largest entries do: they must add up.

At max(x) with x = [1, 1] each of theirs alone may be anything from 0 to 1; both together have the slope 1, so [1, 1]
counts the tie twice, and [0, 0] not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from backpropcli.gradcheck.report import Row, indexed

if TYPE_CHECKING:
    from backpropcli.gradcheck.external.judgement import Entry
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.gradcheck.point.ties import Cornered

MOST = 16
"""Of so many numbers on one node's corners every two are looked at."""
WORK = 20_000_000
"""So many numbers may be computed on the way."""
LOOKS = 24
"""So many runs of the network it takes to see whether two share a corner."""
SHARED = 0.02
"""Two corners are one where moving both differs from moving each by so much of the corner's own angle."""
CLEARLY = 30.0
"""An angle is seen that is so many times as large as the error of a slope."""
STEPS = 2.0**-10, 2.0**-13
"""What is smooth fades with the step; what is a corner's does not."""

Key = tuple[str, tuple[int, ...]]


def add_up(
    entries: Sequence[Entry], differing: Sequence[Key], rows: Sequence[Row], seen: Callable[[], Point]
) -> Mapping[Key, str]:
    """What is wrong with those entries that pass alone, and not together; `differing` are not what backprop says."""
    found: dict[Key, str] = {}
    if not differing:
        return found
    on = {(row.name, row.index): row for row in rows if row.cornered and row.reason == "corner"}
    nodes = {on[key].node for key in differing if key in on}
    point = seen()
    theirs = {(e.name, e.index): e for e in entries if e.verdict == "pass"}
    for node in nodes:
        members = [key for key, row in on.items() if row.node == node and key in theirs]
        few = 2 <= len(members) <= MOST
        if few and LOOKS * len(members) ** 2 * point.work() <= WORK:
            found.update(_wrong_together(point, [theirs[key] for key in members], on))
    return found


def _wrong_together(point: Point, entries: Sequence[Entry], on: Mapping[Key, Row]) -> Mapping[Key, str]:
    found: dict[Key, str] = {}
    given = {(e.name, e.index): e for e in entries}
    for group in _groups(point, [_cornered(point, e, on[e.name, e.index]) for e in entries]):
        for members, weights in _smooth(point, group):
            some = [given[c.component.name, c.component.index] for c in members]
            says, right = (
                sum(g * w for g, w in zip(gradients, weights, strict=True))
                for gradients in ([e.theirs for e in some], [e.right for e in some])
            )
            if abs(says - right) > sum(e.allowed * abs(w) for e, w in zip(some, weights, strict=True)):
                names = [indexed(e.name, e.index) for e in some]
                shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
                note = f"{shown} together: the slope is {right:.6g}, and these add up to {says:.6g}"
                found.update({(e.name, e.index): note for e in some})
                break
    return found


def _smooth(point: Point, group: Sequence[Cornered]) -> Iterator[tuple[list[Cornered], list[float]]]:
    """Directions over some of them along which the loss has one slope, as clearly as their corner has two."""
    from backpropcli.gradcheck.point.ties import directions, smooth

    for weights in directions(group):
        members = [c for c, weight in zip(group, weights, strict=True) if weight]
        used = [weight for weight in weights if weight]
        angle = min(abs((c.right - c.left) * weight) for c, weight in zip(members, used, strict=True))
        slope = smooth(point, [c.component for c in members], used)
        if slope is not None and CLEARLY * slope.error <= angle:
            yield members, used


def _cornered(point: Point, entry: Entry, row: Row) -> Cornered:
    """The component of an entry, and the two slopes of its row."""
    import numpy as np

    from backpropcli.gradcheck.point.ties import Cornered

    shape = point.graph.shape(entry.name)
    flat = int(np.ravel_multi_index(entry.index, shape)) if shape else 0
    (component,) = point.components(entry.name, [flat])
    assert row.left is not None
    assert row.right is not None
    return Cornered(component, row.left, row.right)


def _groups(point: Point, cornered: Sequence[Cornered]) -> list[list[Cornered]]:
    """Those that share a corner, each group of at least two."""
    group = list(range(len(cornered)))
    for a, b in combinations(range(len(cornered)), 2):
        if group[a] != group[b] and _share(point, cornered[a], cornered[b]):
            group = [group[a] if g == group[b] else g for g in group]
    together = [[c for c, g in zip(cornered, group, strict=True) if g == leader] for leader in dict.fromkeys(group)]
    return [members for members in together if len(members) > 1]


def _share(point: Point, a: Cornered, b: Cornered) -> bool:
    """Whether moving both is not moving each, in first order: at some signs, at a step and at a narrower one."""
    least = SHARED * min(abs(c.right - c.left) for c in (a, b))
    pair = (a.component, b.component)
    return any(
        all(abs(_bend(point, pair, first * step, second * step)) > least * step for step in STEPS)
        for first in (1.0, -1.0)
        for second in (1.0, -1.0)
    )


def _bend(point: Point, pair: tuple[Component, Component], first: float, second: float) -> float:
    """What moving both does to the loss beyond moving each."""
    from backpropcli.gradcheck.point.ties import moved

    return (
        moved(point, pair, (first, second))
        - moved(point, pair, (first, 0.0))
        - moved(point, pair, (0.0, second))
        + point.loss
    )
