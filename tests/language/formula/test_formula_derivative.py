"""Textbook derivatives: to the letter, and to the digits by a complex step."""

import cmath
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.graph import Graph
from backpropcli.language.formula.derivative import derivative
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Call, Expression, postorder, substitute
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.numbers import array
from backpropcli.ops.table import lookup


@pytest.mark.parametrize(
    ("formula", "name", "shown"),
    [
        ("(a2 - y)**2 / 2", "a2", "2 * (a2 - y) / 2"),
        ("(a2 - y)**2 / 2", "y", "2 * (a2 - y) * (-1) / 2"),
        ("0.5*(t - o)**2", "o", "0.5 * 2 * (t - o) * (-1)"),
        ("w1 * x", "w1", "x"),
        ("w1 * x", "x", "w1"),
        ("t1 + b1", "b1", "1"),
        ("a - y", "y", "-1"),
        ("relu(z1)", "z1", "relu'(z1)"),
        ("sigmoid(z)", "z", "sigmoid'(z)"),
        ("sigmoid(w*x + b)", "w", "sigmoid'(w * x + b) * x"),
        ("sigmoid(w*x + b)", "b", "sigmoid'(w * x + b)"),
        ("x*x", "x", "x + x"),
        ("a*b*c", "b", "a * c"),
        ("x / y", "x", "1 / y"),
        ("x / y", "y", "-x / y**2"),
        ("x**3", "x", "3 * x**2"),
        ("x**2", "x", "2 * x"),
        ("x**1", "x", "1"),
        ("x**n", "n", "x**n * log(x)"),
        ("x**n", "x", "n * x**(n - 1)"),
        ("exp(-z)", "z", "exp(-z) * (-1)"),
        ("1 / (1 + exp(-z))", "z", "exp(-z) / (1 + exp(-z))**2"),
        ("log(a)", "a", "1 / a"),
        ("tanh(z)", "z", "1 - tanh(z)**2"),
        ("sqrt(x)", "x", "1 / (2 * sqrt(x))"),
        ("w1*i1 + w2*i2 + b1", "w2", "i2"),
        ("3", "x", "0"),
        ("sum(y) * x", "x", "sum(y)"),
        ("x + x", "x", "1 + 1"),
        ("x**0.5", "x", "0.5 * x**-0.5"),
        ("-x", "x", "-1"),
        ("y - (a - w*x)", "w", "x"),
        ("abs(x)", "x", "sign(x)"),
        ("maximum(0, z)", "z", "where(z > 0, 1, where(z < 0, 0, 1 / 2))"),
        ("x > 0", "x", "0"),
        ("g(x*w)", "x", "g'(x * w) * w"),
        ("(x*y)**2", "x", "2 * x * y * y"),
        ("tanh(u)**2", "u", "2 * tanh(u) * (1 - tanh(u)**2)"),
    ],
)
def test_as_a_lecturer_writes_it(formula: str, name: str, shown: str) -> None:
    found = derivative(parse(formula), name)
    assert found is not None
    assert show(found) == shown


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("sum(x)", "x"),
        ("W @ x", "x"),
        ("x.T", "x"),
        ("x[0]", "x"),
        ("sum((a - y)**2) / 2", "a"),
        ("softmax(z)", "z"),
        ("[x, y]", "x"),
        ("f(x, y)", "x"),
    ],
)
def test_none_where_it_is_not_elementwise(formula: str, name: str) -> None:
    assert derivative(parse(formula), name) is None


FORMULAS = st.recursive(
    st.sampled_from(["x", "x", "w", "2", "0.5", "3"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda a: f"(-{a})"),
        st.tuples(inner, st.sampled_from(["2", "3", "1", "0", "-1", "-2"])).map(lambda t: f"({t[0]})**{t[1]}"),
        st.tuples(st.sampled_from(["tanh", "exp", "sigmoid", "sin", "softplus", "arctan", "silu"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(inner, inner).map(lambda t: f"hypot({t[0]}, {t[1]} + 9)"),
        inner.map(lambda a: f"(2 + tanh({a}))**x"),
    ),
    max_leaves=10,
)


def number(expression: Expression, values: dict[str, Any], xp: Any = array.xp) -> Any:
    """The value of a derivative, primes included."""
    done: dict[int, Expression] = {}
    for part in postorder(expression):
        whole = part.with_parts(tuple(done[id(p)] for p in part.parts()))
        if isinstance(whole, Call) and whole.prime:
            operation = lookup(whole.name)
            assert isinstance(operation, Elementwise)
            y = Call(whole.name, whole.arguments)
            whole = substitute(parse(operation.textbook[0]), {"y": y, operation.arguments[0]: whole.arguments[0]})
        done[id(part)] = whole
    graph = Graph()
    for name in values:
        graph.add_data(name, "parameter", ())
    slots = [xp.asarray(v) for v in values.values()]
    Lowering(graph).node("J", done[id(expression)], "")
    for slot in range(len(slots), len(graph)):
        operation = graph.operations[slot]
        if operation is None:
            slots.append(xp.number(graph.constants[slot]))
        else:
            assert isinstance(operation, Elementwise)
            slots.append(operation.value(xp, *[slots[a] for a in graph.arguments[slot]]))
    return slots[-1]


@pytest.mark.slow
@given(FORMULAS, st.floats(-1.5, 1.5).filter(lambda v: abs(v) > 0.1), st.floats(0.3, 2))
@settings(max_examples=250, deadline=None)
def test_the_derivative_is_the_slope(text: str, x: float, w: float) -> None:
    from backpropcli.errors import FormulaError
    from backpropcli.ops.numbers import complexstep

    tree = parse(text)
    found = derivative(tree, "x")
    if found is None:
        return
    with np.errstate(all="ignore"):
        try:
            got = complex(number(found, {"x": x, "w": w}))
            stepped = complex(number(tree, {"x": complex(x, 1e-30), "w": w}, complexstep.xp))
        except FormulaError:
            return  # A constant without a finite value: 1 / 0, however it arose.
    slope = stepped.imag / 1e-30
    if not cmath.isfinite(stepped) or not cmath.isfinite(got) or abs(stepped) > 1e8 or abs(slope) > 1e8:
        return
    assert got == pytest.approx(slope, rel=1e-6, abs=1e-7), show(found)


def test_long_formulas_answer_quickly() -> None:
    start = time.perf_counter()
    terms = "+".join(f"w{k}*x{k}" for k in range(10_000))
    found = derivative(parse(terms), "w7")
    assert found is not None
    assert show(found) == "x7"
    assert derivative(parse("*".join(["x"] * 3_000)), "x") is None
    assert derivative(parse("tanh(" * 150 + "x" + ")" * 150), "x") is None
    assert time.perf_counter() - start < 5
