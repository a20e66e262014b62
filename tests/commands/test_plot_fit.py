"""`backprop plot --fit`: curves through examples, and lines between classes, where the numbers say they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import backpropcli as bp
from backpropcli.app import main

CURVE = """
inputs: {x: [0, 1, 2, 3]}
targets: {y: [1, 3, 5, 7]}
parameters: {w: 2, b: 1}
nodes: {z: w * x + b, J: mean((z - y)**2)}
"""
LOGISTIC = """
inputs: {x: [[0, 0], [1, 0], [0, 1], [1, 1]]}
targets: {y: [[0], [0], [1], [1]]}
parameters: {W: [[0], [4]], b: -1}
nodes: {z: x @ W + b, a: sigmoid(z), J: "binary_cross_entropy(a, y)"}
"""
SOFTMAX = """
inputs: {x: [[0, 0], [1, 0], [0, 1]]}
targets: {y: [0, 1, 2]}
parameters: {W: [[0, 2, 0], [0, 0, 2]], b: [1, 0, 0]}
nodes: {z: x @ W + b, J: "cross_entropy(z, y)"}
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    return lambda text: (tmp_path / "net.yaml").write_text(text, encoding="utf-8")


def fit(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main(["plot", "--fit", *words, "--format", "json", "-q"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_fit_is_shown_as_it_is_or_once_it_is_trained(net, capsys) -> None:
    net(CURVE.replace("w: 2, b: 1", "w: 0, b: 0") + "train: {lr: 0.05, updates: 300}\n")
    whole, once = bp.load("net.yaml").train().parameters, bp.load("net.yaml").train(updates=1).parameters
    for words, p in (((), {"w": 0, "b": 0}), (("--training",), whole), (("--updates", "1"), once)):
        _, curve = fit(capsys, *words)["series"]
        assert all(y == pytest.approx(p["w"] * x + p["b"]) for x, y in zip(curve["x"], curve["y"], strict=True))


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["plot", "--fit", *words, "-q"]) == 2
    return capsys.readouterr().err


def test_one_feature_is_a_curve_through_the_examples(net, capsys) -> None:
    net(CURVE)
    found = fit(capsys)
    points, curve = found["series"]
    assert (points["kind"], points["x"], points["y"]) == ("points", [0, 1, 2, 3], [1, 3, 5, 7])
    assert len(curve["x"]) == 241
    assert min(curve["x"]) < 0 < 3 < max(curve["x"])
    assert all(y == pytest.approx(2 * x + 1) for x, y in zip(curve["x"], curve["y"], strict=True))
    assert found["headline"] == "z over x"
    assert found["x"]["label"] == "x"


def test_the_curve_is_of_the_network_as_it_is(net, capsys) -> None:
    net(CURVE)
    _, curve = fit(capsys, "-p", "w=-1")["series"]
    assert all(y == pytest.approx(1 - x) for x, y in zip(curve["x"], curve["y"], strict=True))


def test_two_features_have_the_line_where_the_answer_is_one_half(net, capsys) -> None:
    net(LOGISTIC)
    found = fit(capsys)
    assert found["headline"] == "a over x[0] and x[1]: 4 of 4 examples on the right side"
    zeros, ones, line = found["series"]
    assert (zeros["label"], zeros["x"], zeros["y"]) == ("y = 0", [0, 1], [0, 0])
    assert (ones["label"], ones["x"], ones["y"]) == ("y = 1", [0, 1], [1, 1])
    assert line["label"] == "the decision boundary: a = 0.5"
    for y, row in zip(line["y"], line["z"], strict=True):
        assert all((height > 0) == (4 * y - 1 > 0) for height in row), "across x[1] = 1/4"


def test_a_logit_is_divided_at_zero_which_is_the_same_line(net, capsys) -> None:
    net(LOGISTIC)
    line = fit(capsys, "z")["series"][-1]
    assert line["label"] == "the decision boundary: z = 0"
    assert line["z"][0] == pytest.approx([4 * line["y"][0] - 1] * len(line["x"]))


def test_of_several_classes_the_largest_number_decides(net, capsys) -> None:
    net(SOFTMAX)
    found = fit(capsys)
    assert "3 of 3 examples on the right side" in found["headline"]
    assert "which of z is largest" in found["series"][3]["label"]
    lines = found["series"][3:]
    assert len(lines) == 3
    for row, y in list(enumerate(lines[0]["y"]))[::7]:
        for column, x in list(enumerate(lines[0]["x"]))[::7]:
            largest = max((1, 2 * x, 2 * y))
            for k, own in enumerate((1, 2 * x, 2 * y)):
                assert (lines[k]["z"][row][column] >= 0) == (own == largest)


def test_the_lines_between_three_classes_meet_in_a_point(net, capsys) -> None:
    net(SOFTMAX)
    assert main(["plot", "--fit", "-q"]) == 0
    rows = [line.partition("│")[2] or line.partition("┤")[2] for line in capsys.readouterr().out.splitlines()[3:22]]
    drawn = [[k for k, sign in enumerate(row) if "\u2801" <= sign <= "\u28ff"] for row in rows]
    upright = [k for row in drawn[12:-1] for k in row]  # below: the line x[0] = 1/2
    assert upright
    assert max(upright) - min(upright) <= 1
    assert drawn[0]
    assert min(drawn[0]) > max(upright), "above: the line on which both are equal goes up to the right"


def test_one_hot_rows_are_classes_too(net, capsys) -> None:
    net(
        SOFTMAX.replace("[0, 1, 2]", "[[1, 0, 0], [0, 1, 0], [0, 1, 0]]").replace(
            "cross_entropy(z, y)", "sum((z - y)**2)"
        )
    )
    assert "2 of 3 examples on the right side" in fit(capsys)["headline"]


def test_a_measured_target_over_two_features_has_lines_of_equal_height(net, capsys) -> None:
    net("inputs: {u: 1, v: 2}\ntargets: {y: 2.5}\nparameters: {w: 3}\nnodes: {z: w * u * v, J: (z - y)**2}\n")
    found = fit(capsys)
    heights = found["series"][-1]
    assert heights["label"] == "lines of equal z, its value on them"
    assert heights["z"][3][5] == pytest.approx(3 * heights["x"][5] * heights["y"][3])
    assert (found["x"]["label"], found["y"]["label"]) == ("u", "v")


def test_the_picture_in_the_terminal(net, capsys) -> None:
    net(LOGISTIC)
    assert main(["plot", "--fit", "-q"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [k for k, line in enumerate(lines) if "⠤⠤⠤⠤⠤⠤" in line or "⠒⠒⠒⠒⠒⠒" in line or "⣀⣀⣀⣀⣀⣀" in line]
    ones = next(k for k, line in enumerate(lines) if "●" in line)
    zeros = max(k for k, line in enumerate(lines) if "○" in line and "┤" in line)
    assert len(rows) == 1
    assert (zeros - rows[0]) / (zeros - ones) == pytest.approx(1 / 4, abs=0.08)


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        (CURVE, ("J",), "J depends on a target, and is no answer to new inputs\n  Name a node before it, such as z"),
        (CURVE, ("w",), "w is no node, and fits nothing"),
        (CURVE, ("q",), "net.yaml has no node q"),
        (CURVE, ("z", "J"), "a fit is of one node, and got 2: z J"),
        (CURVE, ("--from", "1"), "--from has no place in the plot of a fit"),
        (CURVE, ("--of", "J"), "--of has no place in the plot of a fit"),
        (CURVE, ("--updates", "3"), "the learning rate of gradient_descent is not said"),
        (CURVE, ("--scale", "log"), "--scale has no place in the plot of a fit"),
        ("parameters: {w: 1}\nnodes: {z: w, J: z**2}\n", ("z",), "z depends on no input"),
        ("parameters: {w: 1}\nnodes: {z: w, J: z**2}\n", (), "which node is the network's answer?"),
        (CURVE.replace("w * x", "w * x / sum(x)"), (), "z of one example depends on the others"),
        (
            "inputs: {x: [[1, 2, 3]]}\ntargets: {y: [1]}\nparameters: {w: [1, 1, 1]}\n"
            "nodes: {z: x @ w, J: sum((z - y)**2)}\n",
            (),
            "a fit is shown over one feature or two, and z has 3",
        ),
        (
            SOFTMAX.replace("y: [0, 1, 2]", "y: [0.5, 1.5, 2.5]").replace("cross_entropy(z, y)", "sum(z.T - y)"),
            (),
            "3 numbers",
        ),
    ],
)
def test_what_is_no_fit_is_said(net, capsys, text: str, words: tuple[str, ...], message: str) -> None:
    net(text)
    assert message in refused(capsys, *words)


def test_a_column_an_example_is_understood(net, capsys) -> None:
    """As in Andrew Ng's course: X has a column an example, and so has the answer."""
    net(
        "inputs: {X: [[0, 1, 0, 1], [0, 0, 1, 1]]}\ntargets: {Y: [[0, 0, 1, 1]]}\nparameters: {W: [[0, 4]], b: -1}\n"
        "nodes: {Z: W @ X + b, A: sigmoid(Z), J: mean((A - Y)**2)}\n"
    )
    found = fit(capsys)
    assert found["headline"] == "A over X[0] and X[1]: 4 of 4 examples on the right side"
    line = found["series"][-1]
    for y, row in zip(line["y"], line["z"], strict=True):
        assert all((height > 0) == (4 * y - 1 > 0) for height in row)
    assert (found["series"][0]["x"], found["series"][0]["y"]) == ([0, 1], [0, 0])


def test_one_example_that_is_a_row_of_two_features(net, capsys) -> None:
    net(
        "inputs: {x: [1, 2]}\ntargets: {y: [3, 5]}\nparameters: {W: [[1, 2], [3, 4]]}\n"
        "nodes: {z: x @ W, J: sum((z - y)**2)}\n"
    )
    assert "z has 2 numbers for each example" in refused(capsys)
    net("inputs: {x: [1, 2]}\ntargets: {y: 3}\nparameters: {w: [1, 2]}\nnodes: {z: x @ w, J: (z - y)**2}\n")
    heights = fit(capsys)["series"][-1]
    assert heights["z"][3][5] == pytest.approx(heights["x"][5] + 2 * heights["y"][3])
