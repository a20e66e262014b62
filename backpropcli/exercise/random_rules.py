"""Which numbers each of a network's data may get in an exercise: small ones, of the kind that it has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine.labels import labels
from backpropcli.exercise import grading

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.ops.definition import Value

OFF = 1e-6
"""So far the sum of a row of probabilities may be off 1."""
SMALL, LARGER, EVERY = 4, 6, 3
"""How large a number gets that is drawn, and in every third draw."""
NEGATIVE = 0.3
"""How many of them are negative."""


class Part(NamedTuple):
    """One name's data: its entries, and how others are found for them.

    `rule` is "kept" (arrays of 0 and 1 that are data, such as one-hot targets and masks, and rows of probabilities),
    "label" (a class number below `classes`), "binary" (a target of 0 or 1), "positive" (a target stays on its side
    of 0) or "any".
    """

    entries: tuple[float, ...]
    rule: str
    classes: int = 0


def rules(plan: Plan, data: Mapping[str, Value]) -> list[Part]:
    """How other numbers are found for each name's data."""
    classes, result = labels(plan.graph), []
    for name, value in data.items():
        entries, kind = tuple(grading.entries(value)), plan.graph.nodes[name].kind
        zero_one = set(entries) <= {0.0, 1.0}
        if name in classes:
            rule = "label"
        elif kind != "parameter" and plan.graph.shape(name) and (zero_one or _probabilities(value)):
            rule = "kept"
        elif kind == "target":
            rule = "binary" if zero_one else "positive" if min(entries, default=0.0) >= 0 else "any"
        else:
            rule = "any"
        result.append(Part(entries, rule, classes.get(name, 0)))
    return result


def _probabilities(value: Any) -> bool:
    """Whether every row is of numbers from 0 to 1 that sum to 1."""
    return bool(value.min() >= 0 and (abs(value.sum(axis=-1) - 1) < OFF).all())


def choices(part: Part, most: int, unit: int, halves: bool) -> Iterator[Sequence[float]]:
    """What each entry of a part may be."""
    sizes = [k / 2 / unit for k in range(1, 2 * most + 1)] if halves else [k / unit for k in range(1, most + 1)]
    for entry in part.entries:
        match part.rule:
            case "kept":
                yield [entry]
            case "binary":
                yield [0.0, 1.0]
            case "label":
                yield [float(k) for k in range(part.classes)]
            case "positive":
                yield sizes
            case _:
                yield [x for size in sizes for x in (size, -size)]


def number(following: Callable[[], float], part: Part, entry: float, most: int, unit: int) -> float:
    """A number of one figure, one in three or so negative; or what the rule asks for."""
    match part.rule:
        case "kept":
            return entry
        case "binary":
            return float(following() < 0.5)
        case "label":
            return float(math.floor(following() * part.classes))
    size = (1 + math.floor(following() * most)) / unit
    return -size if following() < NEGATIVE and part.rule == "any" else size
