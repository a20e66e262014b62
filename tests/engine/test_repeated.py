"""A plan that runs many times gives the bits of a plain run, whatever moves in between."""

from __future__ import annotations

import numpy as np
import pytest

from backpropcli import engine
from backpropcli.engine.repeated import Repeated
from backpropcli.language import example, example_names


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", example_names())
def test_the_bits_of_a_plain_run(name: str, dtype: str) -> None:
    spec = example(name)
    assert spec.loss
    names = spec.graph.names("parameter")
    plan = engine.Plan(spec.graph, dtype)
    repeated = Repeated(plan, spec.loss, names, spec.values)
    values = dict(spec.values)
    for round in range(4):
        loss = repeated.run()
        trace = engine.run(engine.Plan(spec.graph, dtype), values, spec.loss)
        assert loss == float(trace.value(spec.loss))
        for parameter, piece in repeated.parts.items():
            found = np.asarray(repeated.gradient[piece.slice]).reshape(piece.shape)
            assert np.array_equal(found, np.asarray(trace.gradient(parameter))), (parameter, round)
            for k in range(piece.slice.start, piece.slice.stop):
                repeated.flat[k] += 0.125
            values[parameter] = values[parameter] + 0.125
            if dtype == "float32":
                values[parameter] = np.asarray(repeated.flat[piece.slice], "float64").reshape(piece.shape)[()]
        assert repeated.finite
