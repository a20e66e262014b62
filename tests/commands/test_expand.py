"""`--expand`: a formula of many operations is told step by step, wherever a network is told."""

from __future__ import annotations

import json
from math import prod

import pytest

import backpropcli as bp
from backpropcli.app import main

NEURON = ["-p", "w=2", "-p", "b=1", "-n", "o = tanh(w*3 + b)"]


@pytest.mark.slow
@pytest.mark.parametrize("command", [["run", "--steps"], ["explain"], ["derive"], ["quiz"]])
def test_every_step_is_told(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert main([*command, *NEURON, "--expand"]) in (0, 2)
    expanded = capsys.readouterr().out
    assert main([*command, *NEURON]) in (0, 2)
    whole = capsys.readouterr().out
    assert "o.2" in expanded
    assert "o.2" not in whole


def test_steps_and_their_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--steps", "--expand", *NEURON]) == 0
    said = capsys.readouterr().out
    for words in ("o.1 = w · 3", "o.2 = o.1 + b", "= tanh(o.2)", "do/do.2 = do/do", "do/dw   = do/do.1 · 3"):
        assert words in said


def test_explain_names_each_step_on_the_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "w", "--expand", "--format", "json", *NEURON]) == 0
    (told,) = json.loads(capsys.readouterr().out)["gradients"]
    (path,) = told["paths"]
    assert path["names"] == ["w", "o.1", "o.2", "o"]
    assert [(step["of"], step["by"], step["formula"]) for step in path["steps"]] == [
        ("o", "o.2", "1 - o²"),
        ("o.2", "o.1", "1"),
        ("o.1", "w", "3"),
    ]
    assert path["product"] == pytest.approx(told["value"])


@pytest.mark.parametrize(
    "formula", ["sum((x*w - 2)**2)/2", "mean(log(softmax(x*w)))", "sum(maximum(x*w, w**2))", "w*w*w + sum(x)*w"]
)
def test_paths_and_walks_of_steps_come_to_the_gradient(formula: str) -> None:
    network = bp.loads(f"inputs: {{x: [1, 2]}}\nparameters: {{w: 3}}\nnodes: {{J: '{formula}'}}")
    told, whole = network.explain("w", expand=True), network.explain("w")
    assert told.value == whole.value
    if told.paths:
        assert sum(prod(link.value for link in path) for path in told.paths) == pytest.approx(told.value)
    "".join(map(str, told.sections()))


def test_the_quiz_asks_for_every_step() -> None:
    network = bp.loads("parameters: {w: 2}\nnodes: {o: '(w*3 - 4)**2'}")
    assert [q.name for q in network.quiz(expand=True)] == ["o.1", "o.2", "o", "do/do", "do/do.2", "do/do.1", "do/dw"]
    assert [q.name for q in network.quiz()] == ["o", "do/do", "do/dw"]
    assert all(q.mark(str(q.answer)).right for q in network.quiz(expand=True))
