"""Tables in a terminal: no row is wider than it, and what had to give way is said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli import loads
from backpropcli.explanation.steps import steps
from backpropcli.notation.numbers import Precision
from backpropcli.render.text import text
from backpropcli.render.width import width_of
from backpropcli.report.check_page import check_page, fitted_check
from backpropcli.report.run_rows import result
from backpropcli.report.run_table import fitted
from tests.explanation.test_steps import lecture, traced

LSTM = {
    "f": "sigmoid(x @ W + h0 @ U)",
    "i": "sigmoid(x @ W - h0 @ U)",
    "c": "f * c0 + i * tanh(x @ W)",
    "h": "tanh(c) * f",
    "J": "sum(h**2)",
}


def lstm():
    numbers = [[0.1234567, -0.7654321, 0.3333333], [0.0123456, 0.9876543, -0.1111111]]
    square = [[0.1234567, 0.2, -0.3], [0.3, 0.4, 0.3333333], [1.0, -0.4, 0.3333333]]
    return traced(LSTM, {"W": numbers, "U": square}, {"x": [[0.5, -0.25], [1 / 3, 2.0]], "h0": numbers, "c0": numbers})


def shown(trace, width, **options):
    return fitted(result(trace, "net.yaml"), Precision(), width, **options).text(width)


@pytest.mark.parametrize("width", [80, 100, 120, 60, 50, 40])
def test_no_row_is_wrapped_by_accident(width):
    text = shown(lstm(), width)
    assert max(map(width_of, text.splitlines())) <= width


def test_formulas_give_way_first_then_digits_then_entries():
    wide, usual, narrow = (shown(lstm(), width) for width in (120, 80, 40))
    assert "0.123457" in wide
    assert "fit" not in wide
    assert "0.123457" not in usual
    assert "digits to fit; --digits 6 shows more." in usual
    assert "arrays are shown in part" not in usual
    assert "Big arrays are shown in part;" in narrow


def test_nothing_gives_way_where_nobody_looks():
    whole = fitted(result(lstm(), "net.yaml"), Precision(), None).text()
    assert "0.123457" in whole
    assert "…" not in whole


def test_digits_that_were_asked_for_stay():
    text = fitted(result(lstm(), "net.yaml"), Precision(8), 90, chosen=True).text(90)
    assert "0.1234567" in text
    assert "Shown with" not in text


def test_long_names_are_cut_in_their_middle_in_a_terminal_alone():
    name = "a_name_" * 10
    trace = traced({f"{name}z": f"{name} * x", "J": f"{name}z**2"}, {name: 2}, {"x": 1})
    text = shown(trace, 80)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" in text
    assert f"  {name}z " in shown(trace, None)


def test_long_names_stand_above_their_lines_in_worked_steps():
    name = "a_name_" * 10
    trace = traced({"J": f"{name}**2 / 2"}, {name: 3})
    lines = list(text(steps(trace), 80))
    assert f"  dJ/d{name}" in lines
    assert lines[lines.index(f"  dJ/d{name}") + 1].startswith("        = dJ/dJ · 2 ·")
    assert all(len(line) <= 80 for line in lines if len(line.split()) > 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(30, 130), st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6), st.integers(1, 24))
def test_any_table_fits(width, values, length):
    name = "w" * length
    trace = traced({"z": f"{name} * x * 3 + {name}", "J": "sum(z**2)"}, {name: values}, {"x": values[::-1]})
    text = shown(trace, width)
    # Beside a long name the two columns still have one number of four digits each: no table is narrower.
    assert max(map(width_of, text.splitlines()[:-3])) <= max(width, 64)


@pytest.mark.parametrize(("eps", "width"), [(0.001, 80), (None, 80), (0.001, 100)])
def test_a_check_gets_fewer_digits_before_it_is_wrapped(eps, width):
    values = [[0.1234567, -0.7654321], [0.0123456, 0.9876543]]
    network = loads(f"inputs: {{x: [0.3, 0.7]}}\nparameters: {{W1: {values}}}\nnodes: {{J: sum(tanh(x @ W1))}}")
    report = network.check(eps=eps)

    def page(precision):
        return check_page(report, "net.yaml", precision)

    tables = fitted_check(page, Precision(10), width)
    assert max(len(line) for table in tables for line in table.text(width).splitlines()) <= width
    whole = fitted_check(page, Precision(10), None)
    assert "Shown with" not in "".join(table.text() for table in whole)


@pytest.mark.parametrize(("eps", "blind"), [(1e300, 4), (1e-15, 1), (1e-3, 0)])
def test_a_step_that_tells_nothing_is_not_said_to_tell(eps, blind):
    from pathlib import Path

    import backpropcli as bp

    network = bp.load(Path(__file__).parents[2] / "examples" / "lecture.yaml")
    for difference in ("central", "forward"):
        report = network.check(eps=eps, difference=difference)
        text = " ".join(check_page(report, "net.yaml", Precision(10)).sentences)
        if blind and eps > 1:
            assert f"A step of 1e300 tells nothing about {blind} of 4 gradients" in text
            assert "as far as a step" not in text
        elif eps == 1e-3:
            assert "tells nothing" not in text


@pytest.mark.slow
def test_worked_steps_of_a_large_formula_take_linear_time():
    import time

    def seconds(count):
        trace = traced({"J": " + ".join(["w*v", "w"] * count)}, {"w": 1, "v": 2})
        started = time.perf_counter()
        lines = list(text(steps(trace))) + list(result(trace, "-", expand=True).rows)
        assert len(lines) > 2 * count
        return time.perf_counter() - started

    seconds(200)
    small, large = seconds(500), seconds(4000)
    assert large < 24 * small + 1.0


def test_the_lecture_needs_no_fitting():
    assert shown(lecture(), 80) == shown(lecture(), None)
