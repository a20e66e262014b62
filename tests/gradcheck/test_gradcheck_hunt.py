"""Random networks with a rule derived by hand, right or wrong in one of many ways: no miss, no false alarm.

Seeded and short; BACKPROP_HUNT=N tries N of each.
"""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest

from backpropcli.api import Network, loads

COUNT = int(os.environ.get("BACKPROP_HUNT", "24"))
SEEN = 2e-5
"""A wrong rule that moves no gradient by more than this (relative) is no mistake at this point."""

RULES = {
    "tanh(z)": "1 - tanh(z)**2",
    "1/(1 + exp(-z))": "exp(-z)/(1 + exp(-z))**2",
    "maximum(0, z)": "where(z > 0, 1, 0)",
    "where(z > 0, z, 0.1*z)": "where(z > 0, 1, 0.1)",
    "log1p(exp(z))": "1/(1 + exp(-z))",
    "z*abs(z)": "2*abs(z)",
    "z/(1 + abs(z))": "1/(1 + abs(z))**2",
    "sin(3*z) + z": "3*cos(3*z) + 1",
    "arctan(z)": "1/(1 + z**2)",
    "clip(z, -1, 1)": "where(abs(z) < 1, 1, 0)",
}
LOSSES = (
    "mean((a - t)**2)",
    "sum(a*t)",
    "mean(a**2) + 0.1*sum(abs(W))",
    "sqrt(sum(a**2) + 1)",
    "sum(logsumexp(a, axis=1))",
    "sum(max(a, axis=1))",
    "mean(softmax_cross_entropy(a, one_hot([0, 1, 2, 0], 3)))",
)


def drawn(seed: int) -> tuple[str, str, str]:
    """A network (with `%s` for its rule), the right rule, and the name of what is tried: corners, scales, depth."""
    r = random.Random(seed)
    value, rule = r.choice(sorted(RULES.items()))
    scale = 10.0 ** r.choice([-6, -3, 0, 0, 0, 3, 6])
    kind = r.choice(["plain", "zeros", "ties", "deep", "saturated"])
    W = f"{{normal: [5, 3], seed: {seed}, std: {5.0 if kind == 'saturated' else 0.7}}}"
    x = f"{{normal: [4, 5], seed: {seed + 1}}}"
    if kind == "zeros":
        W = "{zeros: [5, 3]}"
    if kind == "ties":
        x = "{ones: [4, 5]}"
        W = "{ones: [5, 3]}"
    a = "a: tanh(tanh(h @ U) @ U) @ U" if kind == "deep" else "a: h*1"
    text = f"""
        inputs: {{x: {x}, t: {{normal: [4, 3], seed: {seed + 2}}}}}
        parameters:
          W: {W}
          b: {"{zeros: [3]}" if kind in ("zeros", "ties") else f"{{normal: [3], seed: {seed + 3}}}"}
          U: {{normal: [3, 3], seed: {seed + 4}}}
        functions:
          f(z): {{value: "{value}", gradient: {{z: "%s"}}}}
        nodes: {{z: x @ W + b, h: f(z), {a}, J: "{scale!r}*({r.choice(LOSSES)})"}}
        loss: J
    """
    return text, rule, kind


def spoilt(rule: str, network: Network, r: random.Random) -> str:
    """The rule with a mistake."""
    z = np.sort(np.asarray(network.run().value("z")).ravel())
    middle, top = float(z[len(z) // 2]), float(np.nextafter(z[-1], -np.inf))
    return r.choice(
        [
            f"-({rule})",
            f"0.99*({rule})",
            f"1.01*({rule})",
            f"({rule})**2",
            f"({rule})*where(z > {middle!r}, 0.5, 1)",
            f"({rule})*where(z > {top!r}, 0.99, 1)",
            f"({rule})*where(z > {top!r}, -1, 1)",
            f"z*({rule})",
            "1",
            f"({rule}) + 0.001",
        ]
    )


def gradients(network: Network) -> Any:
    run = network.run()
    return np.concatenate([np.asarray(run.gradient(name)).ravel() for name in ("W", "b", "U")])


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_right_rule_is_no_false_alarm(seed: int) -> None:
    text, rule, _ = drawn(1000 + seed)
    found = loads(text % rule).check()
    wrong = [row for row in found.rows if row.verdict == "fail"]
    assert not wrong, (text % rule, wrong[:2], found.culprit)
    assert all(row.reason == "corner" for row in found.rows if row.verdict == "unsure"), text % rule


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_wrong_rule_is_no_miss(seed: int) -> None:
    text, rule, kind = drawn(1000 + seed)
    right = loads(text % rule)
    bad = spoilt(rule, right, random.Random(seed))
    broken = loads(text % bad)
    a, b = gradients(right), gradients(broken)
    moved = np.abs(a - b) > SEEN * np.maximum(np.abs(a), np.abs(b))
    corner = any(row.reason in ("corner", "jump") for row in right.check().rows)
    if not moved.any() or corner:
        pytest.skip("on a corner any rule between the two slopes is right")
    found = broken.check()
    assert found.verdict == "fail", (text % bad, kind)
    assert found.culprit is not None, text % bad
    assert found.culprit.operation == "f", (text % bad, found.culprit)
