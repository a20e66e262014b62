"""argmax and argmin: NumPy's positions, and nothing flows back through them."""

from __future__ import annotations

import numpy as np
import pytest

import backpropcli
from backpropcli.ops.numbers.array import xp
from backpropcli.ops.table import TABLE

AXES = [(None, False), (None, True), (0, False), (1, True), (-1, False)]


@pytest.mark.parametrize(("axis", "keepdims"), AXES)
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_are_numpys_with_ties_and_nan(name: str, axis: int | None, keepdims: bool) -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        a = random.integers(-2, 3, (3, 4)).astype(float)
        a[random.random((3, 4)) < 0.1] = random.choice([np.nan, np.inf, -np.inf])
        operation = TABLE[name]
        shape, options = operation.plan([a.shape], {"axis": axis, "keepdims": keepdims})
        found = operation.value(xp, options, a)
        wanted = getattr(np, name)(a, axis=axis, keepdims=keepdims)
        assert found.dtype == np.float64
        assert np.shape(found) == shape == np.shape(wanted)
        np.testing.assert_array_equal(found, wanted)


NET = """
inputs: {x: [[1, 2], [3, 4], [5, -6]]}
targets: {y: [0, 1, 1]}
parameters: {W: [[0.1, 0.2], [0.3, -0.4]]}
nodes:
  z: x @ W
  J: cross_entropy(z, y)
  accuracy: mean(argmax(z, axis=1) == y)
  r2: "1 - sum((z[:, 0] - y)**2) / sum((y - mean(y))**2)"
loss: J
"""


def test_accuracy_and_r2_are_formulas() -> None:
    trace = backpropcli.loads(NET).run()
    x, y = np.array([[1, 2], [3, 4], [5, -6.0]]), np.array([0, 1, 1])
    z = x @ [[0.1, 0.2], [0.3, -0.4]]
    assert trace.value("accuracy") == np.mean(np.argmax(z, axis=1) == y)
    assert trace.value("r2") == pytest.approx(1 - np.sum((z[:, 0] - y) ** 2) / np.sum((y - y.mean()) ** 2), rel=1e-14)


def test_nothing_flows_back_and_the_check_agrees() -> None:
    net = backpropcli.loads("parameters: {w: [1, 3, 2]}\nnodes: {k: argmax(w), J: sum(w**2) + 10 * k}\nloss: J")
    assert net.run().gradient("w").tolist() == [2, 6, 4]
    assert net.check().verdict == "pass"


def test_options_are_judged() -> None:
    with pytest.raises(backpropcli.errors.OperationError, match="axis is one whole number or None"):
        TABLE["argmax"].plan([(2, 3)], {"axis": (0, 1)})
    with pytest.raises(backpropcli.errors.OperationError, match="no entries to choose from"):
        TABLE["argmin"].plan([(2, 0)], {"axis": 1})
