"""The sweep: rounding on the left, truncation on the right, and the best step where theory puts it."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from check_helpers import LECTURE, one

from backpropcli.api import load, loads
from backpropcli.app import main
from backpropcli.errors import UsageError
from backpropcli.notation.numbers import Precision
from backpropcli.report.sweep_plot import sweep_lines

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.sweep import Sweep

EXAMPLES = Path(__file__).parents[2] / "examples"
SMOOTH = [("exp(sin(3*w))", 0.7), ("log(1 + exp(w))", -1.2), ("w**5", 1.3), ("cos(w)*w", 2.9), ("sigmoid(w)", 0.4)]


def near(sweep: Sweep, eps: float) -> float:
    """The error at the step nearest to eps."""
    return min(sweep.steps, key=lambda s: abs(math.log(s.eps / eps))).error


@pytest.mark.parametrize(("formula", "w"), SMOOTH)
@pytest.mark.parametrize(("difference", "order"), [("central", 2), ("forward", 1), ("backward", 1)])
def test_the_best_step_is_where_theory_puts_it(formula: str, w: float, difference: Any, order: int) -> None:
    sweep = one(formula, w=w).sweep("w", difference=difference)
    theory = 2.0 ** (-52 / (order + 1))
    assert theory / 30 < sweep.best.eps < theory * 30
    assert sweep.order == order


@pytest.mark.parametrize(("formula", "w"), SMOOTH)
@pytest.mark.parametrize(("difference", "factor"), [("central", 100), ("forward", 10)])
def test_truncation_grows_with_its_order(formula: str, w: float, difference: Any, factor: float) -> None:
    sweep = one(formula, w=w).sweep("w", difference=difference)
    assert near(sweep, 1e-3) / near(sweep, 1e-4) == pytest.approx(factor, rel=0.05)
    assert near(sweep, 1e-4) == pytest.approx(sweep.truncation * 1e-4**sweep.order, rel=0.02)


@pytest.mark.parametrize(("formula", "w"), SMOOTH)
def test_rounding_stays_below_its_line(formula: str, w: float) -> None:
    sweep = one(formula, w=w).sweep("w")
    left = [s for s in sweep.steps if s.eps < 1e-8]
    assert all(s.error < 6 * sweep.rounding / s.eps for s in left)
    assert max(s.error * s.eps for s in left) > 0.05 * sweep.rounding


@pytest.mark.parametrize(("formula", "w"), SMOOTH)
def test_the_check_does_better_than_any_plain_step(formula: str, w: float) -> None:
    sweep = one(formula, w=w).sweep("w")
    assert sweep.chosen is not None
    assert sweep.chosen.error < 1e-11
    around = [s.error for s in sweep.steps if 0.5 < s.eps / sweep.best.eps < 2.0]  # single steps may be exact by luck
    assert sweep.chosen.error < 0.1 * max(around)
    assert sweep.row.verdict == "pass"


def test_steps_reach_from_tiny_to_wide() -> None:
    sweep = one("exp(w)", w=0.5).sweep()
    assert sweep.steps[0].eps == pytest.approx(1e-12)
    assert sweep.steps[-1].eps == pytest.approx(0.1)
    assert len(sweep.steps) == 111
    assert sweep.right == pytest.approx(math.exp(0.5), rel=1e-15)
    large = one("w**2", w=3e8).sweep()
    assert large.steps[-1].eps == pytest.approx(1e7)  # in the scale of the parameter


def test_steps_that_leave_the_domain_are_gaps() -> None:
    sweep = one("log(w)", w=1e-5).sweep()
    assert [math.isnan(s.error) for s in sweep.steps].index(True) > 60
    assert sweep.best.error < 1e-9
    shown = "\n".join(sweep_lines(sweep, "net.yaml", Precision(10)))
    assert "Where there is no dot, the loss is not finite." in shown


def test_a_quadratic_loss_has_no_truncation() -> None:
    sweep = loads(LECTURE).sweep("w1")
    assert sweep.truncation == 0.0
    assert near(sweep, 1e-2) < 1e-12
    shown = "\n".join(sweep_lines(sweep, "net.yaml", Precision(10)))
    assert "This loss has no truncation" in shown.replace("\n  ", " ")


def test_a_wrong_gradient_is_told_and_is_not_the_measure() -> None:
    network = loads("parameters: {w: 0.5}\nfunctions:\n  f(z): {value: z**3, gradient: {z: 3*z}}\nnodes: {J: f(w)}")
    sweep = network.sweep("w")
    assert sweep.right == pytest.approx(0.75)
    assert sweep.best.error < 1e-9
    assert sweep.status == 1
    assert sweep_lines(sweep, "net.yaml", Precision(10))[-1] == "backprop's own gradient, 1.5, is wrong."


# Which gradient.


def test_names_and_entries() -> None:
    network = load(EXAMPLES / "mazur-layers.yaml")
    assert (network.sweep().name, network.sweep().index) == ("W1", (0, 0))
    assert network.sweep("W1[1, 0]").index == (1, 0)
    assert network.sweep("dJ/dW1[-1,0]").index == (1, 0)
    assert network.sweep("b2").index == (0,)
    assert network.sweep("z1").name == "z1"
    dead = loads("parameters: {w: [-1, 2]}\nnodes: {J: sum(relu(w))}")
    assert dead.sweep("w").index == (1,)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("W3", "--sweep W3: there is no W3. Did you mean W2?"),
        ("W1[2, 0]", "--sweep W1[2, 0]: W1 has the shape (2,2): there is no such entry"),
        ("W1[0]", "--sweep W1[0]: W1 has the shape (2,2): there is no such entry"),
        ("W1[a, b]", "--sweep W1[a, b]: W1 has the shape (2,2): there is no such entry"),
    ],
)
def test_wrong_names(name: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        load(EXAMPLES / "mazur-layers.yaml").sweep(name)
    assert str(error.value) == message


def test_where_there_is_no_one_slope() -> None:
    with pytest.raises(UsageError, match=r"^dJ/dw cannot be swept: relu.* is on its corner, so there is no one slope"):
        one("relu(w)", w=0.0).sweep()
    with pytest.raises(UsageError, match=r"^dJ/dv cannot be swept: no path leads from v to J"):
        one("w**2", w=1.0, v=2.0).sweep("v")
    with pytest.raises(UsageError, match=r"^dJ/dw cannot be swept: J is not finite here"):
        one("log(w)", w=-1.0).sweep()
    with pytest.raises(UsageError, match="nothing to sweep"):
        loads("nodes: {J: 2 + 3}").sweep()


# The plot and the command.


def write(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_the_plot_fits_and_shows_both_slopes() -> None:
    sweep = one("exp(sin(3*w))", w=0.7).sweep("w")
    lines = sweep_lines(sweep, "net.yaml", Precision(10))
    assert all(len(line) <= 80 for line in lines)
    plot = [line.partition("┤ ")[2] for line in lines if "┤" in line]
    braille = [[k for k, c in enumerate(line) if "\u2800" <= c <= "\u28ff"] for line in plot]
    rows = [k for k, places in enumerate(braille) if places]
    lowest = max(rows)
    right = [max(braille[k]) for k in range(lowest) if braille[k]]
    assert right == sorted(right, reverse=True)  # truncation rises to the right
    assert sum("◆" in line for line in plot) == 1
    assert sum("▲" in line for line in lines) == 2  # on the axis, and what it means


def test_the_plot_in_ascii() -> None:
    sweep = one("exp(sin(3*w))", w=0.7).sweep("w", difference="forward")
    shown = "\n".join(sweep_lines(sweep, "net.yaml", Precision(10), ascii=True))
    assert shown.isascii()
    assert "the error of (J(p + eps) - J) / eps" in shown
    assert "(rising, as eps)" in shown.replace("\n  ", " ")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    write(tmp_path, LECTURE, monkeypatch)
    assert main(["check", "--sweep", "w2"]) == 0
    assert capsys.readouterr().out.startswith("net.yaml   dJ/dw2 = 4\n")
    assert main(["check", "net.yaml", "--sweep", "--only", "w1,w2", "--format", "json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert [(one_["format"], one_["name"]) for one_ in both] == [("backprop.sweep/1", "w1"), ("backprop.sweep/1", "w2")]
    assert main(["check", "net.yaml", "--sweep", "--difference", "forward", "--format", "csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) == 111
    assert rows[0]["difference"] == "forward"
    assert float(rows[-1]["eps"]) == pytest.approx(0.1)
    assert main(["check", "net.yaml", "--sweep", "w1", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("```\nnet.yaml   dJ/dw1 = 6\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sweep", "w3"], "error: --sweep w3: there is no w3. Did you mean w2?"),
        (["--sweep", "--eps", "0.1"], "error: --sweep and --eps together"),
        (["--sweep", "--fault", "a1:sign"], "error: --sweep and --fault together"),
        (["--sweep", "--difference", "centre"], "error: --difference centre: expected central, forward or backward"),
    ],
)
def test_the_commands_errors(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    write(tmp_path, LECTURE, monkeypatch)
    assert main(["check", *words]) == 2
    assert message in capsys.readouterr().err


def test_json_says_where_the_lines_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    write(tmp_path, "parameters: {w: 0.7}\nnodes: {J: exp(w)}", monkeypatch)
    assert main(["check", "--sweep", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["truncation"] == pytest.approx(1 / 6, rel=0.02)
    assert found["order"] == 2
    assert 1e-17 < found["rounding"] < 1e-15
    assert found["chosen"]["error"] < 1e-11
    assert found["steps"][0] == {
        "eps": pytest.approx(1e-12),
        "slope": pytest.approx(2.01, rel=1e-2),
        "error": pytest.approx(0, abs=1e-3),
    }
