"""Corners that several numbers of a black box share, as two largest entries do: together they are judged once more.

At max(a, b) with a = b each gradient alone may be anything from 0 to 1. Moved together the loss is smooth, with the
slope 1, and that is what the gradients must add up to: [1, 1] counts the tie twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from backpropcli.gradcheck.blackbox.directions import Everywhere
from backpropcli.gradcheck.differences import scale
from backpropcli.gradcheck.stepsize import WIDEST

if TYPE_CHECKING:
    from backpropcli.gradcheck.blackbox.function_values import BlackBox, Component
    from backpropcli.gradcheck.report import Row

MOST = 16
"""Of so many numbers on corners every two are looked at."""
SHARED = 0.02
"""Two corners are one where moving both differs from moving each by so much of the corner's own angle."""
NARROWER = 0.125
"""What is smooth fades with the step; what is a corner's does not."""


def judge_together(box: BlackBox, components: Sequence[Component], rows: list[Row]) -> list[Row]:
    """The rows, in which those fail that share a corner and are wrong together."""
    cornered = [
        k
        for k, row in enumerate(rows)
        if row.verdict == "pass" and row.reason == "corner" and row.cornered and row.left is not None
    ]
    if not 2 <= len(cornered) <= MOST:
        return rows
    for group in _groups(box, components, rows, cornered):
        members = [components[k] for k in group]
        everywhere = Everywhere(box, members, box.tolerance)
        seen = everywhere.look([scale(c.x) for c in members], range(len(members)))
        if seen.excess > 0.0 and not seen.cornered and not seen.blind:
            names = ", ".join(rows[k].label for k in group[:3]) + (", ..." if len(group) > 3 else "")
            note = f"{names} together: the slope is {seen.slope.value:.6g}, and these add up to {seen.says:.6g}"
            for k in group:
                rows[k] = rows[k]._replace(verdict="fail", note=note)
    return rows


def _groups(
    box: BlackBox, components: Sequence[Component], rows: Sequence[Row], cornered: Sequence[int]
) -> list[list[int]]:
    """Those that share a corner, each group of at least two."""
    leader = {k: k for k in cornered}

    def find(k: int) -> int:
        while leader[k] != k:
            k = leader[k]
        return k

    for a, b in combinations(cornered, 2):
        if find(a) != find(b) and _share(box, components[a], components[b], _angle(rows[a]), _angle(rows[b])):
            leader[find(b)] = find(a)
    groups: dict[int, list[int]] = {}
    for k in cornered:
        groups.setdefault(find(k), []).append(k)
    return [group for group in groups.values() if len(group) > 1]


def _angle(row: Row) -> float:
    return abs((row.right or 0.0) - (row.left or 0.0))


def _share(box: BlackBox, a: Component, b: Component, angle_a: float, angle_b: float) -> bool:
    """Whether moving both is not moving each, in first order: at some signs, at a step and at a narrower one."""
    least = SHARED * min(angle_a, angle_b)
    for first, second in ((1.0, 1.0), (-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0)):
        told = []
        for part in (1.0, NARROWER):
            h = WIDEST * part
            at_a = (a.tensor, a.flat, a.x + first * h * scale(a.x))
            at_b = (b.tensor, b.flat, b.x + second * h * scale(b.x))
            both, one, other = box.losses([[at_a, at_b], [at_a], [at_b]])
            told.append(abs(both - one - other + box.loss) - 40.0 * box.noise > least * h)
        if all(told):
            return True
    return False
