"""Further points: the same check where the parameters have other values, for rules that are wrong only elsewhere.

A rule may be right at the numbers of a file and wrong where a unit is saturated, a branch is taken or a sign turns.
Every parameter is drawn from a normal distribution around its own value, as wide as its entries are large (1 where all
are 0), three times as wide at every second point; where the loss is not finite, a quarter as wide, and again. At these
points only rules are judged: a number that float64 loses there, or a corner, is no mistake of anybody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from backpropcli.gradcheck.report import Report, Row
    from backpropcli.ops.definition import Value

WIDTHS = (1.0, 3.0)
"""How far the parameters spread, in turn, in units of their own size."""
NARROWER = 0.25
TRIES = 8
"""So often a point is drawn again, each time nearer to the given one, before it is skipped."""
SALT = 104_729
"""Points are drawn from other random numbers than samples of the same seed."""


class At(NamedTuple):
    """A further point, counted from 1: the values drawn there, by name, and what the check of it found."""

    number: int
    values: dict[str, Any]
    report: Report

    @property
    def wrong(self) -> bool:
        """Whether a rule is wrong there."""
        return any(row.verdict == "fail" and row.reason == "rule" for row in self.report.rows)

    @property
    def unsure(self) -> bool:
        """Whether something could not be judged there, and nothing is wrong."""
        return not self.wrong and any(row.verdict != "pass" for row in self.report.rows)


class Points(NamedTuple):
    """What was found at further points: `found` has those that were checked, `skipped` is how many could not be.

    `moved` are the names whose values were drawn.
    """

    asked: int
    seed: int
    moved: tuple[str, ...]
    found: tuple[At, ...]
    skipped: int

    @property
    def wrong(self) -> list[At]:
        """Those where a rule is wrong."""
        return [at for at in self.found if at.wrong]


def elsewhere(
    values: Mapping[str, Value],
    names: Sequence[str],
    asked: int,
    seed: int,
    finite: Callable[[Mapping[str, Value]], bool],
    check: Callable[[Mapping[str, Value]], Report],
) -> Points:
    """The check at so many further points, at which these names have other values; `finite`: the loss is a number."""
    found = []
    for number in range(1, asked + 1):
        there = drawn(values, names, number, seed, finite)
        if there is not None:
            found.append(At(number, {name: there[name] for name in names}, check(there)))
    return Points(asked, seed, tuple(names), tuple(found), asked - len(found))


def drawn(
    values: Mapping[str, Value],
    names: Sequence[str],
    number: int,
    seed: int,
    finite: Callable[[Mapping[str, Value]], bool],
) -> dict[str, Value] | None:
    """The values at a point; None where none could be found at which the loss is finite."""
    import numpy as np

    width = WIDTHS[number % len(WIDTHS)]
    for attempt in range(TRIES):
        rng = np.random.default_rng([seed, SALT, number, attempt])
        there = dict(values)
        for name in names:
            here = np.asarray(values[name], float)
            size = math.sqrt(float(np.mean(np.square(here)))) if here.size else 0.0
            size = size if 0.0 < size < math.inf else 1.0
            moved = here + width * NARROWER**attempt * size * rng.standard_normal(here.shape)
            there[name] = moved if here.shape else float(moved)
        if finite(there):
            return there
    return None


def whole(value: Value) -> bool:
    """Whether all numbers are whole, as labels and masks are: such data stay what they are."""
    import numpy as np

    numbers = np.asarray(value, float)
    return bool((numbers == np.round(numbers)).all())


def with_points(rows: Sequence[Row], points: Points) -> Iterator[Row]:
    """The rows; a gradient that passed at the given point fails where its rule is wrong at a further one."""
    first: dict[tuple[str, tuple[int, ...]], int] = {}
    for at in points.wrong:
        for row in at.report.rows:
            if row.verdict == "fail" and row.reason == "rule":
                first.setdefault((row.name, row.index), at.number)
    for row in rows:
        number = first.get((row.name, row.index))
        if number is not None and row.verdict != "fail":
            yield row._replace(verdict="fail", reason="elsewhere", note=f"wrong at point {number}")
        else:
            yield row
