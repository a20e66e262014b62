"""N examples that broadcasting makes N × N numbers of: noted where it hardly was meant, and not where it was."""

import json

import pytest

import backpropcli as bp
from backpropcli.app import main

DATA = """
inputs: {x: [1, 2, 3], X: [[1, 2], [3, 4], [5, 6]], one: [[7]]}
targets: {y: [[1], [2], [3]], t: [1, 0, 1]}
parameters: {b: 0.5, W: [[0.5], [1.0]], w: [0.5, 1.0], mu: [0, 1, 2]}
"""


def notes(formula, **nodes):
    lines = "".join(f"  {name}: {text}\n" for name, text in {**nodes, "L": formula}.items())
    return list(bp.loads(f"{DATA}nodes:\n{lines}loss: L\n").notes)


@pytest.mark.parametrize(
    ("formula", "nodes", "note"),
    [
        (
            "mean((z - y)**2)",
            {"z": "x + b"},
            "z (3,) with y (3,1) makes (3,3), 9 numbers for 3 examples. Did you mean y[:, 0]?",
        ),
        (
            "mean((X @ W - t)**2)",
            {},
            "t (3,) with X @ W (3,1) makes (3,3), 9 numbers for 3 examples. Did you mean (X @ W)[:, 0]?",
        ),
        (
            "-mean(t*log(p) + (1 - t)*log(1 - p))",
            {"p": "sigmoid(X @ W)"},
            "t (3,) with p (3,1) makes (3,3), 9 numbers for 3 examples. Did you mean p[:, 0]?",
        ),
        (
            "mean(abs(X[:, :2] @ w - y))",
            {},
            "X[:, :2] @ w (3,) with y (3,1) makes (3,3), 9 numbers for 3 examples. Did you mean y[:, 0]?",
        ),
        ("mean(maximum(x, y))", {}, "x (3,) with y (3,1) makes (3,3), 9 numbers for 3 examples. Did you mean y[:, 0]?"),
        (
            "mean((x - X[:, 1:])**2)",
            {},
            "x (3,) with X[:, 1:] (3,1) makes (3,3), 9 numbers for 3 examples. Did you mean X[:, 1:][:, 0]?",
        ),
    ],
)
def test_hardly_meant(formula, nodes, note):
    assert notes(formula, **nodes) == [note]


@pytest.mark.parametrize(
    ("formula", "nodes"),
    [
        ("sum((x[:, None] - x)**2)", {}),
        ("sum((d - x)**2)", {"d": "x.reshape(-1, 1) * 2"}),
        ("sum(expand_dims(x, 1) * x)", {}),
        ("sum(y == arange(3))", {}),
        ("mean((X @ W - y)**2)", {}),
        ("sum(one + x)", {}),
        ("mean((X @ w - t)**2)", {}),
        ("sum(X - mean(X, axis=1, keepdims=True))", {}),
        ("sum(X * w + b)", {}),
        ("sum(outer(x, y))", {}),
        ("sum(exp(-(y - mu)**2))", {}),
    ],
)
def test_meant(formula, nodes):
    assert notes(formula, **nodes) == []


def test_run_and_check_say_it_on_stderr_and_json_has_it(capsys):
    words = ("-i", "x=[1,2]", "-t", "y=[[1],[2]]", "-p", "b=0.5", "-n", "z = x + b", "-n", "L = mean((z - y)**2)")
    note = "z (2,) with y (2,1) makes (2,2), 4 numbers for 2 examples. Did you mean y[:, 0]?"
    for command in ("run", "check"):
        assert main([command, *words]) == 0
        captured = capsys.readouterr()
        assert captured.err.startswith(f"note: {note}\n")
        assert note not in captured.out
    assert main(["check", *words, "--format", "json", "-q"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["notes"] == [note]
    assert captured.err == ""
