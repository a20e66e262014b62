"""L-BFGS: NIST's certified answers, the same bits every time, and what happens when it cannot go on."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from backpropcli import Network, load, loads
from backpropcli.engine import run
from backpropcli.errors import UsageError
from backpropcli.ops.numbers.quiet import quietly
from backpropcli.train.lbfgs import Iteration, Objective, Settings, iterations

NIST = Path(__file__).parent / "nist"
CERTIFIED: dict[str, dict[str, Any]] = yaml.safe_load((NIST / "certified.yaml").read_text(encoding="utf-8"))
SIX = 6.0
UNSOLVED: dict[str, str] = {}
"""The problems with fewer than six certified digits from start 2, and why: today there are none."""
UNSOLVED_WITHOUT_SCALE = {"BoxBOD", "Bennett5", "Hahn1", "MGH10", "Misra1c", "Nelson", "Roszman1"}
"""Their parameters differ by so many powers of ten that steepest descent's first step moves only the one of them."""


def objective(net: Network) -> tuple[Objective, np.ndarray]:
    """The loss and gradient of scalar parameters by their flat vector, and where they start."""
    plan, values, names = net.plan(), dict(net.values), net.graph.names("parameter")

    @quietly
    def at(point: np.ndarray) -> tuple[float, np.ndarray]:
        values.update(zip(names, map(float, point), strict=True))
        trace = run(plan, values, net.loss)
        return float(trace.value(net.loss)), np.array([float(trace.gradient(name)) for name in names])

    return at, np.array([net.values[name] for name in names], dtype=float)


def problem(name: str) -> Network:
    return load(NIST / f"{name}.yaml")


def last(found: Any) -> Iteration:
    *_, iteration = found
    return iteration


def certified_digits(name: str, found: np.ndarray) -> float:
    """The log relative error of the worst parameter, as NIST's comparisons use it; certified are 11 digits."""
    right = np.array(CERTIFIED[name]["certified"])
    return float(min(-np.log10(np.maximum(np.abs(found - right) / np.abs(right), 1e-11))))


def test_all_27_problems_are_here() -> None:
    assert len(CERTIFIED) == 27
    assert {path.stem for path in NIST.glob("*.yaml")} == {*CERTIFIED, "certified"}


@pytest.mark.parametrize("name", CERTIFIED)
def test_six_certified_digits_from_start_2(name: str) -> None:
    at, start = objective(problem(name))
    found = last(iterations(at, start))
    assert (certified_digits(name, found.parameters) >= SIX) == (name not in UNSOLVED)
    residual = float(CERTIFIED[name]["residual"])
    if name not in UNSOLVED and residual > 1e-20:  # Lanczos1 has 1.4e-25: what is left there is rounding
        assert found.loss == pytest.approx(residual, rel=1e-9)


@pytest.mark.slow
def test_scaling_by_the_start_is_what_solves_badly_scaled_problems() -> None:
    unsolved = set()
    for name in CERTIFIED:
        at, start = objective(problem(name))
        found = last(iterations(at, start, Settings(scale=False)))
        unsolved |= {name} if certified_digits(name, found.parameters) < SIX else set()
    assert unsolved == UNSOLVED_WITHOUT_SCALE


@pytest.mark.parametrize("name", CERTIFIED)
def test_the_gradient_is_0_at_the_certified_optimum(name: str) -> None:
    """As a share of what it is a certified standard deviation away: the optimum is printed to 11 digits."""
    facts = CERTIFIED[name]
    at, start = objective(problem(name))
    right, deviation = np.array(facts["certified"]), np.array(facts["deviations"])
    slope = np.abs(at(right)[1] * deviation)
    nearby = max(abs(at(right + way * deviation)[1] @ deviation) for way in (1, -1))
    assert slope.max() < 1e-4 * nearby if name != "Lanczos1" else slope.max() < 1e-15
    assert np.abs(at(start)[1] * deviation).max() > 1e3 * slope.max()


@pytest.mark.parametrize("name", CERTIFIED)
def test_gradients_are_right_at_both_starts(name: str) -> None:
    second = problem(name)
    assert second.check().verdict == "pass"
    first = problem(name)
    starts = CERTIFIED[name]["start1"]
    first.spec.values = {**first.spec.values, **{f"b{k}": float(start) for k, start in enumerate(starts, 1)}}
    assert first.run().value("J") != second.run().value("J")
    assert first.check().verdict == "pass"


VALLEY = "parameters: {a: -1.2, b: 1}\nnodes: {J: 100*(b - a**2)**2 + (1 - a)**2}"


def test_every_iteration_is_where_it_says_it_is() -> None:
    at, start = objective(loads(VALLEY))
    found = list(iterations(at, start))
    assert [iteration.number for iteration in found] == list(range(1, len(found) + 1))
    losses = [iteration.loss for iteration in found]
    assert losses == sorted(losses, reverse=True)
    for iteration in found:
        loss, gradient = at(iteration.parameters)
        assert loss == pytest.approx(iteration.loss, rel=1e-9, abs=1e-30)
        assert gradient == pytest.approx(iteration.gradient, rel=1e-9, abs=1e-12)
    assert found[-1].parameters == pytest.approx([1, 1], abs=1e-9)
    assert len(found) < 60


def test_the_same_start_gives_the_same_bits() -> None:
    at, start = objective(problem("MGH09"))
    one, two = ([tuple(i.parameters) for i in iterations(at, start)] for _ in range(2))
    assert one == two


def test_who_stops_early_leaves_no_thread_behind() -> None:
    at, start = objective(loads(VALLEY))
    before = threading.active_count()
    found = iterations(at, start)
    next(found)
    assert threading.active_count() == before + 1
    found.close()
    assert threading.active_count() == before


def failing(after: int) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    at, _ = objective(loads(VALLEY))
    left = iter(range(after))

    def fails(point: np.ndarray) -> tuple[float, np.ndarray]:
        if next(left, None) is None:
            raise ZeroDivisionError("here")
        return at(point)

    return fails


@pytest.mark.parametrize("after", [0, 1, 5])
def test_an_error_of_the_loss_reaches_who_asked(after: int) -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="here"):
        list(iterations(failing(after), np.array([-1.2, 1.0])))
    assert threading.active_count() == before


def test_the_loss_is_computed_in_the_thread_of_who_asks() -> None:
    at, start = objective(loads(VALLEY))
    threads = set()

    def watched(point: np.ndarray) -> tuple[float, np.ndarray]:
        threads.add(threading.current_thread())
        return at(point)

    list(iterations(watched, start))
    assert threads == {threading.current_thread()}


def test_a_start_at_the_optimum_and_one_without_a_loss_end_at_once() -> None:
    assert list(iterations(objective(loads("parameters: {w: 0}\nnodes: {J: w**2}"))[0], np.array([0.0]))) == []
    assert list(iterations(lambda point: (math.nan, point * math.nan), np.array([1.0]))) == []


def test_a_line_search_comes_back_from_where_there_is_no_loss() -> None:
    """The loss w - log(w) has none left of 0, which a long step from 30 reaches; its minimum is at 1."""
    at, start = objective(loads("parameters: {w: 30}\nnodes: {J: 1e4*(w - log(w))}"))
    assert last(iterations(at, start)).parameters == pytest.approx([1.0], rel=1e-6)


def test_without_scipy_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(UsageError, match="L-BFGS needs SciPy") as caught:
        list(iterations(lambda point: (0.0, point), np.array([1.0])))
    assert "backpropcli[scipy]" in caught.value.hint
