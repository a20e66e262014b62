"""How much of a network is checked: every component, or a sample and random directions; and what Ctrl-C leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.gradcheck.large.nearby import loops
from backpropcli.gradcheck.large.sampling import BUDGET, Coverage, estimate, sample_for, sampled

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.judge import Judge
    from backpropcli.gradcheck.point.point import Component
    from backpropcli.gradcheck.report import Row

Progress = Callable[[int, int], None]
"""Told how many components of how many have been looked at."""


class Scope(NamedTuple):
    """What the user asked for: the sample's `seed`, its size (None: as large as time allows), or `every` component.

    `partial`: on Ctrl-C what was checked until then is a result too, not an exception.
    """

    seed: int = 0
    sample: int | None = None
    every: bool = False
    partial: bool = False
    progress: Progress | None = None


def judge_in(scope: Scope, judge: Judge, names: Sequence[str]) -> tuple[list[Component], list[Row], Coverage]:
    """The components of these names that are checked, a row for each, and how much of everything that is."""
    point = judge.point
    total = sum(math.prod(point.graph.shape(name)) for name in names)
    sample = size_of(scope, judge, names, total)
    if sample is None:
        components = [c for name in names for c in point.components(name)]
    else:
        components = sampled(point, names, sample, scope.seed)
    coverage = Coverage(len(components), total, seed=scope.seed, sample=sample)
    if scope.progress is not None:
        judge.tick, point.beat = counted(scope.progress, len(components))
    try:
        rows = judge.rows(components)
        if sample is not None:
            return along_directions(judge, names, components, rows, coverage)
        return components, rows, coverage
    except KeyboardInterrupt:
        if not scope.partial:
            raise
        done = [(c, row) for c, row in zip(components, judge.done, strict=True) if row is not None]
        components, rows = [c for c, _ in done], [row for _, row in done]
        return components, rows, coverage._replace(checked=len(rows), interrupted=True)


def size_of(scope: Scope, judge: Judge, names: Sequence[str], total: int) -> int | None:
    """How many components are in the sample; None where every component is checked."""
    if scope.every:
        return None
    if scope.sample is not None:
        return scope.sample if scope.sample < total else None
    if loops(judge.point, 6 * total):
        return None
    work = estimate(judge.point, names, judge.differences.carriers)
    sample = sample_for(work, total) if work > BUDGET else total
    return sample if sample < total else None


def counted(progress: Progress, total: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """A tick that counts, and one that only says that it goes on: the bar appears before anything is done."""
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    return tick, lambda: progress(done, total)


def along_directions(
    judge: Judge, names: Sequence[str], components: list[Component], rows: list[Row], coverage: Coverage
) -> tuple[list[Component], list[Row], Coverage]:
    """The components, rows and coverage after a look along random directions over all components; one that is to blame
    joins the rows.
    """
    from backpropcli.gradcheck.large.directions import Directions

    directions = Directions(judge.point, names, judge.tolerance, coverage.seed)
    count = differing = blind = 0
    wrong = any(row.verdict == "fail" for row in rows)
    for direction, seen in directions.all():
        count += 1
        blind += seen.blind
        differing += seen.excess > 0.0
        if seen.excess > 0.0 and not wrong:
            known = set(components)
            suspects = [c for c in directions.suspects(direction) if c not in known]
            found = judge.rows(suspects)
            components, rows = [*components, *suspects], [*rows, *found]
            wrong = any(row.verdict == "fail" for row in found)
    checked = coverage._replace(checked=len(rows), directions=count, differing=differing, blind=blind)
    return components, rows, checked
