"""Deep saturated networks against 50 digits: sigmoid and tanh stay exact where 1 - y**2 has lost every digit."""

from __future__ import annotations

import json
from typing import Any

import mpmath
import numpy as np
import pytest

import backpropcli as bp

mp = mpmath.mp.clone()
mp.dps = 50


def slope(activation: str, z: Any) -> Any:
    """The derivative in a form that nothing cancels in."""
    if activation == "tanh":
        return 1 / mp.cosh(z) ** 2
    return 1 / (mp.exp(z) + 2 + mp.exp(-z))


def value(activation: str, z: Any) -> Any:
    return mp.tanh(z) if activation == "tanh" else 1 / (1 + mp.exp(-z))


def by_hand(activation: str, x: list[float], y: list[float], weights: list[Any], biases: list[Any]) -> Any:
    """dJ/dW and dJ/db of every layer, for J = sum((a - y)²)/2, written out from the textbook at 50 digits."""
    a = [mp.mpf(v) for v in x]
    inputs, sums = [], []
    for W, b in zip(weights, biases, strict=True):
        inputs.append(a)
        z = [mp.fsum(a[i] * mp.mpf(W[i][j]) for i in range(len(a))) + mp.mpf(b[j]) for j in range(len(b))]
        sums.append(z)
        a = [value(activation, v) for v in z]
    J = mp.fsum((v - mp.mpf(t)) ** 2 for v, t in zip(a, y, strict=True)) / 2
    upstream = [v - mp.mpf(t) for v, t in zip(a, y, strict=True)]
    dW, db = [], []
    for W, before, z in zip(reversed(weights), reversed(inputs), reversed(sums), strict=True):
        delta = [g * slope(activation, v) for g, v in zip(upstream, z, strict=True)]
        db.insert(0, delta)
        dW.insert(0, [[v * d for d in delta] for v in before])
        upstream = [mp.fsum(mp.mpf(W[i][j]) * delta[j] for j in range(len(delta))) for i in range(len(before))]
    return J, dW, db


def relative(ours: Any, right: Any) -> float:
    """The largest relative error, entry by entry."""
    pairs = zip(np.ravel(np.asarray(ours)), np.ravel(np.asarray(right, dtype=object)), strict=True)
    return max(float(abs((mp.mpf(float(a)) - b) / b)) if b else abs(float(a)) for a, b in pairs)


def network(seed: int, depth: int, width: int, spread: float) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, spread, (width, width)).round(4).tolist() for _ in range(depth)]
    biases = [rng.normal(0, 1, width).round(4).tolist() for _ in range(depth)]
    return rng.normal(size=width).round(4).tolist(), rng.uniform(0, 1, width).round(4).tolist(), weights, biases


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize(("depth", "spread"), [(8, 2.0), (8, 8.0), (14, 4.0), (20, 3.0), (20, 6.0)])
def test_layers(activation: str, depth: int, spread: float) -> None:
    x, y, weights, biases = network(depth, depth, 3, spread)
    J, dW, db = by_hand(activation, x, y, weights, biases)
    layers = [
        {"dense": {"units": 3, "activation": activation, "W": W, "b": b}} for W, b in zip(weights, biases, strict=True)
    ]
    document = {"inputs": {"x": x}, "targets": {"y": y}, "layers": layers, "loss": "squared_error"}
    trace = bp.loads(json.dumps(document)).run()
    assert relative(trace.value("J"), J) < 1e-12
    smallest = min(abs(v) for rows in db for v in rows)
    assert smallest > 1e-290, "choose another spread: float64 itself ends here"
    for k in range(depth):
        assert relative(trace.gradient(f"b{k + 1}"), db[k]) < 1e-10, k
        assert relative(trace.gradient(f"W{k + 1}"), dW[k]) < 1e-10, k


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize(("depth", "weight"), [(8, 12.0), (12, 6.5), (20, 9.25), (20, -7.0)])
def test_chains_of_plain_numbers(activation: str, depth: int, weight: float) -> None:
    rng = np.random.default_rng(depth)
    weights = [[[round(float(weight * rng.uniform(0.7, 1.3)), 4)]] for _ in range(depth)]
    biases = [[round(float(rng.normal()), 4)] for _ in range(depth)]
    J, dW, db = by_hand(activation, [1.5], [0.25], weights, biases)
    nodes, parameters, last = {}, {}, "x"
    for k in range(depth):
        parameters |= {f"w{k}": weights[k][0][0], f"b{k}": biases[k][0]}
        nodes[f"a{k}"] = f"{activation}(w{k}*{last} + b{k})"
        last = f"a{k}"
    nodes["J"] = f"({last} - 0.25)**2 / 2"
    trace = bp.loads(json.dumps({"inputs": {"x": 1.5}, "parameters": parameters, "nodes": nodes})).run()
    assert relative(trace.value("J"), J) < 1e-12
    for k in range(depth):
        assert relative(trace.gradient(f"w{k}"), dW[k]) < 1e-10
        assert relative(trace.gradient(f"b{k}"), db[k]) < 1e-10


@pytest.mark.parametrize("z", [20.0, 37.5, 80.0, 300.0, 700.0, -20.0, -300.0, -700.0])
def test_one_saturated_unit(z: float) -> None:
    for activation in ("sigmoid", "tanh"):
        trace = bp.loads(f"parameters: {{z: {z!r}}}\nnodes: {{J: {activation}(z)}}").run()
        right = slope(activation, mp.mpf(z))
        if right > mp.mpf("1e-300"):
            assert relative(trace.gradient("z"), right) < 1e-13
        else:
            assert trace.gradient("z") == pytest.approx(float(right), abs=1e-300)


@pytest.mark.parametrize("shift", [0.0, 300.0, 1e4, -1e4])
def test_softmax_cross_entropy_far_out(shift: float) -> None:
    """log-sum-exp, softmax and cross-entropy by name, where exp alone would be inf or 0."""
    logits = [1.0 + shift, -2.5 + shift, 40.0 + shift]
    total = mp.fsum(mp.exp(mp.mpf(v) - mp.mpf(logits[2])) for v in logits)
    p = [mp.exp(mp.mpf(v) - mp.mpf(logits[2])) / total for v in logits]
    trace = bp.loads(f"parameters: {{z: {logits}}}\nnodes:\n  J: logsumexp(z) - z[0]").run()
    right = [p[0] - 1, p[1], p[2]]
    assert relative(trace.gradient("z"), right) < 1e-10
    trace = bp.loads(f"parameters: {{z: {logits}}}\nnodes:\n  s: softmax(z)\n  J: s[1]").run()
    assert relative(trace.value("s"), p) < 1e-12
    assert relative(trace.gradient("z"), [-p[0] * p[1], p[1] * (1 - p[1]), -p[1] * p[2]]) < 1e-10
