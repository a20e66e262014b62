"""The check over random networks of every family: no false alarm, no miss, the culprit at its place.

Seeded; BACKPROP_HUNT=N tries N of each family in the slow tests.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from families import Net, Rule, spoil, wrong_at
from family_makers import FAMILIES, drawn

from backpropcli.api import Network, loads

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report

COUNT = int(os.environ.get("BACKPROP_HUNT", "16"))
QUICK = 1600
"""The first of the seeds that every run of the suite tries, one of each family."""
SEEN = 2e-5
"""A wrong rule that moves no gradient by more than this (relative) is no mistake at this point,"""
RESIDUE = 1e-10, 1e-14
"""nor one that moves what is this small beside the largest gradient, or the loss: what rounding leaves of 0."""
LOST = ("precision", "nonfinite")
"""Reasons that are about a right rule's numbers in floats: lost on the way, or beyond their range."""


def gradients(network: Network) -> Any:
    run = network.run()
    return np.concatenate([np.ravel(run.gradient(name)) for name in network.parameters])


def moves(right: Network, broken: Network) -> bool:
    """Whether a mistake shows in any gradient."""
    a, b = gradients(right), gradients(broken)
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(a), np.abs(b))
        least = max(RESIDUE[0] * size.max(), RESIDUE[1] * abs(right.run().value("J")))
        return bool(((np.abs(a - b) > SEEN * size) & (size > least)).any())


def no_alarm(net: Net) -> Report:
    """The check of the right rules: nothing wrong, and nothing left open but what stands on a corner."""
    report = loads(net.spec()).check()
    wrong = [row for row in report.rows if row.verdict == "fail" and row.reason not in LOST]
    assert not wrong, (net.spec(), wrong[:2], report.culprit)
    assert report.culprit is None
    assert report.differing is None, (net.spec(), report.differing)
    unsure = [row for row in report.rows if row.verdict == "unsure"]
    assert all(row.reason in ("corner", "jump") for row in unsure), (net.spec(), unsure[:2])
    assert net.cornered or not unsure, (net.spec(), unsure[:2])
    return report


def no_miss(net: Net, name: str, rule: Rule, right: Network) -> bool:
    """The check with a rule that is spoilt: it fails, and names the function at the first place where it is wrong.

    False where the mistake is none at this point.
    """
    text = net.spec({name: rule})
    broken = loads(text).unrolled()
    if not moves(right, broken):
        return False
    report = broken.check()
    assert report.differing is None, (text, report.differing)
    assert report.verdict == "fail", text
    assert report.culprit is not None, text
    assert report.culprit.operation == name, (text, report.culprit)
    places = wrong_at(net, name, rule, broken)
    assert report.culprit.node == places[0], (text, report.culprit, places)
    return True


def tried(seed: int) -> bool:
    """One network, right and then wrong; whether it could be wrong."""
    net = drawn(seed)
    report = no_alarm(net)
    if any(row.reason in ("corner", "jump", "nonfinite") for row in report.rows):
        return False  # on a corner any rule between the two slopes is right
    name, rule = spoil(net, random.Random(seed))
    return no_miss(net, name, rule, loads(net.spec()).unrolled())


@pytest.mark.parametrize(
    "seed", range(QUICK, QUICK + len(FAMILIES)), ids=lambda s: FAMILIES[s % len(FAMILIES)].__name__
)
def test_one_of_each_family(seed: int) -> None:
    tried(seed)


@pytest.mark.slow
@pytest.mark.parametrize("family", range(len(FAMILIES)), ids=lambda k: FAMILIES[k].__name__)
def test_many_of_a_family(family: int) -> None:
    caught = [tried(family + len(FAMILIES) * k) for k in range(COUNT)]
    assert sum(caught) > COUNT / 2, "or the family is no test"


# What the hunt has found once.

HUNTED = (295, 337, 411, 423, 438)
"""Networks that raised a false alarm, or were left open, by what many digits leave of 0 and by waves narrower than any
step."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", HUNTED)
def test_what_was_found_once(seed: int) -> None:
    tried(seed)


@pytest.mark.parametrize("upstream", ["[1, -1]", "[1, 1]", "[2, -3]"])
def test_ties_of_two_windows_are_two_corners(upstream: str) -> None:
    """Along (1, 1) or (1, -1) the slopes of two ties cancel by chance: no rule has to add up there."""
    text = f"""
        inputs: {{g: {upstream}}}
        parameters: {{x: [1, 1, 1, 1], b: [0.5, 0.5]}}
        nodes: {{p: "max_pool1d(x[None], 2)[0]", J: sum(p*g*b)}}
    """
    report = loads(text).check()
    assert report.verdict == "pass", report.rows
    wrong = loads(text).check(fault="p:scale=1.01")
    assert wrong.culprit is not None
    assert wrong.culprit.node == "p"


def test_a_right_rule_whose_number_is_lost_is_no_culprit() -> None:
    """1 - tanh(z)**2 is 0 in floats at z = 40; wrong is what comes behind it."""
    text = """
        parameters: {w: [40, 0.3], v: [0.2, 0.4]}
        functions:
          f(z): {value: "tanh(z)", gradient: {z: "1 - tanh(z)**2"}}
          g(z): {value: "sin(z)", gradient: {z: "%s"}}
        nodes: {a: f(w), b: g(a + v), J: sum(b)}
    """
    assert loads(text % "cos(z)").check().culprit is None
    culprit = loads(text % "-cos(z)").check().culprit
    assert culprit is not None
    assert (culprit.operation, culprit.node) == ("g", "b")


@pytest.mark.parametrize("turns", [4, 7])
def test_waves_narrower_than_a_step_at_50_digits_contradict_nobody(turns: int) -> None:
    """The step spans 10^12 of them, and more: a difference is small, and says nothing of the slope."""
    text = f"parameters: {{w: 1.3}}\nnodes: {{'h[0]': w, 'h[t <= {turns}]': '50*h[t-1]**2', J: 'sin(h[{turns}] + 1)'}}"
    report = loads(text).check()
    assert [row.reason for row in report.rows] == ["precision"]
    assert loads(text).check(fault="h[3]:scale=1.01").verdict == "fail"


def test_a_complex_step_does_not_contradict_0_by_what_rounding_leaves_of_it() -> None:
    """Of a mean over equal numbers, taken off them: backprop's 0 is exact, and a complex step has 4e-18."""
    report = loads(drawn(1613).spec()).check(against="complex")
    assert report.verdict != "fail"
    assert any("cannot tell this slope from 0" in opinion.why for row in report.rows for opinion in row.opinions)


@pytest.mark.slow
@pytest.mark.parametrize("asked", [{"dtype": "float32"}, {"points": 1}, {"everything": True}, {"sample": 5}])
@pytest.mark.parametrize("family", range(len(FAMILIES)), ids=lambda k: FAMILIES[k].__name__)
def test_no_question_raises_a_false_alarm(family: int, asked: dict[str, Any]) -> None:
    report = loads(drawn(QUICK + family).spec()).check(**asked)
    assert not [row for row in report.rows if row.verdict == "fail" and row.reason not in LOST]
    assert report.differing is None
