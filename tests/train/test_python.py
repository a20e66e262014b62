"""Training from Python: what is wrong is said in words, and nothing of the network moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backpropcli import BackpropError, Network, loads

SPEC = """
inputs: {x: [[0, 0], [0, 1], [1, 0], [1, 1]]}
targets: {y: [[0], [1], [1], [0]]}
parameters: {W: {normal: [2, 3], seed: 1}, v: {normal: [3, 1], seed: 2}}
nodes: {z: tanh(x @ W) @ v, J: mean((z - y)**2)}
loss: J
train: {lr: 0.5, updates: 20, metrics: {accuracy: mean((z > 0.5) == y)}}
"""


def network() -> Network:
    return loads(SPEC)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dtype": "float16"}, "dtype is 'float16': expected 'float64' or 'float32'"),
        ({"dtype": None}, "dtype is None: expected"),
        ({"of": 3}, "has no node 3"),
        ({"learning_rate": 1}, "train: has no setting learning_rate. Did you mean lr?"),
        ({"updates": True}, "updates wants a whole number from 1"),
        ({"metrics": {"J": "mean(z)"}}, "J is a name of the network already"),
    ],
)
def test_what_is_wrong_is_said_in_words(wrong: dict[str, Any], said: str) -> None:
    net = network()
    for make in (net.train, lambda **settings: list(net.descent(**settings))):
        with pytest.raises(BackpropError, match=said.replace("?", r"\?").replace(".", r"\.")):
            make(**wrong)


def test_a_metric_given_in_python_does_not_stand_in_the_file() -> None:
    with pytest.raises(BackpropError, match="unknown name: nope") as caught:
        network().train(metrics={"accuracy": "nope + 1"})
    assert caught.value.place is None


def test_numpy_says_the_same_as_words_and_numbers() -> None:
    net = network()
    one = net.train(lr=np.float64(0.25), updates=np.int64(3), dtype=np.float32)  # type: ignore[arg-type]
    other = net.train(lr=0.25, updates=3, dtype="float32")
    assert one.losses == other.losses != net.train(lr=0.25, updates=3).losses


def test_a_training_leaves_the_network_and_can_be_made_again() -> None:
    net = network()
    before = net.run().value("J")
    first, second = net.train(), net.train()
    assert first.losses == second.losses
    assert net.run().value("J") == before == first.before
    assert first.network.run().value("J") == first.after
    steps = list(net.descent())
    steps[3].gradients["W"][:] = 99.0
    assert [step.values["J"] for step in steps] == [step.loss for step in steps] == first.losses
