"""Both passes worked out: exact text for known examples, and every line true."""

import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.engine import Plan, Trace, run
from backpropcli.explanation.steps import steps
from backpropcli.graph import Graph
from backpropcli.language.formula.functions import Function
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.parser import parse
from backpropcli.notation.numbers import Precision
from backpropcli.render.text import text as terminal
from tests.notation.test_formula_notation import typed


def traced(
    nodes: dict[str, str],
    parameters: dict[str, Any],
    inputs: dict[str, Any] | None = None,
    targets: dict[str, Any] | None = None,
    of: str | None = "",
    functions: dict[str, Function] | None = None,
    **options: Any,
) -> Trace:
    """A network run forward and backward; the loss is its last node."""
    graph, values = Graph(), {}
    for kind, data in (("input", inputs), ("target", targets), ("parameter", parameters)):
        for name, value in (data or {}).items():
            if isinstance(value, list):
                import numpy as np

                value = np.array(value, float)
            graph.add_data(name, kind, getattr(value, "shape", ()))
            values[name] = value if getattr(value, "shape", ()) else float(value)
    lowering = Lowering(graph, functions or {})
    for name, formula in nodes.items():
        lowering.node(name, parse(formula), formula)
    return run(Plan(graph), values, (list(nodes)[-1] if of == "" else of), **options)


def text(trace: Trace, width: int | None = None, **options: Any) -> str:
    return "\n".join(terminal(steps(trace, **options), width)) + "\n"


LECTURE = {
    "t1": "w1 * x",
    "z1": "t1 + b1",
    "a1": "relu(z1)",
    "t2": "w2 * a1",
    "z2": "t2 + b2",
    "a2": "relu(z2)",
    "J": "(a2 - y)**2 / 2",
}


def lecture(**options: Any) -> Trace:
    return traced(LECTURE, {"w1": 2, "b1": 0, "w2": 3, "b2": 1}, {"x": 1}, {"y": 5}, **options)


def test_the_lecture():
    assert (
        text(lecture(), source="net.yaml")
        == """\
net.yaml   J = 2

Forward, left to right
  t1 = w1 · x          = 2 · 1         = 2
  z1 = t1 + b1         = 2 + 0         = 2
  a1 = relu(z1)        = relu(2)       = 2
  t2 = w2 · a1         = 3 · 2         = 6
  z2 = t2 + b2         = 6 + 1         = 7
  a2 = relu(z2)        = relu(7)       = 7
  J  = (a2 - y)² / 2   = (7 - 5)² / 2  = 2

Backward, right to left: upstream gradient · local derivative
  dJ/dJ                                             = 1
  dJ/da2 = dJ/dJ  · 2(a2 - y)/2   = 1 · 2(7 - 5)/2  = 2
  dJ/dz2 = dJ/da2 · relu'(z2)     = 2 · 1           = 2   relu'(7) = 1, as 7 > 0
  dJ/dt2 = dJ/dz2 · 1             = 2 · 1           = 2
  dJ/db2 = dJ/dz2 · 1             = 2 · 1           = 2   ◀ parameter
  dJ/dw2 = dJ/dt2 · a1            = 2 · 2           = 4   ◀ parameter
  dJ/da1 = dJ/dt2 · w2            = 2 · 3           = 6
  dJ/dz1 = dJ/da1 · relu'(z1)     = 6 · 1           = 6   relu'(2) = 1, as 2 > 0
  dJ/dt1 = dJ/dz1 · 1             = 6 · 1           = 6
  dJ/db1 = dJ/dz1 · 1             = 6 · 1           = 6   ◀ parameter
  dJ/dw1 = dJ/dt1 · x             = 6 · 1           = 6   ◀ parameter

11 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_a_sigmoid_neuron():
    trace = traced(
        {"z": "w0*x0 + w1*x1 + w2", "f": "sigmoid(z)"},
        {"w0": 2, "w1": -3, "w2": -3},
        {"x0": -1, "x1": -2},
    )
    assert (
        text(trace)
        == """\
Forward, left to right
  z = w0 · x0 + w1 · x1 + w2   = 2 · (-1) + (-3) · (-2) + (-3)  = 1
  f = sigmoid(z)               = sigmoid(1)                     = 0.731059

Backward, right to left: upstream gradient · local derivative (◀ parameter)
  df/df                                                     = 1
  df/dz  = df/df · f(1 - f)   = 1 · 0.731059(1 - 0.731059)  = 0.196612
  df/dw0 = df/dz · x0         = 0.196612 · (-1)             = -0.196612   ◀
  df/dw1 = df/dz · x1         = 0.196612 · (-2)             = -0.393224   ◀
  df/dw2 = df/dz · 1          = 0.196612 · 1                = 0.196612    ◀

5 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_a_neuron_written_out_is_worked_step_by_step():
    trace = traced(
        {"f": "1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"},
        {"w0": 2, "w1": -3, "w2": -3},
        {"x0": -1, "x1": -2},
    )
    assert (
        text(trace)
        == """\
Forward, left to right
  f.1 = w0 · x0     = 2 · (-1)      = -2
  f.2 = w1 · x1     = -3 · (-2)     = 6
  f.3 = f.1 + f.2   = -2 + 6        = 4
  f.4 = f.3 + w2    = 4 + (-3)      = 1
  f.5 = -f.4                        = -1
  f.6 = exp(f.5)    = exp(-1)       = 0.367879
  f.7 = 1 + f.6     = 1 + 0.367879  = 1.36788
  f   = 1 / f.7     = 1 / 1.36788   = 0.731059

Backward, right to left: upstream gradient · local derivative (◀ parameter)
  df/df                                                   = 1
  df/df.7 = df/df   · (-1)/f.7²   = 1 · (-1)/1.36788²     = -0.534447
  df/df.6 = df/df.7 · 1           = -0.534447 · 1         = -0.534447
  df/df.5 = df/df.6 · f.6         = -0.534447 · 0.367879  = -0.196612
  df/df.4 = df/df.5 · (-1)        = -0.196612 · (-1)      = 0.196612
  df/df.3 = df/df.4 · 1           = 0.196612 · 1          = 0.196612
  df/dw2  = df/df.4 · 1           = 0.196612 · 1          = 0.196612    ◀
  df/df.1 = df/df.3 · 1           = 0.196612 · 1          = 0.196612
  df/df.2 = df/df.3 · 1           = 0.196612 · 1          = 0.196612
  df/dw1  = df/df.2 · x1          = 0.196612 · (-2)       = -0.393224   ◀
  df/dw0  = df/df.1 · x0          = 0.196612 · (-1)       = -0.196612   ◀

11 gradients, each worked out once. Are they right? backprop check
Names with a point, such as f.1, are steps inside a formula: backprop run --expand lists them all.
"""
    )


def test_a_value_used_twice_gets_a_sum():
    trace = traced({"d": "a*b", "e": "a + b", "f": "d*e"}, {"a": -2, "b": 3})
    assert (
        text(trace)
        == """\
Forward, left to right
  d = a · b   = -2 · 3  = -6
  e = a + b   = -2 + 3  = 1
  f = d · e   = -6 · 1  = -6

Backward, right to left: upstream gradient · local derivative (◀ parameter)
  df/df                                                              = 1
  df/dd = df/df · e               = 1 · 1                            = 1
  df/de = df/df · d               = 1 · (-6)                         = -6
  df/da = df/dd · b + df/de · 1   = 1 · 3 + (-6) · 1 = 3 + (-6)      = -3   ◀
  df/db = df/dd · a + df/de · 1   = 1 · (-2) + (-6) · 1 = -2 + (-6)  = -8   ◀

5 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_a_shared_bias():
    trace = traced(
        {"z1": "w*x + b", "a1": "relu(z1)", "z2": "v*a1 + b", "J": "(z2 - y)**2 / 2"},
        {"w": -2, "v": 3, "b": 1},
        {"x": 1},
        {"y": 5},
    )
    assert (
        text(trace)
        == """\
Forward, left to right
  z1 = w · x + b       = -2 · 1 + 1    = -1
  a1 = relu(z1)        = relu(-1)      = 0
  z2 = v · a1 + b      = 3 · 0 + 1     = 1
  J  = (z2 - y)² / 2   = (1 - 5)² / 2  = 8

Backward, right to left: upstream gradient · local derivative (◀ parameter)
  dJ/dJ                                                             = 1
  dJ/dz2 = dJ/dJ  · 2(z2 - y)/2      = 1 · 2(1 - 5)/2               = -4
  dJ/dv  = dJ/dz2 · a1               = -4 · 0                       = 0     ◀
  dJ/da1 = dJ/dz2 · v                = -4 · 3                       = -12
  dJ/dz1 = dJ/da1 · relu'(z1)        = -12 · 0                      = 0
           relu'(-1) = 0, as -1 ≤ 0
  dJ/dw  = dJ/dz1 · x                = 0 · 1                        = 0     ◀
  dJ/db  = dJ/dz1 · 1 + dJ/dz2 · 1   = 0 · 1 + (-4) · 1 = 0 + (-4)  = -4    ◀

7 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_a_batch():
    trace = traced(
        {"t1": "w1*x", "z1": "t1 + b1", "J": "sum((z1 - y)**2)/2"},
        {"w1": 2, "b1": 0},
        {"x": [1, 2, 3]},
        {"y": [5, 11, 20]},
    )
    assert (
        text(trace)
        == """\
Forward, left to right
  t1  = w1 · x      = 2 · [1 2 3]             = [2 4 6]
  z1  = t1 + b1     = [2 4 6] + 0             = [2 4 6]
  J.2 = (z1 - y)²   = ([2 4 6] - [5 11 20])²  = [9 49 196]
  J.3 = sum(J.2)    = sum([9 49 196])         = 254
  J   = J.3 / 2     = 254 / 2                 = 127

Backward, right to left: upstream gradient · local derivative (◀ parameter)
  dJ/dJ                                                   = 1
  dJ/dJ.3 = dJ/dJ · 1/2               = 1 · 1/2           = 0.5
  dJ/dJ.2 = dJ/dJ.3 spread over J.2                       = [0.5 0.5 0.5]
  dJ/dz1  = dJ/dJ.2 * 2(z1 - y)
          = [0.5 0.5 0.5] * 2([2 4 6] - [5 11 20]) = [-3 -7 -14]
  dJ/dt1  = dJ/dz1                                        = [-3 -7 -14]
  dJ/db1  = sum(dJ/dz1)               = sum([-3 -7 -14])  = -24             ◀
            summed over the 3 examples
  dJ/dw1  = sum(dJ/dt1 * x)
          = sum([-3 -7 -14] * [1 2 3]) = -59   ◀   summed over the 3 examples

7 gradients, each worked out once. Are they right? backprop check
Names with a point, such as J.2, are steps inside a formula: backprop run --expand lists them all.
"""
    )


def test_a_layer_in_matrix_form():
    trace = traced(
        {"t1": "x @ W1", "z1": "t1 + b1", "a1": "relu(z1)", "J": "sum(a1)"},
        {"W1": [[1, -2], [3, 4]], "b1": [1, 0]},
        {"x": [[1, 2], [0, -1], [2, 2], [1, 1]]},
    )
    assert (
        text(trace)
        == """\
Forward, left to right
  t1 = x @ W1     = (4,2) @ (2,2)  = [ 7   6
                                      -3  -4
                                       8   4
                                       4   2]
  z1 = t1 + b1                     = [ 8   6
                                      -2  -4
                                       9   4
                                       5   2]
  a1 = relu(z1)                    = [8  6
                                      0  0
                                      9  4
                                      5  2]
  J  = sum(a1)                     = 34

Backward, right to left: upstream gradient · local derivative
  dJ/dJ                           = 1
  dJ/da1 = dJ/dJ spread over a1   = [1  1
                                     1  1
                                     1  1
                                     1  1]
  dJ/dz1 = dJ/da1 * relu'(z1)     = [1  1
                                     0  0
                                     1  1
                                     1  1]    relu'(z1) = 1 where z1 > 0, else 0
  dJ/dt1 = dJ/dz1                 = [1  1
                                     0  0
                                     1  1
                                     1  1]
  dJ/db1 = sum(dJ/dz1, axis=0)    = [3 3]     ◀ parameter
           summed over the 4 examples
  dJ/dW1 = x.T @ dJ/dt1
         = (4,2).T @ (4,2) = [[4 4] [5 5]]    ◀ parameter

6 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_not_finite():
    trace = traced({"a": "1/x", "J": "a*x"}, {"x": 0})
    assert (
        text(trace)
        == """\
Forward, left to right
  a = 1 / x   = 1 / 0         = Infinity
  J = a · x   = Infinity · 0  = NaN

Backward, right to left: upstream gradient · local derivative
  dJ/dJ                                     = 1
  dJ/da = dJ/dJ · x         = 1 · 0         = 0
  dJ/dx = dJ/da · (-1)/x²   = 0 · (-1)/0²   = NaN
        + dJ/dJ · a         + 1 · Infinity  + Infinity
                                            = NaN        ◀ parameter

3 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_what_does_not_lead_to_the_loss():
    trace = traced({"a": "2*x", "q": "3*y", "J": "a**2"}, {"x": 1, "y": 2})
    assert (
        text(trace)
        == """\
Forward, left to right
  a = 2 · x   = 2 · 1  = 2
  q = 3 · y   = 3 · 2  = 6
  J = a²      = 2²     = 4

Backward, right to left: upstream gradient · local derivative
  dJ/dJ                                         = 1
  dJ/da = dJ/dJ · 2 · a            = 1 · 2 · 2  = 4
  dJ/dx = dJ/da · 2                = 4 · 2      = 8   ◀ parameter
  dJ/dy = 0   not on a path to J
  dJ/dq = 0   not on a path to J

3 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_without_parameters_inputs_have_gradients():
    trace = traced({"a": "2*x", "J": "a**2"}, {}, {"x": 1})
    assert (
        text(trace)
        == """\
Forward, left to right
  a = 2 · x   = 2 · 1  = 2
  J = a²      = 2²     = 4

Backward, right to left: upstream gradient · local derivative
  dJ/dJ                                = 1
  dJ/da = dJ/dJ · 2 · a   = 1 · 2 · 2  = 4
  dJ/dx = dJ/da · 2       = 4 · 2      = 8   ◀ input

3 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_numbers_that_cancel_are_shown_in_full():
    trace = traced({"a": "sigmoid(z)", "J": "-log(1 - a)"}, {"z": 18})
    assert (
        text(trace)
        == """\
Forward, left to right
  a = sigmoid(z)    = sigmoid(18)            = 1
  J = -log(1 - a)   = -log(1 - 0.999999985)  = 18

Backward, right to left: upstream gradient · local derivative
  dJ/dJ                                                    = 1
  dJ/da = dJ/dJ · 1/(1 - a)   = 1 · 1/(1 - 0.99999998477)  = 65659970
  dJ/dz = dJ/da · a(1 - a)
        = 65659970 · 0.99999998477(1 - 0.99999998477) = 1   ◀ parameter

3 gradients, each worked out once. Are they right? backprop check
"""
    )


def test_beyond_all_digits_the_local_derivative_is_a_number():
    trace = traced({"a": "sigmoid(z)", "J": "a**2"}, {"z": 40})
    assert (
        text(trace)
        == """\
Forward, left to right
  a = sigmoid(z)   = sigmoid(40)  = 1
  J = a²           = 1²           = 1

Backward, right to left: upstream gradient · local derivative
  dJ/dJ                                         = 1
  dJ/da = dJ/dJ · 2 · a      = 1 · 2 · 1        = 2
  dJ/dz = dJ/da · a(1 - a)   = 2 · 4.24835e-18  = 8.49671e-18   ◀ parameter

3 gradients, each worked out once. Are they right? backprop check
"""
    )


MAZUR = {
    "net_h1": "w1*i1 + w2*i2 + b1",
    "net_h2": "w3*i1 + w4*i2 + b1",
    "out_h1": "sigmoid(net_h1)",
    "out_h2": "sigmoid(net_h2)",
    "net_o1": "w5*out_h1 + w6*out_h2 + b2",
    "net_o2": "w7*out_h1 + w8*out_h2 + b2",
    "out_o1": "sigmoid(net_o1)",
    "out_o2": "sigmoid(net_o2)",
    "E_o1": "(t1 - out_o1)**2 / 2",
    "E_o2": "(t2 - out_o2)**2 / 2",
    "E": "E_o1 + E_o2",
}


def mazur() -> Trace:
    weights = {"w1": 0.15, "w2": 0.2, "w3": 0.25, "w4": 0.3, "w5": 0.4, "w6": 0.45, "w7": 0.5, "w8": 0.55}
    return traced(MAZUR, weights, {"i1": 0.05, "i2": 0.1, "b1": 0.35, "b2": 0.6}, {"t1": 0.01, "t2": 0.99})


def test_mazur():
    """A line that is too wide breaks before its =; a sum stands term under term, and its columns add up."""
    shown = text(mazur())
    assert "  net_o1 = w5 · out_h1 + w6 · out_h2 + b2\n         " in shown
    assert "         = 0.4 · 0.59327 + 0.45 · 0.596884 + 0.6 = 1.10591\n" in shown
    assert (
        shown[shown.index("Backward") :]
        == """\
Backward, right to left: upstream gradient · local derivative (◀ parameter)
  dE/dE                                                       = 1
  dE/dE_o1   = dE/dE      · 1        = 1 · 1                  = 1
  dE/dE_o2   = dE/dE      · 1        = 1 · 1                  = 1
  dE/dout_o2 = dE/dE_o2   · 2(t2 - out_o2) · (-1)/2
             = 1 · 2(0.99 - 0.772928) · (-1)/2 = -0.217072
  dE/dout_o1 = dE/dE_o1   · 2(t1 - out_o1) · (-1)/2
             = 1 · 2(0.01 - 0.751365) · (-1)/2 = 0.741365
  dE/dnet_o2 = dE/dout_o2 · out_o2(1 - out_o2)
             = -0.217072 · 0.772928(1 - 0.772928) = -0.0380982
  dE/dnet_o1 = dE/dout_o1 · out_o1(1 - out_o1)
             = 0.741365 · 0.751365(1 - 0.751365) = 0.138499
  dE/dw7     = dE/dnet_o2 · out_h1   = -0.0380982 · 0.59327   = -0.0226025     ◀
  dE/dw8     = dE/dnet_o2 · out_h2   = -0.0380982 · 0.596884  = -0.0227402     ◀
  dE/dw5     = dE/dnet_o1 · out_h1   = 0.138499 · 0.59327     = 0.082167       ◀
  dE/dout_h1 = dE/dnet_o1 · w5       = 0.138499 · 0.4         = 0.0553994
             + dE/dnet_o2 · w7       + (-0.0380982) · 0.5     + (-0.0190491)
                                                              = 0.0363503
  dE/dw6     = dE/dnet_o1 · out_h2   = 0.138499 · 0.596884    = 0.0826676      ◀
  dE/dout_h2 = dE/dnet_o1 · w6       = 0.138499 · 0.45        = 0.0623244
             + dE/dnet_o2 · w8       + (-0.0380982) · 0.55    + (-0.020954)
                                                              = 0.0413703
  dE/dnet_h2 = dE/dout_h2 · out_h2(1 - out_h2)
             = 0.0413703 · 0.596884(1 - 0.596884) = 0.00995425
  dE/dnet_h1 = dE/dout_h1 · out_h1(1 - out_h1)
             = 0.0363503 · 0.59327(1 - 0.59327) = 0.00877135
  dE/dw3     = dE/dnet_h2 · i1       = 0.00995425 · 0.05      = 0.000497713    ◀
  dE/dw4     = dE/dnet_h2 · i2       = 0.00995425 · 0.1       = 0.000995425    ◀
  dE/dw1     = dE/dnet_h1 · i1       = 0.00877135 · 0.05      = 0.000438568    ◀
  dE/dw2     = dE/dnet_h1 · i2       = 0.00877135 · 0.1       = 0.000877135    ◀

19 gradients, each worked out once. Are they right? backprop check
"""
    )
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_a_cross_entropy_is_worked_through_its_parts():
    nodes = {"A": "sigmoid(Z)", "J": "-mean(Y*log(A) + (1 - Y)*log(1 - A))"}
    shown = text(traced(nodes, {"Z": [0.5, -1.0]}, targets={"Y": [1, 0]}))
    for line in (
        "  J.7 = Y * log(A) + (1 - Y) * log(1 - A)",
        "  J.8 = mean(J.7)",
        "  J   = -J.8",
        "  dJ/dJ.7 = dJ/dJ.8 / 2 spread over J.7",
    ):
        assert line in shown


def test_ascii_and_everything():
    shown = text(lecture(), ascii=True, everything=True)
    assert shown.isascii()
    assert "  J  = (a2 - y)**2 / 2   = (7 - 5)**2 / 2  = 2\n" in shown
    assert re.search(r"  dJ/dx  = dJ/dt1 \* w1 += 6 \* 2 += 12   < input\n", shown)
    assert "13 gradients" in shown


def test_forward_alone():
    shown = text(traced({"a": "2*x", "q": "a + 1/3", "c": "1/3", "d": "a"}, {"x": 1}, of=None))
    assert (
        shown
        == """\
Forward, left to right
  a = 2 · x       = 2 · 1      = 2
  q = a + 1 / 3   = 2 + 1 / 3  = 2.33333
  c = 1 / 3                    = 0.333333
  d = a                        = 2
"""
    )


def test_remarks_say_which_side():
    nodes = {
        "m": "maximum(x, y)",
        "b": "abs(y)",
        "c": "clip(x, -1, 1)",
        "l": "leaky_relu(y)",
        "r": "relu(y + 3)",
        "J": "m + b + c + l + r",
    }
    shown = text(traced(nodes, {"x": 2, "y": -3}), width=250)
    for remark in (
        "∂m/∂x = 1, as 2 > -3",
        "∂m/∂y = 0, as -3 < 2",
        "sign(-3) = -1, as -3 < 0",
        "clip'(2, -1, 1) = 0, as 2 > 1",
        "leaky_relu'(-3) = 0.01, as -3 ≤ 0",
        "relu'(0) = 0, as 0 ≤ 0",
    ):
        assert remark in shown


@pytest.mark.parametrize(
    ("formula", "w", "v", "said"),
    [
        (
            "maximum(w, v)",
            2,
            1,
            ["w is the larger, so it gets all of the gradient", "v is not the larger, so it gets nothing"],
        ),
        (
            "minimum(w, v)",
            2,
            1,
            ["w is not the smaller, so it gets nothing", "v is the smaller, so it gets all of the gradient"],
        ),
        ("maximum(w, v)", 1, 1, ["∂J/∂w = 0.5, as 1 == 1: neither is the larger, so each gets half of the gradient"]),
        (
            "maximum(3, w*v)",
            2,
            4,
            ["maximum'(3, 8) = 1, as 8 > 3: w · v is the larger, so it gets all of the gradient"],
        ),
        ("maximum(w, w*v)", 2, 4, ["maximum'₁(2, 8) = 0", "maximum'₂(2, 8) = 1, as 8 > 2: w · v is the larger, so"]),
        ("clip(w, 0, v)", 2, 4, ["w is between the bounds, so it gets all of the gradient"]),
        (
            "clip(w, 0, v)",
            5,
            4,
            ["w is not between the bounds, so it gets nothing", "v is the bound that holds, so it gets"],
        ),
        (
            "where(w > v, w*v, v**2)",
            3,
            2,
            ["dJ/dJ · where(w > v, v, 0)", "3 > 2, so v is taken", "3 > 2, so w is taken"],
        ),
        ("where(w > v, w*v, v**2)", 1, 2, ["dJ/dJ · where(w > v, w, 2 · v)", "1 ≤ 2, so 2 · v is taken"]),
        ("where(w > v, w, 2*w) + v", 1, 2, ["1 ≤ 2, so 2 is taken"]),
    ],
)
def test_choices_are_put_in_words(formula: str, w: float, v: float, said: list[str]) -> None:
    shown = text(traced({"J": formula}, {"w": w, "v": v}), width=250)
    for words in said:
        assert words in shown


@pytest.mark.parametrize(
    "formula", ["w*v", "maximum(w, v)", "where(w > v, w, v)", "clip(w, v, 3)", "hypot(w, v)", "w**v"]
)
def test_a_local_derivative_is_never_called_as_the_gradient_is(formula: str) -> None:
    for line in text(traced({"J": formula}, {"w": 2, "v": 1})).splitlines():
        name, sign, rest = line.strip().partition(" = ")
        assert not (sign and name in rest), line


def test_digits_and_an_upstream_gradient():
    import numpy as np

    shown = text(mazur(), precision=Precision(decimals=9))
    assert "= 0.082167041" in shown
    shown = text(traced({"J": "2*x"}, {"x": [1, 2]}, upstream=np.array([1.0, 3.0])))
    assert "the upstream gradient given" in shown
    assert "= [1 3] · 2" in shown


def test_large_arrays_are_shown_as_shapes():
    import numpy as np

    values = np.ones((20, 30)).tolist(), np.ones((30, 10)).tolist()
    shown = text(traced({"t": "x @ W", "J": "sum(t)"}, {"W": values[1]}, {"x": values[0]}))
    assert "  t = x @ W    = (20,30) @ (30,10)  = (20,10)\n" in shown
    assert "  dJ/dW = x.T @ dJ/dt           = (20,30).T @ (20,10)  = (30,10)   ◀ parameter\n" in shown
    assert shown.endswith("Arrays of more than 48 entries are shown as their shapes.\n")


def test_wide_lines_wrap_in_a_terminal_and_stay_whole_in_a_pipe():
    names = [f"weight_{k}" for k in range(12)]
    trace = traced({"J": " + ".join(names)}, dict.fromkeys(names, 1.5))
    assert "  J = " + " + ".join(names) + "\n" in text(trace)
    wrapped = text(trace, width=60)
    assert all(len(line) <= 60 for line in wrapped.splitlines() if line.startswith(" "))
    assert re.sub(r"\s+", " ", wrapped).find(" + ".join(names)) > 0


def test_a_long_chain_is_no_trouble():
    nodes = {"n0": "x + 1", **{f"n{k}": f"n{k - 1} + 1" for k in range(1, 3000)}}
    assert "\n3001 gradients, each worked out once." in text(traced(nodes, {"x": 0}))


FUNCTIONS = {
    "relu": lambda z: max(z, 0.0),
    "tanh": math.tanh,
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "sign": lambda z: float(z > 0) - float(z < 0),
    "abs": abs,
    "maximum": max,
    "log": math.log,
    "sqrt": math.sqrt,
}
TEMPLATES = (
    "{a} * {b}",
    "{a} + {b}",
    "{a} - {b} / 2",
    "relu({a})",
    "tanh({a})",
    "sigmoid({a})",
    "{a}**2 / 2",
    "sin({a} * {b})",
    "exp(-{a}**2)",
    "maximum({a}, {b})",
    "abs({a}) * 3",
    "1 / (1 + {a}**2)",
    "{a}",
    "(1 - {a}) * {b}",
)


@st.composite
def networks(draw: st.DrawFn) -> Trace:
    parameters = {f"p{k}": draw(st.floats(-3, 3).map(lambda x: round(x, 3))) for k in range(3)}
    names, nodes = list(parameters), {}
    for k in range(draw(st.integers(1, 7))):
        a, b = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        nodes[f"n{k}"] = draw(st.sampled_from(TEMPLATES)).format(a=a, b=b)
        names.append(f"n{k}")
    return traced(nodes, parameters)


@settings(max_examples=60, deadline=None)
@given(networks(), st.booleans())
def test_every_line_is_true(trace, ascii):
    """What stands between the signs of equality comes to the same number, by Python's own arithmetic."""
    for line in terminal(steps(trace, ascii=ascii), 1000):
        if " = " not in line or "not on a path" in line:
            continue
        equal = re.split(r" += ", re.split(r" {3}(?=[◀<]|[d∂D]\w+/[d∂D]|[\w']+\()", line)[0].strip())
        result = float(equal[-1])
        for side in equal[2:-1]:
            assert calculated(side) == pytest.approx(result, rel=3e-3, abs=1e-12), line
    for name in trace.graph.nodes:
        assert any(f"d{trace.of}/d{name} " in line for line in terminal(steps(trace)))


def calculated(text: str) -> float:
    """Typeset numbers as a pocket calculator reads them."""
    typed_in = typed(text)
    assert re.fullmatch(r"[-+*/(). \de,a-z]+", typed_in), text
    return float(eval(typed_in, {"__builtins__": {}}, FUNCTIONS))  # our own text, of the characters above


def test_functions_are_written_out_backward_and_hand_derived_ones_keep_their_author_s_formula():
    functions = {
        "g": Function("g", ("z",), parse("maximum(0, z)")),
        "h": Function("h", ("z",), parse("z**2"), gradient={"z": parse("2*z")}),
    }
    shown = text(traced({"a": "g(w)", "J": "h(a)"}, {"w": 2}, functions=functions))
    assert "  a = g(w)   = g(2)  = 2\n" in shown
    assert "  dJ/da = dJ/dJ · 2 · a            = 1 · 2 · 2  = 4\n" in shown
    assert re.search(r"dJ/dw = dJ/da · maximum'\(0, w\) +=? 4 · 1 += 4", shown.replace("= 4 ·", "4 ·"))
    assert "maximum'(0, 2) = 1, as 2 > 0" in shown
