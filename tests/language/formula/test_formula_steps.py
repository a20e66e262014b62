"""A step written down again as a call comes to what the step came to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backpropcli.derivation.trial import comes_to
from backpropcli.engine import Plan
from backpropcli.graph import Graph
from backpropcli.language.formula.steps import planned_call
from backpropcli.language.formula.tree import Name
from backpropcli.ops.definition import Operation, Structural
from backpropcli.ops.table import TABLE

CASES = [
    (operation, shapes, options)
    for operation in TABLE.values()
    if isinstance(operation, Structural)
    for shapes, options in operation.samples
]


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "shapes", "options"), CASES, ids=lambda x: x.name if hasattr(x, "name") else "")
def test_every_sample(operation: Operation, shapes: Any, options: Any) -> None:
    graph = Graph()
    slots = [graph.add_data(f"p{k}", "input", tuple(shape)) for k, shape in enumerate(shapes)]
    step = graph.add_step(operation, slots, dict(options))
    rng = np.random.default_rng(3)
    planned = graph.options.get(step)
    labels = {one.argument: one.size for one in operation.labels(planned)}  # type: ignore[attr-defined]
    values = {
        f"p{k}": rng.integers(0, labels[k], s).astype(float) if k in labels else rng.uniform(0.5, 1.5, s)
        for k, s in enumerate(shapes)
    }
    values = {name: value if np.ndim(value) else float(value) for name, value in values.items()}
    call = planned_call(operation, [Name(f"p{k}") for k in range(len(shapes))], planned)
    found, right = comes_to(call, values), Plan(graph).forward(values)[step]
    assert found is not None
    assert np.shape(found) == np.shape(right)
    np.testing.assert_allclose(found, right, rtol=1e-12)
