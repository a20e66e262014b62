"""Descent: published numbers, an independent loop, batches, what ends it, and going on bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from backpropcli.api import Network
from backpropcli.errors import FileError, SpecError
from backpropcli.language import example, loads
from backpropcli.render.npz import npz
from backpropcli.train.checkpoint import arrays, restore
from backpropcli.train.descent import Descent
from backpropcli.train.health import Diverged

LOGISTIC = """
inputs: {x: [[1, 2], [3, 4], [5, 6], [7, 8], [1, 1], [2, 0], [0, 3]]}
targets: {y: [0, 1, 0, 1, 1, 0, 1]}
parameters: {w: [0.1, 0.2], b: 0}
nodes:
  z: x @ w + b
  J: mean(sigmoid_cross_entropy(z, y))
"""


def logistic() -> Network:
    return Network(loads(LOGISTIC))


def test_numpys_numbers_are_settings_too() -> None:
    found = logistic().training(
        lr=np.float64(0.1),
        batch=np.int32(2),  # type: ignore[typeddict-item]  # what a notebook has
        clip={"norm": np.float32(1)},
        optimizer={"adam": {"beta1": np.float64(0.5)}},
        shuffle=np.bool_(False),  # type: ignore[typeddict-item]
    )
    assert (found.lr, found.batch, found.clip.norm, found.settings["beta1"]) == (0.1, 2, 1.0, 0.5)
    assert found.shuffle is False


@pytest.mark.parametrize("lr", [np.array([0.1]), 10**400, -1])
def test_a_wrong_setting_is_told_before_the_first_step_is_asked_for(lr: float) -> None:
    with pytest.raises(SpecError, match="lr wants a number from 0"):
        logistic().descent(lr=lr)


def test_an_error_about_a_settings_value_stands_where_it_is_written_or_nowhere() -> None:
    with pytest.raises(SpecError) as caught:
        logistic().train(lr=0.1, holdout=7)
    assert caught.value.place is None
    with pytest.raises(SpecError) as caught:
        Network(loads(LOGISTIC + "train: {holdout: 7}")).train(lr=0.1)
    assert caught.value.place is not None
    assert caught.value.place.line == LOGISTIC.count("\n") + 1


def test_one_update_of_mazur() -> None:
    run = Network(example("mazur")).train(lr=0.5, updates=1)
    assert run.parameters["w5"] == pytest.approx(0.35891648, abs=5e-9)
    assert run.parameters["w1"] == pytest.approx(0.149780716, abs=5e-10)
    assert run.before == pytest.approx(0.298371109, abs=5e-10)


def by_hand(batches: list[list[int]], lr: float) -> list[float]:
    """Logistic regression as a textbook has it."""
    x = np.array([[1, 2], [3, 4], [5, 6], [7, 8], [1, 1], [2, 0], [0, 3]], float)
    y = np.array([0, 1, 0, 1, 1, 0, 1], float)
    w, b, losses = np.array([0.1, 0.2]), 0.0, []
    for rows in batches:
        z = x[rows] @ w + b
        p = 1 / (1 + np.exp(-z))
        losses.append(float(-np.mean(y[rows] * np.log(p) + (1 - y[rows]) * np.log(1 - p))))
        error = (p - y[rows]) / len(rows)
        w, b = w - lr * x[rows].T @ error, b - lr * error.sum()
    return losses


def test_batches_in_order_beside_a_textbook() -> None:
    run = logistic().train(lr=0.1, epochs=2, batch=3, shuffle=False)
    expected = by_hand([[0, 1, 2], [3, 4, 5], [6]] * 2, 0.1)
    assert run.losses == pytest.approx(expected, rel=1e-12)
    assert [update.epoch for update in run.history] == [0, 0, 0, 1, 1, 1]


def test_every_epoch_sees_every_example_once_and_none_that_is_held_out() -> None:
    net = logistic()
    seen: list[tuple[float, float]] = []
    steps = net.descent(lr=0.0, epochs=3, batch=2, holdout=2, seed=3)
    epochs: dict[int, list[tuple[float, ...]]] = {}
    for step in steps:
        epochs.setdefault(step.epoch, []).extend(map(tuple, step.values["x"].tolist()))
    assert not seen
    assert [len(rows) for rows in epochs.values()] == [5, 5, 5]
    assert len({frozenset(rows) for rows in epochs.values()}) == 1
    assert len({tuple(rows) for rows in epochs.values()}) > 1


def test_metrics_are_measured_on_the_batch_and_on_what_is_held_out() -> None:
    run = logistic().train(lr=0.1, updates=4, batch=2, holdout=2, metrics={"accuracy": "mean((z > 0) == y)"})
    assert all(update.metrics["accuracy"] in (0.0, 0.5, 1.0) for update in run.history)
    held = [update.held for update in run.history]
    assert [found is None for found in held] == [True, True, False, True]
    assert held[2] is not None
    assert held[2].metrics["accuracy"] in (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("until", "reason"), [({"loss": 0.66}, "loss"), ({"patience": 3}, "patience"), ({"time": 1e-9}, "time")]
)
def test_what_ends_it(until: dict[str, float], reason: str) -> None:
    lr = 5.0 if reason == "patience" else 0.1
    run = logistic().train(lr=lr, updates=100_000, until=until)
    assert run.reason == reason
    assert run.updates < 10_000
    if reason == "loss":
        assert run.after <= 0.66 < run.losses[-1]


def test_divergence_names_where_it_starts_and_keeps_the_last_parameters() -> None:
    net = Network(loads("parameters: {w: 1}\nnodes:\n  a: w**4\n  J: exp(a)\n"))
    run = net.train(lr=10.0, updates=50)
    assert run.reason == "diverged"
    (found,) = run.outcome.findings[1]
    assert isinstance(found, Diverged)
    assert found.offender is not None
    assert found.offender.label == "J"
    assert run.updates == 1


def test_dead_units_are_counted() -> None:
    text = """
inputs: {x: [[1, 2], [3, 1], [2, 2]]}
parameters: {W: [[1, -1, 0.5], [1, -2, 0.5]]}
nodes:
  a: relu(x @ W)
  J: sum(a)
"""
    run = Network(loads(text)).train(lr=0.0, updates=1)
    ((dead,), _) = run.outcome.findings
    assert (dead.node, dead.dead, dead.units, dead.examples) == ("a", 1, 3, 3)  # type: ignore[union-attr]


def test_fading_gradients_are_told_with_figures() -> None:
    nodes = "\n".join(f"  a{k}: sigmoid(w{k} * a{k - 1})" for k in range(1, 11))
    parameters = ", ".join(f"w{k}: 0.5" for k in range(1, 11))
    net = Network(loads(f"inputs: {{a0: 1}}\nparameters: {{{parameters}}}\nnodes:\n{nodes}\n  J: a10**2\n"))
    (found,) = net.train(lr=0.1, updates=1).outcome.findings[0]
    assert (found.first, found.last, found.vanishing) == ("w1", "w10", True)  # type: ignore[union-attr]


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "adam", "radam", "nadam"])
@pytest.mark.parametrize("name", ["mazur", "logistic"])
def test_a_training_goes_on_bit_for_bit(name: str, optimizer: str) -> None:
    net = logistic() if name == "logistic" else Network(example(name))
    more = {"batch": 2, "holdout": 2} if name == "logistic" else {}
    training = net.training(optimizer=optimizer, lr=0.05, updates=23, until={"patience": 50}, **more)  # type: ignore[typeddict-item]
    whole = Descent(net.spec, net.loss, training)
    list(whole)
    for stop in (0, 1, 7, 22, 23):
        first = Descent(net.spec, net.loss, training)
        while first.number < stop and (looked := first.look()) is not None:
            first.move(looked)
        second = Descent(net.spec, net.loss, training)
        restore(second, arrays(first), "run.npz")
        list(second)
        assert npz(arrays(second)) == npz(arrays(whole)), stop


def test_a_search_goes_on_from_its_own_start_alone() -> None:
    pytest.importorskip("scipy")
    text = "parameters: {{w: {}, v: 2}}\nnodes:\n  J: (w - 1)**4 + (v - w**2)**2\n"
    first, other = (Network(loads(text.format(w))) for w in (3, 4))
    begun = Descent(first.spec, "J", first.training(optimizer="lbfgs", updates=5))
    list(begun)
    restore(Descent(first.spec, "J", begun.training), arrays(begun), "run.npz")
    with pytest.raises(FileError, match="another start"):
        restore(Descent(other.spec, "J", begun.training), arrays(begun), "run.npz")


def test_what_all_entries_share_keeps_its_bits_in_single_precision() -> None:
    net = logistic()
    training = net.training(optimizer="nadam", lr=0.05, updates=9)
    first = Descent(net.spec, net.loss, training, "float32")
    for _ in range(4):
        looked = first.look()
        assert looked is not None
        first.move(looked)
    second = Descent(net.spec, net.loss, training, "float32")
    restore(second, arrays(first), "run.npz")
    for name, values in first.stepper.state.items():
        assert np.asarray(values).tolist() == np.asarray(second.stepper.state[name]).tolist(), name
    list(first)
    list(second)
    assert npz(arrays(first)) == npz(arrays(second))
