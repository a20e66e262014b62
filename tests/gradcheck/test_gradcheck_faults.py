"""Faults put in on purpose: every kind in every operation is caught, and the culprit is what was broken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from check_helpers import LECTURE, one

from backpropcli.api import loads
from backpropcli.app import main
from backpropcli.errors import UsageError
from backpropcli.gradcheck import check
from backpropcli.gradcheck.network.culprit import lone, uneven
from backpropcli.ops.definition import Elementwise, Structural
from backpropcli.ops.table import TABLE

if TYPE_CHECKING:
    from backpropcli.graph import Graph

KINDS = ("sign", "scale=1.01", "scale=0.5", "drop", "detach")
MATRIX = """
inputs:     {x: [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]}
parameters: {W: [[0.4, 0.3], [-0.2, 0.9], [0.1, -0.6]], V: [[1.5, -0.5], [0.7, 0.2]], b: [0.1, -0.2]}
nodes:
  h: tanh(x @ W + b)
  J: sum((h @ V)**2) / 2
"""


def caught(graph: Graph, values: Any, fault: str, upstream: Any = None) -> bool:
    """Whether the fault is caught and found; False where it changes nothing."""
    try:
        report = check(graph, values, "result", fault=fault, upstream=upstream)
    except UsageError as error:
        if "changes no gradient here" not in str(error):
            raise
        return False
    assert report.fault is not None
    if report.fault.moves < 1e-5:
        return False
    assert report.status == 1, fault
    assert report.fault.found_by(report.culprit), (fault, report.culprit)
    return True


def ordinary(graph: Graph, values: Any, upstream: Any = None) -> bool:
    """Whether the point is none where an operation may say anything between its two slopes."""
    report = check(graph, values, "result", upstream=upstream)
    return not any(row.reason in ("corner", "jump", "nonfinite") for row in report.rows)


# Every operation.


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, o in TABLE.items() if isinstance(o, Elementwise) and not o.stops])
def test_every_fault_in_every_elementwise_operation(name: str) -> None:
    operation: Any = TABLE[name]
    found = 0
    for sample in operation.samples:
        values = [float(x) for x in sample]
        graph, given = lone(operation, values, [()] * len(values), [False] * len(values), None, ())
        if ordinary(graph, given):
            found += sum(caught(graph, given, f"result:{kind}") for kind in KINDS)
            if len(values) > 1:
                found += sum(caught(graph, given, f"result:argument{k}:sign") for k in range(len(values)))
    flat = operation.group in ("rounding", "comparisons") or name == "sign"
    assert bool(found) != flat


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, o in TABLE.items() if isinstance(o, Structural) and n != "one_hot"])
def test_every_fault_in_every_structural_operation(name: str) -> None:
    operation: Any = TABLE[name]
    rng = np.random.default_rng(11)
    found = 0
    for shapes, options in operation.samples[:6]:
        shape, planned = operation.plan(list(shapes), options)
        if 0 in shape:
            continue
        values = [rng.normal(size=s) if s else float(rng.normal()) for s in shapes]
        for use in operation.labels(planned):
            values[use.argument] = np.zeros(shapes[use.argument]) if shapes[use.argument] else 0.0
        graph, given = lone(operation, values, list(shapes), [False] * len(values), planned, shape)
        upstream = uneven(shape)
        if not ordinary(graph, given, upstream):
            continue
        kinds = ["sign", "scale=1.01", "detach", f"argument{len(shapes) - 1}:scale=1.01", "argument0:drop"]
        if all(len(s) == 2 and s[0] != 1 != s[1] for s in shapes) and name != "getitem":
            kinds.append("transpose")
        found += sum(caught(graph, given, f"result:{kind}", upstream) for kind in kinds)
    assert bool(found) != (name in ("zeros_like", "ones_like", "full_like", "argmax", "argmin"))


def test_one_hot_passes_nothing_on_so_nothing_can_be_broken() -> None:
    network = loads("parameters: {t: [1, 0], w: 2}\nnodes: {o: 'one_hot(t, 3)', J: sum(o)*w}")
    with pytest.raises(UsageError, match="--fault o:sign changes no gradient here, so there is nothing to catch"):
        network.check(fault="o:sign")


# What the words mean.


@pytest.mark.parametrize(
    ("fault", "wrong", "label"),
    [
        ("a1:sign", {"w1": -6, "b1": -6}, "a1"),
        ("t2:scale=1.5", {"w1": 9, "b1": 9, "w2": 6}, "t2"),
        ("t2:drop", {"w2": 0}, "t2"),
        ("t2:a1:drop", {"w1": 0, "b1": 0}, "t2"),
        ("t2:w2:scale=-2", {"w2": -8}, "t2"),
        ("z1:detach", {"w1": 0, "b1": 0}, "z1"),
        ("J:sign", {"w1": -6, "b1": -6, "w2": -4, "b2": -2}, "J"),
        ("J.2:scale=2", {"w1": 12, "b1": 12, "w2": 8, "b2": 4}, "J.2"),
        ("J.1:a:sign", {"w1": -6, "b1": -6, "w2": -4, "b2": -2}, "J.1"),
        ("J:a2:scale=1.1", {"w1": 6.6, "b1": 6.6, "w2": 4.4, "b2": 2.2}, "J.1"),
    ],
)
def test_what_a_fault_does_to_the_lecture(fault: str, wrong: dict[str, float], label: str) -> None:
    network = loads(LECTURE)
    report = network.check(fault=fault)
    right = {"w1": 6, "b1": 6, "w2": 4, "b2": 2}
    for row in report.rows:
        assert row.backprop == pytest.approx(wrong.get(row.name, right[row.name]))
        assert row.verdict == ("fail" if row.name in wrong else "pass")
    assert report.fault is not None
    assert report.culprit is not None
    assert report.culprit.label == label
    assert report.fault.found_by(report.culprit)
    assert network.check().verdict == "pass"  # the network itself is as it was


def test_both_uses_of_a_value_are_broken_by_its_name() -> None:
    network = one("sin(w) + w*w", w=0.7)
    report = network.check(fault="J:w:detach")
    assert report.rows[0].backprop == 0
    assert report.fault is not None
    assert report.fault.labels == ("J.1", "J.2")
    assert report.fault.found_by(report.culprit)


@pytest.mark.parametrize(
    ("fault", "label"),
    [
        ("h:transpose", "h.1"),
        ("h:W:transpose", "h.1"),
        ("h.1:b:transpose", "h.1"),
        ("J:transpose", "J.1"),
        ("J:V:transpose", "J.1"),
        ("J.1:a:transpose", "J.1"),
        ("h.1:W:scale=1.01", "h.1"),
        ("h.2:b:drop", "h.2"),
    ],
)
def test_matrices(fault: str, label: str) -> None:
    report = loads(MATRIX).check(fault=fault)
    assert report.verdict == "fail"
    assert report.fault is not None
    assert report.fault.labels == (label,)
    assert report.fault.found_by(report.culprit)


def test_one_argument_of_many() -> None:
    network = loads("parameters: {a: [1, 2], b: [3], c: [4, 5]}\nnodes: {v: 'concatenate([a, b, c])', J: sum(v**2)}")
    report = network.check(fault="v:b:scale=3")
    assert [row.backprop for row in report.rows] == [2, 4, 18, 8, 10]
    assert [row.verdict for row in report.rows] == ["pass", "pass", "fail", "pass", "pass"]
    assert report.fault is not None
    assert report.fault.found_by(report.culprit)


def test_transpose_gives_the_numbers_of_the_transposed_matrix() -> None:
    network = loads(MATRIX)
    right = network.run().gradient("W")
    wrong = [row.backprop for row in network.check(fault="h:W:transpose").rows if row.name == "W"]
    np.testing.assert_allclose(wrong, right.T.ravel())


# Words that mean nothing.


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            "a1",
            "--fault a1: expected NODE:KIND, such as --fault a1:sign\n"
            "  The kinds are sign, scale=F, drop, transpose and detach.",
        ),
        (
            "a1:sing",
            "--fault a1:sing: sing is no kind of fault. Did you mean sign?\n"
            "  The kinds are sign, scale=F, drop, transpose and detach.",
        ),
        ("a1:", "--fault a1:: nothing is no kind of fault\n  The kinds are sign, scale=F, drop, transpose and detach."),
        ("a11:sign", "--fault a11:sign: there is no node a11. Did you mean a1?"),
        (
            "w1:sign",
            "--fault w1:sign: w1 is a parameter: it has no backward pass\n  Break a node that uses it:  t1:w1:sign",
        ),
        ("x:sign", "--fault x:sign: x is an input: it has no backward pass\n  Break a node that uses it:  t1:x:sign"),
        ("a1:scale", "--fault a1:scale: scale needs a number, such as a1:scale=2"),
        ("a1:scale=two", "--fault a1:scale=two: scale needs a number, such as a1:scale=2"),
        ("a1:scale=inf", "--fault a1:scale=inf: scale needs a finite number, such as a1:scale=2"),
        ("a1:sign=2", "--fault a1:sign=2: only scale takes a number\n  Such as a1:scale=2"),
        (
            "a1:scale=1",
            "--fault a1:scale=1 changes no gradient here, so there is nothing to catch\n  A factor of 1 is no fault.",
        ),
        ("J.4:sign", "--fault J.4:sign: J = (a2 - y)**2 / 2 has 3 steps\n  J.1  subtract\n  J.2  power\n  J.3  divide"),
        ("a1.2:sign", "--fault a1.2:sign: a1 = relu(z1) has one step, so it is written without a number"),
        (
            "t2:w3:sign",
            "--fault t2:w3:sign: there is no argument w3 there. Did you mean w2?\n  It passes a gradient to w2, a1.",
        ),
        (
            "a1:transpose",
            "--fault a1:transpose: a1 = relu(z1) passes no matrix on\n  transpose breaks a product such as x @ W.",
        ),
        (
            "J:y:drop",
            "--fault J:y:drop changes no gradient here, so there is nothing to catch\n"
            "  What is passed on there is 0, or reaches none of the gradients that are checked.",
        ),
    ],
)
def test_errors_say_what_to_write(fault: str, message: str) -> None:
    with pytest.raises(UsageError) as caught_:
        loads(LECTURE).check(fault=fault)
    assert str(caught_.value) == message


def test_faults_that_change_nothing() -> None:
    dead = loads("parameters: {w: -2, v: 1}\nnodes: {a: relu(w), J: a + v}")
    with pytest.raises(UsageError, match="--fault a:sign changes no gradient here"):
        dead.check(fault="a:sign")
    aside = loads("parameters: {w: 2}\nnodes: {other: sin(w), J: w**2}\nloss: J")
    with pytest.raises(UsageError, match="--fault other:drop: no path leads from other to J, so no gradient"):
        aside.check(fault="other:drop")
    square = loads("parameters: {W: [[1, 2], [2, 1]]}\nnodes: {J: 'sum(W @ [[1, 0], [0, 1]])'}")
    with pytest.raises(UsageError, match="What is passed on there is 0, or symmetric"):
        square.check(fault="J:W:transpose")
    entrywise = loads("parameters: {W: [[1, 2], [3, 4]]}\nnodes: {a: tanh(W), J: sum(a)}")
    with pytest.raises(UsageError, match="works entry by entry: nothing in it can be transposed"):
        entrywise.check(fault="a:transpose")


# The command.


def write(tmp_path: Any, text: str) -> str:
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path / "net.yaml")


def test_the_command_says_what_was_broken_and_that_it_was_caught(tmp_path: Any, capsys: Any) -> None:
    assert main(["check", write(tmp_path, LECTURE), "--fault", "a1:sign"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("Broken on purpose (a1:sign): the gradient that a1 passes on has the wrong\nsign.\n\n")
    assert shown.endswith("Caught: 2 gradients wrong, and the check found the culprit, relu in a1.\n")


def test_a_fault_below_the_checks_power_is_not_caught(tmp_path: Any, capsys: Any) -> None:
    assert main(["check", write(tmp_path, LECTURE), "--fault", "a1:scale=1.0000001"]) == 0
    last = capsys.readouterr().out.splitlines()[-2:]
    assert " ".join(last) == "Not caught: the fault moves dJ/dw1 by 1e-5 %, and mistakes above 0.0001 % would show."


def test_json_tells_of_the_fault(tmp_path: Any, capsys: Any) -> None:
    assert main(["check", write(tmp_path, LECTURE), "--fault", "t2:w2:scale=3", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["broken"] == {
        "fault": "t2:w2:scale=3",
        "steps": ["t2"],
        "what": "the gradient that t2 passes to w2 is multiplied by 3",
        "moves": pytest.approx(2 / 3),
        "caught": True,
        "found": True,
    }


def test_the_answer_key_is_left_out_of_it(tmp_path: Any, capsys: Any) -> None:
    file = write(tmp_path, LECTURE + "expect: {dJ/dw1: 6}\n")
    assert main(["check", file, "--fault", "a1:sign"]) == 1
    assert "expected" not in capsys.readouterr().out


# Power: what the report says it would have caught, it catches.


@pytest.mark.parametrize(
    "formula",
    [
        "sin(3*w)*exp(w)",
        "log(1 + w**2)",
        "(tanh(w) - 5)**2 / 2",
        "w**3 + 1e3",
        "erf(w)/w",
    ],
)
@pytest.mark.parametrize("w", [0.3, -2.5, 40.0, 1e-3])
def test_power_is_honest(formula: str, w: float) -> None:
    text = f"parameters: {{w: {w!r}}}\nnodes: {{v: w + 0*w, J: '{formula.replace('w', 'v')}'}}"
    network = loads(text)
    good = network.check()
    power = good.power
    if good.rows[0].backprop == 0.0 or power is None:
        return
    above = network.check(fault=f"v:scale={1 + 1.2 * power!r}")
    assert above.verdict == "fail", (formula, w, power)
    below = network.check(fault=f"v:scale={1 + power / 1e4!r}")
    assert below.verdict == "pass"


@pytest.mark.parametrize("layers", [2, 8])
def test_power_is_honest_deep_down(layers: int) -> None:
    lines = ["inputs: {x: 0.5}", "parameters: {" + ", ".join(f"w{k}: {0.5 + 0.2 * k}" for k in range(layers)) + "}"]
    lines += ["nodes:", "  a0: sigmoid(w0*x)", *(f"  a{k}: sigmoid(w{k}*a{k - 1})" for k in range(1, layers))]
    network = loads("\n".join([*lines, f"  J: (a{layers - 1} - 1)**2/2"]))
    power = network.check().power
    assert power is not None
    for k in range(layers):
        report = network.check(fault=f"a{k}:scale={1 + 1.2 * power!r}")
        assert {r.verdict for r in report.rows[: k + 1]} == {"fail"}


def test_a_step_of_a_parameter_that_leads_nowhere():
    report = loads("inputs: {x: 2}\nparameters: {w: 1}\nnodes: {J: mean(x)}").check(eps=1e-3)
    assert report.verdict == "pass"
    assert report.rows[0].backprop == 0


def test_what_is_stopped_cannot_be_broken():
    with pytest.raises(UsageError, match="s passes no gradient on: it is stopped"):
        loads("parameters: {w: 2}\nnodes: {s: stop_gradient(w), J: s*w}").check(fault="s:sign")


def test_two_that_share_a_jump_are_both_right():
    report = loads("parameters: {a: 0.6, b: 0.3}\nnodes: {y: a % b, J: y + 0.5*y*y}").check()
    assert report.verdict == "pass"
    assert report.culprit is None
