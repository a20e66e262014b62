"""Schedules beside PyTorch's, which are stepped after every update."""

from __future__ import annotations

from typing import Any

import pytest

from backpropcli.language.training.optimizers import NAMED
from backpropcli.language.training.schedules import NAMED as SCHEDULES
from backpropcli.language.training.training import Schedule, Training
from backpropcli.train.optimizer import Rate

torch = pytest.importorskip("torch")
from torch.optim import lr_scheduler as theirs  # noqa: E402

TOTAL = 40


def rates(schedule: Schedule, **settings: Any) -> list[float]:
    """Our learning rates, update by update."""
    every = {s.name: s.default for s in schedule.settings} | settings
    rate = Rate(Training(NAMED["gd"], {}, 0.3, schedule, every), TOTAL)
    return [rate.at(t, 0) for t in range(1, TOTAL + 1)]


def pytorchs(made: Any) -> list[float]:
    """PyTorch's, of a scheduler around an optimiser."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = made(optimizer)
    found = []
    for _ in range(TOTAL):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("name", "settings", "made"),
    [
        ("step", {"every": 7, "gamma": 0.5}, lambda o: theirs.StepLR(o, 7, 0.5)),
        ("step", {"every": 3}, lambda o: theirs.StepLR(o, 3)),
        ("exponential", {"gamma": 0.9}, lambda o: theirs.ExponentialLR(o, 0.9)),
        ("cosine", {}, lambda o: theirs.CosineAnnealingLR(o, TOTAL)),
        ("cosine", {"end": 0.01}, lambda o: theirs.CosineAnnealingLR(o, TOTAL, 0.01)),
        ("linear", {"start": 0.25, "end": 0.75}, lambda o: theirs.LinearLR(o, 0.25, 0.75, TOTAL - 1)),
        ("constant", {}, lambda o: theirs.ConstantLR(o, 1.0)),
    ],
)
def test_learning_rates_are_pytorchs(name: str, settings: dict[str, Any], made: Any) -> None:
    assert rates(SCHEDULES[name], **settings) == pytest.approx(pytorchs(made), rel=1e-12)


@pytest.mark.parametrize("name", ["cosine", "exponential", "constant"])
def test_a_warm_up_goes_before(name: str) -> None:
    """A straight line to lr, then the schedule over the updates that are left."""
    rest: dict[str, Any] = {
        "cosine": lambda o: theirs.CosineAnnealingLR(o, TOTAL - 10),
        "exponential": lambda o: theirs.ExponentialLR(o, 0.9),
        "constant": lambda o: theirs.ConstantLR(o, 1.0),
    }
    settings = {"gamma": 0.9} if name == "exponential" else {}
    found = rates(SCHEDULES[name], warmup=10, **settings)
    assert found[:10] == pytest.approx([0.03 * t for t in range(1, 11)], rel=1e-14)
    assert found[10:] == pytest.approx(pytorchs(rest[name])[: TOTAL - 10], rel=1e-12)


def test_a_formula_knows_the_update_the_epoch_and_the_end() -> None:
    rate = Rate(Training(NAMED["gd"], {}, 0.3, Schedule("formula", "", (), "lr / t + epoch / T"), {}), TOTAL)
    assert rate.at(3, 8) == pytest.approx(0.3 / 3 + 8 / TOTAL, rel=1e-15)
