"""What an attack found: an infinite opinion, corners that hid wrong rules, ties, domain edges, levels out of budget."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import pytest

from backpropcli.api import loads
from backpropcli.gradcheck.acceptance import agrees, contradicts, sharp
from backpropcli.gradcheck.differences import Slope
from tests.gradcheck.check_helpers import one

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.report import Culprit


def wrong(text: str, **options: Any) -> tuple[Report, Culprit]:
    """The report of a check that must fail, and the culprit that it must name."""
    found = loads(text).check(**options)
    assert found.verdict == "fail"
    assert found.culprit is not None
    return found, found.culprit


# Opinions that are not finite.


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_an_opinion_that_is_not_finite_says_nothing(value: float) -> None:
    for error in (0.0, 1.0, math.inf):
        n = Slope(value, error)
        assert not agrees(1.0, n)
        assert not sharp(1.0, n)
        assert not contradicts(1.0, n)


def test_an_infinite_opinion_passes_nothing() -> None:
    rule = 'parameters: {h: 6.62607015e-34}\nfunctions:\n  f(h): {value: sin(1e34*h), gradient: {h: "%s"}}\n'
    nodes = "nodes: {J: f(h)}"
    found, culprit = wrong(rule % "-3*1e34*cos(1e34*h)" + nodes)
    assert culprit.operation == "f"
    assert found.rows[0].numerical == pytest.approx(9.417886861e33)
    assert loads(rule % "1e34*cos(1e34*h)" + nodes).check().verdict == "pass"


# Corners.


def test_on_a_corner_every_entry_of_every_rule_is_judged() -> None:
    text = """
        inputs: {{x: [{x}]}}
        parameters: {{w: 1}}
        functions:
          f(z): {{value: z**2, gradient: {{z: "where(z > 1, {sign}2*z, 2*z)"}}}}
        nodes: {{h: f(w*x), k: abs(w - 1), J: sum(h) + 4*k}}
    """
    x = ", ".join(["0", "0", "5", *["0"] * 500])
    _, culprit = wrong(text.format(x=x, sign="-"))
    assert (culprit.operation, culprit.says, culprit.alone) == ("f", -10.0, True)
    assert culprit.slope == pytest.approx(10.0)
    assert loads(text.format(x=x, sign="")).check().verdict == "pass"


@pytest.mark.parametrize("examples", [3, 40])
def test_zero_weights_under_an_l1_penalty_hide_no_wrong_loss(examples: int) -> None:
    text = f"""
        inputs: {{X: {{normal: [{examples}, 3], seed: 1}}, t: {{normal: [{examples}], seed: 2}}}}
        parameters: {{w: [0, 0, 0], b: -0.5}}
        functions:
          nll(z, y): {{value: "softplus(z) - y*z", gradient: {{z: "sigmoid(z) %s y", y: "-z"}}}}
        nodes: {{y: t > 0, z: X @ w + b, l: "nll(z, y)", J: "mean(l) + 0.01*sum(abs(w))"}}
    """
    found, culprit = wrong(text % "+", names=["w"])
    assert [row.verdict for row in found.rows] == ["fail"] * 3
    assert (culprit.operation, culprit.argument) == ("nll", "z")
    assert loads(text % "-").check(names=["w"]).verdict == "pass"


def test_a_gradient_outside_its_own_two_slopes_never_passes() -> None:
    for formula, w in (("relu(w) - relu(-w)", 0.0), ("abs(w - 1) + 3*relu(w - 1) - abs(1 - w)/2 - relu(1 - w)", 1.0)):
        (row,) = one(formula, w=w).check().rows
        assert row.verdict != "pass" or row.left <= row.backprop <= row.right  # type: ignore[operator]


@pytest.mark.parametrize(
    ("formula", "w", "left", "right"),
    [
        ("leaky_relu(w)", 0.0, 0.01, 1.0),
        ("selu(w)", 0.0, 1.7580993408473766, 1.0507009873554805),
        ("hard_swish(w)", -3.0, 0.0, -0.5),
        ("log1p(abs(w))", 0.0, -1.0, 1.0),
        ("1e-30*relu(w)", 0.0, 0.0, 1e-30),
        ("leaky_relu(w - 1e-200)*1e-200", 1e-200, 1e-202, 1e-200),
    ],
)
def test_a_corner_where_the_loss_is_0_is_no_jump(formula: str, w: float, left: float, right: float) -> None:
    (row,) = one(formula, w=w).check().rows
    assert (row.verdict, row.reason) == ("pass", "corner")
    assert "is on its corner" in row.note
    assert row.left == pytest.approx(left, rel=1e-6, abs=1e-9 * abs(right))
    assert row.right == pytest.approx(right, rel=1e-6, abs=1e-9 * abs(left))


@pytest.mark.parametrize(("formula", "slope"), [("elu(w)", 1.0), ("relu(w - 1e-9)", 0.0), ("relu(1e-9 - w)", -1.0)])
def test_what_is_smooth_is_no_corner(formula: str, slope: float) -> None:
    (row,) = one(formula, w=0.0).check().rows
    assert (row.verdict, row.reason, row.note) == ("pass", "", "")
    assert row.numerical == pytest.approx(slope)


@pytest.mark.parametrize("formula", ["abs(w)**1.5", "abs(w)**1.2", "abs(w)*w"])
def test_the_root_of_a_step_tends_to_0(formula: str) -> None:
    (row,) = one(formula, w=0.0).check().rows
    assert (row.verdict, row.numerical) == ("pass", pytest.approx(0.0, abs=1e-3))
    assert "jumps" not in row.note


# Ties.

# Thousands of ties.

TIES = """
inputs: {x: {normal: [40, 1, 24, 24], seed: 3}, K: {normal: [2, 1, 3, 3], seed: 1}}
parameters: {b: {zeros: [2]}}
nodes: {z: 'conv2d(where(x > 0.8, x, 0), K, b, padding=1)', p: 'max_pool2d(relu(z), 2)', J: 'sum((p - 1)**2)'}
"""


@pytest.mark.slow
def test_behind_thousands_of_ties_a_wrong_rule_is_seen() -> None:
    """Blank pixels put every window on a tie: a few are looked at, in seconds, and what lies behind them as well."""
    net = loads(TIES)
    assert net.check().verdict == "pass"
    operations: list[Any] = net.graph.operations
    ((slot, pool),) = [(k, op) for k, op in enumerate(operations) if op is not None and op.name == "max_pool2d"]

    def larger_at_the_end(xp: Any, o: Any, g: Any, y: Any, x: Any) -> Any:
        right = pool.vjps[0](xp, o, g, y, x)
        right[-3:] *= 1.5
        return right

    operations[slot] = copy.copy(pool)
    operations[slot].vjps = (larger_at_the_end,)
    found = net.check().culprit
    assert found is not None
    assert found.operation == "max_pool2d"
