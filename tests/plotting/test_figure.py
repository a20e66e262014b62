"""Axes, their round numbers, the canvas, contours and thinning, each by what can be counted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.plotting.braille import Canvas, clipped
from backpropcli.plotting.contours import segments
from backpropcli.plotting.figure import axis
from backpropcli.plotting.thinning import thinned
from backpropcli.plotting.ticks import labels, ticks

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, max_size=5), st.booleans(), st.sampled_from([0.0, 0.05]))
def test_any_numbers_have_an_axis_with_a_place_for_each(values: list[float], log: bool, margin: float) -> None:
    found = axis("J", values, log, margin)
    assert math.isfinite(found.low)
    assert math.isfinite(found.high)
    assert found.low < found.high
    for value in values:
        if (value > 0 or not log) and abs(value) < 1.7e308:
            assert -1e-9 <= found.share(value) <= 1 + 1e-9


@given(st.lists(FINITE, min_size=2, max_size=2), st.booleans(), st.integers(2, 10))
def test_ticks_are_in_range_in_order_and_not_too_many(values: list[float], log: bool, most: int) -> None:
    found = axis("J", values, log)
    marks = ticks(found.low, found.high, most, log)
    assert len(marks) <= most
    assert marks == sorted(set(marks))
    assert all(-1e-2 <= found.share(mark) <= 1 + 1e-2 for mark in marks)
    assert [float(label) for label in labels(marks, log)] == marks


@pytest.mark.parametrize(
    ("low", "high", "most", "marks"),
    [
        (0.0, 4.0, 5, [0, 1, 2, 3, 4]),
        (-0.3, 0.3, 8, [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]),
        (1e6, 1e6 + 1, 3, [1e6, 1e6 + 0.5, 1e6 + 1]),
        (-1.7e308, 1.7e308, 5, [-1e308, 0, 1e308]),
        (0.0, 3e-320, 4, [0, 1e-320, 2e-320, 3e-320]),
    ],
)
def test_ticks_are_round(low: float, high: float, most: int, marks: list[float]) -> None:
    assert ticks(low, high, most) == marks


def test_a_line_covers_every_column_between_its_ends_and_nothing_outside() -> None:
    canvas = Canvas(10, 4)
    canvas.line(-1e6, 0.5, 1e6, 0.5)
    rows = ["".join(sign for sign, _ in row) for row in canvas.lines()]
    assert [row.strip() != "" for row in rows].count(True) == 1
    assert " " not in next(row for row in rows if row.strip())
    canvas.line(math.nan, 0, 1, 1)
    canvas.line(2, 2, 3, 3)
    assert ["".join(sign for sign, _ in row) for row in canvas.lines()] == rows


def test_dots_stand_where_they_belong() -> None:
    canvas = Canvas(2, 2)
    canvas.line(0, 1, 0, 1)
    canvas.line(1, 0, 1, 0)
    assert ["".join(sign for sign, _ in row) for row in canvas.lines()] == ["⠁ ", " ⢀"]


@given(st.tuples(*[st.floats(-3, 3)] * 4))
def test_what_is_clipped_lies_inside_and_on_the_line(ends: tuple[float, float, float, float]) -> None:
    found = clipped(*ends)
    x0, y0, x1, y1 = ends
    if found is None:
        inside = [k / 50 for k in range(51)]
        places = [(x0 + (x1 - x0) * k, y0 + (y1 - y0) * k) for k in inside]
        assert not any(1e-6 < x < 1 - 1e-6 and 1e-6 < y < 1 - 1e-6 for x, y in places)
        return
    for x, y in (found[:2], found[2:]):
        assert 0 <= x <= 1
        assert 0 <= y <= 1
        assert abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) < 1e-6


def test_the_contour_of_a_paraboloid_is_a_circle() -> None:
    grid = [-2 + k / 10 for k in range(41)]
    heights = [[x * x + y * y for x in grid] for y in grid]
    pieces = list(segments(grid, grid, heights, 1.0))
    assert len(pieces) > 60
    for x0, y0, x1, y1 in pieces:
        assert math.hypot(x0, y0) == pytest.approx(1, abs=2e-3)
        assert math.hypot(x1, y1) == pytest.approx(1, abs=2e-3)
    length = sum(math.hypot(x1 - x0, y1 - y0) for x0, y0, x1, y1 in pieces)
    assert length == pytest.approx(2 * math.pi, rel=2e-3), "it is closed, and nothing is drawn twice"


@pytest.mark.parametrize(("level", "apart"), [(0.4, (0.0, 0.0)), (0.6, (1.0, 0.0))])
def test_in_a_saddle_the_mean_decides_which_corners_are_joined(level: float, apart: tuple[float, float]) -> None:
    """Heights 0 and 1 at opposite corners: the mean, 0.5, is above 0.4, so that the low corners are cut off."""
    pieces = list(segments([0, 1], [0, 1], [[0, 1], [1, 0]], level))
    assert len(pieces) == 2
    near = [max(math.dist(piece[:2], apart), math.dist(piece[2:], apart)) for piece in pieces]
    assert min(near) == pytest.approx(0.4)


def test_no_contour_runs_through_what_is_not_finite() -> None:
    assert not list(segments([0, 1], [0, 1], [[0, 1], [math.nan, 0]], 0.5))
    assert not list(segments([0, 1], [0, 1], [[0, 1], [math.inf, 0]], 0.5))


@given(st.lists(FINITE | st.just(math.nan), max_size=300), st.integers(4, 40))
def test_thinning_keeps_ends_peaks_and_order(values: list[float], most: int) -> None:
    x, y = thinned(range(len(values)), values, most)
    assert len(x) <= most + 1
    assert x == sorted(x)
    assert all(a == values[k] or a != a for k, a in zip(map(int, x), y, strict=True))
    finite = [v for v in values if v == v]
    if finite:
        kept = [v for v in y if v == v]
        assert (min(finite), max(finite)) == (min(kept), max(kept))
        assert not x or (x[0], x[-1]) == (0, len(values) - 1)
