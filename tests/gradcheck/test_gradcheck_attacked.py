"""What an attack found: an infinite opinion, corners that hid wrong rules, ties, domain edges, levels out of budget."""

from __future__ import annotations

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

TIES = """
    parameters: {x: [%s]}
    functions:
      mx(x): {value: %s, gradient: {x: "%s"}}
    nodes: {J: mx(x)}
"""


@pytest.mark.parametrize(
    ("x", "value", "rule"),
    [
        ("1, 1, 0", "max(x)", "upstream*(x == max(x))"),
        ("1, 1, 0", "max(x)", "0*x*upstream"),
        ("1, 1, 1", "max(x)", "0.5*upstream*(x == max(x))"),
        ("2, -2", "max(abs(x))", "upstream*sign(x)"),
        ("0, 3, 0", "min(x)", "upstream*(x == min(x))"),
    ],
)
def test_gradients_at_ties_must_add_up(x: str, value: str, rule: str) -> None:
    _, culprit = wrong(TIES % (x, value, rule))
    assert culprit.operation == "mx"
    assert len(culprit.along) >= 2


@pytest.mark.parametrize(
    ("x", "value", "rule"),
    [
        ("1, 1, 0", "max(x)", "upstream*(x == max(x))/sum(x == max(x))"),
        ("1, 1, 0", "max(x)", "upstream*one_hot(0, 3)"),
        ("1, 1, 1", "max(x)", "upstream*(x == max(x))/3"),
        ("2, -2", "max(abs(x))", "upstream*sign(x)/2"),
        ("0, 3, 0", "min(x)", "upstream*one_hot(2, 3)"),
    ],
)
def test_any_sharing_of_a_tie_is_right(x: str, value: str, rule: str) -> None:
    assert loads(TIES % (x, value, rule)).check().verdict == "pass"


def test_a_tie_of_two_numbers_must_add_up_too() -> None:
    text = """
        parameters: {a: 2, b: 2}
        functions:
          mx(a, b): {value: "maximum(a, b)", gradient: {a: "a >= b", b: "b %s a"}}
        nodes: {J: "mx(a, b)"}
    """
    _, culprit = wrong(text % ">=")
    assert culprit.along == ("a", "b")
    assert loads(text % ">").check().verdict == "pass"


# Edges of a domain.


@pytest.mark.parametrize(
    ("value", "rule"), [("-log(1 - p)", "1/(1 - p)"), ("log1p(-p)", "-1/(1 - p)"), ("arctanh(p)", "1/(1 - p**2)")]
)
@pytest.mark.parametrize("p", [0.9999, 0.99999999999, 1 - 2.0**-45])
def test_near_the_edge_of_a_domain_there_is_no_jump(value: str, rule: str, p: float) -> None:
    text = f"""
        parameters: {{p: {p!r}}}
        functions:
          f(p): {{value: {value}, gradient: {{p: "%s*({rule})"}}}}
        nodes: {{J: f(p)}}
    """
    (row,) = loads(text % "1").check(against="digits").rows
    assert (row.verdict, row.reason in ("", "digits")) == ("pass", True)
    assert [opinion.verdict for opinion in row.opinions] == ["pass"]
    found, culprit = wrong(text % "0.7")
    assert (found.rows[0].reason, culprit.operation) == ("rule", "f")


# The culprit.


def test_rules_are_probed_at_the_upstream_gradients_that_arrive() -> None:
    _, culprit = wrong("""
        inputs: {x: [0.3, -0.4, 0.5, 0.1]}
        parameters: {w: [0.5, 0.2, 0.3, -0.4]}
        functions:
          th(z): {value: tanh(z), gradient: {z: "clip(upstream, -10, 10)*(1 - tanh(z)**2)"}}
        nodes: {h: th(w*x), J: 100*sum(h**2)}
    """)
    assert (culprit.operation, culprit.argument) == ("th", "z")
    assert abs(culprit.slope) > 10.0


@pytest.mark.slow
def test_one_bad_entry_of_a_whole_array_rule_is_named() -> None:
    _, culprit = wrong("""
        inputs: {m: {normal: [50, 50], seed: 5}}
        parameters: {w: {normal: [50, 50], seed: 4}}
        functions:
          f(a): {value: "a @ a.T", gradient: {a: "(upstream + upstream.T) @ a * (1 - 0.01*outer(one_hot(31, 50), one_hot(7, 50)))"}}
        nodes: {J: "sum(f(w) * m)"}
    """)  # noqa: E501  # one line of the spec
    assert (culprit.operation, culprit.entry, culprit.alone) == ("f", (31, 7), True)
    assert culprit.says == pytest.approx(0.99 * culprit.slope)


@pytest.mark.slow
def test_a_known_culprit_and_a_plain_contradiction_are_enough() -> None:
    found, culprit = wrong("""
        inputs: {x: {normal: [64, 100], seed: 3}}
        targets: {y: {zeros: [64]}}
        functions:
          th(z): {value: tanh(z), gradient: {z: "where(z > 2, 0.5, 1)*(1 - tanh(z)**2)"}}
        parameters: {W1: {he: [100, 64], seed: 0}, b1: {zeros: [64]}, W2: {he: [64, 10], seed: 2}}
        nodes: {a1: th(x @ W1 + b1), z2: a1 @ W2, J: "cross_entropy(z2, y)"}
    """)
    assert culprit.operation == "th"
    assert culprit.at[0][1] > 2.0
    assert found.count("unsure") == 0
    assert found.count("fail") > 3000
    assert all(row.verdict == "pass" for row in found.rows if row.name == "W2")


@pytest.mark.parametrize(
    ("x", "value", "gradient", "verdict"),
    [
        ("1, 1, 0.3", "median(x)", "upstream*(abs(x - median(x)) < 1e-4)", "fail"),
        ("1, 1, 0.3", "median(x)", "upstream*(abs(x - median(x)) < 1e-4)/2", "pass"),
        ("1, 1, 0.3", "median(x)", "0*x*upstream", "fail"),
        ("1, 1, 1", "median(x)", "upstream*(x == median(x))", "fail"),
        ("1, 2, 2, 0", "sort(x)[-1]", "upstream*(x == max(x))", "fail"),
        ("1, 2, 2, 0", "sort(x)[-1]", "upstream*(x == max(x))/2", "pass"),
    ],
)
def test_ties_of_what_is_sorted_are_counted_once(x: str, value: str, gradient: str, verdict: str) -> None:
    text = f"parameters: {{x: [{x}]}}\nfunctions: {{f(x): {{value: '{value}', gradient: {{x: '{gradient}'}}}}}}\n"
    report = loads(text + "nodes: {h: f(x), J: 1.7*h}").check()
    assert report.verdict == verdict
    assert report.culprit is None or report.culprit.operation == "f"


@pytest.mark.parametrize("x", ["1, 1, 1", "1, 1.00001, 1", "1, 1.0000000000000002, 1", "2, 2, 2, 2, 2"])
def test_a_median_of_three_that_tie_is_not_blamed(x: str) -> None:
    assert loads(f"parameters: {{x: [{x}]}}\nnodes: {{J: 1.7*median(x)}}").check().verdict in ("unsure", "pass")
