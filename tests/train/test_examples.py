"""Which inputs and targets have examples, inferred or said, and the network for another number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from backpropcli.engine import Plan
from backpropcli.errors import SpecError
from backpropcli.language import loads
from backpropcli.language.training.training import Training
from backpropcli.train.examples import Examples, found_examples

if TYPE_CHECKING:
    from pathlib import Path

NET = """
inputs: {x: [[1, 2], [3, 4], [5, 6], [7, 8]], unit: [1, 2]}
targets: {y: [[1], [0], [1], [0]]}
parameters: {W: [[0.1], [0.2]], b: [0.3]}
functions: {"half(z)": z / 2}
nodes:
  z: (x * unit) @ W + b
  J: mean(half(z - y)**2)
"""
LAYERS = """
inputs: {x: [[1, 2], [3, 4], [5, 6]]}
targets: {y: [0, 2, 1]}
layers:
  - dense: {units: 4, activation: tanh, init: he}
  - dense: {units: 3, init: glorot}
loss: cross_entropy
"""


def found(text: str, *said: str) -> Examples:
    class Said:
        examples = said or None

    assert "examples" in Training._fields
    return found_examples(loads(text, "net.yaml"), Said())  # type: ignore[arg-type]


def refused(text: str, *said: str) -> str:
    with pytest.raises(SpecError) as caught:
        found(text, *said)
    return str(caught.value)


def test_rows_of_targets_and_of_inputs_as_long() -> None:
    assert found(NET) == Examples(("x", "y"), 4)
    assert str(found(NET)) == "4 examples: the rows of x, y"
    assert found(LAYERS) == Examples(("x", "y"), 3)


def test_without_targets_the_only_length_that_works() -> None:
    net = (
        "inputs: {x: [1, 2, 3], u: [4, 5]}\nparameters: {w: 1}\nnodes:\n  J: mean((w * x)**2) + sum(u * array([1, 2]))"
    )
    assert found(net) == Examples(("x",), 3)


def test_an_input_that_happens_to_be_as_long_is_left_out() -> None:
    net = "inputs: {x: [[1, 2], [3, 4]], u: [5, 6]}\ntargets: {y: [1, 2]}\nparameters: {w: 1}\n"
    net += "nodes: {J: mean((w * (x @ u) - y)**2)}"
    assert found(net) == Examples(("x", "y"), 2)


def test_a_network_of_one_example_says_so() -> None:
    assert "this network has one example" in refused(
        "inputs: {x: 1}\ntargets: {y: 5}\nparameters: {w: 2}\nnodes: {J: (w*x-y)**2}"
    )


def test_targets_that_disagree_are_named() -> None:
    message = refused("targets: {y: [1, 2], u: [1, 2, 3]}\nparameters: {w: 2}\nnodes: {J: sum(w*y) + sum(w*u)}")
    assert "which inputs and targets have an example in each row?" in message
    assert "y (2,), u (3,)" in message
    assert "train: {examples: [y]}" in message


def test_several_lengths_and_no_target() -> None:
    net = "inputs: {x: [1, 2, 3], u: [4, 5]}\nparameters: {w: 1}\nnodes: {J: mean((w * x)**2) + mean(u)}"
    assert "x (3,), u (2,)" in refused(net)
    assert found(net, "u") == Examples(("u",), 2)


@pytest.mark.parametrize(
    ("node", "said"),
    [("mean((w * reshape(x, [4, 1])[:, 0] - y)**2)", "reshape"), ("mean((p * x - y)**2)", "p")],
)
def test_what_cannot_be_cut_says_why_and_where(node: str, said: str) -> None:
    parameters = "parameters: {w: 1, p: [1, 2, 3, 4]}"
    data = "inputs: {x: [1, 2, 3, 4]}\ntargets: {y: [1, 2, 3, 4]}"
    message = refused(f"{data}\n{parameters}\nnodes:\n  J: {node}\n")
    assert "this network cannot be cut into batches" in message
    assert "net.yaml:5:" in message
    assert said in message
    assert "here 2" in message


def test_what_is_said_is_judged() -> None:
    assert "no input or target is called X. Did you mean x?" in refused(NET, "X")
    assert "not equally many: x 4, unit 2" in refused(NET, "x", "unit")
    assert "cannot be cut" in refused(NET, "x")
    assert "If others have the examples:  train: {examples: [x, y]}" in refused(NET, "x")


@pytest.mark.parametrize("text", [NET, LAYERS])
def test_a_batch_computes_what_the_network_of_these_rows_does(text: str) -> None:
    spec = loads(text)
    examples = found(text)
    whole = Plan(spec.graph).forward(spec.values)
    losses = []
    for row in range(examples.total):
        cut = examples.cut(spec, 1)
        data = {**cut.values, **examples.take(spec.values, np.array([row]))}
        losses.append(Plan(cut.graph).forward(data)[cut.graph.nodes["J"].slot])
        assert cut.loss == "J"
    assert np.mean(losses) == pytest.approx(whole[spec.graph.nodes["J"].slot], rel=1e-14)


def test_metrics_are_further_nodes_over_everything() -> None:
    spec = loads(NET)
    more = spec.again({}, {"worst": "max(err)", "err": "abs(z - y)"})
    values = Plan(more.graph).forward(more.values)
    z = (spec.values["x"] * [1, 2]) @ spec.values["W"] + 0.3
    assert values[more.graph.nodes["worst"].slot] == np.abs(z - spec.values["y"]).max()
    assert more.loss == "J"
    assert "worst" not in spec.graph.nodes


def test_an_error_in_a_metric_points_at_it() -> None:
    spec = loads(NET)
    with pytest.raises(SpecError, match="z is a name of the network already"):
        spec.again({}, {"z": "mean(y)"})
    with pytest.raises(SpecError, match="q"):
        spec.again({}, {"m": "mean(q)"})


def test_standardised_data_are_so_by_what_trains_whoever_says_it(tmp_path: Path) -> None:
    """Settings from flags or from Python come after the data were read."""
    from backpropcli.language.training.read import training
    from backpropcli.language.training.split import split
    from backpropcli.train.feed import Feed

    raw = np.random.default_rng(0).normal(size=(20, 3)) * [1, 10, 0] + 5
    np.savez(tmp_path / "d.npz", x=raw, y=raw[:, 0])
    text = "inputs: {x: {npz: d.npz, array: x, standardise: true}}\ntargets: {y: {npz: d.npz, array: y}}\n"
    text += "parameters: {w: [1, 2, 3]}\nnodes: {J: mean((x @ w - y)**2)}"
    spec = loads(text, folder=str(tmp_path))
    feed = Feed(spec, "J", training(spec, {"lr": 0.1, "holdout": 0.25, "seed": 2, "batch": 4}))
    train = raw[split(20, 0.25, 2)[0]]
    wanted = (raw - train.mean(0)) / (train.std(0) + np.array([0, 0, 1]))
    wanted[:, 2] = 0
    np.testing.assert_allclose(feed.spec.values["x"], wanted, atol=1e-14)
    assert feed.spec.values["y"] is spec.values["y"]
    assert Feed(spec, "J", training(spec, {"lr": 0.1, "batch": 4})).spec is spec


def test_a_metric_that_does_not_fit_is_shown_where_it_is_written() -> None:
    net = "train:\n  metrics:\n    accuracy: mean(z == q)\nparameters: {w: 2}\nnodes: {z: 3 * w}"
    with pytest.raises(SpecError) as caught:
        loads(net, "net.yaml").again({}, {"accuracy": "mean(z == q)"})
    assert "net.yaml:3:25" in str(caught.value)
