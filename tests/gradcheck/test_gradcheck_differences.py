"""Differences and their error bounds: the bound must hold, whatever the function."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.gradcheck.differences import Slope, limit, one_sided, quotient, romberg, rounding, scale
from backpropcli.gradcheck.stepsize import StepSearch
from backpropcli.gradcheck.tolerances import UNIT

FUNCTIONS: list[tuple[str, Callable[[float], float], Callable[[float], float]]] = [
    ("sin", math.sin, math.cos),
    ("sin 1e4", lambda x: math.sin(1e4 * x), lambda x: 1e4 * math.cos(1e4 * x)),
    ("ripple", lambda x: x + 1e-6 * math.sin(1e5 * x), lambda x: 1 + 0.1 * math.cos(1e5 * x)),
    ("tanh", math.tanh, lambda x: 1 / math.cosh(x) ** 2),
    ("cube", lambda x: x**3 - 2 * x, lambda x: 3 * x * x - 2),
    ("large", lambda x: 1e6 + 1e-3 * x, lambda x: 1e-3),
    ("runge", lambda x: 1 / (1 + 25 * x * x), lambda x: -50 * x / (1 + 25 * x * x) ** 2),
    ("exp", math.exp, math.exp),
]


def found(f: Callable[[float], float], x: float, noise: float) -> StepSearch:
    search = StepSearch(x, noise, 1e-7)
    while not search.done:
        search.feed([f(p) for p in search.points()], -1)
    return search


@pytest.mark.parametrize(("name", "f", "derivative"), FUNCTIONS, ids=[f[0] for f in FUNCTIONS])
@given(x=st.floats(-5, 5))
@settings(max_examples=150, deadline=None)
def test_the_error_bound_holds(
    name: str, f: Callable[[float], float], derivative: Callable[[float], float], x: float
) -> None:
    inner = abs(x) * (1e5 if name == "ripple" else 1e4 if name == "sin 1e4" else 1.0)
    size = 1e-6 if name == "ripple" else 1.0
    noise = 2 * UNIT * (abs(f(x)) + size * inner)
    best = found(f, x, noise).best
    assert abs(best.value - derivative(x)) <= 3 * best.error + 4 * UNIT * abs(derivative(x))
    assert best.error > 0.0


def test_steps_that_are_all_too_wide_do_not_agree_by_luck() -> None:
    """Of such ripples, extrapolation over h, h/2, h/4 without a second look gets about 8 % wrong by its own bound."""
    rng = random.Random(1)
    for _ in range(8000):
        frequency, x = 10 ** rng.uniform(2, 7), rng.choice([0.0, 1.0, rng.uniform(-1, 1)])

        def ripple(p: float, frequency: float = frequency) -> float:
            return p + math.sin(frequency * p) / frequency * 0.5

        best = found(ripple, x, 2 * UNIT).best
        assert abs(best.value - (1 + 0.5 * math.cos(frequency * x))) <= 3 * best.error


def test_a_constant_function_has_an_error_all_the_same() -> None:
    best = found(lambda x: 2.0, 1.0, 2 * UNIT).best
    assert best.value == 0.0
    assert best.error > 0.0


def test_the_step_keeps_inside_the_domain() -> None:
    search = found(lambda x: math.log(x) if x > 0 else math.nan, 1e-5, 2e-15)
    assert search.best.value == pytest.approx(1e5, rel=1e-8)
    assert search.h < 1e-5


def test_no_step_inside_the_domain_finds_nothing() -> None:
    search = found(lambda x: math.nan, 1.0, 1e-16)
    assert search.outside
    assert search.best.error == math.inf


def test_a_corner_is_left_out_or_said() -> None:
    search = StepSearch(1e-6, 1e-22, 1e-7)
    while not search.done:
        points = search.points()
        search.feed([max(p, 0.0) for p in points], 7 if min(points) <= 0 else -1)
    assert not search.cornered
    assert search.best.value == pytest.approx(1.0, rel=1e-9)
    search = StepSearch(0.0, 1e-22, 1e-7)
    while not search.done:
        search.feed([max(p, 0.0) for p in search.points()], 7)
    assert search.cornered
    assert search.corner == 7


@pytest.mark.parametrize(("difference", "slope"), [("forward", 6.0045), ("backward", 5.9955), ("central", 6.0)])
def test_the_lecture_s_quotients(difference: str, slope: float) -> None:
    found = quotient(difference, 2.0, 2.0060045, 1.9940045, 0.001)  # type: ignore[arg-type]
    assert found == pytest.approx(slope, abs=1e-9)


def test_rounding_grows_as_the_step_shrinks() -> None:
    assert rounding("central", 1e-16, 1e-6) == pytest.approx(rounding("forward", 1e-16, 1e-6) / 2)
    assert rounding("forward", 1e-16, 1e-9) == pytest.approx(1000 * rounding("forward", 1e-16, 1e-6))


@given(st.lists(st.floats(-10, 10), min_size=4, max_size=4), st.floats(0.01, 1.0), st.booleans())
def test_one_sided_slopes_are_exact_for_cubics(c: list[float], step: float, left: bool) -> None:
    step = -step if left else step
    values = [sum(a * (k * step) ** n for n, a in enumerate(c)) for k in (1, 2, 3, 4)]
    size = sum(abs(a) for a in c) + 1e-3
    assert one_sided(values, step, 0.0).value == pytest.approx(c[1], abs=1e-10 * size / abs(step))
    assert limit(values, 0.0).value == pytest.approx(c[0], abs=1e-11 * size)


def test_romberg_is_exact_for_a_polynomial_of_degree_six() -> None:
    search = StepSearch(1.0, 0.0, 1e-7)
    search.h = 0.5
    points = search.points()
    slope, _ = romberg([p**6 for p in points], points, 0.0)
    assert slope.value == pytest.approx(6.0, rel=1e-13)


def test_values_that_are_not_finite_give_no_slope() -> None:
    points = [1.5, 0.5, 1.25, 0.75, 1.125, 0.875]
    assert romberg([1e308, -1e308, 1.0, 0.0, 1.0, 0.0], points, 0.0)[0].error == math.inf


@pytest.mark.parametrize(("x", "power"), [(0.0, 1.0), (0.7, 1.0), (-1.0, 1.0), (1.5, 2.0), (1e8, 2.0**27)])
def test_scale(x: float, power: float) -> None:
    assert scale(x) == power


def test_slope_is_ordered_by_value() -> None:
    assert sorted([Slope(2.0, 0.0), Slope(-1.0, 5.0)])[0].value == -1.0
