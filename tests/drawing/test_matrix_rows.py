"""Rows of a matrix: columns on their decimal points, nothing but blanks added."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backpropcli.drawing.matrix_rows import PROPORTIONAL, aligned

numbers = st.one_of(st.floats().map(lambda x: f"{x:.4g}"), st.integers(-99, 99).map(str), st.just("__"))
matrices = st.integers(1, 4).flatmap(
    lambda size: st.lists(st.lists(numbers, min_size=size, max_size=size), min_size=1, max_size=4)
)


def test_points_stand_below_each_other() -> None:
    assert aligned(("[0.5 -1]", "[12 0.25]", "[-3 1e-05]")) == (
        "[  0.5 -1    ]",
        "[ 12    0.25 ]",
        "[ -3    1e-05]",
    )
    assert aligned(("[0.5 1]", "[2 10]"), PROPORTIONAL) == (
        "[0.5\u2002\u20071]",
        "[2\u2008\u2007\u200210]",
    )
    assert aligned(("[0.5 -1]",)) == ("[0.5 -1]",)
    assert aligned(("[1 2]", "[3]")) == ("[1 2]", "[3]")
    assert aligned(()) == ()


@given(matrices)
def test_blanks_are_all_that_is_added(matrix: list[list[str]]) -> None:
    rows = tuple(f"[{' '.join(cells)}]" for cells in matrix)
    for found in (aligned(rows), aligned(rows, PROPORTIONAL)):
        assert [row.strip("[]").split() for row in found] == matrix
    assert len(matrix) == 1 or len(set(map(len, aligned(rows)))) == 1
