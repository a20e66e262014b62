"""Random networks of arrays: SymPy's derivatives against the engine, and all oracles side by side."""

from __future__ import annotations

import numpy as np
import pytest
from array_makers import write

import backpropcli as bp
from backpropcli import symbolic

torch = pytest.importorskip("torch")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_sympy_agrees_with_the_engine(seed: int) -> None:
    network = bp.loads(write(seed, torch, nodes=14).document())
    trace = network.run()
    found = symbolic.gradients(network.graph, network.values, network.loss, network.parameters)(60)
    scale = max(np.abs(trace.gradient(name)).max() for name in network.parameters)
    for name in network.parameters:
        exact = np.array([float(g) for g in found[name]])
        np.testing.assert_allclose(np.ravel(trace.gradient(name)), exact, rtol=1e-12, atol=1e-13 * scale, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
def test_no_oracle_contradicts_another(seed: int) -> None:
    network = bp.loads(write(seed, torch, nodes=8).document())
    for row in network.check(against="all").rows:
        assert row.reason != "disagreement", row
        assert "fail" not in {o.verdict for o in row.opinions} or row.reason == "digits", row
