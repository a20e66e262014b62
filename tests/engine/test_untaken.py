"""Branches that are not taken pass nothing back, whatever stands in them; a NaN that is real stays one."""

from __future__ import annotations

import math

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.engine import Plan, offenders, run
from backpropcli.ops.numbers import array, precise, scalar
from backpropcli.ops.numbers.careful import careful, lifted, settled
from backpropcli.ops.numbers.nothing import NOTHING, ZERO

# parameters, formula(s) of J, gradients: by hand, each from the piece that the value took.
SCALARS = [
    ("x: -1", "where(x > 0, sqrt(x), x)", {"x": 1}),
    ("x: 1", "where(x > 0, x, sqrt(-x))", {"x": 1}),
    ("x: 0", "where(x > 2, log2(x), 2*x)", {"x": 2}),
    ("x: 0", "where(x > 0, log(x), 3*x)", {"x": 3}),
    ("x: -2", "where(x > 0, log(x), 3*x)", {"x": 3}),
    ("x: 0", "where(x != 0, sin(x)/x, 1) + x", {"x": 1}),
    ("x: 0", "where(x == 0, 5*x, 1/x)", {"x": 5}),
    ("x: 0", "where(x == 0, 5*x, x/abs(x))", {"x": 5}),
    ("z: 1000", "where(z > 0, z, exp(z) - 1)", {"z": 1}),
    ("z: -1000", "where(z < 0, z, exp(-z))", {"z": 1}),
    ("z: 1e200", "where(z > 0, z, z**2 * z**2)", {"z": 1}),
    ("z: 1000", "where(z > 30, z, log(1 + exp(z)))", {"z": 1}),
    ("z: -1000", "where(z > 0, 1/(1+exp(-z)), exp(z)/(1+exp(z)))", {"z": 0}),
    ("x: -1", "maximum(sqrt(relu(x)), x + 3)", {"x": 1}),
    ("x: -1", "sqrt(relu(x))", {"x": 0}),
    ("x: -1", "sqrt(maximum(x, 0))", {"x": 0}),
    ("x: -1", "sqrt(where(x > 0, x, 0))", {"x": 0}),
    ("x: -1", "sqrt(clip(x, 0, 1))", {"x": 0}),
    ("x: 2", "arccos(clip(x, -1, 1)) + x", {"x": 1}),
    ("x: 2", "arcsin(minimum(x, 1)) + x", {"x": 1}),
    ("x: 0", "relu(log(x)) + x", {"x": 1}),
    ("x: 0", "relu6(log(x)) + x", {"x": 1}),
    ("x: 0", "maximum(log(x), x + 1)", {"x": 1}),
    ("x: 0", "minimum(1/x, 3*x + 2)", {"x": 3}),
    ("x: 0", "clip(log(x), -5, 5) + 2*x", {"x": 2}),
    ("x: 0", "hard_sigmoid(log(x)) + x", {"x": 1}),
    ("x: 0", "hard_tanh(log(x)) + x", {"x": 1}),
    ("x: 0", "hard_swish(log(x)) + x", {"x": 1}),
    ("x: 0", "relu(-1/x) + x", {"x": 1}),
    ("x: 0", "step(log(x)) + x", {"x": 1}),
    ("x: 0", "(log(x) > -3) + x", {"x": 1}),
    ("x: 0", "where(log(x) > -3, 7, 4*x)", {"x": 4}),
    ("x: 0", "floor(sqrt(x)) + 2*x", {"x": 2}),
    ("x: 0", "sign(sqrt(x)) + 2*x", {"x": 2}),
    ("x: 0, y: 3", "leaky_relu(y, log(x)) + x", {"x": 1, "y": 1}),
    ("x: 0, y: 3", "elu(y, log(x)) + x", {"x": 1, "y": 1}),
    ("x: 0, y: 3", "heaviside(y, log(x)) + x", {"x": 1, "y": 0}),
    ("x: -1, p: .nan", "where(x > 0, p, x)", {"x": 1, "p": 0}),
    ("x: -1, p: .nan", "where(x > 0, p*x, 2*x)", {"x": 2, "p": 0}),
    ("x: -1", "where(x > 0, where(x > 1, log(x), sqrt(x)), x)", {"x": 1}),
    ("x: -1", "where(x < 0, where(x > -0.5, sqrt(x), 4*x), log(x))", {"x": 4}),
    ("x: -1", "where(x > 0, sqrt(x), x) * where(x > 0, log(x), 3)", {"x": 3}),
    ("x: -1", "where(x > 0, sqrt(x) + sqrt(x) * log(x), x)", {"x": 1}),
    ("x: -1, y: 2", "where(x > 0, x**y, x*y)", {"x": 2, "y": -1}),
    ("x: 0, y: -2", "where(x == 0, y, x**y)", {"x": 0, "y": 1}),
    ("p: 0", "where(p > 0, p*log(p), 0) + p", {"p": 1}),
    ("x: -1", "where(x > 0, sqrt(sqrt(sqrt(x))), 2*x)**2", {"x": -8}),
    ("x: 0", "where(x > 0, rsqrt(x), x)", {"x": 1}),
    ("x: 0", "where(x > 0, cbrt(x), x)", {"x": 1}),
    ("x: 1", "where(x < 1, arctanh(x), x)", {"x": 1}),
    ("x: 0.5", "where(x >= 1, arccosh(x), x)", {"x": 1}),
    ("x: 0", "exp(where(x > 0, log(x), -x))", {"x": -1}),
]
ARRAYS = [
    ("x: [0, 2, 3]", "sum(where(x > 2, log2(x), 2*x))", {"x": [2, 2, 1 / (3 * math.log(2))]}),
    ("x: [-1, 4]", "sum(where(x > 0, sqrt(x), x))", {"x": [1, 0.25]}),
    ("x: [-1, 4]", "mean(where(x > 0, sqrt(x), x)**2)", {"x": [-1, 0.5]}),
    ("x: [0, 1]", "log(x)[1] + sum(x)", {"x": [1, 2]}),
    ("x: [0, 1, 2]", "max(where(x > 0, log(x), -5)) + sum(x)", {"x": [1, 1, 1.5]}),
    ("x: [0, 1, 2]", "max(log(x)) + sum(x)", {"x": [1, 1, 1.5]}),
    ("x: [0, 1, 2]", "min(1/x)", {"x": [0, 0, -0.25]}),
    ("x: [[0, 1], [4, 2]]", "sum(max(log(x), axis=1))", {"x": [[0, 1], [0.25, 0]]}),
    ("x: [0, 4], W: [[1, 2], [3, 4]]", "sum(W @ where(x > 0, sqrt(x), 0))", {"x": [0, 1.5], "W": [[0, 2], [0, 2]]}),
    ("x: [0, 4], W: [[1, 2], [3, 4]]", "sum(where(x > 0, sqrt(x), 0) @ W)", {"x": [0, 1.75], "W": [[0, 0], [2, 2]]}),
    (
        "A: [[1, 2], [3, 4]], x: [4, -1]",
        "sum(where(x > 0, outer(x, sqrt(x))[0], A @ x))",
        {"A": [[0, 0], [4, -1]], "x": [6, 4]},
    ),
    ("A: [[1, 2], [3, 4]], B: [[1, .nan], [2, 5]]", "(A @ B)[0, 0]", {"A": [[1, 2], [0, 0]], "B": [[1, 0], [2, 0]]}),
    (
        "A: [[1, 2], [3, 4]], B: [[1, .nan], [2, 5]]",
        "einsum('ij,jk->ik', A, B)[1, 0]",
        {"A": [[0, 0], [1, 2]], "B": [[3, 0], [4, 0]]},
    ),
    ("x: [[0, 4], [1, 2]]", "einsum('ij->j', log(x))[1]", {"x": [[0, 0.25], [0, 0.5]]}),
    ("x: [[0, 4], [1, 2]]", "einsum('ii->i', log(x))[1]", {"x": [[0, 0], [0, 0.5]]}),
    ("x: [[0, 4], [1, 2]]", "(log(x) @ array([[1, 2], [3, 4]]))[1, 0]", {"x": [[0, 0], [1, 1.5]]}),
    ("x: [-1, 4]", "nansum(sqrt(x)) + nanmax(sqrt(x))", {"x": [0, 0.5]}),
    ("x: [0, 4]", "sum(sort(log(x))[1:]) + median(log(x)[1:])", {"x": [0, 0.5]}),
    ("x: [0, 4]", "sum(kron(log(x), x)[3:]) + take(log(x), 1)", {"x": [0, 1.25 + math.log(4)]}),
    ("x: [0, 4]", "sum(solve(array([[1, 2], [3, 4]]), where(x > 0, log(x), x)))", {"x": [-0.5, 0.125]}),
    ("x: [-1, 4], y: [1, 2]", "sum(stack([sqrt(x), y])[1])", {"x": [0, 0], "y": [1, 1]}),
    ("x: [-1, 4], y: [1, 2]", "sum(concatenate([log(x), y])[1:])", {"x": [0, 0.25], "y": [1, 1]}),
    ("x: [0, 4]", "where(min(x) > 0, prod(sqrt(x)), sum(x))", {"x": [1, 1]}),
    ("x: [0, 2, 3]", "prod(x)", {"x": [6, 0, 0]}),
    ("x: [[0, 2], [3, 4]]", "sum(prod(x, axis=1))", {"x": [[2, 0], [4, 3]]}),
    ("s: [1, 2, 3]", "softmax(s + array([0, 0, -inf]))[0]", {"s": [0.19661193324, -0.19661193324, 0]}),
    ("s: [1, 2, 3]", "log_softmax(s + array([0, 0, -inf]))[0]", {"s": [0.73105857863, -0.73105857863, 0]}),
    ("s: [1, 2, 3]", "logsumexp(s + array([0, -inf, -inf]))", {"s": [1, 0, 0]}),
    (
        "s: [[1, 2], [3, 4]]",
        "softmax(s + array([[0, 0], [-inf, -inf]]))[0, 0]",
        {"s": [[0.19661193324, -0.19661193324], [0, 0]]},
    ),
    (
        "s: [[1, 2], [3, 4]]",
        "sum(softmax(where(array([[1, 1], [1, 0]]) > 0, s, -inf))[1] * array([2, 3]))",
        {"s": [[0, 0], [0, 0]]},
    ),
    ("x: [[1, 0], [0, 2]]", "sum(tril(1/x)[1, 1]) + x[0, 0]", {"x": [[1, 0], [0, -0.25]]}),
    ("x: [[1, 2], [0, 4]]", "sum(triu(log(x)))", {"x": [[1, 0.5], [0, 0.25]]}),
    ("x: [0, 4]", "sum(maximum(log(x), 0))", {"x": [0, 0.25]}),
    ("x: [0, 4], y: 3", "sum(where(x > 0, log(x), y))", {"x": [0, 0.25], "y": 1}),
    ("x: [-1, 4], y: 3", "sum(where(x > 0, sqrt(x) * y, x))", {"x": [1, 0.75], "y": 2}),
    ("x: [[-1, 4]], y: [[3], [2]]", "sum(where(x > 0, sqrt(x) * y, x))", {"x": [[2, 1.25]], "y": [[2], [2]]}),
    ("x: [-1, 4]", "sum(cumsum(where(x > 0, sqrt(x), x)))", {"x": [2, 0.25]}),
    ("x: [-1, 4]", "norm(where(x > 0, sqrt(x), 0))", {"x": [0, 0.25]}),
    ("x: [1, 1]", "std(x) + sum(where(std(x) > 0, x / std(x), x))", {"x": [1, 1]}),
    ("x: [1000, -2]", "sum(where(x > 0, x, exp(x) - 1))", {"x": [1, math.exp(-2)]}),
    (
        "z: [3, 1], p: [0, 0.5]",
        "cross_entropy(z + where(p > 0, log(p), array([-inf, 0])), array(1))",
        {"z": [0, 0], "p": [0, 0]},
    ),
]
REAL = [  # a NaN or infinity that the value did meet
    ("x: 0", "sqrt(x)**2", "x"),
    ("x: 0", "x * log(x)", "x"),
    ("x: 0", "0 * log(x)", "x"),
    ("x: 0", "sqrt(x**2)", "x"),
    ("x: -1", "sqrt(x) + x", "x"),
    ("x: -1", "where(x < 0, sqrt(x), x)", "x"),
    ("x: 0", "maximum(sqrt(x), -1) * 0", "x"),
    ("x: .nan", "x + 1 + x * x", "x"),
    ("x: [0, 1]", "sum(x * log(x))", "x"),
    ("x: [0, 4]", "sum(sqrt(x)**2)", "x"),
    ("x: [-1, 4]", "max(sqrt(x))", "x"),
    ("x: [0, 0]", "sum(x / sum(x))", "x"),
    ("x: [1, 2]", "sum(softmax(x + array([-inf, -inf])))", "x"),
]


def network(parameters: str, formula: str) -> bp.Network:
    return bp.loads(f'parameters: {{{parameters}}}\nnodes:\n  J: "{formula}"')


def named(row):
    return f"{row[1]} at {row[0]}"


@pytest.mark.parametrize("row", SCALARS + ARRAYS, ids=named)
def test_nothing_comes_back_from_a_branch_that_is_not_taken(row):
    trace = network(row[0], row[1]).run()
    for name, expected in row[2].items():
        np.testing.assert_allclose(trace.gradient(name), expected, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("row", SCALARS + ARRAYS, ids=named)
def test_the_check_has_nothing_against_it(row):
    report = network(row[0], row[1]).check()
    assert [(r.label, r.note) for r in report.rows if r.verdict == "fail" and r.backprop == r.backprop] == []


@pytest.mark.parametrize("row", SCALARS[::3] + ARRAYS[::3], ids=named)
def test_all_oracles_agree_or_pass_over(row):
    report = network(row[0], row[1]).check(against=("differences", "complex", "symbolic", "digits"))
    said = [(r.label, o) for r in report.rows for o in r.opinions if o.verdict == "fail"]
    assert said == []
    assert report.verdict != "fail"


@pytest.mark.parametrize("row", REAL, ids=named)
def test_a_nan_that_is_real_stays(row):
    trace = network(row[0], row[1]).run()
    assert not np.isfinite(trace.gradient(row[2])).all()


# Random formulas: what was chosen, written out without the choice, has the same gradient.

UNARY = ("sqrt({})", "log({})", "exp({})", "1/({})", "arcsin({})", "({})**2", "-({})", "log1p({})", "({})**0.5")
VALUE = {"sqrt": np.sqrt, "log": np.log, "exp": np.exp, "arcsin": np.arcsin, "log1p": np.log1p}


def value_of(text: str, x: float, y: float) -> float:
    net = bp.loads(f'inputs: {{zero: 0, two: 2}}\nparameters: {{x: {x}, y: {y}}}\nnodes: {{J: "0*y + ({text})"}}')
    return float(run(Plan(net.graph), net.values, None).value("J"))


def grown(rng, depth: int, x: float, y: float) -> tuple[str, str]:
    """A formula with choices, and what it comes to here without them."""
    kind = rng.integers(0, 7) if depth else 7
    if kind >= 6:
        text = str(rng.choice(["x", "y", "two", "x - 1", "x*y"]))
        return text, text
    full, taken = grown(rng, depth - 1, x, y)
    if kind <= 1:
        form = str(rng.choice(UNARY))
        return form.format(full), form.format(taken)
    other, other_taken = grown(rng, depth - 1, x, y)
    if kind == 2:
        sign = str(rng.choice(["+", "*", "-"]))
        return f"({full}) {sign} ({other})", f"({taken}) {sign} ({other_taken})"
    a, b = value_of(taken, x, y), value_of(other_taken, x, y)
    if kind == 3 and a == a and b == b and a != b:
        which = str(rng.choice(["maximum", "minimum"]))
        return f"{which}({full}, {other})", f"({taken if (a > b) == (which == 'maximum') else other_taken})"
    if kind == 4 and a == a and a != 0:
        return f"relu({full})", f"({taken if a > 0 else 'zero'})"
    return f"where(x > y, {full}, {other})", f"({taken if x > y else other_taken})"


@pytest.mark.parametrize("seed", range(80))
def test_a_choice_is_worth_what_was_chosen(seed):
    rng = np.random.default_rng(seed)
    x, y = (float(rng.choice([-2, -1, 0, 0.5, 1, 3])) for _ in range(2))
    full, taken = grown(rng, 4, x, y)
    there, here = (network(f"x: {x}, y: {y}, zero: 0, two: 2", f"0*x + 0*y + ({text})").run() for text in (full, taken))
    assert there.value("J") == pytest.approx(here.value("J"), nan_ok=True)
    listed = network(f"x: [{x}, 7], y: [{y}, 5], zero: 0, two: 2", f"sum(0*x + 0*y + ({full}))").run()
    for name in "xy":
        assert there.gradient(name) == pytest.approx(here.gradient(name), nan_ok=True), (full, taken)
        assert listed.gradient(name)[0] == pytest.approx(here.gradient(name), nan_ok=True), (full, taken)


# NOTHING itself.


def test_nothing_swallows_factors_and_leaves_sums_as_they_are():
    for xp in (scalar.xp, array.xp, precise.xp):
        x, inf = xp.number(2.0), xp.number(math.inf)
        for none in (NOTHING * x, x * NOTHING, inf * NOTHING, NOTHING * inf, NOTHING / x, -NOTHING, NOTHING + NOTHING):
            assert none is NOTHING
        for sum_ in (NOTHING + x, x + NOTHING, x - NOTHING, -(NOTHING - x)):
            assert sum_ == x
        assert careful(xp).nothing is NOTHING
        assert xp.nothing == 0.0


def test_nothing_in_arrays():
    xp = careful(array.xp)
    a = xp.where(np.array([True, False, True]), 1.0, xp.nothing)
    with np.errstate(all="ignore"):
        product = a * np.array([2.0, math.nan, math.inf])
    assert product[1] is NOTHING
    assert xp.sum(product[:2]) == 2.0
    shown = settled(product, array.xp)
    assert (shown.dtype, shown.tolist()) == (np.float64, [2.0, 0.0, math.inf])
    assert lifted(shown)[1] is NOTHING
    assert settled(NOTHING, array.xp) is ZERO
    assert lifted(ZERO) is NOTHING
    assert type(np.asarray(shown)) is np.ndarray  # as users get it


def test_a_gradient_of_nothing_is_an_ordinary_0_to_users():
    trace = network("x: -1", "where(x > 0, sqrt(x), x)").run()
    assert type(trace.gradient("x")) is float
    trace = network("x: [-1, 4], y: [1, 2]", "sum(stack([sqrt(x), y])[1])").run()
    assert type(trace.gradient("x")) is np.ndarray


def test_the_parts_that_come_through_a_node_agree_with_the_whole():
    trace = bp.loads('parameters: {x: -1}\nnodes: {s: sqrt(x), J: "where(x > 0, s, 3*x)"}').run()
    assert (trace.gradient("s"), trace.gradient("x")) == (0, 3)
    assert (trace.contribution("s", "x"), trace.contribution("J", "x")) == (0, 3)
    assert trace.local("J", "x") == 3
    assert math.isnan(trace.local("s", "x"))  # that is what it is; nothing is multiplied by it


def test_care_reaches_only_so_far(monkeypatch):
    from backpropcli.engine import strong_zeros as way

    net = network("x: [-1, 4]", "sum(where(x > 0, sqrt(x), x))")
    assert net.run().gradient("x").tolist() == [1, 0.25]
    monkeypatch.setattr(way, "MOST", 0)  # nothing is worked out entry by entry
    assert np.isnan(net.run().gradient("x")[0])


# Where it starts.


def test_a_step_in_a_branch_that_is_not_taken_is_not_to_blame():
    assert offenders(network("x: -1", "where(x > 0, sqrt(x), x)").run()) == []
    assert offenders(network("x: -1", "where(x > 0, log(x), x)").run()) == []  # no NaN on the way back
    (found,) = offenders(network("x: -1", "where(x > 0, sqrt(x), x) + log(x + 1)").run())[:1]
    assert (found.label, found.result) == ("J.5", -math.inf)


def test_a_node_that_is_not_used_is_said_to_be_so():
    (found,) = offenders(bp.loads('parameters: {x: -1}\nnodes: {s: sqrt(x), J: "where(x > 0, s, x)"}').run())
    assert (found.label, found.used) == ("s", False)


def test_an_infinity_that_was_given_is_to_blame_only_for_want_of_another():
    assert offenders(network("x: 1", "x + exp(-inf)").run()) == []
    net = bp.loads('inputs: {m: [0, -inf]}\nparameters: {s: [1, 2]}\nnodes: {a: softmax(s + m), J: "a[0]"}')
    assert offenders(net.run()) == []
    net = bp.loads('inputs: {m: [-inf, -inf]}\nparameters: {s: [1, 2]}\nnodes: {a: softmax(s + m), J: "a[0]"}')
    assert offenders(net.run())[0].label == "a"
    net = bp.loads("inputs: {m: -inf}\nparameters: {s: 1}\nnodes: {J: s + m}")
    assert offenders(net.run())[0].label == "J"


def test_an_entry_is_added_to_what_is_nothing_elsewhere() -> None:
    network = bp.loads("parameters: {v: [0, 0, 9e+307], x: 2}\nnodes: {J: 'maximum(v[1], x + v @ v)'}")
    assert network.run().gradient("x") == 1.0
