"""The small curve of a loss: what it shows at a glance is what the losses did."""

from __future__ import annotations

import math

import pytest

from backpropcli.plotting.curve import curve


def dots(lines: list[str]) -> list[str]:
    """The drawn part of each row."""
    return [line.partition("┤" if "┤" in line else "│")[2] for line in lines if "┤" in line or "│" in line]


def test_a_falling_loss_falls_from_the_upper_left_to_the_lower_right() -> None:
    lines = curve([4.0, 3.0, 2.0, 1.0, 0.5], width=40, height=4)
    assert lines[0].startswith("    4 ┤⠉")
    assert lines[-1].startswith("  0.5 ┤ ")
    starts = [len(row) - len(row.lstrip()) for row in dots(lines)]
    assert starts == sorted(set(starts)), "each row begins further to the right"
    assert max(map(len, lines)) == 40


def test_decades_make_a_logarithmic_scale_which_is_straight_where_the_fall_is_geometric() -> None:
    lines = curve([10.0 * 0.9**k for k in range(100)], width=50, height=5, ascii=True)
    assert lines[-1].strip() == "(logarithmic scale)"
    lengths = [line.count("*") for line in lines[:-1]]
    assert max(lengths) - min(lengths) <= 2
    assert all(line.isascii() for line in lines)


def test_gaps_are_left_where_a_loss_is_not_finite() -> None:
    lines = curve([2.0, 2.0, math.nan, math.inf, 1.0, 1.0], width=20, height=2)
    assert [row.strip() for row in dots(lines)] == ["⠉⠉⠉⠁", "⢀⣀⣀⣀"]
    assert lines[1].index("⢀") > lines[0].rindex("⠉") + 3


@pytest.mark.parametrize("losses", [[], [1.0], [math.nan, 1.0], [math.inf, math.nan]])
def test_fewer_than_two_finite_losses_make_no_curve(losses: list[float]) -> None:
    assert curve(losses) == []


def test_a_constant_loss_stands_in_the_middle_with_its_value() -> None:
    lines = curve([2.0] * 10, width=20, height=3)
    assert lines[1].startswith("  2 ┤⠒⠒⠒") or lines[1].startswith("  2 ┤⠤⠤⠤")
    assert lines[0].strip() == lines[2].strip() == "│"


def test_a_million_losses_keep_their_one_peak() -> None:
    losses = [1.0] * 1_000_000
    losses[654_321] = 9.0
    lines = curve(losses, width=70, height=4)
    column = dots(lines)[0].index(dots(lines)[0].strip()[0])
    assert abs(column - 0.654 * (70 - 5)) < 2
    assert lines[0].startswith("  9")
