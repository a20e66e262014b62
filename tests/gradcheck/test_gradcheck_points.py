"""Further points: rules that are wrong only elsewhere; what is drawn, what is said, and what is no mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backpropcli.api import loads
from backpropcli.app import main
from backpropcli.gradcheck.network.points import drawn, whole

BRANCH = """
inputs: {x: 0.5}
parameters: {w: 1, b: 0.2}
functions:
  th(z): {value: tanh(z), gradient: {z: "%s*(1 - tanh(z)**2)"}}
nodes: {h: th(w*x + b), J: (h - 1)**2}
"""
WRONG = BRANCH % "where(z > 2, 0.5, 1)"


def test_a_rule_that_is_wrong_elsewhere_is_found_there() -> None:
    assert loads(WRONG).check().verdict == "pass"
    found = loads(WRONG).check(points=20)
    assert (found.verdict, found.status) == ("fail", 1)
    assert [(row.verdict, row.reason) for row in found.rows] == [("fail", "elsewhere")] * 2
    assert found.points is not None
    assert found.points.wrong
    for at in found.points.wrong:
        assert at.values["w"] * 0.5 + at.values["b"] > 2.0
        assert at.report.culprit is not None
        assert at.report.culprit.operation == "th"
    assert found.culprit is not None
    assert found.culprit.place is not None


def test_a_right_rule_passes_at_every_point() -> None:
    found = loads(BRANCH % "1").check(points=40)
    assert found.verdict == "pass"
    assert found.points is not None
    assert (len(found.points.found), found.points.skipped, found.points.wrong) == (40, 0, [])


def test_points_follow_from_the_seed() -> None:
    one, same, other = (loads(WRONG).check(points=3, seed=seed).points for seed in (1, 1, 2))
    assert one is not None
    assert same is not None
    assert other is not None
    assert [at.values for at in one.found] == [at.values for at in same.found]
    assert [at.values for at in one.found] != [at.values for at in other.found]
    more = loads(WRONG).check(points=5, seed=1).points
    assert more is not None
    assert [at.values for at in more.found[:3]] == [at.values for at in one.found]


def test_parameters_spread_as_far_as_they_are_large() -> None:
    values: dict[str, Any] = {"w": np.full(4000, 1e-3), "zero": np.zeros(4000), "x": 7.0}
    there = drawn(values, ["w", "zero"], 2, 0, lambda v: True)
    assert there is not None
    assert there["x"] == 7.0
    assert np.std(there["w"]) == pytest.approx(1e-3, rel=0.1)
    assert np.std(there["zero"]) == pytest.approx(1.0, rel=0.1)
    wide = drawn(values, ["w"], 1, 0, lambda v: True)
    assert wide is not None
    assert np.std(wide["w"]) == pytest.approx(3e-3, rel=0.1)


def test_a_point_without_a_finite_loss_is_drawn_again_nearer() -> None:
    found = loads("parameters: {w: 0.5}\nnodes: {J: log(w)*sqrt(w)}").check(points=30)
    assert found.verdict == "pass"
    assert found.points is not None
    assert all(at.values["w"] > 0.0 for at in found.points.found)
    assert drawn({"w": 1.0}, ["w"], 1, 0, lambda v: False) is None


def test_whole_numbers_among_data_stay() -> None:
    assert whole(np.array([0, 1, 2.0]))
    assert not whole(0.5)
    text = "inputs: {x: [0.5, 0.1], k: [1, 0]}\nparameters: {w: [1, 2]}\nnodes: {J: sum(x*w*k)}"
    found = loads(text).check(points=2, everything=True).points
    assert found is not None
    assert found.moved == ("w", "x")
    plain = loads(text).check(points=2).points
    assert plain is not None
    assert plain.moved == ("w",)


def test_what_floats_lose_elsewhere_is_no_mistake() -> None:
    found = loads("parameters: {w: 1}\nnodes: {J: (1 - cos(w/1000))/(w/1000)**2}").check(points=10)
    assert found.points is not None
    assert not found.points.wrong
    assert not any(row.reason == "elsewhere" for row in found.rows)


def told(path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    path.write_text(WRONG)
    status = main(["check", str(path), *words])
    return status, capsys.readouterr().out


def test_the_report_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = told(tmp_path / "n.yaml", capsys, "--points", "20")
    assert status == 1
    assert "wrong at 2 of 20 further points" in out
    assert "Point 1 (w = " in out
    assert "--points 20" in " ".join(out.split())
    status, out = told(tmp_path / "n.yaml", capsys, "--points", "20", "--format", "json")
    found = json.loads(out)
    assert (status, found["verdict"], found["points"]["checked"]) == (1, "fail", 20)
    (first, _) = found["points"]["wrong"]
    assert (first["point"], first["culprit"]["operation"]) == (1, "th")
    assert set(first["values"]) == {"w", "b"}
    assert {row["reason"] for row in found["parameters"]} == {"elsewhere"}
    for form in ("junit", "github", "csv"):
        assert "elsewhere" in told(tmp_path / "n.yaml", capsys, "--points", "20", "--format", form)[1] or form != "csv"
        assert told(tmp_path / "n.yaml", capsys, "--points", "20", "--format", form)[0] == 1


@pytest.mark.parametrize("words", [("--sweep",), ("--gradients", "g.json"), ("--program", "x")])
@pytest.mark.parametrize("option", [("--points", "3"), ("--dtype", "float32")])
def test_options_that_have_no_meaning_together(
    words: tuple[str, ...], option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--example", "lecture", *words, *option]) == 2
    assert "together" in capsys.readouterr().err


def test_single_precision_is_judged_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--example", "mazur", "--dtype", "float32", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["parameters"]
    assert all(np.float32(row["backprop"]) == row["backprop"] for row in found)
    assert main(["check", "--example", "mazur", "--dtype", "float16"]) == 2


@pytest.mark.parametrize(
    ("given", "node"),
    [
        ("p=0.9999", "J = -log1p(-p)"),
        ("p=0.99999", "J = 1/(1 - p)**2"),
        ("p=[0.99999, 0.1]", "J = sum(log(1 - p))"),
        ("p=3.1415926", "J = log(sin(p/2) - 0.5)*1e3 + tan(p/2)"),
        ("p=1.0001", "J = sqrt(p - 1)"),
    ],
)
def test_single_precision_is_judged_at_the_parameters_that_it_holds(given: str, node: str) -> None:
    network = loads(f"parameters: {{{given.replace('=', ': ')}}}\nnodes: {{{node.replace(' = ', ': ', 1)}}}")
    assert network.check(dtype="float32").verdict == "pass"


def test_what_single_precision_loses_is_said_of_single_precision(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("check", "-p", "z=12", "-n", "J = -log(1 - 1/(1 + exp(-z)))", "--dtype", "float32")
    assert main([*words]) == 1
    assert "1 of 1 gradients is lost in float32" in capsys.readouterr().out
    assert main([*words, "--format", "github"]) == 1
    assert "lost in float32" in capsys.readouterr().out


def test_a_straight_through_estimator_is_judged_as_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    node = "J = (x + stop_gradient(round(x) - x))**2"
    assert main(["check", "-p", "x=1.3", "-n", node]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Stopped on purpose: what stands in stop_gradient in J is held" in out
    assert main(["check", "-p", "x=1.3", "-n", node, "--format", "json"]) == 0
    (note,) = json.loads(capsys.readouterr().out)["notes"]
    assert note.startswith("Stopped on purpose")
    rule = "functions:\n  g(z): {value: z**2, gradient: {z: z}}\n"
    text = "parameters: {x: 1.3, v: 2}\n" + rule + "nodes: {s: stop_gradient(v), J: g(x)*s}"
    assert loads(text).check().verdict == "fail"
    assert loads(text.replace("z: z}", "z: 2*z}")).check().verdict == "pass"
    assert not loads("parameters: {x: 1.3}\nnodes: {J: x**2}").check().notes


@pytest.mark.parametrize(
    "loss",
    [
        "cross_entropy(z, y)",
        "mean(softmax_cross_entropy(z, one_hot(y, 3)))",
        "-mean(log(softmax(z))[arange(2), y])",
        "-mean(log(softmax(z))[arange(2), y + 0])",
        "sum(one_hot(y, 3) @ W.T) + sum(z)",
    ],
)
@pytest.mark.parametrize("how", [{}, {"points": 3}])
def test_labels_are_right_to_have_no_gradient(loss: str, how: dict[str, int]) -> None:
    text = "inputs: {x: [[1, 2], [3, 4]]}\ntargets: {y: [1, 0]}\nparameters: {W: [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]}\n"
    report = loads(text + f'nodes: {{z: x @ W, J: "{loss}"}}').check(everything=True, **how)
    assert report.verdict == "pass"
    assert "unsure" not in {row.verdict for row in report.rows}


def test_labels_that_are_also_numbers_are_judged_as_numbers() -> None:
    text = "inputs: {z: [[1, 2], [3, 5]]}\nparameters: {y: [1, 0]}\n"
    text += "functions: {f(y): {value: y**2, gradient: {y: y}}}\n"
    report = loads(text + 'nodes: {J: "cross_entropy(z, y) + sum(f(y))"}').check()
    assert report.verdict != "pass"
