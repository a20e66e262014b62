"""Arrays without entries, as NumPy has them: sum 0, prod 1, mean NaN with a word, max an error."""

import math

import pytest

import backpropcli as bp
from backpropcli.app import main
from backpropcli.errors import BackpropError

NOTHING = ("-p", "x=[]", "-p", "w=2", "-n", "J = w*sum(x) + w*prod(x)")


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("sum(x)", 0),
        ("prod(x)", 1),
        ("mean(x)", math.nan),
        ("std(x)", math.nan),
        ("var(x)", math.nan),
        ("sum(x*2 + 1)", 0),
        ("sum(r, axis=1)[1]", 0),
        ("prod(r, axis=1)[0]", 1),
        ("norm(x)", 0),
        ("x @ x", 0),
        ("sum(concatenate([x, x]))", 0),
        ("sum(cumsum(x))", 0),
        ("sum(sort(x))", 0),
        ("nansum(x)", 0),
        ("nanprod(x)", 1),
        ("nanmean(x)", math.nan),
        ("einsum('i,i', x, x)", 0),
        ("sum(r.T @ [[1], [1]])", 0),
        ("sum(stack([x, x]))", 0),
        ("sum(cumprod(x))", 0),
    ],
)
def test_as_in_numpy(formula, value):
    network = bp.loads(f'parameters: {{x: [], r: [[], []], w: 2}}\nnodes: {{J: "w + {formula}"}}')
    run = network.run()
    assert run.value("J") == pytest.approx(2 + value, nan_ok=True)
    assert run.gradient("x").shape == (0,)
    assert run.gradient("r").shape == (2, 0)
    assert run.gradient("w") == 1
    if value == value:
        assert network.check(against="all").verdict == "pass"


@pytest.mark.parametrize("formula", ["max(x)", "min(x)", "softmax(x)", "logsumexp(x)", "ptp(x)", "nanmax(x)"])
def test_what_needs_an_entry(formula):
    with pytest.raises(BackpropError, match="no entries"):
        bp.loads(f"parameters: {{x: []}}\nnodes: {{J: sum({formula})}}")


def test_the_mean_of_nothing_is_said(capsys):
    assert main(["run", "-p", "x=[]", "-n", "J = mean(x)"]) == 0
    assert "J = mean(x) is the first value that is not finite: NaN, where x = []" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_no_rows_need_no_entries(name):
    network = bp.loads(f"{{parameters: {{x: [], w: 2}}, nodes: {{y: '{name}(reshape(x, (3, 0, 0)))', J: w + sum(y)}}}}")
    run = network.run()
    assert run.value("y").shape == (3, 0, 0)
    assert run.gradient("x").shape == (0,)
    assert network.check(against="all").verdict == "pass"


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("run", "--steps"),
        ("run", "--format", "json"),
        ("check",),
        ("check", "--against", "all"),
        ("draw",),
        ("draw", "--format", "svg"),
        ("count",),
        ("check", "--eps", "0.001"),
        ("quiz", "--worksheet", "s.md"),
        ("page", "-o", "p.html"),
    ],
)
def test_every_command(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*words, *NOTHING]) == 0
    assert "bug" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [("explain",), ("derive",)])
def test_every_telling(words, capsys):
    assert main([*words, *NOTHING, "x"]) in (0, 3)
    assert "bug" not in capsys.readouterr().err
