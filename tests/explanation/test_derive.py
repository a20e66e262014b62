"""`backprop derive`: formulas as the lecture and the lab have them, agreeing with the engine; large ones refused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import backpropcli as bp
from backpropcli.app import main
from backpropcli.language import example_text
from backpropcli.render.latex import latex
from backpropcli.render.markdown import markdown
from backpropcli.render.text import text as terminal
from backpropcli.symbolic.timelimit import TooSlow, within

if TYPE_CHECKING:
    from backpropcli.explanation.derive import Derivation
    from backpropcli.symbolic.derive import Derived

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
LAB = "inputs: {x: 2, y: 1}\nparameters: {w: -2, b: 8}\nnodes: {c: w*x, a: c + b, d: a - y, J: d**2/2}"


def derived(text: str, name: str, **options: object) -> Derived:
    (found,) = bp.loads(text).derive(name, **options).found  # type: ignore[arg-type]
    return found


def test_the_lecture_s_gradient_line_by_line() -> None:
    assert (
        "\n".join(terminal(bp.loads(example_text("lecture")).derive("w1").sections()))
        == """\
dJ/dw1 as a formula

  of                  local derivative
  ─────────────────────────────────────────────
  J = (a2 - y)² / 2   ∂J/∂a2  = 2(a2 - y)/2 = 2
  a2 = relu(z2)       ∂a2/∂z2 = relu'(z2)   = 1
  z2 = t2 + b2        ∂z2/∂t2 = 1
  t2 = w2 · a1        ∂t2/∂a1 = w2          = 3
  a1 = relu(z1)       ∂a1/∂z1 = relu'(z1)   = 1
  z1 = t1 + b1        ∂z1/∂t1 = 1
  t1 = w1 · x         ∂t1/∂w1 = x           = 1

relu'(7) = 1, as 7 > 0.
relu'(2) = 1, as 2 > 0.

chain rule         dJ/dw1 = 2(a2 - y)/2 · relu'(z2) · w2 · relu'(z1) · x
simplified                = (a2 - y) · w2 · x
fully written out         = w2 · x · (b2 + w2 · (b1 + w1 · x) - y)
numbers put in            = (7 - 5) · 3 · 1 = 6
by backprop               = 6

This holds while z1 > 0 and z2 > 0.
The formula and backprop agree."""
    )


@pytest.mark.parametrize("nodes", ["{a: 2 + 3*w, J: a**2}", "{J: (2 + 3*w)**2}"])
def test_the_first_lab_example(nodes: str) -> None:
    found = derived(f"parameters: {{w: 3}}\nnodes: {nodes}", "w")
    assert (found.in_data, found.value, found.agrees) == ("6*(3*w + 2)", 66.0, True)


def test_the_second_lab_example() -> None:
    w, b = derived(LAB, "w"), derived(LAB, "b")
    assert (w.formula, w.in_data, w.value) == ("d*x", "x*(b + w*x - y)", 6.0)
    assert (b.formula, b.in_data, b.value) == ("d", "b + w*x - y", 3.0)


def test_a_sum_over_two_paths_in_the_textbook_s_letters() -> None:
    text = (Path(__file__).parents[2] / "examples" / "mazur.yaml").read_text(encoding="utf-8")
    assert derived(text, "w5").formula == "out_h1*out_o1*(1 - out_o1)*(out_o1 - t1)"
    found = derived(text, "w1")
    assert found.formula == (
        "i1*out_h1*(1 - out_h1)*(out_o1*w5*(1 - out_o1)*(out_o1 - t1) + out_o2*w7*(1 - out_o2)*(out_o2 - t2))"
    )
    assert found.agrees
    assert found.problem == "too large to be read"


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_formulas_agree_with_the_engine(path: Path) -> None:
    network = bp.load(str(path))
    trace = network.run()
    for name in network.parameters:
        if network.graph.shape(name):
            continue
        derivation = network.derive(name)
        for one in derivation.found:
            if not any(network.graph.shapes):
                assert one.value == pytest.approx(trace.gradient(name), rel=1e-12, abs=1e-14)
            assert one.agrees
        assert derivation.found or derivation.problem is not None


@pytest.mark.parametrize(
    ("w", "formula", "said"), [("2", "3", ("w > 0",)), ("-2", "0", ("w < 0",)), ("0", "0", ("w <= 0",))]
)
def test_a_corner_takes_the_side_that_backprop_takes(w: str, formula: str, said: tuple[str, ...]) -> None:
    found = derived(f"parameters: {{w: {w}}}\nnodes: {{a: relu(w), J: 3*a}}", "w")
    assert found.agrees
    assert (found.in_data, found.while_) == (formula, said)


@pytest.mark.parametrize(
    ("nodes", "name", "formula", "said"),
    [
        ("J: 'max([w, v])*3'", "w", "3/2", ("w == v",)),
        ("J: 'maximum(w, v)*3'", "w", "3/2", ("w == v",)),
        ("J: 'maximum(w, v)**2*v'", "w", "v**2", ("w == v",)),
        ("J: 'clip(w, 2, 3)*3'", "w", "3", ("w >= 2", "w < 3")),
        ("J: 'max([w, v, w, 1])'", "w", "2/3", ("v == w", "w > 1", "v > 1")),
        ("J: 'sum(sort([w, v, 3])*[1, 2, 3])'", "w", "3/2", ("v == w", "w < 3")),
        ("J: 'median([w, v, 3])*w'", "w", "(2*v + w)/2", ("v == w", "v < 3", "w < 3")),
        ("m: '[w, v]', q: max(m), J: q*w", "v", "w/2", ("m[0] == m[1]",)),
    ],
)
def test_a_tie_has_the_shares_of_backprop(nodes: str, name: str, formula: str, said: tuple[str, ...]) -> None:
    (found,) = bp.loads(f"parameters: {{w: 2, v: 2}}\nnodes: {{{nodes}}}").derive(name).found
    assert found.agrees, (found.value, found.gradient)
    assert (found.formula, {*found.while_}) == (formula, {*said})


def test_what_gets_nothing_asks_for_nothing() -> None:
    """A comparison with NaN (sqrt of a negative number) never holds, and a branch that is not taken needs none."""
    text = "parameters: {w: -2, v: 3}\nnodes: {r: 'maximum(v, sqrt(w))', J: 'where(w > 0, r, w**2) + max([w, v, 1])'}"
    found = derived(text, "w")
    assert (found.formula, found.while_) == ("2*w", ("w < 0", "w < 1"))


def test_an_entry_behind_a_step_inside_a_formula() -> None:
    text = "inputs: {X: [[1, -2]]}\nparameters: {W: [[1], [2]], b: [1]}\n"
    text += "nodes: {h: relu(X @ W + b), J: 'h[0, 0]*W[0, 0]'}"
    lines = " ".join(terminal_lines(bp.loads(text).derive("W", (0, 0))))
    assert "This holds while" in lines
    assert "The formula and backprop agree." in lines


def test_an_array_has_a_formula_for_each_entry_and_matrix_notation() -> None:
    text = "inputs: {x: [1, 2]}\nparameters: {W: [[0.5], [1]]}\nnodes: {z: x @ W, J: sum(z**2)}"
    derivation = bp.loads(text).derive("W")
    assert [one.formula for one in derivation.found] == ["2*x[0]*z[0]", "2*x[1]*z[0]"]
    assert all(one.agrees for one in derivation.found)
    lines = terminal_lines(derivation)
    assert "  dJ/dW   = outer(x, dJ/dz)" in lines
    assert "chain rule   dJ/dW = outer(x, 2 · z)" in lines
    assert "So do SymPy's formulas of its 2 entries." in lines
    (one,) = bp.loads(text).derive("W", (1, 0)).found
    assert one.entry == (1, 0)
    assert one.value == 10.0


def terminal_lines(derivation: Derivation) -> list[str]:
    return list(terminal(derivation.sections()))


def test_too_many_entries_and_too_large() -> None:
    text = "inputs: {x: [1, 2, 3]}\nparameters: {W: {ones: [3, 3]}}\nnodes: {J: sum(x @ W)}"
    derivation = bp.loads(text).derive("W")
    assert derivation.found == []
    assert str(derivation.problem) == "W has 9 entries, too many for a formula each\n  Name one:  W[0, 0]"
    matrix = bp.loads(text.replace("sum(x @ W)", "sum((x @ W)**2)")).derive("W")
    assert (matrix.found, matrix.problem, matrix.matrix_agrees) == ([], None, True)
    nodes = ", ".join(f"a{k}: sin(a{k - 1}) * a{k - 1} + a{k - 1}" for k in range(1, 40))
    large = bp.loads(f"parameters: {{w: 1}}\nnodes: {{a0: w, {nodes}}}").derive("w")
    assert large.found == []
    assert "too large" in str(large.problem)


def test_the_time_limit_is_kept() -> None:
    nodes = ", ".join(f"a{k}: sin(a{k - 1} + w) * a{k - 1} + exp(a{k - 1})" for k in range(1, 8))
    slow = bp.loads(f"parameters: {{w: 0.1}}\nnodes: {{a0: w, {nodes}}}").derive("w", seconds=0.001)
    assert str(slow.problem).startswith("no formula yet after 0.001 s of computing: SymPy's time ran out")


def test_a_wrong_gradient_does_not_agree() -> None:
    good = derived(LAB, "w")
    assert not good._replace(gradient=5.999).agrees
    assert not good._replace(gradient=float("nan")).agrees
    assert good._replace(gradient=float("nan"), value=float("nan")).agrees


def test_other_formats() -> None:
    derivation = bp.loads(example_text("lecture")).derive("w1")
    tex = "".join(latex(derivation.sections()))
    assert r"&= (a_2 - y) \cdot w_2 \cdot x && \text{simplified} \\" in tex
    assert r"\frac{\partial a_2}{\partial z_2} = \mathrm{relu}'(z_2) = 1" in tex
    assert "| simplified        | (a2 - y) · w2 · x" in "".join(markdown(derivation.sections()))


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "--example", "lecture", "dJ/dw1", "b2", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == "backprop.derive/1"
    assert [g["formulas"][0]["formula"] for g in found["gradients"]] == ["w2*x*(a2 - y)", "a2 - y"]
    assert main(["derive", "--example", "lecture", "--timeout", "0"]) == 2
    assert "--timeout 0: expected seconds, such as --timeout 60" in capsys.readouterr().err


LABELS = """
inputs: {X: [[0, 0], [0, 1], [1, 0]], y: [0, 1, 1]}
parameters: {W: [[0.5, -0.3], [0.8, 0.2]], b: [0.1, -0.1]}
nodes: {logits: X @ W + b, J: 'cross_entropy(logits, y)'}
"""


@pytest.mark.slow
def test_softmax_and_cross_entropy_together_as_a_textbook_has_them() -> None:
    lines = terminal_lines(bp.loads(LABELS).derive("W"))
    assert "  dJ/dlogits   = dJ/dJ / 3 · (softmax(logits) - one_hot(y, 2))" in lines
    assert "chain rule   dJ/dW = X.T @ ((softmax(logits) - one_hot(y, 2)) / 3)" in lines
    assert "The formula and backprop agree." in lines
    hot = LABELS.replace("y: [0, 1, 1]", "y: [[1, 0], [0, 1], [0.5, 0.5]]")
    lines = terminal_lines(bp.loads(hot).derive("W"))
    assert "(softmax(logits) * sum(y, axis=-1, keepdims=True) - y)" in " ".join(line.strip() for line in lines)


@pytest.mark.slow
def test_conditions_are_in_the_language_of_the_spec() -> None:
    (found,) = bp.loads(LABELS).derive("W", (0, 0)).found
    assert "y[1] == 1" in found.while_
    assert not any("Eq(" in condition or "Ne(" in condition for condition in found.while_)


def test_a_long_fraction_is_a_decimal() -> None:
    nodes = ", ".join(f"a{k}: (a{k - 1} + a{k - 2})/2" for k in range(2, 90))
    assert derived(f"parameters: {{w: 0.5}}\nnodes: {{a0: w*1, a1: w*2, {nodes}}}\nloss: a89", "w").formula == (
        "1.66666666666667"
    )


def test_conditions_of_the_two_formulas_are_kept_apart() -> None:
    found = derived("inputs: {x: 2}\nparameters: {w: 1, k: 3}\nnodes: {r: relu(w*x), J: k*r}", "k")
    assert (found.formula, found.while_, found.also) == ("r", (), ("w*x > 0",))
    assert "Fully written out it holds while w · x > 0." in terminal_lines(
        bp.loads("inputs: {x: 2}\nparameters: {w: 1, k: 3}\nnodes: {r: relu(w*x), J: k*r}").derive("k")
    )


def test_nan_agrees_with_nothing() -> None:
    lines = terminal_lines(bp.loads("parameters: {w: -1, b: 2}\nnodes: {a: log(w), J: a*b}").derive("b"))
    assert "There is nothing to compare: NaN agrees with nothing. backprop run tells" in "\n".join(lines)


def test_no_single_formula_is_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("inputs: {x: [1, 2, 3]}\nparameters: {W: {ones: [3, 3]}}\nnodes: {J: sum(x @ W)}", "utf-8")
    assert main(["derive", str(spec), "W"]) == 3
    assert "No single formula: W has 9 entries, too many for a formula each\n  Name one:  W[0, 0]" in (
        capsys.readouterr().out
    )
    assert main(["derive", str(spec), "W[0,1]"]) == 0
    capsys.readouterr()


SOFTMAX = "targets: {{y: {y}}}\nparameters: {{z: {z}}}\nnodes: {{p: softmax(z), L: '{loss}'}}\n"


@pytest.mark.parametrize(
    ("z", "y", "loss", "whole"),
    [
        ("[0.1, 0.2, 0.3]", "2", "-log(p[2])", "p - one_hot(2, 3)"),
        ("[0.1, 0.2, 0.3]", "2", "-log(p)[0]", "p - one_hot(0, 3)"),
        ("[0.1, 0.2, 0.3]", "[0, 1, 0]", "-sum(one_hot(1, 3)*log(p))", "p - one_hot(1, 3)"),
        ("[[0.1, 0.2, 0.3], [1, 2, 3]]", "[2, 0]", "-mean(log(p[arange(2), y]))", "(p - one_hot(y, 3)) / 2"),
        ("[[0.1, 0.2, 0.3], [1, 2, 3]]", "[2, 0]", "-log(p[0, 1]) - log(p[1, 2])", "p - one_hot([1, 2], 3)"),
        ("[0.1, 0.2, 0.3]", "2", "sum(p**2)", None),
    ],
)
def test_softmax_and_log_come_to_the_difference(z: str, y: str, loss: str, whole: str | None) -> None:
    network = bp.loads(SOFTMAX.format(z=z, y=y, loss=loss))
    told = network.derive("z")
    assert told.whole == whole
    assert told.agrees
    assert not told.missing


def test_an_entry_of_softmax_and_log() -> None:
    network = bp.loads(SOFTMAX.format(z="[0.1, 0.2, 0.3]", y=2, loss="-log(p[2])"))
    assert [one.formula for one in network.derive("z").found] == ["p[0]", "p[1]", "p[2] - 1"]
    log = bp.loads("parameters: {z: [1, 2]}\nnodes: {q: log_softmax(z), L: '-q[1]'}")
    assert [one.formula for one in log.derive("z").found] == ["exp(q[0])", "exp(q[1]) - 1"]


def test_a_label_s_condition_is_the_label() -> None:
    network = bp.loads(SOFTMAX.format(z="[[0.1, 0.2], [1, 2]]", y="[1, 0]", loss="-mean(log(p[arange(2), y]))"))
    assert {condition for one in network.derive("z").found for condition in one.while_} == {"y[0] == 1", "y[1] == 0"}


def test_what_has_no_formula_number_and_verdict_exits_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    """A number that meets arrays too large for SymPy has a formula in matrix notation, its number and a verdict."""
    words = [
        "derive",
        "-i",
        "x=[1,2,3,4,5,6]",
        "-t",
        "y=[[0],[1],[0],[1],[1],[0]]",
        "-p",
        "b=0.5",
        "-n",
        "p = sigmoid(x + b)",
        "-n",
        "L = mean(-(y*log(p) + (1-y)*log(1-p)))",
        "b",
    ]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "chain rule   dL/db = " in said
    assert "by backprop        = 0.449308" in said
    assert said.endswith("The formula and backprop agree.\n")
    assert main(["derive", "-p", "x=-1", "-n", "J = log(x)**2"]) == 3
    assert "NaN agrees with nothing" in capsys.readouterr().out


def test_the_time_limit_counts_computing_alone() -> None:
    def endless() -> None:
        with within(0.05):
            while True:
                sum(range(1000))

    with pytest.raises(TooSlow):
        endless()
    with within(0.05):
        time.sleep(0.2)


def test_time_that_ran_out_is_said_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    weights = " + ".join(f"tanh(w*{k} + x)" for k in range(1, 40))
    words = ["-i", "x=1", "-p", "w=2", "-n", f"a = {weights}", "-n", "J = sin(a)**2", "--timeout", "0.001"]
    assert main(["derive", *words, "w"]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert "SymPy's time ran out --timeout 60 gives it more." in said
    assert "too large" not in said


@pytest.mark.slow
@pytest.mark.parametrize("gradient", ["dJ/dwh", "dJ/dh[2]"])
def test_rows_of_a_recurrence_are_named_once(gradient: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The entries of an unrolled h are called as its nodes are: what comes back to h[1] must not count twice."""
    path = Path(__file__).parents[2] / "examples" / "rnn-by-hand.yaml"
    assert main(["derive", str(path), gradient]) == 0
    assert "The formula and backprop agree." in capsys.readouterr().out
    assert bp.load(str(path)).check(against="all").verdict == "pass"
