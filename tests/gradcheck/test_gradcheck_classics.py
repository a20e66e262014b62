"""Classic functions with right and wrong gradients: narrow valleys, barriers, cancellation, corners, all scales."""

from __future__ import annotations

import pytest

from backpropcli.api import loads

CLASSICS: dict[str, tuple[str, dict[str, float], dict[str, str]]] = {
    "rosenbrock": (
        "(1 - x)**2 + 100*(y - x**2)**2",
        {"x": -1.2, "y": 1.0},
        {"x": "-2*(1 - x) - 400*x*(y - x**2)", "y": "200*(y - x**2)"},
    ),
    "beale": (
        "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2",
        {"x": 1.0, "y": 0.7},
        {
            "x": "2*(1.5 - x + x*y)*(y - 1) + 2*(2.25 - x + x*y**2)*(y**2 - 1)",
            "y": "2*(1.5 - x + x*y)*x + 4*(2.25 - x + x*y**2)*x*y",
        },
    ),
    "himmelblau": (
        "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
        {"x": 0.3, "y": -2.0},
        {"x": "4*x*(x**2 + y - 11) + 2*(x + y**2 - 7)", "y": "2*(x**2 + y - 11) + 4*y*(x + y**2 - 7)"},
    ),
    "booth": (
        "(x + 2*y - 7)**2 + (2*x + y - 5)**2",
        {"x": 0.1, "y": 0.2},
        {"x": "10*x + 8*y - 34", "y": "8*x + 10*y - 38"},
    ),
    "barrier": ("x - 0.01*log(1 - x)", {"x": 0.99999999}, {"x": "1 + 0.01/(1 - x)"}),
    "barrier at the edge": ("-log(1 - x)", {"x": 0.99999999999}, {"x": "1/(1 - x)"}),
    "barrier at 0": ("-log(x)", {"x": 1e-9}, {"x": "-1/x"}),
    "logsumexp": (
        "log(exp(x) + exp(y))",
        {"x": 3.0, "y": -20.0},
        {"x": "exp(x)/(exp(x) + exp(y))", "y": "exp(y)/(exp(x) + exp(y))"},
    ),
    "softmax": (
        "exp(x)/(exp(x) + exp(y))",
        {"x": 0.4, "y": 0.1},
        {"x": "exp(x)*exp(y)/(exp(x) + exp(y))**2", "y": "-exp(x)*exp(y)/(exp(x) + exp(y))**2"},
    ),
    "norm": ("sqrt(x**2 + y**2)", {"x": 3e-8, "y": 4e-8}, {"x": "x/sqrt(x**2 + y**2)", "y": "y/sqrt(x**2 + y**2)"}),
    "hypot of the large": ("hypot(x, y)", {"x": 3e150, "y": 4e150}, {"x": "x/hypot(x, y)", "y": "y/hypot(x, y)"}),
    "rational": ("(x**2 + 1)/(x - 2)", {"x": 2.001}, {"x": "(x**2 - 4*x - 1)/(x - 2)**2"}),
    "runge": ("1/(1 + 25*x**2)", {"x": 0.9}, {"x": "-50*x/(1 + 25*x**2)**2"}),
    "oscillating": ("sin(1000*x)*x", {"x": 0.7}, {"x": "sin(1000*x) + 1000*x*cos(1000*x)"}),
    "very fast": ("sin(1e8*x)", {"x": 1.0}, {"x": "1e8*cos(1e8*x)"}),
    "rastrigin": ("x**2 - 10*cos(2*pi*x) + 10", {"x": 0.31}, {"x": "2*x + 20*pi*sin(2*pi*x)"}),
    "ackley": (
        "-20*exp(-0.2*sqrt(x**2/1)) - exp(cos(2*pi*x))",
        {"x": 0.4},
        {"x": "4*exp(-0.2*abs(x))*sign(x) + 2*pi*sin(2*pi*x)*exp(cos(2*pi*x))"},
    ),
    "piecewise": ("where(x > 1, x**2, 2*x - 1)", {"x": 1.0000001}, {"x": "where(x > 1, 2*x, 2)"}),
    "near a corner": ("abs(x)", {"x": 1e-12}, {"x": "sign(x)"}),
    "beside a jump": ("where(x > 1, x + 5, 3*x)", {"x": 1.00001}, {"x": "where(x > 1, 1, 3)"}),
    "staircase": ("floor(x) + x", {"x": 2.5}, {"x": "1"}),
    "huber": ("where(abs(x) < 1, x**2/2, abs(x) - 0.5)", {"x": 0.999999}, {"x": "where(abs(x) < 1, x, sign(x))"}),
    "tiny": ("1e-200*x**2", {"x": 3.0}, {"x": "2e-200*x"}),
    "huge": ("1e200*x**3", {"x": 2.0}, {"x": "3e200*x**2"}),
    "tiny slope on a large value": ("1e6 + 1e-6*x**2", {"x": 1.0}, {"x": "2e-6*x"}),
    "planck": ("sin(1e34*x)", {"x": 6.62607015e-34}, {"x": "1e34*cos(1e34*x)"}),
    "large argument": ("(x - 1e8)**2", {"x": 1e8 + 3.0}, {"x": "2*(x - 1e8)"}),
    "saturated": ("1/(1 + exp(-x))", {"x": 30.0}, {"x": "exp(-x)/(1 + exp(-x))**2"}),
    "gaussian tail": ("exp(-x**2)", {"x": 12.0}, {"x": "-2*x*exp(-x**2)"}),
    "power": ("x**y", {"x": 2.5, "y": -3.1}, {"x": "y*x**(y - 1)", "y": "x**y*log(x)"}),
    "cubic at its flat place": ("(x - 1)**3 + x", {"x": 1.0}, {"x": "3*(x - 1)**2 + 1"}),
    "spike": ("exp(-(1e9*(x - 1))**2) + x", {"x": 1.0}, {"x": "-2e18*(x - 1)*exp(-(1e9*(x - 1))**2) + 1"}),
    "hilbert": ("x**2 + x*y + y**2/3", {"x": 1.0, "y": -1.4}, {"x": "2*x + y", "y": "x + 2*y/3"}),
}


def text(name: str, bad: str = "", factor: str = "1") -> str:
    value, at, rule = CLASSICS[name]
    names = ", ".join(at)
    rules = ", ".join(f'{a}: "{f"{factor}*({r})" if a == bad else r}"' for a, r in rule.items())
    parameters = ", ".join(f"{a}: {x!r}" for a, x in at.items())
    return (
        f'parameters: {{{parameters}}}\nfunctions:\n  f({names}): {{value: "{value}", gradient: {{{rules}}}}}\n'
        f'nodes: {{J: "f({names})"}}\n'
    )


@pytest.mark.parametrize("name", CLASSICS)
def test_right_ones_pass(name: str) -> None:
    found = loads(text(name)).check()
    assert [row.verdict for row in found.rows] == ["pass"] * len(found.rows), found.rows


@pytest.mark.parametrize("factor", ["-1", "0.99", "1.01", "2", "0"])
@pytest.mark.parametrize("name", CLASSICS)
def test_wrong_ones_fail(name: str, factor: str) -> None:
    for argument in CLASSICS[name][2]:
        found = loads(text(name, argument, factor)).check()
        assert [row.name for row in found.rows if row.verdict == "fail"] == [argument], found.rows
        assert found.culprit is not None
        assert (found.culprit.operation, found.culprit.argument) == ("f", argument)
