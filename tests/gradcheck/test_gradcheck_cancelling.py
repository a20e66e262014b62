"""Gradients that are 0 because everything cancels, and 1e-17 in floats: a bias in front of a normalisation."""

import numpy as np
import pytest

from backpropcli.api import loads

NORMALISED = """
inputs: {{x: {x}}}
targets: {{y: {y}}}
parameters: {{W: {W}, b: {b}, g: {g}, c: {c}}}
nodes:
  z: x @ W + b
  m: mean(z, axis=0)
  d: z - m
  v: mean(d**2, axis=0)
  n: d / sqrt(v + 1e-5)
  a: relu(g * n + c)
  J: sum((a - y)**2) / 2
"""
SHAPES = {"x": (6, 3), "y": (6, 2), "W": (3, 2), "b": (2,), "g": (2,), "c": (2,)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_a_bias_in_front_of_a_normalisation(seed):
    r = np.random.default_rng(seed)
    report = loads(NORMALISED.format(**{k: r.normal(size=shape).tolist() for k, shape in SHAPES.items()})).check()
    assert report.verdict == "pass", [row for row in report.rows if row.verdict != "pass"]
