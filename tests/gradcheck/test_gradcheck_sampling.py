"""A network too large to be checked whole: what is looked at, what it finds, and what is said of it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from check_helpers import FAULTS, LECTURE, broken

import backpropcli as bp
from backpropcli.api import Network, loads
from backpropcli.gradcheck import Report, Scope, check
from backpropcli.gradcheck.large.directions import Directions
from backpropcli.gradcheck.large.sampling import chosen, sample_for, shares
from backpropcli.notation.numbers import Precision
from backpropcli.ops.definition import Structural
from backpropcli.report.check_page import check_page
from backpropcli.report.json import check_json

NET = """
inputs: {x: {normal: [8, 30], seed: 1}}
parameters: {W: {normal: [30, 40], seed: 2}, b: {zeros: [40]}, V: {normal: [40, 5], seed: 4}, s: 0.7}
targets: {y: {normal: [8, 5], seed: 5}}
nodes:
  a: tanh((x @ W + b) * 0.2)
  o: s * (a @ V)
  J: mean((o - y)**2)
"""
TOTAL = 30 * 40 + 40 + 40 * 5 + 1


def net() -> Network:
    return loads(NET)


def one_bad(network: Network, row: int, column: int, factor: float) -> None:
    """Break the rule of x @ W in one entry of W alone."""
    graph = network.graph
    slot = next(s for s, o in enumerate(graph.operations) if o is not None and o.name == "matmul")
    operation: Any = broken(graph.operations[slot], FAULTS["zero"], 1)  # type: ignore[arg-type]
    right: Any = graph.operations[slot]
    assert isinstance(right, Structural)

    def wrong(xp: Any, *rest: Any) -> Any:
        found = np.array(right.vjps[1](xp, *rest))
        found[..., row, column] *= factor
        return found

    operation.vjps = (right.vjps[0], wrong)
    graph.operations[slot] = operation


def scoped(network: Network, **scope: Any) -> Report:
    return check(network.graph, network.values, network.loss, scope=Scope(**scope))


# The choice.


def test_shares_cover_every_parameter_and_add_up() -> None:
    assert shares([200_704, 256, 32_768, 128, 10], 2000) == [1331, 63, 547, 49, 10]
    for sizes, sample in (([5, 3], 100), ([1000, 1000, 1], 500), ([10**6], 2000), ([50] * 40, 600)):
        found = shares(sizes, sample)
        assert sum(found) == min(sample, sum(sizes))
        assert all(0 < n <= size for n, size in zip(found, sizes, strict=True))


def test_the_entries_of_a_sample() -> None:
    sizes = np.random.default_rng(1).uniform(1, 2, 1200)
    sizes[100:700] = 0.0
    sizes[55], sizes[66] = 9.0, 0.001
    found = chosen(sizes, (30, 40), 80, np.random.default_rng(0))
    assert len(set(found)) == 80 == len(found)
    assert found == sorted(found)
    assert {0, 39, 29 * 40, 1199, 55, 66} <= set(found)
    assert sum(100 <= k < 700 for k in found) >= 10
    assert found == chosen(sizes, (30, 40), 80, np.random.default_rng(0))
    assert found != chosen(sizes, (30, 40), 80, np.random.default_rng(1))
    assert chosen(sizes, (30, 40), 5000, np.random.default_rng(0)) == list(range(1200))


def test_the_size_of_a_sample_is_a_round_number_that_fits() -> None:
    assert sample_for(4e12, 10**6) == 1000
    assert sample_for(7.9e11, 10**6) == 5000
    assert sample_for(1e30, 10**6) == 100


# The check.


def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    places = [[(r.name, r.index) for r in net().check(sample=200, seed=seed).rows] for seed in (0, 0, 1)]
    assert places[0] == places[1] != places[2]
    assert {name for name, _ in places[0]} == {"W", "b", "V", "s"}


def test_a_small_network_is_checked_whole_and_a_sample_larger_than_it_too() -> None:
    for found in (net().check(), net().check(every=True), net().check(sample=10**6)):
        coverage = found.coverage
        assert coverage is not None
        assert (coverage.checked, coverage.total, coverage.sample, coverage.directions) == (TOTAL, TOTAL, None, 0)
        assert len(found.rows) == TOTAL


def test_what_would_take_too_long_is_sampled_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backpropcli.gradcheck.large.sampling.BUDGET", 3e5)
    monkeypatch.setattr("backpropcli.gradcheck.network.scope.BUDGET", 3e5)
    coverage = net().check().coverage
    assert coverage is not None
    assert (coverage.sample, coverage.checked, coverage.total, coverage.directions) == (200, 200, TOTAL, 20)
    assert (coverage.differing, coverage.blind) == (0, 0)
    every = net().check(every=True).coverage
    assert every is not None
    assert every.checked == TOTAL


@pytest.mark.slow
def test_directions_see_a_bad_entry_that_the_sample_has_missed_and_find_it() -> None:
    clean = {r.index for r in net().check(sample=150).rows if r.name == "W"}
    gradient = net().run().gradient("W")
    missed = [(i, j) for i in range(30) for j in range(40) if (i, j) not in clean]
    entry = max(missed, key=lambda k: abs(gradient[k]))
    network = net()
    one_bad(network, *entry, -1.0)
    found = scoped(network, sample=150)
    assert found.coverage is not None
    assert found.coverage.differing > 10
    wrong = [(r.name, r.index) for r in found.rows if r.verdict == "fail"]
    assert wrong == [("W", entry)]
    assert found.status == 1
    assert found.coverage.checked == len(found.rows) > 150


@pytest.mark.slow
def test_a_direction_that_differs_leaves_the_check_open_where_no_entry_is_to_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Directions, "suspects", lambda self, direction: [])
    network = net()
    gradient = network.run().gradient("W")
    seen = {r.index for r in network.check(sample=150).rows if r.name == "W"}
    missed = [(i, j) for i in range(30) for j in range(40) if (i, j) not in seen]
    entry = max(missed, key=lambda k: abs(gradient[k]))
    one_bad(network, *entry, -1.0)
    found = scoped(network, sample=150)
    assert (found.verdict, found.status) == ("unsure", 3)


@pytest.mark.parametrize("act", ["tanh", "relu", "abs"])
def test_directions_agree_with_what_is_right(act: str) -> None:
    for seed in range(4):
        network = loads(NET.replace("tanh", act).replace("normal: [8, 30], seed: 1", f"normal: [8, 30], seed: {seed}"))
        coverage = network.check(sample=100, seed=seed).coverage
        assert coverage is not None
        assert coverage.differing == 0
        assert coverage.blind < 20


def test_scalar_networks_have_directions_too() -> None:
    coverage = loads(LECTURE).check(sample=2).coverage
    assert coverage is not None
    assert (coverage.checked, coverage.directions, coverage.differing) == (2, 20, 0)


# What is said.


def test_the_page_says_what_was_checked_and_how_to_do_it_again() -> None:
    found = net().check(sample=200, seed=7)
    text = " ".join(check_page(found, "net.yaml", Precision(10)).sentences)
    assert text == (
        f"Checked 200 of {TOTAL:,} components and 20 random directions over all of them. "
        "The same again: backprop check net.yaml --seed 7 --sample 200. All of them: --every"
    )
    assert not check_page(net().check(), "net.yaml", Precision(10)).sentences


def test_the_json_says_it_too() -> None:
    data = json.loads("".join(check_json(net().check(sample=200, seed=7), "net.yaml")))
    assert data["coverage"] == {
        "checked": 200,
        "total": TOTAL,
        "directions": 20,
        "differing": 0,
        "blind": 0,
        "seed": 7,
        "sample": 200,
        "interrupted": False,
    }


def test_progress_is_told_and_ctrl_c_leaves_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    net().check(progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (TOTAL, TOTAL)
    assert sorted({done for done, _ in seen} - {0}) == list(range(1, TOTAL + 1))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)  # 0 too: the bar appears before any is done

    def interrupt(done: int, total: int) -> None:
        if done == 300:
            raise KeyboardInterrupt

    found = net().check(progress=interrupt, partial=True)
    assert found.coverage is not None
    assert (found.coverage.interrupted, found.coverage.checked, found.status) == (True, 300, 130)
    assert len(found.rows) == 300
    said = check_page(found, "n", Precision(10)).sentences
    assert said == [f"Interrupted: 300 of {TOTAL:,} components were checked."]
    with pytest.raises(KeyboardInterrupt):
        net().check(progress=interrupt)


# Large networks, and wrong ones.


LARGE = """
inputs: {x: {normal: [16, 400], seed: 3}}
parameters: {W1: {he: [400, 300], seed: 0}, b1: {zeros: [300]}, W2: {he: [300, 10], seed: 1}, b2: {zeros: [10]}}
targets: {y: {normal: [16, 10], seed: 4}}
functions:
  act(z): {value: "maximum(0, z)", gradient: {z: "where(z > 0, SLOPE, 0)"}}
nodes: {a1: act(x @ W1 + b1), z2: a1 @ W2 + b2, J: mean((z2 - y)**2)}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("slope", "wrong"), [("1", 0), ("1.01", 120_300), ("-1", 120_300), ("0.9995", 120_300)])
def test_a_large_network_is_judged_in_full_and_soon(slope: str, wrong: int) -> None:
    network = bp.loads(LARGE.replace("SLOPE", slope))
    found = network.check()
    assert len(found.rows) == 123_310
    assert found.count("unsure") == 0
    failed = [r for r in found.rows if r.verdict == "fail"]
    assert len(failed) == sum(r.backprop != 0.0 for r in found.rows if r.name in ("W1", "b1")) * bool(wrong)
    assert {r.name for r in failed} == ({"W1", "b1"} if wrong else set())
    if wrong:
        assert found.culprit is not None
        assert found.culprit.operation == "act"
    assert math.isfinite(found.power or 0.0)
