"""A dense network 784-256-128-10 with a batch of 1024, forward and backward, beside careful NumPy by hand."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

import backpropcli as bp
from tests.benchmarks.measure import Table, interleaved

SPEC = """
inputs: {x: {normal: [1024, 784], seed: 3}}
parameters:
  W1: {he: [784, 256], seed: 0}
  b1: {zeros: [256]}
  W2: {he: [256, 128], seed: 1}
  b2: {zeros: [128]}
  W3: {he: [128, 10], seed: 2}
  b3: {zeros: [10]}
targets: {y: {zeros: [1024, 10]}}
nodes:
  a1: relu(x @ W1 + b1)
  a2: relu(a1 @ W2 + b2)
  z3: a2 @ W3 + b3
  J: -mean(sum(y * log_softmax(z3, axis=1), axis=1))
"""
REPEATS = 15


def by_hand(v: dict[str, Any]) -> dict[str, Any]:
    """The same network as somebody writes it who cares: in place where that is safe, nothing computed twice."""
    x, y = v["x"], v["y"]
    a1 = x @ v["W1"]
    a1 += v["b1"]
    np.maximum(a1, 0, out=a1)
    a2 = a1 @ v["W2"]
    a2 += v["b2"]
    np.maximum(a2, 0, out=a2)
    z3 = a2 @ v["W3"]
    z3 += v["b3"]
    z3 -= z3.max(axis=1, keepdims=True)
    p = np.exp(z3)
    total = p.sum(axis=1, keepdims=True)
    J = -((y * (z3 - np.log(total))).sum(axis=1)).mean()
    p /= total
    d3 = p - y
    d3 /= len(x)
    d2 = d3 @ v["W3"].T
    d2 *= a2 > 0
    d1 = d2 @ v["W2"].T
    d1 *= a1 > 0
    return {
        "J": J,
        "W3": a2.T @ d3,
        "b3": d3.sum(axis=0),
        "W2": a1.T @ d2,
        "b2": d2.sum(axis=0),
        "W1": x.T @ d1,
        "b1": d1.sum(axis=0),
    }


def pytorch(v: dict[str, Any]) -> Any:
    """PyTorch on the same numbers, with as many threads as NumPy has."""
    import torch

    made = {k: torch.from_numpy(a).requires_grad_(k not in ("x", "y")) for k, a in v.items()}

    def task() -> None:
        for tensor in made.values():
            tensor.grad = None
        a1 = torch.relu(made["x"] @ made["W1"] + made["b1"])
        a2 = torch.relu(a1 @ made["W2"] + made["b2"])
        log_p = torch.log_softmax(a2 @ made["W3"] + made["b3"], dim=1)
        (-(made["y"] * log_p).sum(dim=1).mean()).backward()

    return task


def relative(ours: Any, theirs: Any) -> float:
    """The largest difference, relative to the largest entry."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def tables() -> list[Table]:
    network = bp.loads(SPEC)
    labels = np.eye(10)[np.arange(1024) % 10]
    rows: list[tuple[Any, ...]] = []
    for dtype in ("float64", "float32"):
        values = {k: np.asarray(a, dtype) for k, a in {**network.values, "y": labels}.items()}
        trace, hand = network.run(values=values, dtype=dtype), by_hand(values)
        worst = max(relative(trace.gradient(k), hand[k]) for k in network.parameters)
        tasks = {
            f"NumPy by hand, {dtype}": lambda values=values: by_hand(values),
            f"backprop, {dtype}": lambda values=values, dtype=dtype: network.run(values=values, dtype=dtype),
        }
        with suppress(ImportError):
            tasks[f"PyTorch, {dtype}"] = pytorch(values)
        times = interleaved(tasks, REPEATS)
        peer = times[f"NumPy by hand, {dtype}"]
        rows += [(name, 1000 * s, s / peer, worst if name.startswith("backprop") else "") for name, s in times.items()]
    heads = ("", "ms", "ratio", "largest relative difference")
    return [Table(f"784-256-128-10, batch 1024, forward and backward, median of {REPEATS}", heads, rows)]
