"""Functions of whole arrays with a gradient derived by hand: `upstream` in, the gradient of each argument out."""

from __future__ import annotations

import numpy as np
import pytest

import backpropcli as bp

SOFTMAX = """
inputs: {{x: [0.5, -1.0, 2.0], y: [0, 0, 1]}}
parameters: {{W: [[0.1, 0.2, 0.3], [0.4, -0.5, 0.6], [-0.7, 0.8, 0.9]], k: 0.3}}
functions:
  mysoft(z):
    value: exp(z - max(z)) / sum(exp(z - max(z)))
    where: {{p: exp(z - max(z)) / sum(exp(z - max(z)))}}
    gradient: {{z: "{gradient}"}}
  linear(a, B):
    value: a @ B
    gradient: {{a: upstream @ B.T, B: "{outer}"}}
nodes:
  t: linear(x, W)
  p: mysoft(k * t)
  J: -sum(y * log(p))
"""
RIGHT = {"gradient": "p * (upstream - sum(upstream * p))", "outer": "outer(a, upstream)"}


def network(**parts: str) -> bp.Network:
    return bp.loads(SOFTMAX.format(**{**RIGHT, **parts}))


def test_a_right_gradient_is_backprop_s_own() -> None:
    trace = network().run()
    plain = bp.loads(
        "inputs: {x: [0.5, -1.0, 2.0], y: [0, 0, 1]}\n"
        "parameters: {W: [[0.1, 0.2, 0.3], [0.4, -0.5, 0.6], [-0.7, 0.8, 0.9]], k: 0.3}\n"
        "nodes: {t: x @ W, p: softmax(k * t), J: -sum(y * log(p))}"
    ).run()
    for name in ("W", "k", "t"):
        np.testing.assert_allclose(trace.gradient(name), plain.gradient(name), rtol=1e-12)
    assert bp.check(network()).verdict == "pass"
    assert bp.check(network(), everything=True).verdict == "pass"


@pytest.mark.parametrize(
    ("wrong", "culprit"),
    [
        ({"gradient": "p * (upstream - sum(upstream))"}, "mysoft"),
        ({"gradient": "p * upstream"}, "mysoft"),
        ({"gradient": "-p * (upstream - sum(upstream * p))"}, "mysoft"),
        ({"gradient": "1.01 * p * (upstream - sum(upstream * p))"}, "mysoft"),
        ({"outer": "outer(a, upstream).T"}, "linear"),
        ({"outer": "2 * outer(a, upstream)"}, "linear"),
    ],
)
def test_a_wrong_one_fails_and_is_named(wrong: dict[str, str], culprit: str) -> None:
    report = bp.check(network(**wrong))
    assert report.verdict == "fail"
    assert report.culprit is not None
    assert report.culprit.operation == culprit


def test_a_gradient_of_the_wrong_shape_is_told_at_the_call() -> None:
    with pytest.raises(bp.BackpropError) as caught:
        network(outer="upstream")
    assert str(caught.value).splitlines()[0] == (
        "linear(a, B): its gradient for B has shape (3,), but B has shape (3,3)"
    )
    assert caught.value.place is not None
    assert caught.value.place.line == 13


def test_stacked_copies_agree_with_one_at_a_time() -> None:
    net = network()
    plan, rng = net.plan(), np.random.default_rng(0)
    many = {"W": rng.normal(size=(5, 3, 3)), "k": rng.normal(size=5)}
    together = plan.forward({**net.values, **many}, copies=True)
    loss = net.graph.nodes["J"].slot
    back = plan.backward(together, {loss: np.ones(5)})
    for k in range(5):
        alone = net.run(values={name: v[k] for name, v in many.items()})
        assert together[loss][k] == pytest.approx(alone.value("J"), rel=1e-13)
        for name in many:
            np.testing.assert_allclose(back[net.graph.nodes[name].slot][k], alone.gradient(name), rtol=1e-12)


def test_upstream_is_no_name_for_an_argument() -> None:
    with pytest.raises(bp.BackpropError, match="upstream means the upstream gradient"):
        bp.loads("functions: {f(upstream): upstream}\nparameters: {w: 1}\nnodes: {J: f(w)}")


def test_upstream_has_no_place_in_a_value() -> None:
    with pytest.raises(bp.BackpropError, match="upstream is not an argument of f"):
        bp.loads("functions: {f(z): z * upstream}\nparameters: {w: 1}\nnodes: {J: f(w)}")


def test_a_composite_works_on_plain_numbers_too() -> None:
    net = bp.loads(
        "functions: {sq(z): {value: z*z, gradient: {z: 2 * z * upstream}}}\nparameters: {w: 3}\nnodes: {J: sq(w) * 2}"
    )
    assert net.run().gradient("w") == 12.0
    assert bp.check(net).verdict == "pass"
