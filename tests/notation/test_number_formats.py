"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.errors import UsageError
from backpropcli.notation.numbers import (
    Precision,
    component_name,
    components,
    exact,
    finite,
    nested,
    read_count,
    read_number,
)


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (2.0, "2"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (1e6, "1000000"),
        (28_000_000.0, "28000000"),
        (1234567.8, "1234568"),
        (1e9, "1e9"),
        (1.5e-7, "1.5e-7"),
        (0.0001, "0.0001"),
        (0.00001, "1e-5"),
        (0.000438567734, "0.000438568"),
        (999999.7, "1000000"),
        (1e300, "1e300"),
        (5e-324, "4.94066e-324"),
        (-123.4567, "-123.457"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_six_significant_digits(x, shown):
    assert Precision().show(x) == shown


@pytest.mark.parametrize(
    ("x", "decimals", "shown"),
    [
        (0.15, 9, "0.15"),
        (0.07513650695, 9, "0.075136507"),
        (-1e-12, 9, "0"),
        (2.5, 0, "2"),
        (1e300, 3, "1e300"),
        (100.0, 0, "100"),
        (math.nan, 2, "NaN"),
        (math.inf, 2, "Infinity"),
    ],
)
def test_decimals(x, decimals, shown):
    assert Precision(decimals=decimals).show(x) == shown


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_what_is_shown_is_the_number_to_its_digits(x, digits):
    shown = float(Precision(digits).show(x))
    assert shown == float(f"{x:.{digits - 1}e}") or abs(shown - x) <= 0.5 or math.isinf(shown)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_exact_round_trips_without_zero_or_plus_in_its_exponent(x):
    text = exact(x)
    assert float(text) == x
    assert "e+" not in text
    assert "e0" not in text
    assert "e-0" not in text


def test_nested_lists_and_components():
    assert nested([[1.0, 0.5], [math.nan, -0.0]]) == "[[1, 0.5], [NaN, 0]]"
    assert nested(3.0) == "3"
    assert list(components([[1.0, 2.0]])) == [((0, 0), 1.0), ((0, 1), 2.0)]
    assert list(components(4.0)) == [((), 4.0)]
    assert component_name("dJ/dW1", (0, 2)) == "dJ/dW1[0, 2]"
    assert component_name("w", ()) == "w"
    assert finite(1.0)
    assert not finite([1.0, math.inf])


def test_a_decimal_comma_is_explained():
    with pytest.raises(UsageError, match=r"--eps 0,001: decimals are written with a point: --eps 0\.001"):
        read_number("--eps", "0,001")
    with pytest.raises(UsageError, match="expected a finite number"):
        read_number("--eps", "nan")
    assert read_number("--eps", "1e-3") == 0.001


@pytest.mark.parametrize("text", ["x", "-1", "0", "18", "1.5", ""])
def test_counts_out_of_range(text):
    with pytest.raises(UsageError, match="expected a whole number from 1 to 17"):
        read_count("--digits", text, 1)
