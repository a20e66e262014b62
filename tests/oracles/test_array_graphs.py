"""Random networks of arrays against PyTorch: values, and the gradient of every parameter and every node."""

from __future__ import annotations

import numpy as np
import pytest
from array_makers import write
from hypothesis import given, settings
from hypothesis import strategies as st

import backpropcli as bp
from backpropcli.engine import Plan, run
from backpropcli.engine.repeated import Repeated

torch = pytest.importorskip("torch")
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(seeds)
def test_against_pytorch(seed: int) -> None:
    made = write(seed, torch)
    made.env["J"].backward()
    trace = bp.loads(made.document()).run()
    wanted = {
        name: np.zeros(made.shape(name)) if made.env[name].grad is None else made.env[name].grad.numpy()
        for name in made.names()
    }
    scale = max(np.abs(gradient).max() for gradient in wanted.values())
    for name, right in wanted.items():
        value, gradient = trace.value(name), trace.gradient(name)
        assert np.shape(value) == np.shape(gradient) == made.shape(name), name
        np.testing.assert_allclose(value, made.env[name].detach().numpy(), rtol=1e-11, atol=1e-12, err_msg=name)
        np.testing.assert_allclose(gradient, right, rtol=1e-10, atol=1e-13 * scale, err_msg=name)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_single_precision_against_pytorch(seed: int) -> None:
    made = write(seed, torch, nodes=13)
    made.env["J"].backward()
    trace = bp.loads(made.document()).run(dtype="float32")
    for name in made.parameters:
        gradient = trace.gradient(name)
        if made.shape(name):
            assert gradient.dtype == np.float32
        grad = made.env[name].grad
        right = np.zeros(made.shape(name)) if grad is None else grad.numpy()
        np.testing.assert_allclose(gradient, right, rtol=2e-3, atol=2e-4 * max(1.0, float(np.abs(right).max())))


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_check_raises_no_false_alarm(seed: int) -> None:
    made = write(seed, torch, nodes=10)
    assert bp.loads(made.document()).check().status != 1


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from(["float64", "float32"]))
def test_repeated_runs_have_the_bits_of_plain_ones(seed: int, dtype: str) -> None:
    spec = bp.loads(write(seed, torch, nodes=13).document()).spec
    names = spec.graph.names("parameter")
    repeated = Repeated(Plan(spec.graph, dtype), "J", names, spec.values)
    values = dict(spec.values)
    for _ in range(3):
        loss = repeated.run()
        trace = run(Plan(spec.graph, dtype), values, "J")
        assert loss == trace.value("J")
        for name, piece in repeated.parts.items():
            found = np.asarray(repeated.gradient[piece.slice]).reshape(piece.shape)
            assert np.array_equal(found, np.asarray(trace.gradient(name))), name
            repeated.flat[piece.slice] *= 1.0625
            values[name] = np.asarray(repeated.flat[piece.slice], "float64").reshape(piece.shape)[()]
