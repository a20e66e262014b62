"""The check as a whole: the lecture's numbers, steps, verdicts, exit statuses, what is checked and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from check_helpers import FAULTS, LECTURE, deep, one, report, sabotage

from backpropcli.api import loads
from backpropcli.errors import SpecError, UsageError
from backpropcli.gradcheck import NothingToCheck, Report, Row
from backpropcli.gradcheck.acceptance import agrees, sees, sharp
from backpropcli.gradcheck.differences import Slope


def test_the_lecture() -> None:
    found = report(loads(LECTURE))
    assert [(r.label, r.backprop, r.verdict, r.method) for r in found.rows] == [
        ("w1", 6.0, "pass", "difference"),
        ("b1", 6.0, "pass", "difference"),
        ("w2", 4.0, "pass", "difference"),
        ("b2", 2.0, "pass", "difference"),
    ]
    for row in found.rows:
        assert abs(row.numerical - row.backprop) <= row.bound < 1e-10
    assert (found.verdict, found.status, found.loss, found.of) == ("pass", 0, 2.0, "J")
    assert found.power == pytest.approx(1e-6, rel=1e-3)


def test_a_forward_step_as_in_the_lecture() -> None:
    rows = {r.name: r for r in report(loads(LECTURE), eps=0.001, difference="forward").rows}
    assert rows["w1"].above == pytest.approx(2.0060045, abs=1e-12)
    assert rows["w1"].below is None
    assert rows["w1"].numerical == pytest.approx(6.0045, abs=1e-9)
    assert rows["w1"].bound == pytest.approx(0.0045, abs=1e-9)
    assert rows["w2"].numerical == pytest.approx(4.002, abs=1e-9)
    assert rows["b2"].bound == pytest.approx(0.0005, abs=1e-9)
    assert {r.verdict for r in rows.values()} == {"pass"}


def test_a_central_step_as_in_the_lecture() -> None:
    row = report(loads(LECTURE), eps=0.001).rows[0]
    assert row.above == pytest.approx(2.0060045, abs=1e-12)
    assert row.below == pytest.approx(1.9940045, abs=1e-12)
    assert abs(row.numerical - 6.0) <= row.bound < 3e-11


@pytest.mark.parametrize("eps", [1e-13, 1e-8, 0.5, 3.0, 10.0])
@pytest.mark.parametrize("difference", ["central", "forward", "backward"])
def test_a_coarse_or_tiny_step_widens_the_bound_and_wrongs_nobody(eps: float, difference: str) -> None:
    found = report(loads(LECTURE), eps=eps, difference=difference)
    assert found.verdict == "pass"
    for row in found.rows:
        assert abs(row.numerical - row.backprop) <= row.bound


def test_a_coarse_step_rights_nobody_either() -> None:
    network = loads(LECTURE)
    sabotage(network, "z2", FAULTS["5 %"])
    found = report(network, eps=5.0)
    assert found.verdict == "fail"


def test_a_step_out_of_the_domain_has_no_slope() -> None:
    (row,) = report(one("log(w)", w=0.5), eps=1.0).rows
    assert row.verdict == "pass"
    assert math.isnan(row.numerical)
    assert row.bound == math.inf


@pytest.mark.parametrize("eps", [0.0, -1e-3, math.nan, math.inf])
def test_a_step_is_a_positive_number(eps: float) -> None:
    with pytest.raises(UsageError, match="eps is a positive number"):
        report(loads(LECTURE), eps=eps)


def test_a_step_that_changes_nothing_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        report(one("w**2", w=3e10), eps=1e-7)
    assert caught.value.message == "a step of 1e-07 is too small for w = 3e+10: adding it changes nothing"
    assert "shows something" in caught.value.hint


def test_nothing_to_check() -> None:
    network = loads("inputs: {x: -2, y: 5, z: -4}\nnodes: {f: (x + y)*z}")
    with pytest.raises(NothingToCheck) as caught:
        report(network, source="cs231n.yaml")
    assert caught.value.message == "nothing to check: cs231n.yaml has no parameters"
    assert caught.value.hint == "x, y, z are inputs. Move them to parameters:, or check them with --all"
    found = report(network, everything=True)
    assert [(r.name, r.backprop, r.verdict) for r in found.rows] == [
        ("x", -4.0, "pass"),
        ("y", -4.0, "pass"),
        ("z", 3.0, "pass"),
    ]


def test_chosen_names_nodes_included() -> None:
    found = report(loads(LECTURE), names=["z2", "x"])
    assert [(r.name, r.backprop, r.verdict) for r in found.rows] == [("z2", 2.0, "pass"), ("x", 12.0, "pass")]
    with pytest.raises(SpecError, match="there is no w3"):
        report(loads(LECTURE), names=["w3"])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_array_that_is_not_one_number_needs_its_upstream(dtype: str) -> None:
    network = loads("inputs: {x: [3, 4]}\nparameters: {w: [1, 2]}\nnodes: {y: w*x, z: y*y}")
    found = report(network, upstream=np.array([1.0, -1.0]), dtype=dtype)
    assert [(r.label, r.backprop, r.verdict) for r in found.rows] == [("w[0]", 18.0, "pass"), ("w[1]", -64.0, "pass")]
    with pytest.raises(SpecError):
        report(network)


def test_float32_gradients_are_judged_to_their_own_digits() -> None:
    network = deep(1, layers=3, width=2, scale=1.0)
    assert report(network, dtype="float32").verdict == "pass"
    sabotage(network, "a2_0", FAULTS["1 %"])
    assert report(network, dtype="float32").verdict == "fail"


def test_stacked_copies_and_a_plain_loop_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network = deep(3, layers=4, width=2, scale=1.5, act="relu")
    loop = report(network)
    monkeypatch.setattr("backpropcli.gradcheck.large.nearby.LOOP", 0)
    stacked = report(network)
    for a, b in zip(loop.rows, stacked.rows, strict=True):
        assert (a.verdict, a.reason) == (b.verdict, b.reason)
        assert abs(a.numerical - b.numerical) <= 3 * (a.bound + b.bound)


@pytest.mark.parametrize("entries", [1, 200, 2_000_000])
def test_small_stacks_and_large_ones_say_the_same(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backpropcli.gradcheck.large.perturbation.ROOM", entries)
    text = "inputs: {x: [[1, 2], [3, 4], [5, -6]]}\nparameters: {W: [[0.1, 0.2], [-0.3, 0.4]], b: [0.5, -0.1]}\n"
    found = report(loads(text + "nodes: {a: relu(x @ W + b), J: sum(a**2)}"))
    assert {r.verdict for r in found.rows} == {"pass"}
    assert [r.index for r in found.rows] == [(0, 0), (0, 1), (1, 0), (1, 1), (0,), (1,)]


# The rule.


@pytest.mark.parametrize(
    ("a", "n", "error", "same"),
    [
        (1.0, 1.0, 0.0, True),
        (1.0, 1.0 + 0.9e-6, 0.0, True),
        (1.0, 1.0 + 1.2e-6, 0.0, False),
        (1.0, 1.1, 0.05, True),
        (0.0, 0.0, 0.0, True),
        (1e-30, -1e-30, 0.0, False),
        (math.nan, 1.0, math.inf, False),
        (math.nan, math.nan, 1.0, False),
        (math.inf, 1.0, 0.0, False),
    ],
)
def test_agreement(a: float, n: float, error: float, same: bool) -> None:
    assert agrees(a, Slope(n, error)) is same or (not same and not sharp(a, Slope(n, error)))


def test_an_opinion_must_be_sharp() -> None:
    assert sharp(1.0, Slope(1.0, 3e-4))
    assert not sharp(1.0, Slope(1.0, 4e-4))
    assert not sharp(math.nan, Slope(1.0, 0.1))
    assert not sharp(0.0, Slope(0.0, 1e-300))


def test_what_would_have_been_seen() -> None:
    assert sees(Slope(2.0, 1e-6), 1e-6) == pytest.approx(3e-6)
    assert sees(Slope(0.0, 1e-6), 1e-6) is None


def row(verdict: str, power: float | None = None) -> Row:
    return Row("w", (), 1.0, 1.0, 0.0, verdict, sees=power)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdicts", "verdict", "status"),
    [
        (["pass", "pass"], "pass", 0),
        (["pass", "unsure"], "unsure", 3),
        (["unsure", "fail", "pass"], "fail", 1),
        ([], "pass", 0),
    ],
)
def test_the_verdict_over_all(verdicts: list[str], verdict: str, status: int) -> None:
    found = Report("J", 1.0, [row(v) for v in verdicts])
    assert (found.verdict, found.status) == (verdict, status)
    assert found.count("pass") == verdicts.count("pass")


def test_power_is_that_of_the_dullest_row_that_passed() -> None:
    assert Report("J", 1.0, [row("pass", 1e-6), row("pass", 1e-4), row("unsure", 1.0), row("pass")]).power == 1e-4
    assert Report("J", 1.0, [row("pass")]).power is None


def test_labels() -> None:
    assert row("pass").label == "w"
    assert row("pass")._replace(index=(1, 0)).label == "w[1, 0]"


def test_power_is_true() -> None:
    """A mistake a little above the power that a report states is caught, in the component that it belongs to."""
    power = report(loads(LECTURE)).power
    assert power is not None
    network = loads(LECTURE)
    sabotage(network, "J", lambda p: p * (1 + 1.1 * power))
    assert report(network).count("fail") == 4
