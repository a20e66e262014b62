"""Answers as learners type them: what is taken, and what is said of the rest without counting it as a try."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backpropcli.errors import SpecError
from backpropcli.language.answers import read_answer

KNOWN = {"w2": "3", "a1": "2", "t1": "2", "dJ/dt2": None, "dJ/dJ": "1"}


@pytest.mark.parametrize(
    ("typed", "worth"),
    [
        (" 6 ", 6.0),
        ("6.", 6.0),
        ("+6", 6.0),
        ("6e0", 6.0),
        ("2*3", 6.0),
        ("2·3", 6.0),
        ("2 × 3", 6.0),
        ("12÷2", 6.0),
        ("−6", -6.0),
        ("–6", -6.0),
        ("t2 = 6", 6.0),
        ("= 6", 6.0),
        ("≈ 6", 6.0),
        ("2*3 =", 6.0),
        ("2*3 = 6", 6.0),
        ("6;", 6.0),
        ("6?", 6.0),
        ("'6'", 6.0),
        ("[6]", 6.0),
        ("600 %", 6.0),
        ("½", 0.5),
        ("1½", 1.5),
        ("2²", 4.0),
        ("10⁻²", 0.01),
        ("2^3", 8.0),
        ("√9", 3.0),
        ("√(9)", 3.0),
        ("sqrt(9)", 3.0),
        ("６", 6.0),
        ("1/4", 0.25),
        ("-0", 0.0),
        ("exp(0)", 1.0),
        ("pi/pi", 1.0),
        ("relu(-2)", 0.0),
    ],
)
def test_numbers_and_expressions(typed: str, worth: float) -> None:
    assert read_answer(typed, "t2", False, KNOWN) == worth


@pytest.mark.parametrize(
    ("typed", "shape"),
    [
        ("1 2", (2,)),
        ("[1, 2]", (2,)),
        ("1, -2", (2,)),
        ("1; 2", (2, 1)),
        ("1 2; 3 4", (2, 2)),
        ("[[1 2] [3 4]]", (2, 2)),
    ],
)
def test_arrays(typed: str, shape: tuple[int, ...]) -> None:
    assert read_answer(typed, "t2", True, KNOWN).shape == shape


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "nothing is written there"),
        ("=", "nothing is written there"),
        ("six", "that is not a number"),
        ("nan", "a finite number is asked for"),
        ("inf", "a finite number is asked for"),
        ("1e400", "1e400 is larger than the largest float, 1.8e308"),
        ("9**9**9", "this constant overflows"),
        ("6,5", "decimals are written with a point"),
        ("1 000", "a number has no space inside"),
        ("5 1/2", "write 5 + 1/2"),
        ("-5 1/2", "write -5 - 1/2"),
        ("2(3)", "an operator is missing between these"),
        ("(6", "a bracket is not closed"),
        ("6!", "that cannot be read as a number"),
        ("w2*a1", "that is a formula, and a number is asked for: what does it come to, with w2 = 3, a1 = 2?"),
        ("dJ/dJ * a1", "that is a formula, and a number is asked for: what does it come to, with dJ/dJ = 1, a1 = 2?"),
        ("dJ/dt2", "dJ/dt2 is not known yet"),
        ("t2", "t2 is what is asked for"),
        ("t1 = 2", "t2 is asked for here, not t1"),
        ("w_2*3", "w_2 is no number and no name that is known here. Did you mean w2?"),
        ("__import__('os')", "__import__ is no number and no name that is known here"),
        ("zeros((5000, 5000))", "that are too many numbers"),
        ("1" * 501, "that has 501 characters: 500 are the most"),
        ("1" * 50_000, "that has 50,000 characters: 500 are the most"),
    ],
)
def test_what_is_no_answer(typed: str, words: str) -> None:
    with pytest.raises(SpecError) as raised:
        read_answer(typed, "t2", False, KNOWN)
    assert raised.value.message == words


@pytest.mark.parametrize(
    ("typed", "shape", "worth"),
    [
        ("3,5 3,5", (2,), [3.5, 3.5]),
        ("3,5; 3,5", (2,), [3.5, 3.5]),
        ("(3.5, 3.5)", (2,), [3.5, 3.5]),
        ("½ ½", (2,), [0.5, 0.5]),
        ("[1 2; 3 4]", (2, 2), [[1, 2], [3, 4]]),
        ("1,2", (2,), [1, 2]),
        ("3,5", (1,), [3.5]),
        ("{1; 2}", (2,), [1, 2]),
        ("1 2", (2, 1), [[1], [2]]),
        ("((1,2),(3,4))", (2, 2), [[1, 2], [3, 4]]),
        ("(1, 2); (3, 4)", (2, 2), [[1, 2], [3, 4]]),
        ("1,5 2,5; 3,5 4,5", (2, 2), [[1.5, 2.5], [3.5, 4.5]]),
        ("(1/2) (1/3 + 1)", (2,), [0.5, 4 / 3]),
        ("½ -1½", (2,), [0.5, -1.5]),
        ("1 - 2 3", (2,), [-1, 3]),
        ("1 -2", (2,), [1, -2]),
        ("sqrt(4) 1", (2,), [2, 1]),
        ("1 exp(0)", (2,), [1, 1]),
        ("maximum(1, 2) 3", (2,), [2, 3]),
        ("1 2", (1, 2), [[1, 2]]),
        ("ln(1) ln 1", (2,), [0, 0]),
        ("[3,5 4,5]", (2,), [3.5, 4.5]),
        ("5", (1, 1), [[5]]),
    ],
)
def test_arrays_as_they_are_typed(typed: str, shape: tuple[int, ...], worth: Any) -> None:
    found = read_answer(typed, "t2", True, KNOWN, shape)
    assert found.shape == shape
    assert np.allclose(found, worth, rtol=1e-12)


def test_the_natural_logarithm_has_both_names() -> None:
    assert read_answer("2*ln(3) - log(3)", "t2") == pytest.approx(1.0986122886681098)
