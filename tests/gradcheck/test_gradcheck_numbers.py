"""The number beside the rule: a gradient that float64 lost never passes, one that it kept never fails.

Truth is mpmath at 400 digits: differences of the formula itself over a step 120 digits away.
"""

from __future__ import annotations

import json
from typing import Any

import mpmath
import numpy as np
import pytest

from backpropcli.api import loads

mp = mpmath.mp.clone()
mp.dps = 400


def entrywise(function: Any) -> Any:
    return np.frompyfunc(function, 1, 1)


NAMES: dict[str, Any] = {
    name: entrywise(getattr(mp, name)) for name in ("exp", "log", "sin", "cos", "tan", "sqrt", "tanh", "cosh", "erf")
} | {
    "arctan": entrywise(mp.atan),
    "arccos": entrywise(mp.acos),
    "arccosh": entrywise(mp.acosh),
    "sigmoid": entrywise(lambda z: 1 / (1 + mp.exp(-z))),
    "sum": lambda a: a.sum(),
    "prod": lambda a: a.prod(),
    "mean": lambda a: a.sum() / a.size,
    "dot": lambda a, b: (a * b).sum(),
    "norm": lambda a: mp.sqrt((a * a).sum()),
    "var": lambda a: ((a - a.sum() / a.size) ** 2).sum() / a.size,
    "softmax": lambda a: NAMES["exp"](a) / NAMES["exp"](a).sum(),
}
SMALL = [1e-12, 1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.5]
LARGE = [1.0, 1e2, 1e4, 1e6, 1e7, 1e8, 1e12]
FAR_OUT = [1.0, 5.0, 10.0, 20.0, 30.0, 34.0, 36.0]
NEAR_ONE = [1.1, 1.0001, 1.0000001, 1.0000000001]
OFFSETS = [[1.0 + o, 2.0 + o, 4.0 + o] for o in (0.0, 1e2, 1e4, 1e6, 1e7, 1e8)]


def at(formulas: list[str], points: list[Any]) -> dict[str, list[Any]]:
    return dict.fromkeys(formulas, points)


FORMULAS: dict[str, list[Any]] = {
    **at(
        [
            "(1 - cos(x)) / x**2",
            "(exp(x) - 1) / x",
            "(x - sin(x)) / x**3",
            "log(1 + x) / x",
            "log(1 + x)",
            "1 - cos(x)",
            "(exp(x) - 1 - x)/x**2",
            "sqrt(1 + x) - 1",
            "1/(1 - sqrt(1 - x**2))",
            "tan(x) - sin(x)",
            "cosh(x) - 1",
            "(1+x)**20 - 1",
            "arccos(1 - x)",
            "arccosh(1 + x)",
            "log((exp(x) - 1)/x)",
            "(1/(1 + exp(-x)) - 0.5)**2",
        ],
        SMALL,
    ),
    **at(
        [
            "1/x - 1/(x + 1)",
            "sqrt(x**2 + 1) - x",
            "sqrt(x + 1) - sqrt(x)",
            "log(x + 1) - log(x)",
            "arctan(x + 1) - arctan(x)",
            "x*(sqrt(x**2 + 1) - x)",
            "(x + 1)**2 - x**2 - 2*x",
        ],
        LARGE,
    ),
    **at(
        [
            "-log(1 - 1/(1+exp(-x)))",
            "log(1 - sigmoid(x))",
            "exp(x)/(1+exp(x))",
            "log(exp(x) + 1)",
            "log(cosh(x))",
        ],
        FAR_OUT,
    ),
    **at(
        [
            "log(1 - tanh(x))",
            "1 - tanh(x)**2",
            "sqrt(1 - tanh(x)**2)",
            "log(1 - tanh(x)**2)",
            "1 - ((exp(x) - exp(-x))/(exp(x) + exp(-x)))**2",
        ],
        [1.0, 5.0, 10.0, 15.0, 17.0, 18.0],
    ),
    **at(["1 - erf(x)", "log(1 - erf(x))"], [0.1, 2.0, 4.0, 5.0, 5.8]),
    **at(
        [
            "(x**2 - 1)/(x - 1)",
            "log(x)/(x - 1)",
            "log(x)**2",
            "1/log(x) - 1/(x-1)",
            "(x - 1)**7",
        ],
        NEAR_ONE,
    ),
    **at(["(-x + sqrt(x**2 - 4))/2", "(x - sqrt(x**2 - 4))/2"], [3.0, 1e3, 1e5, 1e7, 1e8]),
    "(x + 1 - 1)**2": [1e-30, 1e-17, 1e-16, 1e-12, 1e-8, 1.0],
    "sqrt(x**2 + x**2)": [1e-170, 1e-162, 1e-160, 1e-155, 1e-100, 1e100, 1e153],
    "(1e16*(x + 1) - 1e16)**2": [1e-10, 1.0, 3.0],
    "sin(x)": [1e3, 1e10, 1e15],
    "sin(x)**2 + cos(x)**2": [0.3, 1.0, 100.0],
    "exp(-x**2)/exp(-x**2)": [1.0, 20.0, 26.0],
    "exp(x)*exp(-x) - 1": [0.1, 10.0, 100.0, 300.0],
    **at(
        [
            "mean(x**2) - mean(x)**2",
            "log(mean(x**2) - mean(x)**2)",
            "var(x)",
            "sum((x - mean(x))**2)/3",
            "sum((x - mean(x))**3)/sqrt(sum((x - mean(x))**2))**3",
            "sum((x - mean(x))/sqrt(var(x)))",
            "sqrt(dot(x,x) - sum(x)**2/3)",
        ],
        OFFSETS,
    ),
    **at(["sum(x)**2", "sum(x**2)*sum(x)"], [[1e16, 1.0, -1e16], [1e8, 1.0, -1e8], [1.0, 2.0, 3.0]]),
    **at(
        [
            "-log((exp(x)/sum(exp(x)))[0])",
            "-log(1 - (exp(x)/sum(exp(x)))[0])",
            "-log(softmax(x)[0])",
            "log(sum(exp(x)))",
            "-log(1 - softmax(x)[0])",
        ],
        [[1.0, 2.0, 3.0], [20.0, 1.0, 2.0], [30.0, 1.0, 2.0], [-30.0, 1.0, 2.0], [36.0, 0.0, 0.0]],
    ),
    **at(["sqrt(sum(x**2))", "norm(x)"], [[1e-160, 2e-160], [1e-100, 1e-100], [3.0, 4.0], [1e150, 1e150]]),
    **at(["log(prod(x))", "prod(x)"], [[1e-100, 1e-100, 1e-60], [1e-2, 1e-3, 5.0], [1e-110, 1e-110, 1e-95]]),
    "(x[0]*x[1] - x[2]*x[3])**2": [[1.0, 2.0, 3.0, 4.0], [1e8, 1.0000000000001, 1e8, 1.0], [0.1, 0.3, 0.3, 0.1]],
    "(x[1] - x[0])/(x[2] - x[0])": [[1.0, 1 + 1e-9, 1 + 3e-9], [1.0, 1 + 1e-14, 1 + 3e-14], [1e8, 1e8 + 1, 1e8 + 3]],
    "-(x[0]*log(1/(1+exp(-x[1]))) + (1 - x[0])*log(1 - 1/(1+exp(-x[1]))))": [
        [0.0, 20.0],
        [1.0, 20.0],
        [0.0, 34.0],
        [1.0, 34.0],
        [1.0, -34.0],
        [0.5, 36.0],
        [0.0, -36.0],
    ],
}
POINTS = [(formula, x) for formula, points in FORMULAS.items() for x in points]
OUT_OF_RANGE = 1e-200
"""What a gradient below this is made of may be too small for float64."""


def true_slope(formula: str, x: Any, index: tuple[int, ...]) -> Any:
    here = np.array([mp.mpf(z) for z in x], object) if isinstance(x, list) else mp.mpf(x)
    size = abs(here[index] if index else here)
    h = mp.mpf(10) ** -120 * (size or 1)

    def value(step: Any) -> Any:
        there = here + step
        if index:
            there = here.copy()
            there[index] += step
        return eval(formula, {"__builtins__": {}}, {**NAMES, "x": there})  # our own formulas

    return (value(h) - value(-h)) / (2 * h)


def test_there_are_many_points() -> None:
    assert len(POINTS) >= 300


@pytest.mark.slow
@pytest.mark.parametrize("formula", FORMULAS)
def test_a_lost_number_never_passes_and_a_kept_one_never_fails(formula: str) -> None:
    for x in FORMULAS[formula]:
        network = loads(json.dumps({"parameters": {"x": x}, "nodes": {"J": formula}}))
        for row in network.check().rows:
            true = true_slope(formula, x, row.index)
            said = (formula, x, row, mp.nstr(true, 10))
            if not np.isfinite(row.backprop):
                assert row.verdict == "fail", said
                continue
            size = max(abs(true), abs(mp.mpf(row.backprop)))
            if abs(true) < OUT_OF_RANGE:
                assert row.verdict == ("pass" if abs(row.backprop) < 1e-6 else "fail"), said
            elif abs(true - row.backprop) > 1e-3 * size:
                assert (row.verdict, row.reason) == ("fail", "precision"), said
                assert row.reliable == pytest.approx(float(true), rel=1e-12), said
            elif abs(true - row.backprop) > 2e-6 * size:
                assert (row.verdict, row.reason) == ("pass", "digits"), said
            else:
                assert row.verdict == "pass", said


def test_a_rule_that_is_wrong_is_no_matter_of_precision() -> None:
    network = loads(
        "parameters: {w: 19}\nfunctions:\n  f(z): {value: tanh(z), gradient: {z: y - y**2},"
        " where: {y: tanh(z)}}\nnodes: {J: f(w)}"
    )
    (row,) = network.check().rows
    assert (row.verdict, row.reason) == ("fail", "rule")


def test_what_rounding_decides_is_left_alone() -> None:
    """0.3 * 10 is 3 in floats, and a little less in truth: no number is lost there, a staircase is met."""
    report = loads("parameters: {y: 2}\ninputs: {x: 0.3}\nnodes: {J: y*floor(x*10)}").check()
    assert report.verdict == "pass"


CANCELLING = "parameters: {x: 1e-4}\nnodes: {d: 1 - cos(x), J: d / x**2}\n"


@pytest.mark.parametrize(
    ("expect", "verdict", "status"),
    [
        ("dJ/dx: -8.33333e-6", "pass", 0),
        ("dJ/dx: 4.41080e-5", "fail", 1),
        ("dJ/dx: -50.0", "fail", 1),
        ("d: 4.99999999583333333e-9", "pass", 1),
        ("d: 4.99999996961e-9", "fail", 1),
        ("dd/dx: 1.0000e-4", "pass", 1),
    ],
)
def test_expected_numbers_are_judged_by_the_reliable_one(expect: str, verdict: str, status: int) -> None:
    report = loads(f"{CANCELLING}expect: {{{expect}}}\n").check()
    (number,) = report.expected
    assert number.verdict == verdict, number
    assert report.status == status  # dJ/dx is lost: an answer to another question makes that no better


@pytest.mark.parametrize(
    ("theirs", "verdict"), [(-8.333333328e-6, "pass"), (-50.0, "fail"), (4.410804468e-5, "fail"), (-8.34e-6, "fail")]
)
def test_gradients_from_elsewhere_are_judged_by_the_reliable_number(theirs: float, verdict: str) -> None:
    report = loads(CANCELLING).check_gradients({"x": theirs})
    assert report.external is not None
    assert (report.external.verdict, report.verdict) == (verdict, verdict)
    (entry,) = report.external.components
    assert entry.right == pytest.approx(-8.333333327777778e-6, rel=1e-12)


def test_an_expected_gradient_inside_an_array() -> None:
    report = loads(
        "parameters: {x: [1e-6, 2]}\nnodes: {J: sum((1 - cos(x)) / x**2)}\n"
        "expect: {'dJ/dx[0]': -8.3333e-8, 'dJ/dx[1]': -0.12671}"
    ).check()
    assert [c.verdict for c in report.expected] == ["pass", "pass"]
    assert report.expected[0].reliable == pytest.approx(-8.333333333332e-8, rel=1e-9)
    assert report.expected[1].reliable is None
    assert report.status == 0


@pytest.mark.parametrize(
    ("spec", "verdict", "status", "note", "numerical"),
    [
        ("parameters: {z: 40}\nnodes: {J: -log(1 - 1/(1+exp(-z)))}", "fail", 1, "log in J is not finite here", 1.0),
        ("parameters: {z: 800}\nnodes: {t: exp(z), J: log(1 + t)}", "fail", 1, "t is not finite here", 1.0),
        ("parameters: {z: 1e-170}\nnodes: {J: sqrt(z**2 + 0)}", "fail", 1, "is inf, from sqrt in J", 1.0),
        ("parameters: {z: 0}\nnodes: {J: sqrt(z**3)}", "fail", 1, "is nan, from sqrt in J", 0.0),
        ("parameters: {z: 1}\nnodes: {J: 'logaddexp(-inf, z - inf)'}", "fail", 1, "subtract in J is not finite", None),
        ("parameters: {z: -.inf}\nnodes: {J: exp(z)}", "unsure", 3, "z is -Infinity: there is nothing around it", None),
        ("parameters: {z: .nan}\nnodes: {J: z**2}", "fail", 1, "z is NaN", None),
        ("inputs: {x: 0}\nparameters: {z: 0}\nnodes: {J: x**z}", "unsure", 3, "", None),
        ("parameters: {z: 0}\nnodes: {J: z**1.5}", "pass", 0, "", 0.0),
    ],
)
def test_what_is_not_finite_is_named_and_seen_from_elsewhere(
    spec: str, verdict: str, status: int, note: str, numerical: float | None
) -> None:
    report = loads(spec).check()
    (row,) = report.rows
    assert (row.verdict, report.status) == (verdict, status), row
    assert note in row.note
    assert row.numerical == pytest.approx(numerical, abs=1e-6) if numerical is not None else np.isnan(row.numerical)


def test_a_corner_without_a_gradient_has_two_sides() -> None:
    (row,) = loads("parameters: {x: 0}\nnodes: {J: sqrt(x**2)}").check().rows
    assert (row.verdict, row.reason) == ("fail", "nonfinite")
    assert (row.left, row.right) == (pytest.approx(-1.0), pytest.approx(1.0))


def test_an_infinite_entry_beside_others_is_left_open() -> None:
    report = loads("parameters: {x: [-.inf, 1]}\nnodes: {J: logsumexp(x)}").check()
    assert [row.verdict for row in report.rows] == ["unsure", "pass"]
    assert report.status == 3


@pytest.mark.parametrize("node", ["max(V @ S, axis=1)", "V @ S", "S @ V.T", "V[0] @ S", "outer(V[:, 1], S[:, 1])"])
def test_an_overflow_inside_an_array_whose_arguments_have_other_shapes_is_told(node: str) -> None:
    net = loads(f"""
        inputs: {{V: [[0, 0], [0, 0], [0, 9e+307]]}}
        parameters: {{S: [[2, 1], [9, 3]]}}
        nodes: {{a: "{node}", J: sum(a)}}
    """)
    assert net.check().verdict in ("pass", "fail", "unsure")


def test_a_row_that_is_masked_whole_is_no_crash() -> None:
    report = loads(
        "inputs: {mask: [[0, 0], [-.inf, -.inf]]}\nparameters: {s: [[1, 2], [3, 4]]}\n"
        "nodes: {a: softmax(s + mask), J: 'a[0, 0]'}"
    ).check(against="all")
    assert [row.verdict for row in report.rows[:2]] == ["pass", "pass"]
    assert [row.numerical for row in report.rows[2:]] == [0.0, 0.0]


def test_an_answer_where_the_float_is_infinite() -> None:
    report = loads("parameters: {z: 40}\nnodes: {J: -log(1 - 1/(1+exp(-z)))}\nexpect: {dJ/dz: 1.00000}").check()
    assert report.expected[0].verdict == "pass"
    assert report.status == 0


def test_no_warning_of_numpys_leaves_a_check(recwarn: pytest.WarningsRecorder) -> None:
    for formula, x in [("sqrt(x**2)", 0.0), ("log(x)", -1.0), ("x / x", 0.0), ("exp(x)**2", 1000.0), ("x**-2", 0.0)]:
        for value in (x, [x, 1.0]):
            spec = {"parameters": {"x": value}, "nodes": {"J": f"sum({formula})"}}
            loads(json.dumps(spec)).check(against="all")
    assert not recwarn.list


@pytest.mark.parametrize("formula", ["(w*x - y)**2", "(w*x - 0.3)**2", "abs(w*x - y)**3"])
def test_a_fit_that_is_exact_for_the_decimals_written_is_no_loss(formula: str) -> None:
    """0.1 * 3 - 0.3 is not 0 in floats, and not even for their exact values; for what was written it is."""
    report = loads(f"inputs: {{x: 0.1}}\ntargets: {{y: 0.3}}\nparameters: {{w: 3}}\nnodes: {{J: {formula}}}").check()
    (row,) = report.rows
    assert row.verdict == "pass"
    assert report.lost == ()


def test_a_large_number_is_not_0_whatever_the_decimals_say() -> None:
    spec = "inputs: {x: 0.1}\ntargets: {y: 0.3}\nparameters: {w: 3}\nnodes: {J: 1e20*(w*x - y)**2}"
    assert loads(spec).check().rows[0].reason == "precision"


def test_a_product_too_small_for_float64_counts_as_rounding() -> None:
    """z*z is 0 in floats, for the complex step as for backprop: they agree on half of the gradient."""
    (row,) = loads("parameters: {z: 1e-165}\nnodes: {w: z*z*1e165*1e165, J: 1e-100*(w + 1)**2 + z}").check().rows
    assert (row.verdict, row.reason) == ("fail", "precision")
    assert row.reliable == pytest.approx(8e65, rel=1e-9)
    assert row.backprop == pytest.approx(4e65, rel=1e-9)


@pytest.mark.parametrize(
    ("given", "node", "right"),
    [
        ("x: 36, y: 36", "maximum(-log(1 - 1/(1 + exp(-x))), -log(1 - 1/(1 + exp(-y))))", 0.5),
        ("x: [36, 36]", "max(-log(1 - 1/(1 + exp(-x))))", 0.5),
        ("x: [36, 36]", "median(-log(1 - 1/(1 + exp(-x))))", 0.5),
        ("x: [36, 36]", "sum(sort(-log(1 - 1/(1 + exp(-x))))*[1, 3])", 2.0),
        ("x: [1e-15, 1e-15]", "max(arccosh(1 + x))", 11180339.8874989),
        ("x: 1e-15, y: 1e-15", "minimum(arccosh(1 + x), arccosh(1 + y))", 11180339.8874989),
        ("x: 1e-15", "max(stack([arccosh(1 + x), arccosh(1 + x) - 1]))", 22360679.7749979),
    ],
)
def test_a_number_that_is_lost_on_a_corner_is_lost(given: str, node: str, right: float) -> None:
    report = loads(f"parameters: {{{given}}}\nnodes: {{J: '{node}'}}").check()
    for row in report.rows:
        assert (row.verdict, row.reason) == ("fail", "precision")
        assert row.reliable == pytest.approx(right, rel=1e-9)


def test_what_keeps_its_digits_on_a_corner_passes_there() -> None:
    for node in ("maximum(softplus(x), softplus(y))", "max(stack([softplus(x), softplus(y)]))", "relu(x - y) + x"):
        report = loads(f"parameters: {{x: 36, y: 36}}\nnodes: {{J: '{node}'}}").check()
        assert {(row.verdict, row.reason) for row in report.rows} == {("pass", "corner")}, node


def test_beside_the_edge_of_a_domain_the_larger_one_is_on_no_corner() -> None:
    (row,) = loads("parameters: {x: 1e-15}\nnodes: {h: sqrt(x), J: 'max(stack([h, h - 1]))'}").check().rows
    assert (row.verdict, row.reason) == ("pass", "")
    assert row.numerical == pytest.approx(0.5e15**0.5 / 2**0.5, rel=1e-9)
    for rows in ("x: 1e-15, y: 1e-15", "x: 1e-12, y: 1e-12"):
        report = loads(f"parameters: {{{rows}}}\nnodes: {{J: 'maximum(sqrt(x), sqrt(y))'}}").check()
        assert {(row.verdict, row.reason) for row in report.rows} == {("pass", "corner")}
