"""Slopes carried back through products, elementwise steps and recurrences: of every entry, and never a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

from backpropcli.api import Network, loads
from backpropcli.engine import Plan
from backpropcli.gradcheck.large import carried
from backpropcli.gradcheck.large.carried import CarriedSlopes
from backpropcli.gradcheck.large.complex_steps import Steps
from backpropcli.gradcheck.large.entry_differences import Differences
from backpropcli.gradcheck.large.perturbation import Perturbation
from backpropcli.gradcheck.point.point import Point
from backpropcli.report.fault_words import fault_sentences

DENSE = """
    inputs: {x: {normal: [40, 30], seed: 3}}
    targets: {y: {zeros: [40]}}
    parameters: {W1: {he: [30, 20], seed: 0}, b1: {normal: [20], seed: 4}, W2: {he: [20, 5], seed: 1}}
    nodes: {a1: "%s(x @ W1 + b1)", z2: a1 @ W2, J: "%s"}
"""


def point_of(network: Network) -> Point:
    return Point(Plan(network.graph), network.values, network.loss, None, False)


def lstm(steps: int, width: int) -> str:
    lines = [
        f"inputs: {{x: {{normal: [{steps}, 3], seed: 1}}}}",
        f"targets: {{y: {{normal: [{width}], seed: 9}}}}",
        "parameters:",
        f"  Wx: {{normal: [3, {4 * width}], std: 0.4, seed: 2}}",
        f"  Wh: {{normal: [{width}, {4 * width}], std: 0.3, seed: 3}}",
        f"  b: {{zeros: [{4 * width}]}}",
        "nodes:",
    ]
    for t in range(steps):
        lines += [
            f"  z{t}: x[{t}] @ Wx + {f'h{t - 1} @ Wh + ' if t else ''}b",
            *(f"  {gate}{t}: sigmoid(z{t}[{k * width}:{(k + 1) * width}])" for k, gate in enumerate("ifo")),
            f"  g{t}: tanh(z{t}[{3 * width}:])",
            f"  c{t}: i{t}*g{t}" + (f" + f{t}*c{t - 1}" if t else ""),
            f"  h{t}: o{t}*tanh(c{t})",
        ]
    return "\n".join([*lines, f"  J: sum((h{steps - 1} - y)**2)", "loss: J"])


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
@pytest.mark.parametrize("loss", ["cross_entropy(z2, y)", "mean(softmax_cross_entropy(z2, one_hot(y, 5)))"])
@pytest.mark.parametrize("complex_steps", [False, True])
def test_what_is_carried_back_is_the_gradient(activation: str, loss: str, complex_steps: bool) -> None:
    network = loads(DENSE % (activation, loss))
    point = point_of(network)
    ways = CarriedSlopes(point, Steps(point, 1.0) if complex_steps else Differences(point, 1e-7))
    found = ways.carried(network.graph.nodes["W1"].slot)
    assert found is not None
    gradient = point.trace.gradient("W1")
    assert np.isfinite(found.error).all()
    assert np.abs(found.value - gradient).max() <= 1e-7 * np.abs(gradient).max()


def test_an_entry_on_a_corner_is_carried_nowhere() -> None:
    text = (DENSE % ("relu", "cross_entropy(z2, y)")).replace("{normal: [20], seed: 4}", "{zeros: [20]}")
    network = loads(text)
    network.values["x"] = np.array(network.values["x"])
    network.values["x"][7] = 0.0  # so that relu is on its corner in every unit, for one example
    point = point_of(network)
    ways = CarriedSlopes(point, Differences(point, 1e-7))
    found = ways.carried(network.graph.nodes["b1"].slot)
    assert found is None or np.isinf(found.error).all()
    assert {row.reason for row in network.check(names=["b1"]).rows} == {"corner"}


def test_a_mean_over_examples_exchanges_one_of_them() -> None:
    network = loads(DENSE % ("relu", "cross_entropy(z2, y)"))
    point = point_of(network)
    changes = Perturbation(point, network.graph.nodes["z2"].slot)
    places = point.slots[network.graph.nodes["z2"].slot][[3, 8], [1, 4]][:, None] + np.array([[0.5, -2.0]])
    losses, _ = changes.look((np.array([3, 8]), np.array([1, 4])), places)
    for k, (row, column) in enumerate(((3, 1), (8, 4))):
        for j in range(2):
            z = np.array(point.slots[network.graph.nodes["z2"].slot])
            z[row, column] = places[k, j]
            v = point.plan.reevaluate(point.slots, {network.graph.nodes["z2"].slot: z})
            assert losses[k, j] == pytest.approx(point.total(v[point.target]), rel=1e-14)
    assert changes.work < 200  # an example's five classes, not two hundred numbers many times


def test_a_recurrence_is_carried_back_along_every_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried, "LIGHT", 0.0)
    network = loads(lstm(12, 6))
    point = point_of(network)
    for oracle in (Differences(point, 1e-7), Steps(point, 1.0)):
        ways = CarriedSlopes(point, oracle)
        for name in ("Wx", "Wh", "b"):
            slot = network.graph.nodes[name].slot
            assert ways.through(slot) < ways.own_work(slot)
            found, gradient = ways.total(slot), point.trace.gradient(name)
            assert np.abs(found.value - gradient).max() <= 1e-7 * np.abs(gradient).max()
            assert (found.error <= 1e-5 * np.abs(gradient).max()).all()


def test_a_long_recurrence_is_checked_whole() -> None:
    network = loads(lstm(30, 24))
    found = network.check()
    assert found.verdict == "pass"
    assert found.coverage is not None
    assert found.coverage.checked == found.coverage.total == 24 * 96 + 3 * 96 + 96
    assert found.coverage.sample is None


@pytest.mark.slow
def test_a_rule_that_is_wrong_in_a_long_recurrence_is_found() -> None:
    rule = 'functions:\n  th(z): {value: tanh(z), gradient: {z: "1.01*(1 - tanh(z)**2)"}}\n'
    text = lstm(30, 24).replace("nodes:", rule + "nodes:")
    found = loads(text.replace("tanh(c25)", "th(c25)")).check(names=["b"])
    assert found.verdict == "fail"
    assert found.culprit is not None
    assert (found.culprit.node, found.culprit.operation) == ("h25", "th")


def test_a_whole_network_in_seconds_whatever_form_its_loss_has() -> None:
    for loss in ("cross_entropy(z2, y)", "mean(softmax_cross_entropy(z2, one_hot(y, 5)))"):
        text = (DENSE % ("relu", loss)).replace("40", "512").replace("[30, 20]", "[200, 20]").replace("30]", "200]")
        network = loads(text)
        point = point_of(network)
        ways = CarriedSlopes(point, Differences(point, 1e-7))
        assert sum(ways.work(network.graph.nodes[name].slot) for name in ("W1", "b1", "W2")) < 2e8


def test_a_bar_has_something_to_show_before_anything_is_done() -> None:
    calls: list[tuple[int, int]] = []
    network = loads(DENSE % ("relu", "cross_entropy(z2, y)"))
    network.check(progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, 30 * 20 + 20 + 100)
    assert calls[-1] == (720, 720)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_interrupted_before_anything_is_done_nothing_is_claimed() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    found = loads(DENSE % ("relu", "cross_entropy(z2, y)")).check(progress=stop, partial=True, fault="a1:sign")
    assert (len(found.rows), found.status) == (0, 130)
    assert fault_sentences(found) == ["Interrupted before the fault was caught."]
