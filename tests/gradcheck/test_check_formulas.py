"""The check of networks with named formulas: a gradient derived by hand that is wrong is found, a right one passes."""

from __future__ import annotations

import json

import pytest

import backpropcli as bp

RIGHT_NORM = "(upstream - mean(upstream) - n * mean(upstream * n)) / s"
CASES = [
    ("layer_norm(x)", RIGHT_NORM, True),
    ("layer_norm(x)", "(upstream - mean(upstream)) / s", False),
    ("layer_norm(x)", "upstream / s", False),
    ("layer_norm(x)", "(upstream - mean(upstream) - n * mean(upstream * n)) / (s*s)", False),
    ("layer_norm(x)", "1.001 * " + RIGHT_NORM, False),
    ("mse_loss(x, [0, 1, 2, 3])", "2 * upstream * (x - [0, 1, 2, 3]) / 4", True),
    ("mse_loss(x, [0, 1, 2, 3])", "2 * upstream * (x - [0, 1, 2, 3])", False),
    ("F.cross_entropy(x, 2, label_smoothing=0.2)", "upstream * (softmax(x) - [0.05, 0.05, 0.85, 0.05])", True),
    ("F.cross_entropy(x, 2, label_smoothing=0.2)", "upstream * (softmax(x) - one_hot(2, 4))", False),
    ("normalize(x, dim=0)", "(upstream - x * sum(x * upstream) / sum(x * x)) / norm(x)", True),
    ("normalize(x, dim=0)", "upstream / norm(x)", False),
    ("huber_loss(x, [0, 0, 0, 0])", "upstream * clip(x, -1, 1) / 4", True),
    ("huber_loss(x, [0, 0, 0, 0])", "upstream * x / 4", False),
]


@pytest.mark.parametrize(("value", "gradient", "right"), CASES)
def test_gradients_by_hand(value: str, gradient: str, right: bool) -> None:
    where = {"d": "x - mean(x)", "s": "sqrt(var(x) + 1e-5)", "n": "d / s"}
    spec = {
        "functions": {"mine(x)": {"value": value, "where": where, "gradient": {"x": gradient}}},
        "parameters": {"w": [0.3, -1.2, 2.1, 0.4]},
        "nodes": {"z": "w * [1, 2, 0.5, -1]", "y": "mine(z)", "J": "sum(y * [1, -2, 3, 0.5])"},
    }
    report = bp.loads(json.dumps(spec)).check()
    assert report.verdict == ("pass" if right else "fail")
    if not right:
        assert report.culprit is not None
        assert report.culprit.operation == "mine"


BLOCK = """
parameters:
  x: {normal: [5, 4], seed: 1}
  Wq: {xavier: [4, 4], seed: 2}
  Wk: {xavier: [4, 4], seed: 3}
  Wv: {xavier: [4, 4], seed: 4}
  g: [1, 1.5, 0.5, 2]
inputs: {ids: [0, 2, 2, 4, 1]}
nodes:
  e: embedding(ids, x) + positional_encoding(5, 4)
  y: layer_norm(e, weight=g)
  a: e + dropout(attention(y @ Wq, y @ Wk, y @ Wv, heads=2, causal=True), 0.3)
  J: mean(F.cross_entropy(a, ids % 4, reduction='none'))
"""


def test_a_block_passes_in_every_component() -> None:
    report = bp.loads(BLOCK).check()
    assert report.verdict == "pass"
    assert len(report.rows) == 72


@pytest.mark.parametrize("wrong", ["Wq", "g", "x"])
def test_a_wrong_external_gradient_is_found(wrong: str) -> None:
    net = bp.loads(BLOCK)
    trace = net.run()
    found = {name: trace.gradient(name).copy() for name in net.parameters}
    assert net.check_gradients(found).verdict == "pass"
    found[wrong] = found[wrong] * 1.01
    assert net.check_gradients(found).verdict == "fail"
