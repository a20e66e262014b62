"""What a terminal leaves out, and what it never does."""

import numpy as np

from backpropcli.notation.numbers import Precision
from backpropcli.render.arrays import grid
from backpropcli.render.html_table import html_table
from backpropcli.report.run_rows import Result, Row, result
from backpropcli.report.run_table import MANY_ROWS, SHOWN_ROWS, fitted, run_table


def wide(count, shape=()):
    value = np.arange(float(np.prod(shape))).reshape(shape) if shape else 1.0
    rows = [Row(f"n{k}", "node", "z", ("z",), shape, value, value) for k in range(count)]
    return Result("net.yaml", "J", 2.0, rows)


def test_long_tables_are_elided_in_a_terminal_only():
    text = fitted(wide(1000), Precision(), 80).text(80)
    assert f"  {'…'}" in text
    assert text.endswith(f"{1000 - 2 * SHOWN_ROWS} of 1,000 rows are left out; --full shows everything.\n")
    assert len(text.splitlines()) == 4 + 2 * SHOWN_ROWS + 1 + 2
    assert "…" not in fitted(wide(1000), Precision(), None).text()
    assert "…" not in fitted(wide(1000), Precision(), 80, full=True).text(80)
    assert "…" not in fitted(wide(MANY_ROWS), Precision(), 80).text(80)


def test_big_arrays_fit_the_terminal():
    found = wide(1, (50, 40))
    for width in (60, 80, 120):
        text = fitted(found, Precision(), width).text(width)
        assert max(map(len, text.splitlines())) <= width
        assert "--full" in text
    assert "…" not in fitted(found, Precision(), None).text()


def test_grids_leave_the_middle_out():
    show = Precision().show
    assert grid(np.arange(9.0), show, 3) == [["0", "1", "2", "…", "6", "7", "8"]]
    assert grid(np.arange(7.0), show, 3) == [[str(k) for k in range(7)]]
    assert grid(np.arange(9.0).reshape(9, 1), show, 1) == [["0"], ["…"], ["8"]]
    assert grid(np.arange(4.0).reshape(2, 1, 2), show) == [["0", "1"], [], ["2", "3"]]
    assert grid(np.zeros((0, 3)), show) == [["empty"]]


def test_a_chosen_few_rows(lecture):
    assert [row.name for row in result(lecture, "net.yaml", only=["J", "w1"]).rows] == ["w1", "J"]


def test_notebooks_get_a_table(mazur):
    text = html_table(run_table(mazur, "<b>.yaml"))
    assert text.startswith("<table><caption>&lt;b&gt;.yaml   J = 0.298371</caption>")
    assert text.count("<tr>") == 1 + 13
    assert "0.15&ensp;0.25<br>0.2&ensp;0.3" in text
