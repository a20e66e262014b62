"""Marking: whether an answer is right, entry by entry, and if not, which known mistake gives exactly that number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

TOLERANCE = 1e-3
"""An answer may be off by this part of the right one, unless that has at most four digits: then it is exact."""
EXACT = 1e-9
LEAST_DIGITS, MOST_DIGITS = 3, 12
"""An answer that is the right one rounded to so many digits is right too."""
ROUGH = 0.05
Kind = Literal[
    "shape", "transposed", "upstream", "local", "path", "missing", "added", "own", "value", "sign", "old",
    "twice", "half", "rounded", "near",
]  # fmt: skip

FACTORS: tuple[tuple[Kind, float], ...] = (("twice", 2.0), ("half", 0.5))


class Facts(NamedTuple):
    """What is known around a right answer, for telling mistakes: numbers or arrays, None where not known.

    `value` is the value whose gradient is asked for (None where a value is asked for); `upstream`, `local` and `term`
    have an entry for each path: the two factors of its term, and the term itself. `old` is what the answer would
    be with each of the earlier answers that were wrong.
    """

    truth: Any
    value: Any = None
    upstream: tuple[Any, ...] = ()
    local: tuple[Any, ...] = ()
    term: tuple[Any, ...] = ()
    old: tuple[Any, ...] = ()


class Mistake(NamedTuple):
    """What went wrong, and on which path (for "upstream", "local", "path" and "missing") or with which old answer.

    A `path` of -1: it is so, but something else gives the same number: which path it is cannot be told.
    """

    kind: Kind
    path: int = 0


def right(answer: float, truth: float, dust: float = 0.0) -> bool:
    """Whether a number is near enough: 1 part in 1000, or three and more digits of it; exact where it is short.

    What is off by no more than `dust` is what rounding makes of numbers such as went into this one.

    >>> right(0.333, 1 / 3), right(1.11, 1.10591), right(6.003, 6.0), right(6.0, 6.0), right(0.0, 1e-20)
    (True, True, False, True, False)
    """
    if not (math.isfinite(answer) and math.isfinite(truth)):
        return False
    off, size = abs(answer - truth), abs(truth)
    if off <= max(EXACT * size, dust):
        return True
    if short(truth):
        return False
    if off <= TOLERANCE * size:
        return True
    return any(float(f"{truth:.{digits}g}") == answer for digits in range(LEAST_DIGITS, MOST_DIGITS))


def short(x: float) -> bool:
    """Whether a number has at most four digits, but for what rounding does to the last of many."""
    return float(f"{x:.4g}") == float(f"{x:.12g}")


def entries(value: Any) -> list[float]:
    """A number or an array as a list of its entries."""
    return [float(x) for x in value.ravel().tolist()] if getattr(value, "shape", ()) else [float(value)]


def mark(answer: Any, truth: Any, dust: float = 0.0) -> list[bool]:
    """For each entry whether it is right; all wrong where the shape is another. `dust` as in `right`."""
    ours = entries(truth)
    if shape(answer) != shape(truth):
        return [False] * len(ours)
    return [right(a, b, dust) for a, b in zip(entries(answer), ours, strict=True)]


def shape(value: Any) -> tuple[int, ...]:
    """The shape of a number or an array."""
    return tuple(getattr(value, "shape", ()))


def diagnose(answer: Any, facts: Facts) -> Mistake | None:
    """The mistake that a wrong answer shows; None where it cannot be told."""
    truth = entries(facts.truth)
    if shape(answer) != shape(facts.truth):
        turned = shape(answer)[::-1] == shape(facts.truth) and len(shape(answer)) == 2
        return Mistake("transposed" if turned and all(mark(answer.T, facts.truth)) else "shape")
    given = entries(answer)
    if len(shape(answer)) == 2 and shape(answer) == shape(answer)[::-1] and all(mark(answer.T, facts.truth)):
        return Mistake("transposed")

    def near(other: Sequence[float] | None) -> bool:
        same = other is not None and len(other) == len(given) and other != truth
        return same and all(right(a, b) for a, b in zip(given, other or (), strict=True))

    upstream, local, term = ([_known(x) for x in part] for part in (facts.upstream, facts.local, facts.term))
    # Paths come first: where a factor is 1, what comes through a path is the other factor too, and no advice to
    # multiply by 1 would help.
    if len(term) > 1 and all(t is not None for t in term):
        alone = [path for path, found in enumerate(term) if near(found)]
        if alone:
            return Mistake("path", alone[0] if len(alone) == 1 else -1)
        without = [path for path, found in enumerate(term) if near(_with(truth, found, lambda a, b: a - b))]
        if without:
            return Mistake("missing", without[0] if len(without) == 1 else -1)
    for path, found in enumerate(upstream):
        if near(found):
            return Mistake("upstream", path)
    for path, found in enumerate(local):
        if near(found):
            return Mistake("local", path)
    if any(truth) and near([-x for x in truth]):
        return Mistake("sign")
    # From here on a reason is named, so that it must be the only one that gives this number.
    reasons: list[Mistake] = []
    if len(upstream) == 1:
        if near(_with(upstream[0], local[0], lambda a, b: a + b)):
            reasons.append(Mistake("added"))
        if near(_with(upstream[0], _known(facts.value), lambda a, b: a * b)):
            reasons.append(Mistake("own"))
    reasons += [Mistake("old", k) for k, other in enumerate(facts.old) if near(_known(other))]
    if facts.value is not None and near(_known(facts.value)):
        reasons.append(Mistake("value"))
    if any(truth):
        reasons += [Mistake(kind) for kind, factor in FACTORS if near([factor * x for x in truth])]
    if len(reasons) > 1:  # of which only how large it is can be said; but half of 2a is a, its own value, by itself
        sized = next((found for found in reasons if found.kind in dict(FACTORS)), None)
        alike = sized is not None and sized.kind == "half" and {r.kind for r in reasons} <= {"half", "own", "value"}
        return sized if sized is None or alike else sized._replace(path=-1)
    if reasons:
        return reasons[0]
    return _nearly(given, truth)


def _nearly(given: Sequence[float], truth: Sequence[float]) -> Mistake | None:
    """Whether it is the right answer rounded or cut to too few digits, or not far from it."""
    if not all(abs(a - b) <= ROUGH * abs(b) for a, b in zip(given, truth, strict=True)):
        return None
    if all(_rounded(a, b) for a, b in zip(given, truth, strict=True)):
        return Mistake("rounded")
    return Mistake("near")


def _rounded(answer: float, truth: float) -> bool:
    if right(answer, truth):
        return True
    if short(truth) or not truth:
        return False
    size = math.floor(math.log10(abs(truth)))
    for digits in range(1, LEAST_DIGITS):
        unit = 10.0 ** (size - digits + 1)
        if any(math.isclose(answer, part * unit, rel_tol=EXACT) for part in (round(truth / unit), int(truth / unit))):
            return True
    return False


def _known(value: Any) -> list[float] | None:
    return None if value is None else entries(value)


def _with(left: list[float] | None, right_: list[float] | None, combined: Any) -> list[float] | None:
    if left is None or right_ is None or len(left) != len(right_):
        return None
    return [combined(a, b) for a, b in zip(left, right_, strict=True)]
