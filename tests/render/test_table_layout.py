"""One layout, two renderings."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import composite

from backpropcli.render.output import render
from backpropcli.render.table import Column, Table
from backpropcli.render.width import width_of
from backpropcli.report.run_rows import result
from backpropcli.report.run_table import run_table

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def plain(text):
    return [line.rstrip() for line in ANSI.sub("", text).splitlines()]


words = (
    st.text(st.characters(codec="utf-8", categories=["L", "Nd"], include_characters=" …_"), max_size=12)
    .map(lambda s: re.sub(r"\s", " ", s).strip())
    .filter(lambda s: not s or width_of(s) > 0)
)  # a letter that only goes on top of another is no word
numbers = st.floats(width=16, allow_nan=True).map(lambda x: f"{x:.4g}".replace("nan", "NaN").replace("inf", "Infinity"))


@composite
def tables(draw):
    grids = st.lists(st.lists(numbers, min_size=1, max_size=3), min_size=1, max_size=3)
    cell = st.one_of(numbers, grids, st.just(""))
    row = st.tuples(words, words, cell, cell, words)
    sections = draw(st.lists(st.lists(row, min_size=1, max_size=4), min_size=1, max_size=3))
    columns = [
        Column("name"),
        Column("formula", elastic=True),
        Column("value", "point"),
        Column("gradient", "point"),
        Column(""),
    ]
    return Table(columns, sections, "net.yaml   J = 2", ["A sentence."])


@given(tables(), st.one_of(st.none(), st.integers(20, 100)))
def test_rich_prints_the_same_layout_as_plain_text(table, width):
    assert plain(render(table, width, coloured=True)) == plain(table.text(width))


@given(tables())
def test_points_stand_under_each_other(table):
    for line in table.text().splitlines():
        assert line == line.rstrip()
    layout = table.layout()
    for section in layout.sections:
        for cells in section:
            assert [width_of(c) for c in cells] == layout.sizes


def test_numbers_align_on_the_point():
    table = Table([Column("n", "point")], [[["1"], ["10.25"], ["-0.5"], ["1.5e-7"], ["2e9"], ["NaN"]]])
    assert table.text().splitlines()[2:] == [
        "    1",
        "   10.25",
        "   -0.5",
        "    1.5e-7",
        "    2e9",
        "  NaN",
    ]


def test_plus_minus_aligns_on_both_points():
    column = Column("slope", "point", inner=1)
    rows = [[[["6.0045", "± 0.0045"]]], [[["4.002", "± 0.002"]]], ["-12 to 0"]]
    lines = Table([column], [rows]).text().splitlines()
    assert lines[2:] == ["    6.0045 ± 0.0045", "    4.002  ± 0.002", "  -12 to 0"]


def test_the_elastic_column_gives_way_in_a_narrow_terminal():
    table = Table(
        [Column("name"), Column("formula", elastic=True), Column("value", "point")],
        [[("a", "w1*i1 + w2*i2 + w3*i3 + b1", "2")]],
    )
    assert table.text(32).splitlines()[2] == "  a     w1*i1 + w2*i2 +…       2"
    assert "w3*i3" in table.text(200)
    assert "w3*i3" in table.text()


def test_wide_characters_count_twice():
    table = Table([Column("name"), Column("value", "point")], [[("重み", "2"), ("w", "3")]])
    assert table.text().splitlines()[2:] == ["  重み       2", "  w          3"]


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_no_time():
    rows = [(f"n{k}", f"tanh(n{k - 1})", f"{k / 7:.6g}", f"{k / 1e6:.6g}") for k in range(100_000)]
    columns = [Column("name"), Column("formula", elastic=True), Column("value", "point"), Column("gradient", "point")]
    start = time.perf_counter()
    text = Table(columns, [rows]).text()
    assert time.perf_counter() - start < 5
    assert text.count("\n") == 100_002


LECTURE = """\
net.yaml   J = 2

  name   formula           value   dJ/d(name)
  ───────────────────────────────────────────
  x      input                 1
  y      target                5
  ───────────────────────────────────────────
  w1     parameter             2            6
  b1     parameter             0            6
  w2     parameter             3            4
  b2     parameter             1            2
  ───────────────────────────────────────────
  t1     w1 * x                2            6
  z1     t1 + b1               2            6
  a1     relu(z1)              2            6
  t2     w2 * a1               6            2
  z2     t2 + b2               7            2
  a2     relu(z2)              7            2
  J      (a2 - y)**2 / 2       2            1
"""

MAZUR = """\
mazur.yaml   J = 0.298371

  name  shape  formula                value                dJ/d(name)
  ──────────────────────────────────────────────────────────────────────────────────
  x     (2,)   input                  0.05  0.1
  y     (2,)   target                 0.01  0.99
  ──────────────────────────────────────────────────────────────────────────────────
  W1    (2,2)  parameter              0.15  0.25           0.000438568   0.000497713
                                      0.2   0.3            0.000877135   0.000995425
  b1    (2,)   parameter              0.35  0.35           0.00877135    0.00995425
  W2    (2,2)  parameter              0.4   0.5            0.082167     -0.0226025
                                      0.45  0.55           0.0826676    -0.0227402
  b2    (2,)   parameter              0.6   0.6            0.138499     -0.0380982
  ──────────────────────────────────────────────────────────────────────────────────
  t1    (2,)   x @ W1                 0.0275    0.0425     0.00877135   0.00995425
  z1    (2,)   t1 + b1                0.3775    0.3925     0.00877135   0.00995425
  a1    (2,)   sigmoid(z1)            0.59327   0.596884   0.0363503    0.0413703
  t2    (2,)   a1 @ W2                0.505906  0.624921   0.138499    -0.0380982
  z2    (2,)   t2 + b2                1.10591   1.22492    0.138499    -0.0380982
  a2    (2,)   sigmoid(z2)            0.751365  0.772928   0.741365    -0.217072
  J            sum((a2 - y)**2) / 2   0.298371             1
"""


def test_the_founding_example(lecture):
    assert run_table(lecture, "net.yaml").text() == LECTURE


def test_arrays_show_their_numbers_and_their_shape(mazur):
    assert run_table(mazur, "mazur.yaml").text() == MAZUR


def test_expanded_steps_come_before_their_node(lecture):
    rows = result(lecture, "net.yaml", expand=True).rows
    assert [(r.name, r.formula, r.value, r.gradient) for r in rows[-3:]] == [
        ("J.1", "a2 - y", 2.0, 2.0),
        ("J.2", "J.1**2", 4.0, 0.5),
        ("J", "(a2 - y)**2 / 2", 2.0, 1.0),
    ]
