"""Nudges, tangents and costs: what moves downstream, how fast, and what a gradient costs."""

from __future__ import annotations

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.engine.tangents import tangents
from backpropcli.language import example_text

ARRAYS = """
inputs: {x: [[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]], y: [[0, 1], [1, 0]]}
parameters: {W: [[0.1, -0.2], [0.4, 0.3], [-0.5, 0.6]], b: [0.1, -0.1], k: 1.5}
nodes:
  t: x @ W
  z: tanh(t + b) * k
  p: softmax(z, axis=1)
  n: z[:, 0] / norm(z)
  m: max(z, axis=0)
  J: -mean(sum(y * log(p), axis=1)) + sum(n) + sum(m)
"""


@pytest.fixture
def lecture() -> bp.Network:
    return bp.loads(example_text("lecture"), "net.yaml")


def test_the_lecture_s_nudge(lecture: bp.Network) -> None:
    found = lecture.nudge("w1", 0.001)
    after = {row.name: (row.after, row.derivative) for row in found.moved}
    assert list(after) == ["t1", "z1", "a1", "t2", "z2", "a2", "J"]
    assert after["a2"] == (pytest.approx(7.003, rel=1e-14), 3.0)
    assert after["J"] == (pytest.approx(2.0060045, rel=1e-14), 6.0)


def test_what_feeds_a_nudged_node_is_left_alone(lecture: bp.Network) -> None:
    found = lecture.nudge("z2", 0.001)
    assert [row.name for row in found.moved] == ["a2", "J"]
    assert (found.kind, found.loss.after) == ("node", pytest.approx(2.0020005, rel=1e-14))  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "index"), [("W", (1, 0)), ("b", (1,)), ("k", ()), ("x", (0, 2)), ("t", (1, 1))])
def test_tangents_of_arrays_are_slopes(name: str, index: tuple[int, ...]) -> None:
    network = bp.loads(ARRAYS)
    found, small = network.nudge(name, 0.001, index), network.nudge(name, 1e-6, index)
    assert len(found.moved) >= 4
    for row, near in zip(found.moved, small.moved, strict=True):
        np.testing.assert_allclose((near.after - near.before) / 1e-6, near.derivative, rtol=1e-4, atol=1e-5)
        assert np.shape(row.derivative) == np.shape(row.before)
    gradient = network.run(everything=True).gradient(name)
    assert found.loss is not None
    assert found.loss.derivative == pytest.approx(float(gradient[index] if index else gradient), rel=1e-12)


def test_forward_and_reverse_agree_for_every_node() -> None:
    network = bp.loads(ARRAYS)
    trace = network.run()
    rates = tangents(trace, network.graph.nodes["k"].slot)
    assert float(rates[network.graph.nodes["J"].slot]) == pytest.approx(trace.gradient("k"), rel=1e-12)


def test_an_entry_must_be_named_and_must_be_there() -> None:
    network = bp.loads(ARRAYS)
    with pytest.raises(bp.BackpropError, match="a nudge moves one number"):
        network.nudge("W", 0.001)
    for index in [(1,), (3, 0), (0, 2)]:
        with pytest.raises(bp.BackpropError, match=r"there is no W\["):
            network.nudge("W", 0.001, index)
    assert network.nudge("W", 0.001, (-1, -1)).index == (2, 1)


def test_a_step_that_changes_nothing_is_refused(lecture: bp.Network) -> None:
    with pytest.raises(bp.BackpropError, match="a step of 1e-20 changes nothing at 2"):
        lecture.nudge("w1", 1e-20)


def test_nothing_downstream() -> None:
    network = bp.loads("inputs: {x: 1}\nparameters: {w: 2}\nnodes: {a: w*x, J: a + 1}\nloss: a")
    found = network.nudge("J", 0.1)
    assert (found.moved, found.of, found.loss) == ((), None, None)


def test_counts_of_the_lecture(lecture: bp.Network) -> None:
    found = lecture.count()
    assert (found.nodes, found.parameters) == (7, 4)
    assert (found.steps, found.nudged) == (9, 36)  # J is three steps: a difference, a square, a half
    assert found.back == 13  # the nodes and steps but for J's own, the parameters
    assert 0.0 < found.forward <= found.both * 2


def test_every_entry_of_an_array_is_a_parameter() -> None:
    assert bp.loads(ARRAYS).count().parameters == 9


def test_a_rate_that_is_one_number_fills_its_array() -> None:
    found = bp.loads("inputs: {x: [1, 2, 3]}\nparameters: {b: 1}\nnodes: {z: x + b, J: sum(z)}").nudge("b")
    assert found.moved[0].derivative.tolist() == [1.0, 1.0, 1.0]
