"""Rules derived by hand whose fault is narrower than every step of a difference."""

from __future__ import annotations

import pytest

import backpropcli as bp

SPIKE = """
parameters: {{w: {w}}}
functions:
  bump(z): {{value: "z + {height}*exp(-((z-1)/{width})**2)", gradient: {{z: "{gradient}"}}}}
nodes: {{J: bump(w)}}
"""


@pytest.mark.parametrize("width", [1e-4, 1e-5, 1e-6, 1e-8])
@pytest.mark.parametrize("high", [1.0, None])
def test_a_spike_that_differences_step_over(width: float, high: float | None) -> None:
    height = width if high is None else high
    wrong = SPIKE.format(w=repr(1 + 0.7 * width), height=height, width=width, gradient="1 + 0*z")
    report = bp.check(bp.loads(wrong))
    assert (report.verdict, report.status) == ("fail", 1)
    slope = f"1 - {2 * height / width**2!r}*(z-1)*exp(-((z-1)/{width})**2)"
    right = SPIKE.format(w=repr(1 + 0.7 * width), height=height, width=width, gradient=slope)
    assert bp.check(bp.loads(right)).verdict == "pass"


def test_a_right_rule_of_whole_arrays_is_not_doubted() -> None:
    net = bp.loads(
        "inputs: {x: [0.5, -1.0, 2.0]}\nparameters: {W: [[0.1, 0.2], [0.4, -0.5], [-0.7, 0.8]]}\n"
        "functions:\n  lin(a, B):\n    value: a @ B\n"
        '    gradient: {a: upstream @ B.T, B: "outer(a, upstream)"}\n'
        'nodes: {t: "lin(x, W)", J: sum(t**2)}'
    )
    report = bp.check(net)
    assert report.verdict == "pass"
    assert {row.method for row in report.rows} == {"difference"}
