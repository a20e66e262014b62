"""The gradient check: every node of a scalar graph, and every weight of dense networks, beside PyTorch's gradcheck."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import numpy as np

import backpropcli as bp
from tests.benchmarks import scalar_network
from tests.benchmarks.measure import Table, interleaved

NODES = 10_000
PLACES = 6
"""Where each component's loss is looked at, if once is enough: x ± h for three steps h."""
DENSE = """
inputs: {x: {normal: [32, 64], seed: 3}}
parameters:
  W1: {xavier: [64, 100], seed: 0}
  b1: {zeros: [100]}
  W2: {xavier: [100, 32], seed: 1}
  b2: {zeros: [32]}
  W3: {xavier: [32, 10], seed: 2}
  b3: {zeros: [10]}
targets: {y: {zeros: [32, 10]}}
nodes:
  a1: tanh(x @ W1 + b1)
  a2: tanh(a1 @ W2 + b2)
  z3: a2 @ W3 + b3
  J: mean(softmax_cross_entropy(z3, y))
"""
LARGE = """
inputs: {x: {normal: [32, 784], seed: 3}}
parameters:
  W1: {he: [784, 256], seed: 0}
  b1: {zeros: [256]}
  W2: {he: [256, 128], seed: 1}
  b2: {zeros: [128]}
  W3: {he: [128, 10], seed: 2}
  b3: {zeros: [10]}
targets: {y: {normal: [32, 10], seed: 4}}
functions:
  act(z): {value: "maximum(0, z)", gradient: {z: "where(z > 0, SLOPE, 0)"}}
nodes:
  a1: act(x @ W1 + b1)
  a2: act(a1 @ W2 + b2)
  z3: a2 @ W3 + b3
  J: mean((z3 - y)**2)
"""


def chain(nodes: int) -> str:
    """A deep, narrow network in which no gradient vanishes: every node is downstream of all before it."""
    formulas, last = {}, "w"
    kinds = ("{} * u", "{} - v", "relu({})", "{} / u", "{} + v", "sin({})", "arcsin({})")
    for k in range(nodes - 1):
        formulas[f"n{k}"] = kinds[k % len(kinds)].format(last)
        last = f"n{k}"
    return json.dumps(
        {
            "parameters": {"w": 0.5, "u": 1.01, "v": 0.02},
            "nodes": {**formulas, "J": f"{last} * u"},
            "loss": "J",
        }
    )


def tables() -> list[Table]:
    return [_scalars(), _dense(), _large()]


def _scalars() -> Table:
    rows = []
    for name, text in (("1,000 wide", scalar_network.as_json(NODES)), ("a chain", chain(NODES))):
        network = bp.loads(text)
        names = network.graph.names("parameter", "node")
        reached = [sum(1 for _ in network.graph.downstream(network.graph.nodes[n].slot)) for n in names[:: NODES // 50]]
        start = time.perf_counter()
        report = network.check(names=names)
        seconds = time.perf_counter() - start
        assert report.verdict == "pass", name
        evaluations = PLACES * len(names)
        downstream = sum(reached) / len(reached)
        rows.append(
            (
                name,
                len(names),
                seconds,
                1e9 * seconds / evaluations / len(network.graph),
                downstream,
                1e9 * seconds / evaluations / downstream,
            )
        )
    heads = ("", "nodes", "seconds", "ns a node and evaluation", "downstream of one", "ns by those alone")
    return Table("Every node of a scalar graph moved: the whole check, verdicts and all", heads, rows)


def torch_function(v: dict[str, Any]) -> Any:
    """The dense network in PyTorch, in float64, and its parameters."""
    import torch

    made = {k: torch.from_numpy(np.array(a)) for k, a in v.items()}
    weights = [made[k].requires_grad_() for k in ("W1", "b1", "W2", "b2", "W3", "b3")]

    def f(W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
        a2 = torch.tanh(torch.tanh(made["x"] @ W1 + b1) @ W2 + b2)
        return torch.nn.functional.cross_entropy(a2 @ W3 + b3, made["y"])

    return f, weights


def _dense() -> Table:
    network = bp.loads(DENSE)
    network.values["y"][...] = np.eye(10)[np.arange(32) % 10]
    checked: dict[str, Any] = {}
    tasks: dict[str, Any] = {"backprop check, every component": lambda: checked.update(ours=network.check())}
    with suppress(ImportError):
        import torch

        torch.set_num_threads(1)  # matrices this small are faster so, on a busy machine by far
        f, weights = torch_function(dict(network.values))
        tasks["torch gradcheck, slow mode"] = lambda: torch.autograd.gradcheck(f, weights)
        tasks["torch gradcheck, fast mode (one direction)"] = lambda: torch.autograd.gradcheck(
            f, weights, fast_mode=True
        )
    times = interleaved(tasks, 3)
    assert checked["ours"].verdict == "pass"
    ours = next(iter(times.values()))
    rows = [(name, 1000 * seconds, seconds / ours) for name, seconds in times.items()]
    return Table("64-100-32-10, batch 32, 10,062 weights, float64: median of 3", ("", "ms", "ratio"), rows)


def _large() -> Table:
    rows = []
    for name, slope, verdict in (("right", "1", "pass"), ("1 % wrong in two layers", "1.01", "fail")):
        network = bp.loads(LARGE.replace("SLOPE", slope))
        start = time.perf_counter()
        report = network.check()
        seconds = time.perf_counter() - start
        assert report.verdict == verdict, name
        rows.append((name, len(report.rows), seconds, 1e6 * seconds / len(report.rows)))
    heads = ("", "components", "seconds", "µs a component")
    return Table("784-256-128-10, batch 32, every component", heads, rows)
