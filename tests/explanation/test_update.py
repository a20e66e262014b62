"""An update worked out: the textbook's line, and at its end the numbers that the stepper comes to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.explanation.update import Before, worked
from backpropcli.language import example_text
from backpropcli.language.training.optimizers import OPTIMIZERS
from backpropcli.language.training.read import training
from backpropcli.notation.numbers import Precision
from backpropcli.render.latex import latex
from backpropcli.render.text import text
from backpropcli.train.optimizer import Stepper

OWN = {"state": {"v": 1}, "update": {"v": "0.9*v - lr*g", "p": "p + v"}}
CHOICES: list[Any] = [
    *(one.name for one in OPTIMIZERS if one.update),
    {"adam": {"amsgrad": True, "weight_decay": 0.1}},
    {"rmsprop": {"centered": True, "momentum": 0.5}},
    {"adagrad": {"lr_decay": 0.5}},
    OWN,
]
SPEC = bp.loads("parameters: {w1: 2, b: [1, -3]}\nnodes: {J: sum(w1 * b)**2}").spec


def lines(settings: dict[str, Any], updates: int = 1, **options: Any) -> tuple[list[str], list[float]]:
    """The last update as text, and where the stepper comes to."""
    chosen = training(SPEC, {"lr": 0.5, **settings})
    stepper = Stepper(chosen, 3, "float64", 10)
    p, g = [2.0, 1.0, -3.0], [0.4, -0.2, 3.0]
    for t in range(1, updates):
        stepper.update(p, g, t, stepper.learning_rate(t, 0))
    now = {"w1": p[0], "b": np.array(p[1:])}
    slopes = {"w1": g[0], "b": np.array(g[1:])}
    state = {name: list(values) for name, values in stepper.state.items()}
    before = Before(updates, 0, 10, "J", now, slopes, state, 16.0)
    document = list(worked(chosen, before, 9.0, Precision(17), **options))
    stepper.update(p, g, updates, stepper.learning_rate(updates, 0))
    assert "".join(latex(document))
    return list(text(document, 400)), p


@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"clip": {"norm": 1}},
        {"clip": {"value": 0.3}},
        {"schedule": "cosine(warmup=2)"},
        {"schedule": "lr / sqrt(t)"},
    ],
    ids=str,
)
def test_it_ends_where_the_stepper_does(choice: Any, more: dict[str, Any]) -> None:
    for updates in (1, 3):
        found, p = lines({"optimizer": choice, **more}, updates)
        for name, number in zip(("w1", "b[0]", "b[1]"), p, strict=True):
            last = [line for line in found if line.strip().startswith(f"{name}⁺")][-1]
            assert float(last.rpartition("=")[2]) == pytest.approx(number, rel=1e-13)


def test_a_textbooks_line() -> None:
    """Mazur: w5 is 0.35891648 after one update."""
    run = bp.loads(example_text("mazur")).run()
    names = run.network.spec.graph.names("parameter")
    chosen = training(run.network.spec, {"lr": 0.5})
    values = {name: run.value(name) for name in names}
    slopes = {name: run.gradient(name) for name in names}
    before = Before(1, 0, 1, "J", values, slopes, {}, 0.298371109)
    found = list(text(worked(chosen, before, 0.291027924, Precision(8)), 100))
    shown = " ".join(next(line for line in found if "w5⁺" in line).split())
    assert shown == "w5⁺ = w5 - lr · dJ/dw5 = 0.4 - 0.5 · 0.082167041 = 0.35891648"


def test_rules_of_ones_own_are_worked_too() -> None:
    found = [" ".join(line.split()) for line in lines({"optimizer": OWN})[0]]
    assert "v⁺ = 0.9 · v - lr · g = 0.9 · 1 - 0.5 · 0.40000000000000002 = 0.69999999999999996" in found
    assert "w1⁺ = w1 + v⁺ = 2 + 0.69999999999999996 = 2.7000000000000002" in found


def test_large_arrays_show_a_few_entries() -> None:
    """Unless all are asked for."""
    chosen = training(SPEC, {"lr": 0.5})
    before = Before(1, 0, 1, "J", {"W": np.ones((3, 4))}, {"W": np.ones((3, 4))}, {}, 1.0)
    few, full = (list(text(worked(chosen, before, 0.5, full=full), 80)) for full in (False, True))
    assert sum("W[" in line for line in few) == 3
    assert any("9 more entries" in line and "--full" in line for line in few)
    assert sum("W[" in line for line in full) == 12


def test_words_in_an_equation_are_words_in_latex() -> None:
    at = Before(1, 0, 1, "J", {"w1": 2.0}, {"w1": 6.0}, {}, 2.0)
    document = worked(training(SPEC, {"lr": 0.1, "clip": {"norm": 1}}), at, 1.0, Precision(6))
    assert r"\text{the}\ \text{length}" in "".join(latex(document))
