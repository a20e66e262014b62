"""What was found at further points, in words and as JSON fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.notation.numbers import Precision, component_name

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.network.points import At, Points

SHOWN = 8
"""A point's numbers are written out if they are no more than these."""
TOLD = 3
"""So many wrong points are told of."""
KEPT = 1000
"""In JSON the numbers of a wrong point are written out up to so many."""


def points_clause(report: Report) -> str:
    """What a headline says of further points."""
    points = report.points
    if points is None:
        return ""
    wrong = len(points.wrong)
    of = f"{len(points.found):,} further point{'' if len(points.found) == 1 else 's'}"
    return f"; wrong at {wrong:,} of {of}" if wrong else f"; right at {of}" if points.found else ""


def points_sentences(report: Report, where: Callable[[Report], Sequence[str]]) -> list[str]:
    """What was found at each wrong point, with its culprit in the words of `where`; then what the points are."""
    points = report.points
    if points is None:
        return []
    found = []
    for at in points.wrong[:TOLD]:
        wrong = [row for row in at.report.rows if row.verdict == "fail" and row.reason == "rule"]
        worst = max(wrong, key=lambda row: abs(row.backprop - row.numerical))
        show = Precision().show
        count = f"{len(wrong):,} of {len(at.report.rows):,} gradients {'is' if len(wrong) == 1 else 'are'} wrong"
        found.append(
            f"Point {at.number}{_here(at)}: {count}, {component_name(f'd{report.of}/d{worst.name}', worst.index)} is "
            f"{show(worst.backprop)} where the slope is {show(worst.numerical)}."
        )
        culprit, known = at.report.culprit, report.culprit
        if culprit is not None and (known is None or culprit.operation != known.operation):
            found[-1] = " ".join([found[-1], *where(at.report)])
    more = len(points.wrong) - TOLD
    if more > 0:
        found.append(f"And {more:,} more: --format json has them all.")
    return [*found, _what(points)]


def _here(at: At) -> str:
    numbers = {name: value for name, value in at.values.items() if isinstance(value, float)}
    if len(numbers) < len(at.values) or len(numbers) > SHOWN:
        return ""
    return f" ({', '.join(f'{name} = {Precision().show(value)}' for name, value in numbers.items())})"


def _what(points: Points) -> str:
    names = ", ".join(points.moved[:SHOWN]) + (", ..." if len(points.moved) > SHOWN else "")
    text = (
        f"At a further point {names} {'has' if len(points.moved) == 1 else 'have'} random numbers around the given "
        f"ones (--points {points.asked} --seed {points.seed}), and only rules are judged there"
    )
    unsure = sum(at.unsure for at in points.found)
    parts = [f"at {unsure:,} of them some could not be"] if unsure else []
    if points.skipped:
        were = "was" if points.skipped == 1 else "were"
        parts.append(f"{points.skipped:,} {were} left out, for the loss is not finite")
    return "; ".join([text, *parts]) + "."


def points_fields(report: Report, culprit: Callable[[Report], Any]) -> dict[str, Any]:
    """The same for JSON; `culprit` gives a report's culprit as JSON has it."""
    points = report.points
    assert points is not None
    return {
        "asked": points.asked,
        "seed": points.seed,
        "moved": list(points.moved),
        "checked": len(points.found),
        "skipped": points.skipped,
        "unsure": sum(at.unsure for at in points.found),
        "wrong": [
            {
                "point": at.number,
                "value": at.report.loss,
                "values": _values(at),
                "parameters": [
                    {
                        "name": row.name,
                        "index": list(row.index),
                        "backprop": row.backprop,
                        "numerical": row.numerical,
                        "bound": row.bound,
                        "verdict": row.verdict,
                        "reason": row.reason,
                        "note": row.note,
                    }
                    for row in at.report.rows
                    if row.verdict != "pass"
                ],
                "culprit": culprit(at.report),
            }
            for at in points.wrong
        ],
    }


def _values(at: At) -> dict[str, Any] | None:
    """The numbers of a point; None where they are very many: the seed draws them again."""
    lists = {name: value.tolist() if getattr(value, "shape", ()) else value for name, value in at.values.items()}
    size = sum(math.prod(getattr(value, "shape", ())) for value in at.values.values())
    return lists if size <= KEPT else None
