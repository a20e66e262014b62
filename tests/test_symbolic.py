"""SymPy's derivatives of the textbook formulas against the engine: every operation, every sample, random networks."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli import symbolic
from backpropcli.api import Network, loads
from backpropcli.engine import Plan, run
from backpropcli.gradcheck.network.culprit import lone
from backpropcli.ops.definition import Elementwise, Structural
from backpropcli.ops.table import TABLE
from backpropcli.symbolic import SymbolicError, evaluate, expression, gradient

LECTURE = """
inputs:     {x: 1}
targets:    {y: 5}
parameters: {w1: 2, b1: 0, w2: 3, b2: 1}
nodes: {t1: w1 * x, z1: t1 + b1, a1: relu(z1), t2: w2 * a1, z2: t2 + b2, a2: relu(z2), J: (a2 - y)**2 / 2}
"""


def engine_and_sympy(graph: Any, values: Any, of: str, seed: Any = None) -> list[tuple[str, float, Any]]:
    """For every entry of every parameter: its name, the engine's gradient, and SymPy's at 100 digits."""
    trace = run(Plan(graph), values, of, seed)
    names = graph.names("parameter")
    start = seed if seed is not None else 1.0
    found = symbolic.gradients(graph, values, of, names, start)(100)
    return [
        (f"{name}[{k}]", float(ours), theirs)
        for name in names
        for k, (ours, theirs) in enumerate(zip(np.ravel(trace.gradient(name)), found[name], strict=True))
    ]


def agree(ours: float, theirs: Any, relative: float = 1e-12) -> bool:
    right = float(theirs)
    return ours == right or abs(ours - right) <= relative * max(abs(ours), abs(right)) + 1e-300


# Every operation.


def fixed(operation: Any) -> list[bool]:
    """Which arguments are constants: of round, the number of decimals."""
    return [name in operation.fixed for name in operation.arguments]


def corner(operation: Any, sample: tuple[float, ...]) -> bool:
    """Whether a sample is where a slope has two sides, or none."""
    if operation.name == "power" and (sample[0] == 0 or (sample[0] < 0)):
        return True
    if operation.branch is None:
        return False
    moved = [
        [*sample[:k], x + d, *sample[k + 1 :]]
        for k, x in enumerate(sample)
        for d in (-1e-13, 1e-13)
        if not fixed(operation)[k]
    ]
    xp = Plan(lone(operation, list(sample), [()] * len(sample), fixed(operation), None, ())[0]).numbers()
    return any(operation.branch(xp, *m) != operation.branch(xp, *sample) for m in moved)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, o in TABLE.items() if isinstance(o, Elementwise)])
def test_every_elementwise_operation(name: str) -> None:
    operation: Any = TABLE[name]
    for sample in operation.samples:
        if corner(operation, sample):
            continue
        values = [float(x) for x in sample]
        graph, given_ = lone(operation, values, [()] * len(values), fixed(operation), None, ())
        for label, ours, _ in engine_and_sympy(graph, given_, "result"):
            seen = symbolic.gradients(graph, given_, "result", graph.names("parameter"))(800)
            exact = seen[label.partition("[")[0]][0]  # 700 of them: exp(-700) beside 1
            assert agree(ours, exact), (sample, label, ours, exact)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, o in TABLE.items() if isinstance(o, Structural) and n != "one_hot"])
def test_every_structural_operation(name: str) -> None:
    operation: Any = TABLE[name]
    rng = np.random.default_rng(7)
    for shapes, options in operation.samples:
        shape, planned = operation.plan(list(shapes), options)
        values = [rng.normal(size=s) if s else float(rng.normal()) for s in shapes]
        for k, size in ((one.argument, one.size) for one in operation.labels(planned)):
            values[k] = rng.integers(0, size, shapes[k]).astype(float) if shapes[k] else float(rng.integers(0, size))
        graph, given_ = lone(operation, values, list(shapes), [False] * len(values), planned, shape)
        seed = rng.normal(size=shape) if shape else None
        for label, ours, theirs in engine_and_sympy(graph, given_, "result", seed):
            assert agree(ours, theirs) or abs(ours - float(theirs)) < 1e-15, (shapes, options, label, ours, theirs)


def test_labels_get_no_gradient_and_classes_are_found() -> None:
    network = loads(
        "inputs: {t: [2, 0]}\nparameters: {W: [[1, 2, 3], [4, 5, 7]]}\n"
        "nodes: {J: 'mean(softmax_cross_entropy(W, one_hot(t, 3)))'}"
    )
    for _, ours, theirs in engine_and_sympy(network.graph, network.values, "J"):
        assert agree(ours, theirs)


# Networks.


FORMULAS = [
    "sin({})",
    "tanh({})",
    "exp(-{}**2)",
    "sigmoid({})",
    "relu({})",
    "softplus({})",
    "abs({})",
    "mish({})",
    "gelu({})",
    "{} + {}",
    "{} - {}",
    "{}*{}",
    "maximum({}, {})",
    "{}/(1 + {}**2)",
    "arctan2({}, 2 + {}**2)",
    "log1p({}**2)",
    "where({} > 0.3, {}, 2*{})",
    "clip({}, -1, 1)",
    "hypot({}, 1 + {}**2)",
    "logaddexp({}, {})",
]


@st.composite
def networks(draw: Any) -> Network:
    names = ["u", "v", "w"]
    values = [draw(st.floats(-3, 3).filter(lambda x: abs(x) > 1e-6)) for _ in names]
    lines = [f"parameters: {{u: {values[0]!r}, v: {values[1]!r}, w: {values[2]!r}}}", "nodes:"]
    for k in range(draw(st.integers(3, 10))):
        template = draw(st.sampled_from(FORMULAS))
        chosen = [draw(st.sampled_from(names)) for _ in range(template.count("{}"))]
        lines.append(f'  n{k}: "{template.format(*chosen)}"')
        names.append(f"n{k}")
    lines.append(f"  J: {' + '.join(f'{name}*{1.0 + 0.1 * k:g}' for k, name in enumerate(names))}")
    return loads("\n".join(lines))


@pytest.mark.slow
@given(networks())
@settings(max_examples=100, deadline=None)
def test_random_networks(network: Network) -> None:
    report = network.check()
    size = max(abs(r.backprop) for r in report.rows)
    for row, (label, ours, theirs) in zip(
        report.rows, engine_and_sympy(network.graph, network.values, "J"), strict=True
    ):
        if row.reason == "":
            assert agree(ours, theirs) or abs(ours - float(theirs)) <= 1e-12 * size, (label, ours, theirs)


def test_arrays_with_a_batch() -> None:
    rng = np.random.default_rng(3)
    network = loads(
        f"inputs: {{x: {rng.normal(size=(4, 3)).tolist()}}}\ntargets: {{t: [0, 2, 1, 0]}}\n"
        f"parameters: {{W: {rng.normal(size=(3, 5)).tolist()}, b: {rng.normal(size=5).tolist()},"
        f" V: {rng.normal(size=(5, 3)).tolist()}}}\n"
        "nodes: {h: tanh(x @ W + b), J: 'mean(softmax_cross_entropy(h @ V, one_hot(t, 3))) + 0.1*norm(W)**2'}"
    )
    for label, ours, theirs in engine_and_sympy(network.graph, network.values, "J"):
        assert agree(ours, theirs), label


def test_depth_does_not_matter_for_numbers() -> None:
    lines = ["parameters: {w: 0.3}", "nodes:", "  n0: sin(w)"]
    lines += [f"  n{k}: sin(n{k - 1}) + w*n{k - 1}" for k in range(1, 400)]
    network = loads("\n".join([*lines, "loss: n399"]))
    for _, ours, theirs in engine_and_sympy(network.graph, network.values, "n399"):
        assert agree(ours, theirs, 1e-10)


def test_a_formula_inside_one_node_may_be_long() -> None:
    network = loads(
        "parameters: {w: 0.3}\nfunctions: {f(z): 'sin(z) + z*z', g(z): f(f(f(z))), h(z): g(g(g(z)))}\nnodes: {J: h(w)}"
    )
    ((_, ours, theirs),) = engine_and_sympy(network.graph, network.values, "J")
    assert agree(ours, theirs, 1e-10)


def test_a_hand_derived_gradient_is_not_believed() -> None:
    network = loads(
        "parameters: {w: 0.5}\nfunctions:\n  f(z): {value: z**3 * s, gradient: {z: 7},"
        " where: {s: sin(z)}}\nnodes: {J: f(w)}"
    )
    ((_, ours, theirs),) = engine_and_sympy(network.graph, network.values, "J")
    assert ours == 7
    assert float(theirs) == pytest.approx(3 * 0.25 * math.sin(0.5) + 0.125 * math.cos(0.5), rel=1e-14)


# The public API.


def test_the_lecture_as_formulas() -> None:
    network = loads(LECTURE)
    assert str(expression(network.graph, "z2", keep=["a1"])) == "a1*w2 + b2"
    assert str(gradient(network.graph, "J", "a2")) == "a2 - y"
    assert str(gradient(network.graph, "J", "w2", keep=["z2", "a1"])) == "0"
    assert evaluate(gradient(network.graph, "J", "w1"), network.values) == 6
    assert str(gradient(network.graph, "t1", "w1")) == "x"


def test_gradient_of_an_array_has_its_shape() -> None:
    network = loads("inputs: {x: [1, 2]}\nparameters: {W: [[1, 2], [3, 4]]}\nnodes: {J: sum(tanh(x @ W))}")
    found = gradient(network.graph, "J", "W")
    assert found.shape == (2, 2)
    assert str(found[1, 0]) == "x[1]*(1 - tanh(W[0, 0]*x[0] + W[1, 0]*x[1])**2)"
    numbers = evaluate(found, network.values).astype(float)
    np.testing.assert_allclose(numbers, network.run().gradient("W"), rtol=1e-10)


def test_evaluate_has_the_digits_that_are_asked_for() -> None:
    network = loads("parameters: {w: 2}\nnodes: {J: sqrt(w)}")
    found = evaluate(expression(network.graph, "J"), network.values, 40)
    assert str(found).startswith("1.41421356237309504880168872420969807856")


def test_large_networks_are_refused_in_words() -> None:
    ones = [[1.0] * 60] * 60
    network = loads(f"inputs: {{x: {ones}}}\nparameters: {{W: {ones}}}\nnodes: {{J: sum(x @ W)}}")
    with pytest.raises(SymbolicError, match=r"^too large for SymPy: more than 60,000 terms$"):
        symbolic.gradients(network.graph, network.values, "J", ["W"])
    doubling = "\n".join(f"  n{k}: n{k - 1}*sin(n{k - 1})" for k in range(1, 40))
    network = loads(f"parameters: {{w: 0.5}}\nnodes:\n  n0: w\n{doubling}\nloss: n39")
    with pytest.raises(SymbolicError, match=r"^too large for SymPy: more than 20,000 terms$"):
        expression(network.graph, "n39")
    deep = "\n".join(f"  n{k}: sin(n{k - 1})" for k in range(1, 400))
    network = loads(f"parameters: {{w: 0.5}}\nnodes:\n  n0: sin(w)\n{deep}\nloss: n399")
    with pytest.raises(SymbolicError, match=r"^too deep for one formula: more than 150 levels$"):
        gradient(network.graph, "n399", "w")


def test_array_of_losses_has_no_single_formula() -> None:
    network = loads("parameters: {w: [1, 2]}\nnodes: {J: sin(w)}")
    with pytest.raises(SymbolicError, match="J is not one number: its gradient is no single formula"):
        gradient(network.graph, "J", "w")


def test_importing_the_room_imports_no_sympy() -> None:
    code = "import sys, backpropcli.symbolic; sys.exit('sympy' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
