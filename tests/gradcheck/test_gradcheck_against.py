"""Independent opinions: they agree with each other on every example, judge alone what they can, and say why not."""

from __future__ import annotations

import copy
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from check_helpers import LECTURE, one, sabotage

from backpropcli.api import load, loads
from backpropcli.app import main
from backpropcli.errors import UsageError
from backpropcli.gradcheck.network.oracles import ORACLES, oracles
from backpropcli.ops.definition import Elementwise

if TYPE_CHECKING:
    from backpropcli.gradcheck.report import Opinion, Row

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


def opinion(row: Row, oracle: str) -> Opinion:
    return next(o for o in row.opinions if o.oracle == oracle)


@pytest.mark.slow
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_oracles_agree_on_every_example(file: Path) -> None:
    network = load(file)
    report = network.check(against="all", everything=not network.parameters)
    assert report.verdict == "pass"
    assert report.against == ORACLES
    for row in report.rows:
        judged = [o for o in row.opinions if o.verdict != "unsure"]
        if row.reason in ("corner", "jump"):
            assert not judged
            continue
        if row.reason == "digits":  # float64 lost the number: the oracles agree on another one, or cannot judge
            assert {o.value for o in judged} == {0.0}
            continue
        if any("too large" in o.why for o in row.opinions):
            continue  # an oracle that cannot judge says so; the verdict is that of the others
        assert {o.verdict for o in judged} == {"pass"}
        assert len(judged) >= (3 if row.backprop else 2), (row.label, row.opinions)
        size = max(abs(o.value) for o in judged)
        for a in judged:
            for b in judged:
                assert abs(a.value - b.value) <= 1e-8 * size + 3 * (a.error + b.error)


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("fault", ["a1:sign", "t2:scale=1.01", "z1:detach", "J:scale=1.001"])
def test_each_oracle_alone_sees_a_fault(oracle: str, fault: str) -> None:
    report = loads(LECTURE).check(against=oracle, fault=fault)
    assert report.verdict == "fail"
    for row in report.rows:
        assert [o.verdict for o in row.opinions] == [row.verdict]
        assert opinion(row, oracle).value == pytest.approx({"w1": 6, "b1": 6, "w2": 4, "b2": 2}[row.name], rel=1e-9)


@pytest.mark.parametrize("oracle", ORACLES)
def test_each_oracle_judges_a_hand_derived_gradient(oracle: str) -> None:
    network = loads("parameters: {w: 0.5}\nfunctions:\n  f(z): {value: z**3, gradient: {z: 3*z}}\nnodes: {J: f(w)}")
    (row,) = network.check(against=[oracle]).rows
    assert row.verdict == "fail"
    assert opinion(row, oracle).verdict == "fail"
    assert opinion(row, oracle).value == pytest.approx(0.75, rel=1e-9)


# Where an oracle cannot judge.


def test_the_complex_step_knows_when_float64_lets_it_down() -> None:
    (row,) = one("log(1 - sigmoid(w))", w=30.0).check(against="complex").rows
    assert [(o.verdict, o.why) for o in row.opinions] == [
        ("unsure", "float64 loses too many digits on the way to the loss"),
    ]


def test_on_a_corner_none_can_and_the_checks_own_verdict_stands() -> None:
    report = one("relu(w) + v", w=0.0, v=1.0).check(against="all")
    corner, plain = report.rows
    assert (corner.verdict, corner.reason) == ("pass", "corner")
    assert {(o.verdict, o.why) for o in corner.opinions} == {
        ("unsure", f"the slope has two sides here: {corner.note}"),
    }
    assert [o.verdict for o in plain.opinions] == ["pass"] * 4


def test_what_is_too_large_for_sympy_is_said_and_not_passed() -> None:
    ones = [[0.01] * 70] * 70
    network = loads(f"inputs: {{x: {ones}}}\nparameters: {{W: {ones}}}\nnodes: {{J: 'sum(tanh(x @ W)[0, :])'}}")
    report = network.check(against="symbolic", names=["W"])
    assert report.status == 3
    (why,) = {o.why for row in report.rows for o in row.opinions}
    assert why == "too large for SymPy: more than 60,000 terms"
    assert report.rows[0].note == f"symbolic: {why}"


@pytest.mark.parametrize(("w", "verdict", "reason"), [(13, "pass", "digits"), (19, "fail", "precision")])
def test_lossy_float64_keeps_the_verdict_that_many_digits_gave(w: int, verdict: str, reason: str) -> None:
    network = loads(
        f"parameters: {{w: {w}}}\n"
        "functions:\n  f(z): {value: tanh(z), gradient: {z: 1 - y**2},"
        " where: {y: tanh(z)}}\nnodes: {J: f(w)}"
    )
    (row,) = network.check(against="all").rows
    assert (row.verdict, row.reason) == (verdict, reason)
    assert opinion(row, "symbolic").value == pytest.approx(opinion(row, "digits").value, rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "w"),
    [
        ("sin(1e4*w)", 1.0),
        ("w + 1e-6*sin(1e5*w)", 1.0),
        ("log(w)", 1e-5),
        ("1/w", 1e-4),
        ("log(1 - sigmoid(w))", 28.0),
        ("w**2", 1e8),
        ("1e6 + 1e-12*w", 1.0),
        ("exp(-w**2)", 20.0),
        ("sigmoid(w)", 700.0),
        ("relu(-w)", 3.0),
        ("0*w", 2.0),
        ("sqrt(w)", 1e-12),
        ("gelu(w)", -9.0),
        ("w**w", 2.5),
        ("abs(w)**3", -2.0),
    ],
)
def test_hard_points_raise_no_false_alarm_in_any_oracle(formula: str, w: float) -> None:
    (row,) = one(formula, w=w).check(against="all").rows
    assert row.verdict == "pass", row
    if row.reason != "digits":  # float64 has lost some: then the numbers differ, and the rule passes all the same
        assert not [o for o in row.opinions if o.verdict == "fail"]
        assert opinion(row, "symbolic").verdict == "pass", row.opinions
        assert opinion(row, "digits").verdict == "pass", row.opinions
    assert opinion(row, "symbolic").value == pytest.approx(opinion(row, "digits").value, rel=1e-12)


def test_a_gradient_that_is_nowhere_finite_fails_with_every_oracle() -> None:
    report = one("log(w)", w=-1.0).check(against="all")
    assert report.verdict == "fail"
    assert {o.verdict for o in report.rows[0].opinions} == {"unsure"}


def test_without_a_path_all_say_0() -> None:
    report = loads("parameters: {w: 1, v: 2}\nnodes: {J: w**2}").check(against="all")
    assert [o.value for o in report.rows[1].opinions] == [0.0] * 4
    assert report.verdict == "pass"


def test_oracles_that_disagree_settle_nothing() -> None:
    """A wrong value body: the differences see it, SymPy's textbook formula does not."""
    network = one("sinh(w)", w=0.5)
    network.graph.operations[-1] = wrong = copy.copy(network.graph.operations[-1])
    assert isinstance(wrong, Elementwise)
    wrong.formula, wrong.name = "cosh(z)", "fancy"
    (row,) = network.check(against="all").rows
    assert (row.verdict, row.reason) == ("unsure", "disagreement")
    assert row.note == "symbolic: not what the others say"


def test_inner_nodes_and_arrays_and_upstream() -> None:
    network = loads(
        "inputs: {x: [[1, 2], [3, 4]]}\nparameters: {W: [[0.1, 0.2], [0.3, 0.4]]}\nnodes: {z: x @ W, a: tanh(z)}"
    )
    report = network.check("a", against="all", names=["z", "W"], upstream=[[1.0, -2.0], [0.5, 3.0]])
    assert report.verdict == "pass"
    assert {o.verdict for row in report.rows for o in row.opinions} == {"pass"}


def test_a_fault_does_not_fool_sympy_by_its_own_rule() -> None:
    network = loads(LECTURE)
    sabotage(network, "a2", lambda p: p * 2)
    report = network.check(against="symbolic")
    assert {row.verdict for row in report.rows} == {"fail"}


# Words.


def test_words_for_oracles() -> None:
    assert oracles("all") == ORACLES
    assert oracles("digits, complex") == ("complex", "digits")
    assert oracles("sympy") == ("symbolic",)
    with pytest.raises(UsageError) as error:
        oracles("complx")
    assert str(error.value) == (
        "--against complx: expected differences, complex, symbolic, digits or all. Did you mean complex?"
    )


def write(tmp_path: Path, text: str) -> str:
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path / "net.yaml")


def test_the_table_has_a_column_for_each(tmp_path: Path, capsys: Any) -> None:
    assert main(["check", write(tmp_path, LECTURE), "--against", "complex,symbolic"]) == 0
    lines = capsys.readouterr().out.partition("\n\n")[2].splitlines()
    assert lines[:3] == [
        "  gradient   backprop   complex   symbolic   verdict",
        "  ──────────────────────────────────────────────────",
        "  dJ/dw1            6         6          6   pass",
    ]
    assert lines[-1] == "The oracles agree with each other to the last digit."


def test_many_rows_are_summed_up(tmp_path: Path, capsys: Any) -> None:
    text = f"parameters: {{w: {[k / 10 for k in range(1, 51)]}}}\nnodes: {{J: sum(sin(w))}}"
    assert main(["check", write(tmp_path, text), "--against", "complex,digits"]) == 0
    assert "complex, off by" in capsys.readouterr().out.partition("\n\n")[2].splitlines()[0]


def test_json_and_csv_carry_the_opinions(tmp_path: Path, capsys: Any) -> None:
    file = write(tmp_path, LECTURE)
    assert main(["check", file, "--against", "all", "--format", "json"]) == 0
    first: Any = json.loads(capsys.readouterr().out)["parameters"][0]
    assert list(first["opinions"]) == list(ORACLES)
    said = {"value": 6, "error": pytest.approx(0, abs=1e-14), "verdict": "pass", "why": ""}
    assert first["opinions"]["symbolic"] == said
    assert main(["check", file, "--against", "digits", "--format", "csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["digits"] for row in rows] == ["6", "6", "4", "2"]


def test_without_being_asked_there_are_no_opinions(tmp_path: Path, capsys: Any) -> None:
    assert main(["check", write(tmp_path, LECTURE), "--format", "json"]) == 0
    assert "opinions" not in capsys.readouterr().out


def test_oracles_are_for_our_own_gradients(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "g.json").write_text("{}")
    assert main(["check", write(tmp_path, LECTURE), "--gradients", str(tmp_path / "g.json"), "--against", "all"]) == 2
    assert "--against is about backprop's own gradients, not about" in capsys.readouterr().err


def test_one_step_and_other_oracles_do_not_go_together(tmp_path: Path, capsys: Any) -> None:
    assert main(["check", write(tmp_path, LECTURE), "--against", "all", "--eps", "0.1"]) == 2
    assert "error: --against and --eps together" in capsys.readouterr().err


def test_many_files_are_asked_about_too(tmp_path: Path, capsys: Any) -> None:
    file = write(tmp_path, LECTURE)
    assert main(["check", file, file.replace("net", "other"), "--against", "symbolic"]) == 2
    (tmp_path / "other.yaml").write_text(
        "parameters: {w: 2}\nfunctions:\n  f(z): {value: z**3, gradient: {z: z}}\nnodes: {J: f(w)}", encoding="utf-8"
    )
    capsys.readouterr()
    assert main(["check", file, file.replace("net", "other"), "--against", "symbolic"]) == 1
    assert "1 wrong, 1 right in 2 files" in capsys.readouterr().out
