"""Misses and false alarms, counted over many networks: there must be none of either, and the culprit must be right."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from check_helpers import FAULTS, broken, deep, report
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.api import Network, loads
from backpropcli.gradcheck.network.culprit import judge_alone, lone
from backpropcli.ops.definition import Elementwise, Structural
from backpropcli.ops.table import TABLE

CHANGED = 1e-5
"""A component counts as wrong if the fault moves its gradient by more than this (relative)."""


def moved(a: float, b: float) -> bool:
    return abs(a - b) > CHANGED * max(abs(a), abs(b))


def arrays(seed: int, layers: int, scale: float, act: str, batch: int) -> Network:
    r = np.random.default_rng(seed)
    shape = (batch, 3) if batch else (3,)
    lines = [f"inputs: {{x: {r.normal(size=shape).tolist()}}}", f"targets: {{y: {r.uniform(size=shape).tolist()}}}"]
    lines.append("parameters:")
    for k in range(1, layers + 1):
        lines.append(f"  W{k}: {(scale * r.normal(size=(3, 3))).tolist()}")
        lines.append(f"  b{k}: {(scale * r.normal(size=3)).tolist()}")
    lines.append("nodes:")
    for k in range(1, layers + 1):
        lines += [f"  z{k}: {f'a{k - 1}' if k > 1 else 'x'} @ W{k} + b{k}", f"  a{k}: {act}(z{k})"]
    lines.append(f"  J: sum((a{layers} - y)**2)/2")
    return loads("\n".join(lines))


def judge(network: Network, rng: random.Random) -> None:
    """Check the network as it is, break one operation, check again, and compare verdicts with the truth."""
    graph = network.graph
    good = report(network)
    assert {row.verdict for row in good.rows} == {"pass"}
    steps = [s for s, o in enumerate(graph.operations) if o is not None and graph.arguments[s]]
    slot = rng.choice(steps)
    operation: Any = graph.operations[slot]
    k = rng.choice([k for k, a in enumerate(graph.arguments[slot]) if a not in graph.constants])
    fault = rng.choice(list(FAULTS))
    graph.operations[slot] = broken(operation, FAULTS[fault], 0 if operation.variadic else k)
    bad = report(network)
    wrong = [b for a, b in zip(good.rows, bad.rows, strict=True) if moved(a.backprop, b.backprop)]
    missed = [b for b in wrong if b.verdict != "fail"]
    assert not missed, (operation, k, fault, missed[:3])
    for a, b in zip(good.rows, bad.rows, strict=True):
        if a.backprop == b.backprop != 0.0:
            assert b.verdict == "pass", (operation, k, fault, b)
    if wrong:
        assert bad.culprit is not None
        assert bad.culprit.label == graph.labels()[slot]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_deep_scalar_networks(seed: int) -> None:
    act = ["sigmoid", "tanh", "softplus", "gelu"][seed % 4]
    judge(deep(seed, layers=8, width=2, scale=[1.0, 3.0, 10.0, 100.0][seed // 4 % 4], act=act), random.Random(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_deep_networks_of_arrays(seed: int) -> None:
    act = ["sigmoid", "tanh", "relu", "gelu", "softplus", "silu"][seed % 6]
    network = arrays(seed, [2, 8, 16][seed % 3], [0.5, 3.0, 10.0, 100.0][seed % 4], act, [0, 4][seed % 2])
    judge(network, random.Random(seed))


UNARY = ["sin({})", "tanh({})", "exp(-{}**2)", "sigmoid({})", "relu({})", "softplus({})", "abs({})", "({})**2"]
BINARY = ["{} + {}", "{} - {}", "{}*{}", "maximum({}, {})", "{}/(1 + {}**2)", "arctan2({}, 2 + {}**2)"]


@st.composite
def graphs(draw: Any) -> Network:
    """A random graph over three parameters, with many paths that meet again."""
    names = ["u", "v", "w"]
    values = [draw(st.floats(-3, 3).filter(lambda x: x == 0 or abs(x) > 1e-6)) for _ in names]
    lines = [f"parameters: {{u: {values[0]!r}, v: {values[1]!r}, w: {values[2]!r}}}", "nodes:"]
    for k in range(draw(st.integers(3, 12))):
        template = draw(st.sampled_from(UNARY + BINARY))
        chosen = [draw(st.sampled_from(names)) for _ in range(template.count("{}"))]
        lines.append(f'  n{k}: "{template.format(*chosen)}"')
        names.append(f"n{k}")
    lines.append(f"  J: {' + '.join(f'{name}*{1.0 + 0.1 * k:g}' for k, name in enumerate(names))}")
    return loads("\n".join(lines))


@given(graphs())
@settings(max_examples=120, deadline=None)
def test_random_graphs_raise_no_false_alarm(network: Network) -> None:
    found = report(network)
    assert found.verdict == "pass", [r for r in found.rows if r.verdict != "pass"]


@pytest.mark.slow
@given(graphs(), st.randoms(use_true_random=False), st.sampled_from(sorted(FAULTS)))
@settings(max_examples=120, deadline=None)
def test_random_graphs_hide_no_fault(network: Network, rng: random.Random, fault: str) -> None:
    graph = network.graph
    good = report(network)
    slot = rng.choice([s for s, o in enumerate(graph.operations) if o is not None])
    operation = graph.operations[slot]
    k = next(k for k, a in enumerate(graph.arguments[slot]) if a not in graph.constants)
    assert operation is not None
    graph.operations[slot] = broken(operation, FAULTS[fault], k)
    bad = report(network)
    for a, b in zip(good.rows, bad.rows, strict=True):
        if moved(a.backprop, b.backprop) and a.reason not in ("corner", "jump"):
            assert b.verdict == "fail", (graph.labels()[slot], operation, fault, b)
            # On its own corner an operation may say anything between its two slopes: the fault shows, but not where.
            assert bad.culprit is not None or getattr(operation, "branch", None) is not None
            assert bad.culprit is None or bad.culprit.label == graph.labels()[slot]


OPEN = {("power", (0.0, 0.0), "argument1")}
"""Where nothing can be said: 0**y is infinite below y = 0, 1 there, and 0 above."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, o in TABLE.items() if isinstance(o, Elementwise)])
def test_every_elementwise_rule_alone_and_every_fault_in_it(name: str) -> None:
    operation: Any = TABLE[name]
    for sample in operation.samples:
        values = [float(x) for x in sample]
        shapes, constants = [()] * len(values), [argument in operation.fixed for argument in operation.arguments]
        good, _ = judge_alone(*lone(operation, values, shapes, constants, None, ()))
        settled = [r for r in good if (name, sample, r.name) not in OPEN]
        assert all(r.verdict == "pass" or r.reason == "nonfinite" for r in settled), (sample, good)
        for k in range(len(good)):
            for fault in FAULTS.values():
                rows, _ = judge_alone(*lone(broken(operation, fault, k), values, shapes, constants, None, ()))
                a, b = good[k], rows[k]
                if moved(a.backprop, b.backprop) and a.reason == "":
                    assert b.verdict == "fail", (sample, k, b)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, o in TABLE.items() if isinstance(o, Structural) and n != "one_hot"])
def test_every_structural_rule_alone_and_faults_in_it(name: str) -> None:
    operation: Any = TABLE[name]
    rng = np.random.default_rng(5)
    for shapes, options in operation.samples[:3]:
        shape, planned = operation.plan(list(shapes), options)
        values = [rng.normal(size=s) if s else float(rng.normal()) for s in shapes]
        for k, size in ((one.argument, one.size) for one in operation.labels(planned)):
            values[k] = rng.integers(0, size, shapes[k]).astype(float) if shapes[k] else float(rng.integers(0, size))
        constants = [False] * len(values)
        good, _ = judge_alone(*lone(operation, values, list(shapes), constants, planned, shape))
        assert all(r.verdict == "pass" for r in good), (shapes, options, [r for r in good if r.verdict != "pass"])
        for k in range(len(operation.vjps)):
            wrong = broken(operation, FAULTS["1 %"], k)
            rows, _ = judge_alone(*lone(wrong, values, list(shapes), constants, planned, shape))
            for a, b in zip(good, rows, strict=True):
                if moved(a.backprop, b.backprop):
                    assert b.verdict == "fail", (shapes, options, k, b)
