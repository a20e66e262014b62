"""`backprop nudge` and `backprop count` as a user sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import backpropcli as bp
from backpropcli.app import main

LECTURE = ("--example", "lecture")


@pytest.fixture
def backprop(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        status = main(list(words))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_nudge_prints_the_lecture_s_table(backprop):
    status, out, _ = backprop("nudge", *LECTURE, "w1", "--eps", "0.001")
    assert status == 0
    assert (
        out
        == """\
lecture.yaml   w1 = 2 becomes 2.001

  name   before       after      change   change / 0.001   d(name)/dw1
  ────────────────────────────────────────────────────────────────────
  t1          2   2.001       0.001               1                  1
  z1          2   2.001       0.001               1                  1
  a1          2   2.001       0.001               1                  1
  t2          6   6.003       0.003               3                  3
  z2          7   7.003       0.003               3                  3
  a2          7   7.003       0.003               3                  3
  J           2   2.0060045   0.0060045           6.0045             6

J rose 6.0045 times as much as w1: about 6, as dJ/dw1 says.
"""
    )


def test_several_steps_show_the_slope_converge(backprop):
    status, out, _ = backprop("nudge", *LECTURE, "w1", "--eps", "0.1", "--eps", "0.01", "--eps", "0.001")
    assert status == 0
    rows = [line.split() for line in out.splitlines()[4:]]
    assert rows[:4] == [
        ["0.1", "2.645", "6.45"],
        ["0.01", "2.06045", "6.045"],
        ["0.001", "2.0060045", "6.0045"],
        ["0", "6", "dJ/dw1"],
    ]
    assert out.endswith("\nThe smaller the step, the closer the slope comes to 6, which is dJ/dw1.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            [*LECTURE, "w1", "--eps", "0.1", "--eps", "1e-9", "--eps", "1e-13"],
            "The slope comes closest to dJ/dw1 = 6 with a step of 1e-9; with smaller ones, rounding eats the digits.",
        ),
        (
            ["-p", "w=2", "-n", "J = 3*w", "w", "--eps", "0.1", "--eps", "1"],
            "Every step gives the slope 3, as dJ/dw says.",
        ),
        (
            ["-p", "w=0", "-n", "J = relu(w)", "w", "--eps", "0.1", "--eps=-0.1"],
            "J has a corner at w = 0: its slope is 0 on the left and 1 on the right, so there is no one derivative. "
            "Backprop takes 0.",
        ),
        (
            ["-p", "w=0", "-n", "J = 3*abs(w)", "w"],
            "J has a corner at w = 0: its slope is -3 on the left and 3 on the right, so there is no one derivative. "
            "Backprop takes 0.",
        ),
        (
            [*LECTURE, "w1", "--eps", "0.5"],
            "J rose 8.25 times as much as w1: dJ/dw1 is 6, and a smaller step comes closer.",
        ),
        (
            [*LECTURE, "w1", "--eps", "1e-15"],
            "J rose 5.329070518 times as much as w1: dJ/dw1 is 6, and the step is so small that rounding shows; a "
            "larger one comes closer.",
        ),
        (
            ["-p", "w=0.0005", "-n", "J = relu(w)", "w", "--eps=-0.001"],
            "J fell 0.5 times as much as w: dJ/dw is 1, and a smaller step comes closer.",
        ),
        (["-p", "w=2", "-n", "J = w + 1", "w"], "J rose as much as w: about 1, as dJ/dw says."),
        (
            ["-p", "w=0", "-n", "J = where(w > 0, w*w + w, (w - 5)*w)", "w"],
            "J has a corner at w = 0: its slope is -5 on the left and 1 on the right, so there is no one derivative. "
            "Backprop takes -5.",
        ),
        (
            ["-p", "w=0", "-n", "J = sign(w)", "w"],
            "J jumps at w = 0: it is 1 lower just below it and 1 higher just above it, so there is no derivative "
            "there. Backprop takes 0.",
        ),
        (
            ["-p", "w=2", "-n", "J = floor(w)", "w", "--eps=-0.001"],
            "J jumps at w = 2: it is 1 lower just below it, so there is no derivative there. Backprop takes 0.",
        ),
        (
            ["-p", "w=0", "-n", "J = floor(w)", "w", "--eps", "0.1", "--eps", "0.01"],
            "J jumps at w = 0: it is 1 lower just below it, so there is no derivative there. Backprop takes 0.",
        ),
        (
            ["-p", "w=0", "-n", "J = sqrt(w)", "w"],
            "dJ/dw is Infinity: J is 0 at w = 0, and infinitely steep. The smaller the step, the larger the slope.",
        ),
        (
            ["-p", "w=709.7", "-n", "J = exp(w)", "w", "--eps", "0.2"],
            "J is Infinity after that step, so it shows no slope: take a smaller --eps, or one to the other side.",
        ),
        (
            [*LECTURE, "w1", "--of", "w1"],
            "w1 is what is nudged: it changes by just as much as it is moved, so dw1/dw1 is 1.",
        ),
        (
            ["-p", "w=0", "-n", "J = log(w)", "w"],
            "J is not a finite number here, so nothing can be said of its slope: see backprop run.",
        ),
    ],
)
def test_the_closing_sentence_tells_corners_and_rounding_from_steps(backprop, words, said):
    status, out, _ = backprop("nudge", *words)
    assert status == 0
    assert " ".join(out.split("\n\n")[-1].split()) == said
    assert max(map(len, out.splitlines())) <= 80


def test_arrays_that_have_no_room_are_told_entry_by_entry(tmp_path):
    from backpropcli.notation.numbers import Precision
    from backpropcli.report.nudge_table import entries_table

    network = bp.load(Path(__file__).parents[2] / "examples" / "mazur-layers.yaml")
    text = entries_table(network.nudge("W1", 1e-3, (0, 1)), "net.yaml", Precision(6)).text(80)
    assert max(map(len, text.splitlines())) <= 80
    assert "\n  t2[1]   0.624921   0.624928   6.61684e-6 " in text
    assert "t1[0]" not in text
    assert "3 entries that do not move are left out." in text
    wide = bp.loads("inputs: {x: 2}\nparameters: {w: [1,2,3,4,5,6,7,8,9,10]}\nnodes: {t: x*w, J: sum(t)}")
    assert "2 more entries: --full shows all." in entries_table(wide.nudge("x"), "n", Precision(6), False).text(80)


def test_nudge_csv(backprop):
    words = ("-p", "w=[1, 2]", "-n", "t = 4*w", "-n", "J = sum(t)", "w[1]", "--eps", "0.5")
    assert backprop("nudge", *words, "--format", "csv")[1].splitlines() == [
        "eps,name,index,before,after,slope,derivative",
        "0.5,t,0,4,4,0,0",
        "0.5,t,1,8,10,4,4",
        "0.5,J,,12,14,4,4",
    ]


def test_a_nudge_down_and_one_that_does_not_matter(backprop):
    assert "J fell 1.9995 times as much as y rose: about 2" in backprop("nudge", *LECTURE, "y")[1]
    assert "J rose 8.1 times" not in backprop("nudge", *LECTURE, "w1", "--eps=-0.1")[1]
    out = backprop("nudge", "-p", "w=-1", "-n", "J = relu(w)", "w")[1]
    assert "J did not move: dJ/dw is 0." in out


def test_nudge_json_reads_back(backprop):
    status, out, _ = backprop("nudge", *LECTURE, "w1", "--format", "json")
    found = json.loads(out)
    assert (status, found["format"], found["loss"]) == (0, "backprop.nudge/1", "J")
    assert found["nudges"][0]["nodes"][-1]["after"] == pytest.approx(2.0060045)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nudge", *LECTURE], "error: nudge takes one name\n  Such as  backprop nudge w1"),
        (["nudge", *LECTURE, "w1", "w2"], "error: nudge takes one name, and got 2: w1 w2"),
        (["nudge", *LECTURE, "w9"], "error: there is no w9 in this network. Did you mean w"),
        (["nudge", *LECTURE, "dJ/dw1"], "error: nudge dJ/dw1: a nudge moves a value, such as w1"),
        (["nudge", *LECTURE, "w1[0]"], "error: there is no w1[0]: w1 is one number"),
        (["nudge", *LECTURE, "w1", "--eps", "0,001"], "error: --eps 0,001: decimals are written with a point"),
        (["nudge", *LECTURE, "w1", "--eps", "0"], "error: a step of 0 changes nothing at 2"),
        (["nudge", *LECTURE, "w1", "--of", "q"], "error: lecture.yaml has no node q"),
        (["count", *LECTURE, "w1"], "error: count takes a file that ends in .yaml"),
    ],
)
def test_slips(backprop, words, message):
    status, out, err = backprop(*words)
    assert (status, out) == (2, "")
    assert err.startswith(message)


def test_count_prints_both_ways(backprop):
    status, out, _ = backprop("count", *LECTURE)
    assert status == 0
    assert out.startswith("lecture.yaml   N = 7 nodes, P = 4 parameters\n")
    assert "N × P = 28" in out
    assert "N + P = 11" in out
    assert out.endswith("With 1,000 times the nodes and parameters: 28,000,000 evaluations against\n11,000.\n")
    assert max(map(len, out.splitlines())) <= 80
    assert "nudging works out all 7 nodes again for each of 4 parameters." in out


def test_count_is_honest_where_there_is_little_to_gain(backprop):
    out = backprop("count", "-p", "w=3", "-n", "J = (2 + 3*w)**2")[1]
    assert "nudging works out the node once more." in out
    assert "With 1 parameter there is little to gain; it grows with their number." in " ".join(out.split())
    assert "1,000 times" not in out
    assert "no parameters, so there is nothing to nudge." in backprop("count", "-i", "x=3", "-n", "J = x**2")[1]


def test_nudging_is_really_timed_unless_it_takes_too_long(backprop):
    small = json.loads(backprop("count", *LECTURE, "--format", "json")[1])
    assert small["nudging"]["measured"] is True
    assert 1.5 * small["forward"]["seconds"] < small["nudging"]["seconds"]
    words = ("-i", "x=ones((200, 300))", "-p", "W=ones((300, 400))", "-n", "J = sum(x @ W)")
    large = json.loads(backprop("count", *words, "--format", "json")[1])
    assert large["nudging"]["measured"] is False
    assert "about" in backprop("count", *words)[1]


def test_count_json(backprop):
    found = json.loads(backprop("count", *LECTURE, "--format", "json")[1])
    assert (found["nudging"]["evaluations"], found["backpropagation"]["evaluations"]) == (28, 11)


def test_counting_needs_a_loss_that_is_one_number(backprop):
    status, out, err = backprop("count", "-p", "y=[1,2]", "-n", "f = y*2")
    assert (status, out) == (2, "")
    assert "f has shape (2,), and gradients need one number" in err


def test_count_counts_what_runs_through_time_every_time(backprop):
    words = ("-p", "w=2", "-p", "a=1", "-n", "h[0] = a", "-n", "h[t <= 50] = w * h[t-1] + 1", "-n", "J = sum(h)")
    status, out, _ = backprop("count", *words, "--format", "json")
    assert status == 0
    found = json.loads(out)
    assert (found["nodes"], found["parameters"]) == (52, 2)  # h[0] to h[50], and J
    assert found["forward"]["numbers"] == 2 * 50 + 1  # a product and a sum each time, and the sum over all rows
    assert found["nudging"]["evaluations"] == 2 * 52
