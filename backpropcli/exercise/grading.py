"""Marking: whether an answer is right, entry by entry, and if not, which known mistake gives exactly that number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

EXACT, TIE = 1e-9, 1e-12
LEAST_DIGITS, MOST_DIGITS = 3, 12
"""How many digits an answer needs at least, and the most that are looked at; one that has no more is given whole."""
NEAR = 10.0
"""An answer that is off by up to so many units of the last digit that is asked for is near."""
Kind = Literal[
    "shape",
    "transposed",
    "upstream",
    "local",
    "path",
    "missing",
    "added",
    "own",
    "value",
    "sign",
    "old",
    "twice",
    "half",
    "rounded",
    "near",
]

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


def right(answer: float, truth: float, dust: float = 0.0, digits: int = LEAST_DIGITS, exact: bool = True) -> bool:
    """Whether a number is near enough: to so many digits, rounded or cut there or later; exact where it is short.

    Not `exact`: not even where it is short, as 1 that three long numbers add up to, which are rounded. What is off by
    no more than `dust` is what rounding makes of numbers such as went into this one.

    >>> right(0.333, 1 / 3), right(1.11, 1.10591), right(1.10, 1.10591), right(6.003, 6.0), right(0.0, 1e-20)
    (True, True, True, False, False)
    """
    if not (math.isfinite(answer) and math.isfinite(truth)):
        return False
    off, size = abs(answer - truth), abs(truth)
    if off <= max(EXACT * size, dust):
        return True
    if short(truth, digits) and exact:
        return False
    return off <= 10.0**-digits * size or written(answer, truth, digits)


def written(answer: float, number: float, digits: int) -> bool:
    """Whether an answer is a number as it is written with so many digits or more, rounded or cut."""
    if not number:
        return answer == 0
    if abs(answer - number) > 10.0 ** (1 - digits) * abs(number):
        return False
    possible = (form for k in range(digits, MOST_DIGITS) for form in forms(number, k))
    return any(math.isclose(answer, form, rel_tol=EXACT) for form in possible)


def forms(number: float, digits: int) -> tuple[float, float, float]:
    """How a number may be written with so many digits: rounded, a 5 at the end upwards or downwards, or cut."""
    return rounded(number * (1 + TIE), digits), rounded(number * (1 - TIE), digits), cut(number, digits)


def rounded(x: float, digits: int) -> float:
    """A number rounded to so many significant digits."""
    return float(f"{x:.{digits - 1}e}")


def cut(x: float, digits: int) -> float:
    """A number with its digits after the first so many left out: 0.36 for 0.3679.

    >>> cut(-520.553, 3), cut(0.29, 2), cut(3.0, 3), cut(math.inf, 3)
    (-520.0, 0.29, 3.0, inf)
    """
    if not math.isfinite(x):
        return x
    mantissa, _, exponent = f"{x:.{MOST_DIGITS - 1}e}".partition("e")
    sign, figures = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    return float(f"{sign}{figures[: digits + 1]}e{exponent}")


def short(x: float, digits: int = LEAST_DIGITS) -> bool:
    """Whether a number has at most so many digits, but for what rounding does to the last of many."""
    return float(f"{x:.{digits}g}") == float(f"{x:.{MOST_DIGITS}g}")


def fits(answer: float, number: float, digits: int = LEAST_DIGITS) -> bool:
    """Whether an answer is this number as it is written with the answer's own digits, so many at least."""
    if not (math.isfinite(answer) and math.isfinite(number)):
        return False
    if abs(answer - number) <= EXACT * abs(number):
        return True
    return written(answer, number, digits)


def entries(value: Any) -> list[float]:
    """A number or an array as a list of its entries."""
    return [float(x) for x in value.ravel().tolist()] if getattr(value, "shape", ()) else [float(value)]


def mark(answer: Any, truth: Any, dust: float = 0.0, digits: int = LEAST_DIGITS, exact: bool = True) -> list[bool]:
    """For each entry whether it is right; all wrong where the shape is another. Options as in `right`."""
    ours = entries(truth)
    if shape(answer) != shape(truth):
        return [False] * len(ours)
    return [right(a, b, dust, digits, exact) for a, b in zip(entries(answer), ours, strict=True)]


def fitting(answer: Any, other: Any, digits: int = LEAST_DIGITS) -> bool:
    """Whether all entries of an answer are those of something else, as in `fits`."""
    if other is None or shape(answer) != shape(other):
        return False
    return all(fits(a, b, digits) for a, b in zip(entries(answer), entries(other), strict=True))


def shape(value: Any) -> tuple[int, ...]:
    """The shape of a number or an array."""
    return tuple(getattr(value, "shape", ()))


def diagnose(answer: Any, facts: Facts, digits: int = LEAST_DIGITS) -> Mistake | None:
    """The mistake that a wrong answer shows, where so many digits are asked for; None where it cannot be told."""
    truth = entries(facts.truth)
    if shape(answer) != shape(facts.truth):
        turned = shape(answer)[::-1] == shape(facts.truth) and len(shape(answer)) == 2
        return Mistake("transposed" if turned and all(mark(answer.T, facts.truth)) else "shape")
    given = entries(answer)
    if len(shape(answer)) == 2 and shape(answer) == shape(answer)[::-1] and all(mark(answer.T, facts.truth)):
        return Mistake("transposed")

    def near(other: Sequence[float] | None) -> bool:
        same = other is not None and len(other) == len(given) and other != truth
        return same and all(fits(a, b, digits) for a, b in zip(given, other or (), strict=True))

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
    return reasons[0] if reasons else _nearly(given, truth, digits)


def _nearly(given: Sequence[float], truth: Sequence[float], digits: int) -> Mistake | None:
    """Whether it is the right answer rounded or cut to too few digits, or off by a few units of the last one."""
    pairs = list(zip(given, truth, strict=True))
    if all(right(a, b, 0.0, digits) or _too_few(a, b, digits) for a, b in pairs):
        return Mistake("rounded")
    if all(abs(a - b) <= NEAR * 10.0**-digits * abs(b) for a, b in pairs):
        return Mistake("near")
    return None


def _too_few(answer: float, truth: float, digits: int) -> bool:
    """Whether it is the right answer with fewer digits than are asked for; one alone would fit by chance."""
    if short(truth, digits) or not truth:
        return False
    return any(math.isclose(answer, form, rel_tol=EXACT) for k in range(2, digits) for form in forms(truth, k))


def _known(value: Any) -> list[float] | None:
    return None if value is None else entries(value)


def _with(left: list[float] | None, right_: list[float] | None, combined: Any) -> list[float] | None:
    if left is None or right_ is None or len(left) != len(right_):
        return None
    return [combined(a, b) for a, b in zip(left, right_, strict=True)]
