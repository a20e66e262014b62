"""L-BFGS as an optimiser of a training: what it reaches, when it ends, what it refuses, and how it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backpropcli import load, loads
from backpropcli.app import main
from backpropcli.errors import SpecError
from backpropcli.train.checkpoint import arrays, restore

CURVE = Path(__file__).parent / "nist" / "Misra1a.yaml"
ROWS = "inputs: {x: [[0.1, 0.2], [0.3, 0.9], [0.4, 0.1]]}\nparameters: {W: [[0.1], [0.2]]}\n" + (
    "nodes: {z: x @ W, J: mean((z - 1)**2)}\nloss: J"
)


def test_a_curve_is_fitted_to_its_certified_digits() -> None:
    run = load(CURVE).train(optimizer="lbfgs")
    assert run.reason == "converged"
    assert run.updates < 60
    assert run.parameters["b1"] == pytest.approx(2.3894212918e2, rel=1e-8)
    assert run.parameters["b2"] == pytest.approx(5.5015643181e-4, rel=1e-8)
    assert run.after == pytest.approx(1.2455138894e-1, rel=1e-9)
    assert run.losses == sorted(run.losses, reverse=True)
    assert run.losses[0] == run.before


def test_arrays_are_fitted() -> None:
    run = loads(ROWS).train(optimizer="lbfgs")
    right, *_ = np.linalg.lstsq(np.array([[0.1, 0.2], [0.3, 0.9], [0.4, 0.1]]), np.ones(3), rcond=None)
    assert np.ravel(run.parameters["W"]) == pytest.approx(right, rel=1e-6)


def test_updates_and_a_loss_end_it_as_they_do_others() -> None:
    assert load(CURVE).train(optimizer="lbfgs", updates=5).updates == 5
    reached = load(CURVE).train(optimizer="lbfgs", until={"loss": 1.0})
    assert reached.reason == "loss"
    assert 0.1245 < reached.after <= 1.0


def test_a_step_shows_the_gradients_where_it_begins() -> None:
    net = loads("parameters: {a: -1.2, b: 1}\nnodes: {J: 100*(b - a**2)**2 + (1 - a)**2}")
    steps = list(net.descent(optimizer="lbfgs", updates=4))
    for step in steps:
        moved = net.run(values=step.parameters)
        assert step.loss == moved.value("J")
        assert step.gradients == {name: moved.gradient(name) for name in "ab"}
    assert len({step.loss for step in steps}) == 4


def test_a_start_without_a_loss_has_diverged_and_not_converged() -> None:
    run = loads("parameters: {w: -1}\nnodes: {J: log(w)**2}").train(optimizer="lbfgs")
    assert run.reason == "diverged"
    assert run.updates == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch": 2, "examples": ["x"]}, "batches"),
        ({"clip": {"norm": 1.0}}, "clipped"),
        ({"lr": 0.1}, "no learning rate"),
    ],
)
def test_what_a_line_search_has_no_use_for_is_refused(settings: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        loads(ROWS).train(optimizer="lbfgs", **settings)


def test_it_goes_on_from_a_checkpoint_bit_for_bit() -> None:
    net = load(CURVE)
    whole = net.train(optimizer="lbfgs", updates=12)
    first = net.session(net.training(optimizer="lbfgs", updates=5)).descent
    list(first)
    later = net.session(net.training(optimizer="lbfgs", updates=12)).descent
    restore(later, arrays(first), "run.npz")
    assert later.number == 5
    list(later)
    assert list(later.flat) == list(whole.parameters.values())


def test_the_command_resumes_and_speaks_of_no_learning_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def value(*options: str) -> str:
        assert main(["train", str(CURVE), "--optimizer", "lbfgs", *options]) == 0
        return capsys.readouterr().out.replace("resumed", "")

    kept = ["--checkpoint", str(tmp_path / "run.npz")]
    whole = value("--format", "json").partition('"parameters"')[2]
    assert "lr" not in value("--updates", "5", *kept).replace("curve", "").partition("\n")[0]
    found = value("--resume", "--format", "json", *kept).partition('"parameters"')[2]
    tail = [line.rpartition('"value"')[2] for line in found.splitlines()]
    assert tail == [line.rpartition('"value"')[2] for line in whole.splitlines()]
    assert len(tail) > 2


def test_it_takes_the_place_of_another_optimiser_with_all_that_steps(tmp_path: Path) -> None:
    net = loads(
        ROWS + "\ntrain: {optimizer: adam, lr: 0.1, weight_decay: 0.1, schedule: cosine, clip: {norm: 1}, batch: 2}"
    )
    assert net.train(optimizer="lbfgs").reason == "converged"
    assert net.train(optimizer={"lbfgs": {"memory": 3}}).reason == "converged"
    file = tmp_path / "net.yaml"
    file.write_text(ROWS + "\ntrain: {lr: 0.1, batch: 2}")
    assert main(["train", str(file), "--optimizer", "lbfgs(memory=3)", "-q"]) == 0
    assert main(["train", str(file), "--optimizer", "lbfgs", "--lr", "0.1", "-q"]) == 2
