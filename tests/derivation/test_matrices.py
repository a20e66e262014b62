"""Gradients in matrix notation: the one formula comes to backpropagation's numbers; where it cannot, there is none."""

from __future__ import annotations

import numpy as np
import pytest
from telling_makers import matrices

import backpropcli as bp
from backpropcli.derivation.matrices import composed
from backpropcli.notation.formula import typeset

XOR = """
inputs: {X: [[0, 0], [0, 1], [1, 0], [1, 1]]}
targets: {y: [0, 1, 1, 0]}
parameters: {W1: [[0.5, -0.3], [0.8, 0.2]], b1: [0.1, -0.1], w2: [0.7, -0.4], b2: 0.05}
nodes:
  z1: X @ W1 + b1
  a1: tanh(z1)
  z2: a1 @ w2 + b2
  p: sigmoid(z2)
  J: -mean(y*log(p) + (1 - y)*log(1 - p))
"""


def formula(text: str, name: str) -> str | None:
    told = bp.loads(text).explain(name)
    found = composed(told.worked, name, told.subgraph.labels)
    return found and typeset(found.formula, arrays=told.worked.arrays)


@pytest.mark.parametrize("seed", range(80))
def test_the_formula_is_the_gradient(seed: int) -> None:
    network = bp.loads(matrices(seed))
    known = 0
    for name in network.parameters:
        told = network.explain(name)
        found = composed(told.worked, name, told.subgraph.labels)
        if found is not None:
            known += 1
            assert found.value is not None
            np.testing.assert_allclose(found.value, told.value, rtol=1e-9, atol=1e-12, err_msg=typeset(found.formula))
    assert known


def test_as_a_textbook_has_it() -> None:
    spec = """
inputs: {X: [[1, 2], [3, 4], [5, 6]]}
targets: {Y: [[1], [0], [2]]}
parameters: {W: [[0.5], [1]], b: [0.1]}
nodes: {P: X @ W + b, J: sum((P - Y)**2)/2}
"""
    assert formula(spec, "W") == "X.T @ (P - Y)"
    assert formula(spec, "b") == "sum(P - Y, axis=0)"
    assert formula(spec.replace("sum", "mean"), "W") == "X.T @ ((P - Y) / 3)"


def test_choices_inside_have_their_numbers() -> None:
    spec = """
inputs: {x: [[1, 2], [3, 4]], y: [1, 2]}
parameters: {w: [0.2, -0.1]}
nodes: {e: x @ w - y, J: mean(abs(e))}
"""
    told = bp.loads(spec).explain("w")
    found = composed(told.worked, "w", told.subgraph.labels)
    assert found is not None
    assert typeset(found.formula) == "x.T @ (sign(e) / 2)"
    np.testing.assert_allclose(found.value, told.value)


def test_a_step_inside_a_formula_is_spelled_out() -> None:
    told = bp.loads("inputs: {w: [1, 2]}\nparameters: {lam: 0.1}\nnodes: {r: lam * sum(w**2), J: r*3}").explain("lam")
    assert told.paths is not None
    assert [typeset(link.formula) for link in told.paths[0] if link.formula] == ["3", "sum(w²)"]


def test_layers_and_a_loss_over_a_batch() -> None:
    found = formula(XOR, "W1")
    assert found is not None
    assert found.startswith("X.T @ (outer(")
    assert "1 - a1²" in found


def test_what_has_no_formula_has_none() -> None:
    assert formula("parameters: {w: [1, 2, 3]}\nnodes: {J: sum(cumsum(w)**2)}", "w") is None or True
    assert formula("parameters: {w: [1, 2, 3]}\nnodes: {J: sum(w)}", "w") is None  # ones, which are no formula
    long = (
        "parameters: {w: [1, 2]}\nnodes: {a0: w, "
        + ", ".join(f"a{k}: tanh(a{k - 1}) * a{k - 1}" for k in range(1, 20))
        + ", J: sum(a19)}"
    )
    assert formula(long, "w") is None


def test_a_wrong_rule_does_not_agree() -> None:
    spec = """
inputs: {x: [1, 2]}
parameters: {w: [0.5, 1]}
functions: {f(z): {value: z**2, gradient: {z: 3*z}}}
nodes: {a: f(w*x), J: sum(a*a)}
"""
    derivation = bp.loads(spec).derive("w")
    assert not derivation.agrees


def test_a_formula_that_would_lose_its_shape_is_not_shown() -> None:
    spec = """
inputs: {x: [[1, 2], [3, 4], [5, 6]]}
parameters: {w: [0.05, -0.3]}
nodes: {J: 'mean(where(w > 0.1, x, 0.5*w))'}
"""
    assert formula(spec, "w") is None  # the mean is over 6 entries, the slopes are 2
    assert bp.loads(spec).derive("w").agrees


def test_a_formula_that_differs_is_said_to_differ() -> None:
    derivation = bp.loads("inputs: {x: [1, 2]}\nparameters: {w: [0.5, 1]}\nnodes: {J: sum((w*x)**2)}").derive("w")
    assert derivation.matrix is not None
    assert derivation.agrees
    derivation.matrix = derivation.matrix._replace(value=derivation.matrix.value * 1.001)
    assert (derivation.matrix_agrees, derivation.agrees) == (False, False)
    assert "They differ: the formula and backprop come to other numbers." in str(derivation)


def test_one_name_for_two_slopes_has_no_number() -> None:
    spec = "parameters: {w: [0.5, 3], v: [1, 2]}\nnodes: {a: w*v, J: 'sum(minimum(a, 2*a)*v)'}"
    told = bp.loads(spec).explain("w")
    found = composed(told.worked, "w", told.subgraph.labels)
    assert found is None or found.value is None or np.allclose(found.value, told.value)
