"""What rounding leaves of 0 is 0, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.exercise.rounding_residue import without_residue


def of(text):
    return without_residue(bp.loads(text).run())


def test_what_cancelled_is_zero_and_what_follows_from_it_too():
    text = "inputs: {x: 0.1}\nparameters: {w: 0.2, b: -0.3}\nnodes: {s: x + w + b, r: relu(s), J: r*5 + s*s}"
    run = bp.loads(text).run()
    assert run.value("s") > 0.0
    found = of(text)
    assert [found.trace.value(name) for name in ("s", "r", "J")] == [0.0, 0.0, 0.0]
    # relu at 0 has the derivative 0, by the rule of the tool, where the dust of 2.8e-17 had 1.
    assert (run.gradient("w"), found.trace.gradient("w")) == (pytest.approx(5.0), 0.0)
    assert found.sizes[found.trace.graph.nodes["s"].slot] == pytest.approx(0.6)


def test_a_gradient_whose_paths_cancel_is_zero():
    text = "inputs: {x: [0.1, 0.2, -0.3]}\nparameters: {w: 1}\nnodes: {t: w*x, J: sum(t)}"
    assert bp.loads(text).run().gradient("w") != 0.0
    found = of(text)
    assert (found.trace.gradient("w"), found.trace.value("J")) == (0.0, 0.0)
    assert np.array_equal(found.trace.value("t"), [0.1, 0.2, -0.3])


@pytest.mark.parametrize(
    "text",
    [
        "parameters: {w: -40}\nnodes: {s: sigmoid(w), J: s**2}",
        "parameters: {w: 1e-30}\nnodes: {s: 3*w, J: s*2 + 1e-30}",
        "inputs: {x: [[1e-20, 2]]}\nparameters: {W: [[1, 2], [1e-25, 0]]}\nnodes: {t: x @ W, J: sum(t**2)}",
        "parameters: {w: 3}\nnodes: {J: w - 2.9999999999}",
    ],
)
def test_small_numbers_are_kept_where_nothing_cancelled(text):
    run, found = bp.loads(text).run(), of(text).trace
    for name in run.graph.nodes:
        assert np.array_equal(found.value(name), run.value(name)), name
        assert np.array_equal(found.gradient(name), run.gradient(name)), name


@pytest.mark.parametrize("spec", ["lecture", "mazur", "mazur-layers", "batch", "tf-softmax-xent", "mish"])
def test_ordinary_networks_stay_as_they_are(spec, pytestconfig):
    run = bp.load(pytestconfig.rootpath / "examples" / f"{spec}.yaml").run()
    found = without_residue(run).trace
    for name in run.graph.names("node", "parameter"):
        assert np.allclose(found.gradient(name), run.gradient(name), rtol=0, atol=1e-15), name
