"""What passes, fails and cannot be judged among external gradients, and what is said of it."""

import math
import os

import numpy as np
import pytest

from backpropcli.api import loads
from backpropcli.gradcheck.external.judgement import OWN_WRONG, ROUNDING

LECTURE = """
inputs:     {x: 1}
targets:    {y: 5}
parameters: {w1: 2, b1: 0, w2: 3, b2: 1}
nodes: {t1: w1 * x, z1: t1 + b1, a1: relu(z1), t2: w2 * a1, z2: t2 + b2, a2: relu(z2), J: (a2 - y)**2 / 2}
"""
RIGHT = {"w1": 6.0, "b1": 6.0, "w2": 4.0, "b2": 2.0}
THIRD = "parameters: {w: 1}\nnodes: {J: w**2 / 6}\n"


@pytest.fixture(autouse=True)
def same_folder_after(monkeypatch):
    monkeypatch.chdir(os.getcwd())


def check(given, spec=LECTURE, tmp_path=None, name="theirs.json", **options):
    if isinstance(given, str):
        (tmp_path / name).write_text(given)
        os.chdir(tmp_path)
        given = name
    return loads(spec, "net.yaml").check_gradients(given, **options)


def test_the_lecture():
    report = check(RIGHT)
    assert (report.verdict, report.status, report.external.size) == ("pass", 0, 4)
    report = check({**RIGHT, "w1": 18.0})
    assert (report.verdict, report.status) == ("fail", 1)
    (entry,) = report.external.entries
    assert (entry.name, entry.theirs, entry.right, entry.ratio) == ("w1", 18.0, 6.0, 3.0)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("0.333333", "pass"),
        ("0.333334", "pass"),
        ("0.333345", "fail"),
        ("0.3333333333", "pass"),
        ("0.3333366667", "fail"),
        ("0.333", "pass"),
        ("0.334", "fail"),
        ("0.33", "unsure"),
        ("0.4", "fail"),
        ("0", "fail"),
        ('"NaN"', "fail"),
        ("NaN", "fail"),
        ('"Infinity"', "fail"),
        ("-0.333333", "fail"),
        ("3.33333e-1", "pass"),
    ],
)
def test_the_digits_of_a_file_decide(text, verdict, tmp_path):
    assert check(f'{{"w": {text}}}', THIRD, tmp_path).external.verdict == verdict


def test_decimals_that_hide_a_gradient_leave_it_open(tmp_path):
    spec = "parameters: {u: 1, v: 1, w: 1}\nnodes: {J: 1.2345678*u + 0.0123456789*v + 3e-8*w}\n"
    report = check('{"u": 1.234568, "v": 0.012346, "w": 0.000000}', spec, tmp_path)
    assert [g.verdict for g in report.external.gradients] == ["pass", "pass", "unsure"]
    assert report.status == 3
    assert report.external.notes == [
        "theirs.json has 6 decimals, so it was judged to ± 5e-7. Significant digits (%.17g) make the check sharper."
    ]


def test_whole_numbers_are_exact(tmp_path):
    assert check('{"w1": 6, "b1": 6, "w2": 4, "b2": 2}', tmp_path=tmp_path).status == 0
    assert check('{"w1": 6, "b1": 6, "w2": 4, "b2": 3}', tmp_path=tmp_path).status == 1


def test_no_file_says_nothing_about_zero():
    spec = "inputs: {x: [1.0, 2.5, -0.7]}\nparameters: {b: 0.3}\nnodes: {z: x + b, J: sum((z - mean(z))**2)}\n"
    found = check({"b": 3e-17}, spec).external
    assert found.verdict == "pass"
    assert found.gradients[0].worst.note == ROUNDING
    assert check({"b": 3e-9}, spec).external.verdict == "fail"


def test_a_corner_has_two_right_slopes():
    spec = "parameters: {w: 0}\nnodes: {J: relu(w) * 3}\n"
    assert [check({"w": g}, spec).external.verdict for g in (0.0, 3.0, 1.5, -1.0, 4.0)] == [
        "pass",
        "pass",
        "pass",
        "fail",
        "fail",
    ]
    assert "on a corner" in check({"w": 3.0}, spec).external.notes[0]


def test_where_a_hand_derived_rule_is_wrong_the_difference_judges():
    spec = """
parameters: {w: 0.5, v: 2}
functions:
  f(z): {value: z**3, gradient: {z: 2 * z**2}}
nodes: {a: f(w), J: a * v}
"""
    report = check({"w": 1.5, "v": 0.125}, spec)
    assert report.external.verdict == "pass"
    assert report.verdict == "fail"  # the network's own rule is
    assert report.external.gradients[0].worst.note == OWN_WRONG
    assert "judged by the numerical opinion" in report.external.notes[0]
    assert check({"w": 1.0, "v": 0.125}, spec).external.verdict == "fail"


def test_their_loss_is_looked_at_first():
    found = check({**RIGHT, "w1": 5.0, "loss": 2.5}).external
    assert found.where.startswith("their loss is 2.5, and J here is 2: the two forward passes differ")
    assert found.likely == ()
    assert check({**RIGHT, "loss": 2.0}).status == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_fails(bad):
    found = check({**RIGHT, "w2": bad}).external
    assert (found.verdict, found.wrong) == ("fail", 1)
    assert found.likely == ("dJ/dw2 is not a number in their file.",)


def test_half_precision_is_known_by_its_type():
    spec = "parameters: {w: [0.3, 0.7]}\nnodes: {J: sum(exp(w))}\n"
    right = np.exp([0.3, 0.7])
    assert check({"w": right.astype(np.float16)}, spec).verdict == "pass"
    assert check({"w": right.astype(np.float16).astype(float)}, spec).verdict == "fail"
    assert check({"w": (right * 1.02).astype(np.float16)}, spec).verdict == "fail"


def test_nodes_narrow_the_place_down():
    spec = "parameters: {w: 0.5}\nnodes: {a: tanh(w), b: a**2, c: sin(b), J: 3*c}\n"
    network = loads(spec)
    trace = network.run()
    right = {name: trace.gradient(name) for name in "wabc"}
    found = network.check_gradients({"w": right["w"] * 0.5, "da": right["a"] * 0.5, "dJ/db": right["b"]}).external
    assert found.where == "dJ/db is right, dJ/da is not: the fault is in the way from b back to a, at  b = a**2."
    found = network.check_gradients({"w": right["w"] * 0.5}).external
    assert found.sure == "Export dJ/dc and dJ/db as well."


def test_the_same_mistake_in_every_layer():
    spec = """
inputs: {x: [[0.5, -0.3], [0.2, 0.9]]}
parameters: {W1: [[0.3, -0.4], [0.8, 0.1]], W2: [[0.7, 0.2], [-0.5, 0.6]]}
nodes: {z1: x @ W1, a1: tanh(z1), z2: a1 @ W2, a2: tanh(z2), J: sum(a2**2)}
"""
    network = loads(spec)
    t = network.run(everything=True)
    x, a1, a2, w2 = (t.value(name) for name in ("x", "a1", "a2", "W2"))
    z2 = 2 * a2
    z1 = z2 @ w2.T
    found = network.check_gradients({"W1": x.T @ z1, "W2": a1.T @ z2}).external
    assert found.likely == ("tanh's local derivative 1 - a1**2 is missing in every tanh (a1 and a2).",)


def test_gradients_exchanged():
    spec = "parameters: {u: [1, 2], v: [3, 5]}\nnodes: {J: sum(u**2) + sum(v**3)}\n"
    found = check({"u": [27.0, 75.0], "v": [2.0, 4.0]}, spec).external
    assert found.likely == ("dJ/du: these are the numbers of dJ/dv.", "dJ/dv: these are the numbers of dJ/du.")
    assert found.where.startswith("no single place explains exactly these.") or "J = " in found.where


BATCH = """
inputs: {X: [[1, 2], [3, 4], [5, 6]]}
targets: {y: [[1], [0], [1]]}
parameters: {W: [[0.1], [0.2]], b: [[0.3]]}
nodes: {z: X @ W + b, J: mean((z - y)**2)}
"""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda dz: dz, "and b has (1,1): the sum over axis 0, which broadcasting stretched, is missing"),
        (lambda dz: dz * 3, "the mean over axis 0, the examples, is missing"),
        (lambda dz: dz + 1, "has the shape (3,1), and b has (1,1): a gradient has the shape of its value"),
    ],
)
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_sum_over_the_examples_is_missing(change, words, factor):
    trace = loads(BATCH).run()
    dz = trace.gradient("z")
    report = check({"W": factor * trace.gradient("W"), "b": change(dz)}, BATCH)
    found = report.external
    assert (report.status, [g.verdict for g in found.gradients]) == (1, ["pass" if factor == 1.0 else "fail", "fail"])
    assert words in found.likely[0]
    assert factor == 1.0 or "2 times what is right" in found.likely[1]


def test_one_axis_too_many_is_summed():
    spec = "inputs: {x: [[1, 2], [3, 4], [5, 6]]}\nparameters: {b: [[1, 2, 3, 4]], w: [[1, 2, 0, 1], [0, 1, 2, 1]]}\n"
    spec += "nodes: {z: x @ w + b, J: sum(z**2)}\n"
    trace = loads(spec).run()
    right = {name: trace.gradient(name) for name in "bw"}
    found = check({**right, "b": [[right["b"].sum()]]}, spec).external
    assert found.likely == (
        "dJ/db has the shape (1,1), and b has (1,4): it is summed over axis 1 too (np.sum), which is too much.",
    )
    assert check({**right, "b": right["b"].ravel()}, spec).status == 0


@pytest.mark.parametrize("index", ["W[0]", "W[:, 0]", "W[:2]", "W[1, 1]", "W[..., 0]", "W[[0, 1], [0, 1]]", "W.T[1]"])
def test_no_guess_ends_a_check(index):
    spec = f'parameters: {{W: [[1, 2], [3, 5]]}}\nnodes: {{J: "sum({index}**2)"}}\n'
    found = check({"W": [[1.0, 1.0], [0.0, 0.0]]}, spec).external
    assert found.verdict == "fail"


@pytest.mark.parametrize(
    "name",
    ["search.changes", "case.Step", "search.revalued", "search.misplaced", "case.rerun", "search.stands"],
)
def test_a_guess_that_raises_is_none(monkeypatch, name):
    def broken(*_, **__):
        raise IndexError("a guess gone wrong")

    monkeypatch.setattr(f"backpropcli.gradcheck.external.{name}", broken)
    found = check({**RIGHT, "w1": 18.0, "w2": 3.0}).external
    assert (found.verdict, found.wrong) == ("fail", 2)


def test_a_guess_that_raises_does_not_keep_others_from_being_made(monkeypatch):
    from backpropcli.gradcheck.external import search
    from backpropcli.gradcheck.mistakes.table import Mistake, Wrong

    def broken(*_):
        raise IndexError("a guess gone wrong")

    one_more = Mistake("broken", lambda step: [Wrong(step.replaced(lambda body: broken))], rule="a guess gone wrong")
    monkeypatch.setattr(search, "USUAL", (one_more, *search.USUAL))
    spec = "parameters: {w: [0.5, 0.8]}\nnodes: {a: tanh(w), J: sum(a**2)}\n"
    a = np.tanh([0.5, 0.8])
    assert check({"w": 2 * a}, spec).external.likely == (
        "theirs/right is 1/(1 - a**2): tanh's local derivative 1 - a**2 is missing.",
    )


@pytest.mark.parametrize(
    ("parameters", "node", "theirs", "verdict"),
    [
        ("x: [1, 1, 0]", "max(x)", {"x": [1, 1, 0]}, "fail"),
        ("x: [1, 1, 0]", "max(x)", {"x": [0, 0, 0]}, "fail"),
        ("x: [1, 1, 0]", "max(x)", {"x": [0.5, 0.6, 0]}, "fail"),
        ("x: [1, 1, 0]", "max(x)", {"x": [0.505, 0.5, 0]}, "fail"),
        ("x: [1, 1, 0]", "max(x)", {"x": [0, 1, 0]}, "pass"),
        ("x: [1, 1, 0]", "max(x)", {"x": [0.3, 0.7, 0]}, "pass"),
        ("x: [1, 1, 1]", "max(x)", {"x": [0.5, 0.5, 0.5]}, "fail"),
        ("x: [1, 1, 1]", "max(x)", {"x": [1, 0, 0]}, "pass"),
        ("x: [[1, 1], [2, 2]]", "sum(max(x, axis=1))", {"x": [[1, 0], [1, 1]]}, "fail"),
        ("x: [[1, 1], [2, 2]]", "sum(max(x, axis=1))", {"x": [[1, 0], [0.3, 0.7]]}, "pass"),
        ("a: 2, b: 2", "3*maximum(a, b)", {"a": 3, "b": 3}, "fail"),
        ("a: 2, b: 2", "3*minimum(a, b)", {"a": 3, "b": 0}, "pass"),
        ("a: 0, b: 0", "relu(3*a - 2*b)", {"a": 3, "b": 0}, "fail"),
        ("a: 0, b: 0", "relu(3*a - 2*b)", {"a": 1.5, "b": -1}, "pass"),
        ("a: 0, b: 0", "abs(a) - abs(b)", {"a": 0.3, "b": 0.2}, "pass"),
    ],
)
def test_theirs_on_a_corner_that_several_share_must_add_up(
    parameters: str, node: str, theirs: dict[str, object], verdict: str
) -> None:
    report = loads(f"parameters: {{{parameters}}}\nnodes: {{J: '{node}'}}").check_gradients(theirs)
    assert report.external is not None
    assert report.external.verdict == verdict
    together = [e.note for e in report.external.entries if "together: the slope is" in e.note]
    assert bool(together) == (verdict == "fail")


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (1.01, "fail")])
@pytest.mark.parametrize(
    ("x", "node", "half"),
    [
        (1e-9, "max((exp(x) - 1)/x)", 0.2500000001666667),
        (1e-8, "max(log(1 + x)/x)", -0.2499999966666667),
        (5.0, "max(erf(x))", 7.835433265508668e-12),
        (1e-4, "max(x)", 0.5),
    ],
)
def test_theirs_on_a_shared_corner_where_float64_loses_digits(
    x: float, node: str, half: float, factor: float, verdict: str
) -> None:
    network = loads(f"parameters: {{x: [{x}, {x}]}}\nnodes: {{J: '{node}'}}")
    report = network.check_gradients({"x": [half * factor, half * factor]})
    assert report.external is not None
    assert report.external.verdict == verdict
