"""Grading: whether an answer is right, entry by entry, in the digits that it was given with."""

from __future__ import annotations

import math
from typing import Any

EXACT, TIE = 1e-9, 1e-12
LEAST_DIGITS, MOST_DIGITS = 3, 12
"""How many digits an answer needs at least, and the most that are looked at; one that has no more is given whole."""
NEAR = 10.0
"""An answer that is off by up to so many units of the last digit that is asked for is near."""


def right(answer: float, truth: float, residue: float = 0.0, digits: int = LEAST_DIGITS, exact: bool = True) -> bool:
    """Whether a number is near enough: to so many digits, rounded or cut there or later; exact where it is short.

    Not `exact`: not even where it is short, as 1 that three long numbers add up to, which are rounded. What is off by
    no more than `residue` is what rounding makes of numbers such as went into this one.

    >>> right(0.333, 1 / 3), right(1.11, 1.10591), right(1.10, 1.10591), right(6.003, 6.0), right(0.0, 1e-20)
    (True, True, True, False, False)
    """
    if not (math.isfinite(answer) and math.isfinite(truth)):
        return False
    off, size = abs(answer - truth), abs(truth)
    if off <= max(EXACT * size, residue):
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


def grade(answer: Any, truth: Any, residue: float = 0.0, digits: int = LEAST_DIGITS, exact: bool = True) -> list[bool]:
    """For each entry whether it is right; all wrong where the shape is another. Options as in `right`."""
    ours = entries(truth)
    if shape(answer) != shape(truth):
        return [False] * len(ours)
    return [right(a, b, residue, digits, exact) for a, b in zip(entries(answer), ours, strict=True)]


def fitting(answer: Any, other: Any, digits: int = LEAST_DIGITS) -> bool:
    """Whether all entries of an answer are those of something else, as in `fits`."""
    if other is None or shape(answer) != shape(other):
        return False
    return all(fits(a, b, digits) for a, b in zip(entries(answer), entries(other), strict=True))


def shape(value: Any) -> tuple[int, ...]:
    """The shape of a number or an array."""
    return tuple(getattr(value, "shape", ()))


def near(answer: float, truth: float, digits: int) -> bool:
    """Whether an answer is off by just a few units of the last digit that is asked for."""
    return abs(answer - truth) <= NEAR * 10.0**-digits * abs(truth)


def too_few(answer: float, truth: float, digits: int) -> bool:
    """Whether it is the right answer with fewer digits than are asked for; one alone would fit by chance."""
    if short(truth, digits) or not truth:
        return False
    return any(math.isclose(answer, form, rel_tol=EXACT) for k in range(2, digits) for form in forms(truth, k))
