"""The points that break gradient checkers: each must come out right, for the right reason."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from check_helpers import FAULTS, LECTURE, broken, deep, one, report, sabotage

from backpropcli.api import loads
from backpropcli.engine import Plan
from backpropcli.gradcheck.point.point import Point

HARD = [
    ("sin(10000*w)", 0.3),
    ("w + 0.000001*sin(100000*w)", 0.3),
    ("log(w)", 1e-5),
    ("1/w", 1e-4),
    ("sin(w)", 1e8),
    ("(w - 100000001)**2", 1e8),
    ("1000000 + 0.000000000001*w", 1.0),
    ("tanh(w)", 100.0),
    ("sigmoid(w)", 40.0),
    ("exp(w)", 709.78),
    ("exp(w)", -700.0),
    ("relu(w)", 1e-9),
    ("relu(w)*3 + w", -1e-9),
    ("relu(w)", 1e-14),
    ("abs(w)", -1e-12),
    ("floor(w)*w", 1 - 1e-9),
    ("heaviside(w, 0.5)*w", 1e-9),
    ("sqrt(w)", 1e-12),
    ("w**2", 1e30),
    ("3*w", 1e-30),
    ("w*w", 0.0),
    ("w - w", 3.0),
    ("log(1 - sigmoid(w))", 20.0),
    ("cos(w)", 0.0),
    ("1 - tanh(w)**2", 15.0),
]


@pytest.mark.parametrize(("formula", "w"), HARD)
def test_a_right_gradient_passes_where_it_is_hard(formula: str, w: float) -> None:
    (row,) = report(one(formula, w=w)).rows
    assert row.verdict == "pass"
    assert row.reason in ("", "digits")
    assert abs(row.numerical - row.backprop) <= 1e-5 * abs(row.backprop) + 3 * row.bound or row.reason == "digits"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("formula", "w"), [h for h in HARD if h[0] != "w - w"])
def test_a_wrong_gradient_fails_where_it_is_hard(formula: str, w: float, fault: str) -> None:
    network = one(formula, w=w)
    right = network.run().gradient("w")
    for step in range(len(network.graph.steps("J"))):
        again = one(formula, w=w)
        slot = again.graph.steps("J")[step]
        k = next((k for k, a in enumerate(again.graph.arguments[slot]) if a not in again.graph.constants), 0)
        sabotage(again, "J", FAULTS[fault], step, k)
        found = report(again)
        wrong = found.rows[0].backprop
        if abs(wrong - right) > 1e-4 * max(abs(wrong), abs(right)):
            assert found.verdict == "fail", (step, found.rows[0])
            assert found.culprit is not None
            assert found.culprit.label == again.graph.labels()[slot]


def test_a_right_rule_that_loses_digits_passes_and_says_so() -> None:
    (row,) = report(one("log(1 - sigmoid(w))", w=29.0)).rows
    assert (row.verdict, row.reason, row.method) == ("pass", "digits", "50 digits")
    assert row.numerical == pytest.approx(-1.0, rel=1e-11)
    assert 1e-5 < abs(row.backprop + 1.0) < 1e-3
    assert "float64 loses its digits" in row.note


@pytest.mark.parametrize(
    ("formula", "w", "left", "right", "backprop", "note"),
    [
        ("relu(w)", 0.0, 0.0, 1.0, 0.0, "relu(w) is on its corner"),
        ("abs(w)", 0.0, -1.0, 1.0, 0.0, "abs(w) is on its corner"),
        ("relu(w - 2) + 5", 2.0, 0.0, 1.0, 0.0, "relu in J is on its corner"),
        ("clip(w, 0, 1)", 0.0, 0.0, 1.0, None, "clip(w, 0, 1) is on its corner"),
        ("abs(w)*w", 0.0, 0.0, 0.0, 0.0, "absolute in J is on its corner"),
    ],
)
def test_exactly_on_a_corner_both_slopes_are_shown(
    formula: str, w: float, left: float, right: float, backprop: float | None, note: str
) -> None:
    (row,) = report(one(formula, w=w)).rows
    assert (row.verdict, row.reason, row.node, row.note) == ("pass", "corner", "J", note)
    assert row.left == pytest.approx(left, abs=1e-9)
    assert row.right == pytest.approx(right, abs=1e-9)
    assert backprop is None or row.backprop == backprop


def test_a_tie_is_a_corner_for_both() -> None:
    rows = report(one("3*maximum(w, u)", w=2.0, u=2.0)).rows
    assert [(r.verdict, r.reason, r.backprop) for r in rows] == [("pass", "corner", 1.5)] * 2


def test_a_smooth_sum_of_corners_says_that_the_chain_rule_does_not_apply() -> None:
    (row,) = report(one("relu(w) - relu(-w)", w=0.0)).rows
    assert (row.verdict, row.reason, row.backprop) == ("unsure", "corner", 0.0)
    assert row.left == pytest.approx(1.0)
    assert row.right == pytest.approx(1.0)
    assert "the chain rule does not apply there" in row.note


def test_a_corner_that_the_loss_does_not_feel_is_no_corner() -> None:
    network = loads("parameters: {w: 0.0, v: 2.0}\nnodes: {a: relu(w), J: (a*0 + v*w - 1)**2}")
    for row in report(network).rows:
        assert (row.verdict, row.reason) == ("pass", "")


@pytest.mark.parametrize(
    ("formula", "w"), [("floor(w)", 1.0), ("heaviside(w, 0.5)", 0.0), ("sign(w)", 0.0), ("round(w + 0.5)", 0.0)]
)
def test_exactly_on_a_jump_the_slope_on_either_side_is_what_counts(formula: str, w: float) -> None:
    (row,) = report(one(formula, w=w)).rows
    assert (row.verdict, row.reason, row.backprop) == ("pass", "jump", 0.0)
    assert "jumps here" in row.note


@pytest.mark.parametrize("fault", ["sign", "twice", "zero"])
def test_on_a_corner_a_wrong_rule_elsewhere_still_fails(fault: str) -> None:
    network = loads("parameters: {w: 0.0}\nnodes: {a: relu(w), c: exp(2*w + 1), J: a + c}")
    sabotage(network, "c", FAULTS[fault])
    found = report(network)
    assert found.rows[0].verdict == "fail"
    assert found.culprit is not None
    assert (found.culprit.node, found.culprit.operation) == ("c", "exp")


def test_on_a_corner_a_local_derivative_outside_its_own_slopes_fails() -> None:
    network = one("relu(w)", w=0.0)
    sabotage(network, "J", lambda p: p + 1.5)
    found = report(network)
    assert (found.rows[0].verdict, found.rows[0].reason) == ("fail", "rule")


@pytest.mark.parametrize("inside", [0.0, 0.5, 1.0])
def test_on_a_corner_any_local_derivative_between_its_slopes_passes(inside: float) -> None:
    network = one("relu(w)", w=0.0)
    sabotage(network, "J", lambda p: p + inside)
    assert report(network).rows[0].verdict == "pass"


@pytest.mark.parametrize(
    ("formula", "w"), [("sqrt(w)", 0.0), ("exp(w)", 800.0), ("log(w - 1)", 1.0), ("w*w", 1e300), ("cbrt(w)", 0.0)]
)
def test_what_is_not_finite_never_passes(formula: str, w: float) -> None:
    found = report(one(formula, w=w))
    assert (found.rows[0].verdict, found.rows[0].reason, found.status) == ("fail", "nonfinite", 1)
    assert found.rows[0].node == "J"


@pytest.mark.parametrize("broken_to", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_never_passes(broken_to: float) -> None:
    network = loads(LECTURE)
    sabotage(network, "z1", lambda p: p * broken_to)
    found = report(network)
    assert found.status == 1
    verdicts = {row.name: (row.verdict, row.reason) for row in found.rows}
    assert verdicts["w1"] == ("fail", "nonfinite")
    assert verdicts["b2"] == ("pass", "")


def test_no_path_to_the_loss_is_a_gradient_of_zero() -> None:
    network = loads("parameters: {w: 1.0, u: 2.0}\nnodes: {a: u*2, J: w**2}\nloss: J")
    by_name = {row.name: row for row in report(network).rows}
    assert (by_name["u"].verdict, by_name["u"].backprop, by_name["u"].bound) == ("pass", 0.0, 0.0)
    assert "no path leads from u to J" in by_name["u"].note


def test_a_dead_relu_passes_by_differences_alone() -> None:
    rows = report(loads(LECTURE.replace("b1: 0", "b1: -7"))).rows
    assert [(r.name, r.verdict, r.method, r.backprop) for r in rows[:3]] == [
        (name, "pass", "difference", 0.0) for name in ("w1", "b1", "w2")
    ]


def test_zero_that_is_only_rounded_away_is_seen() -> None:
    network = one("1 + sigmoid(w)", w=-60.0)
    sabotage(network, "J", FAULTS["zero"], step=0)
    assert report(network).verdict == "fail"
    network = one("hypot(1000000, w)", w=1e-6)
    sabotage(network, "J", FAULTS["zero"], k=1)
    assert report(network).verdict == "fail"


def test_a_fault_of_floats_alone_is_no_loss_of_digits() -> None:
    network = one("exp(w)", w=1.0)
    slot = network.graph.steps("J")[0]
    operation = network.graph.operations[slot]
    assert operation is not None
    wrong = broken(operation, lambda p: p * 1.5 if isinstance(p, float) else p)
    network.graph.operations[slot] = wrong
    found = report(network)
    assert (found.rows[0].verdict, found.rows[0].reason) == ("fail", "rule")


@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0])
def test_twenty_saturated_layers(scale: float) -> None:
    network = deep(7, layers=20, width=1, scale=scale)
    assert report(network).verdict == "pass"
    sabotage(network, "a20_0", FAULTS["sign"])
    found = report(network)
    judged = {row.name: row for row in found.rows}
    assert all(judged[n].verdict == "fail" for n in judged if judged[n].backprop != 0.0)


def test_a_plain_check_of_a_scalar_network_imports_neither_numpy_nor_mpmath() -> None:
    code = (
        "import sys; from backpropcli.api import loads; "
        f"report = loads({LECTURE!r}).check(); "
        "assert report.verdict == 'pass'; "
        "print([m for m in ('numpy', 'mpmath', 'sympy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_corner_that_no_branch_announces_is_found_at_the_top() -> None:
    network = one("relu(w)", w=0.0)
    sabotage(network, "J", lambda p: p + 1.0)  # still between the two slopes
    operation: Any = network.graph.operations[network.graph.steps("J")[0]]
    operation.branch = None
    (row,) = report(network).rows
    assert (row.verdict, row.reason, row.backprop) == ("pass", "corner", 1.0)
    assert (row.left, row.right) == (pytest.approx(0.0, abs=1e-9), pytest.approx(1.0))


def test_the_smallest_floats_are_judged_too() -> None:
    for w in (-742.0, -744.0):
        assert report(one("exp(w)", w=w)).verdict == "pass"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("parameters: {w: 1.0}\nnodes: {J: (w + 1000000) - 1000000}", 1e6),
        ("inputs: {x: [1000000, -1000000, 1]}\nparameters: {w: 1.0}\nnodes: {J: sum(w*x)}", 1e6),
        ("inputs: {x: [1000000, 1], v: [1, -1000000]}\nparameters: {w: 1.0}\nnodes:\n  J: dot(w*x, v)", 1e6),
        ("parameters: {w: 3.0}\nnodes: {J: w*1}", 3.0),
    ],
)
def test_the_rounding_of_what_was_added_up_counts(text: str, size: float) -> None:
    network = loads(text)
    point = Point(Plan(network.graph), network.values, "J", None, False)
    noise = point.noise(network.graph.nodes["w"].slot)
    assert 1.0 <= noise / (2.0**-53 * size) <= 4.0
