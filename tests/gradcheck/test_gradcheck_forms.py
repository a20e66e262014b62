"""Forms that lose digits and forms that keep them: each pair has one value, is found by its structure, and helps."""

from __future__ import annotations

import json
from typing import Any

import mpmath
import numpy as np
import pytest

from backpropcli.api import loads
from backpropcli.app import main
from backpropcli.gradcheck.precision import forms as forms_module
from backpropcli.gradcheck.precision.forms import FORMS, expression, forms
from backpropcli.language.formula.show import show
from backpropcli.ops.numbers.precise import mp, xp

POINTS = [([0.3, 0.7], [0.2, 0.15]), ([-0.7, -0.4], [0.4, 0.1]), ([2.5, 1.5], [0.3, 2.0]), ([1.25, 3.0], [1.5, 2.5])]


def network(formula: str, a: list[float], b: list[float]) -> Any:
    return loads(json.dumps({"parameters": {"a": a, "b": b}, "nodes": {"y": formula}, "loss": "y"}))


@pytest.mark.parametrize(("formula", "instead"), FORMS)
def test_both_forms_have_the_same_value(formula: str, instead: str) -> None:
    compared = 0
    with mp.workdps(60):
        for a, b in POINTS:
            pair = [network(f, a, b) for f in (formula, instead)]
            one, other = (np.ravel(n.plan().forward(n.values, xp)[n.graph.nodes["y"].slot]) for n in pair)
            for x, y in zip(one, other, strict=True):
                if mpmath.isfinite(x) and mpmath.isfinite(y):
                    compared += 1
                    assert abs(x - y) <= mp.mpf(10) ** -50 * max(1, abs(x)), (a, b)
    assert compared >= 2


@pytest.mark.parametrize(("formula", "instead"), FORMS)
def test_a_form_is_found_where_it_stands(formula: str, instead: str) -> None:
    net = network(f"3 * ({formula}) + a", *POINTS[0])
    found = [f.instead for root in range(len(net.graph)) for f in forms(net.graph, root)]
    assert instead in found


def suggested(spec: str) -> tuple[str, str, bool]:
    report = loads(spec).check()
    assert len(report.lost) == 1, report.lost
    leak = report.lost[0].leak
    assert leak is not None
    return leak.instead, leak.old, leak.helps


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("parameters: {x: 1e-4}\nnodes: {J: (1 - cos(x)) / x**2}", ("2 * sin(x / 2)**2", "1 - cos(x)", True)),
        ("parameters: {z: 36}\nnodes: {J: -log(1 - 1/(1 + exp(-z)))}", ("softplus(z)", "J", True)),
        ("parameters: {z: 40}\nnodes: {J: -log(1 - 1/(exp(-z) + 1))}", ("softplus(z)", "J", True)),
        ("parameters: {z: 36}\nnodes: {p: 1/(1 + exp(-z)), q: 1 - p, J: -log(q)}", ("softplus(z)", "J", True)),
        (
            "parameters: {w: 4}\ninputs: {x: 9}\nnodes: {J: -log(1 - sigmoid(w*x))}",
            ("-softplus(w * x)", "log(1 - sigmoid(w * x))", True),
        ),
        ("parameters: {x: 1e-13}\nnodes: {J: log(1 + x)**2}", ("log1p(x)", "log(1 + x)", True)),
        ("parameters: {x: 1e-13}\nnodes: {t: 'exp(x) - 1', J: t**2}", ("expm1(x)", "t", True)),
        ("parameters: {x: 1e8}\nnodes: {J: sqrt(x**2 + 1) - x}", ("1 / (sqrt(x**2 + 1) + x)", "J", True)),
        ("parameters: {x: 1e-160}\ninputs: {y: 0}\nnodes: {J: sqrt(x**2 + y**2)}", ("hypot(x, y)", "J", True)),
        (
            "parameters: {x: [1e7, 10000001, 10000002]}\nnodes: {v: mean(x**2) - mean(x)**2, J: log(v + 1)}",
            ("mean((x - mean(x))**2)", "v", True),
        ),
        ("parameters: {x: 1e-30}\nnodes: {J: (x + 1 - 1)**2}", ("x", "x + 1 - 1", True)),
    ],
)
def test_the_form_that_keeps_the_digits_is_named(spec: str, said: tuple[str, str, bool]) -> None:
    assert suggested(spec) == said


@pytest.mark.parametrize(
    "spec",
    [
        "parameters: {x: 1e-9}\nnodes: {J: (exp(x) - 1 - x) / x**2}",  # nobody knows a form of three terms
        "parameters: {x: [1e16, 1, -1e16]}\nnodes: {J: sum(x)**2}",
        "parameters: {x: 1e-4}\nnodes: {J: (1.0000000001 - cos(x)) / x**2}",  # nearly a form is none
    ],
)
def test_no_form_is_made_up(spec: str) -> None:
    for lost in loads(spec).check().lost:
        assert lost.leak is None or not lost.leak.instead


def test_a_network_that_keeps_its_digits_is_told_nothing() -> None:
    report = loads("parameters: {x: 0.5}\nnodes: {J: (1 - cos(x)) / x**2}").check()
    assert report.lost == ()


def test_a_slot_is_written_as_an_author_would() -> None:
    net = loads("parameters: {x: 2, y: 3}\nnodes: {t: x + y, J: -log(1 - t*x) / 2.5}")
    slot = net.graph.nodes["J"].slot
    assert show(expression(net.graph, slot, named=False)) == "-log(1 - t * x) / 2.5"
    assert show(expression(net.graph, slot)) == "J"


def test_the_command_says_where_the_digits_go(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "-p", "x=1e-4", "-n", "J = (1 - cos(x)) / x**2"]
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "Digits go in J, at 1 - 0.999999995: about 8 of 16 are left. 2 * sin(x / 2)**2\nfor 1 - cos(x)" in out
    assert "\xa0" not in out
    assert main([*words, "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["lost"] == [
        {
            "name": "x",
            "index": [],
            "node": "J",
            "operation": "subtract",
            "at": "1 - 0.999999995",
            "digits": 8,
            "instead": "2 * sin(x / 2)**2",
            "for": "1 - cos(x)",
            "helps": True,
        }
    ]


def test_a_form_of_another_value_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong line in the table would be noticed before it is told: its value is compared at the point."""
    wrong = {"2*sin(a/2)**2": "sin(a/2)**2"}
    patterns = [p._replace(instead=wrong.get(p.instead, p.instead)) for p in forms_module.patterns()]
    monkeypatch.setattr(forms_module, "patterns", lambda: patterns)
    assert suggested("parameters: {x: 1e-4}\nnodes: {J: (1 - cos(x)) / x**2}") == ("", "", False)


def test_what_leaves_the_range_of_float64_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-p", "x=1e200", "-p", "y=1e200", "-n", "J = sqrt(x**2 + y**2)"]) == 1
    assert "J leaves float64's range, at 1e200 ** 2. J = hypot(x, y) keeps them" in capsys.readouterr().out
