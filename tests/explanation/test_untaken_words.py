"""A branch that is not taken, as it is worked out: 0 with its reason, nowhere 0 · NaN."""

from __future__ import annotations

import pytest

from backpropcli.app import main

NETWORK = ["-p", "x=-1", "-n", "s = sqrt(x)", "-n", "J = where(x > 0, s, 3*x)"]
DEAD = ["-p", "x=-1", "-n", "r = relu(x)", "-n", "J = sqrt(r)"]
ARRAY = ["-p", "x=[-1, 4]", "-n", "s = sqrt(x)", "-n", "a = where(x > 0, s, 3*x)", "-n", "J = sum(a)"]


@pytest.fixture
def told(capsys, monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*words: str) -> tuple[str, str]:
        assert main(list(words)) == 0
        return tuple(capsys.readouterr())

    return call


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (NETWORK, "J does not look at s here, so nothing comes back"),
        (DEAD, "relu'(-1) = 0, as -1 ≤ 0; r does not look at x here, so nothing comes back"),
        (ARRAY, "nothing comes back from where J does not look"),
    ],
)
def test_steps_say_why_it_is_0(told, network, why):
    out, _ = told("run", *network, "--steps")
    assert why in " ".join(out.split())  # a remark is words, and goes on in the next line
    assert "0 · NaN" not in out
    assert "= NaN + 3" not in out


def test_explain_multiplies_nothing_by_nan(told):
    out, _ = told("explain", *NETWORK, "dJ/dx")
    assert "NaN · 0 =       0" in out
    assert "What is not taken passes nothing back: 0, whatever stands behind it." in out
    assert "= 0 · NaN" not in out
    out, _ = told("explain", *NETWORK, "dJ/dx", "--format", "json")
    assert '"product": 0.0' in out
    out, _ = told("explain", *ARRAY, "dJ/dx[0]")
    assert "NaN · 0 =       0" in out


def test_notes_name_what_is_used_first(told):
    _, err = told("run", *NETWORK)
    assert err == "note: s = sqrt(x) is not finite: NaN, where x = -1; J does not use it\n"
    assert told("run", "-p", "x=-1", "-n", "J = where(x > 0, sqrt(x), x)")[1] == ""
    _, err = told("run", "-p", "x=0", "-n", "J = where(x > 0, 1, x*log(x))")
    assert err.startswith("note: J.2 is the first value that is not finite: -Infinity, where x = 0 (J.2 = log(x)")


def test_nudge_expects_nothing_from_it(told):
    out, _ = told("nudge", *NETWORK, "x")
    assert next(line.split()[-2:] for line in out.splitlines() if line.strip().startswith("J ")) == ["3", "3"]


@pytest.mark.parametrize("words", [["run", "--steps"], ["explain", "v"], ["explain", "dJ/dv[1]"], ["derive", "v[0]"]])
def test_an_array_of_upstream_gradients_where_nobody_looks(told, words):
    out, _ = told(
        words[0], "-p", "v=[1, -2, 3]", "-p", "x=2", "-n", "a = where(v > v, 1, 0)", "-n", "J = x + sum(a)", *words[1:]
    )
    assert "0" in out
