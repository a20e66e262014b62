"""A plan that runs many times gives the bits of a plain run, whatever moves in between."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backpropcli import engine
from backpropcli.engine.repeated import Repeated
from backpropcli.errors import BackpropError
from backpropcli.language import example, example_names, load, loads

if TYPE_CHECKING:
    from backpropcli.graph import Graph

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))


def compare(graph: Graph, of: str, values: dict[str, Any], dtype: str, rounds: int = 3) -> None:
    """The same bits as `engine.run`, with other parameters and other data in each round."""
    names = graph.names("parameter")
    repeated = Repeated(engine.Plan(graph, dtype), of, names, values)
    values = dict(values)
    for round in range(rounds):
        loss = repeated.run()
        trace = engine.run(engine.Plan(graph, dtype), values, of)
        assert np.array_equal(loss, float(trace.value(of)), equal_nan=True)
        for name in graph.names("node"):
            assert np.array_equal(repeated.value(name), trace.value(name), equal_nan=True), (name, round)
        for parameter, piece in repeated.parts.items():
            found = np.asarray(repeated.gradient[piece.slice]).reshape(piece.shape)
            assert np.array_equal(found, np.asarray(trace.gradient(parameter)), equal_nan=True), (parameter, round)
            for k in range(piece.slice.start, piece.slice.stop):
                repeated.flat[k] += 0.125
            values[parameter] = np.asarray(repeated.flat[piece.slice], "float64").reshape(piece.shape)[()]
        data = {
            name: values[name] * np.float64(0.75) if np.any(values[name] % 1) else values[name]
            for name in graph.names("input", "target")
        }
        values.update(data)
        repeated.give(data)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", example_names())
def test_the_bits_of_a_plain_run(name: str, dtype: str) -> None:
    spec = example(name)
    assert spec.loss
    compare(spec.graph, spec.loss, spec.values, dtype)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_bits_of_every_example(path: Path) -> None:
    try:
        spec = load(str(path))
    except BackpropError:
        pytest.skip("not a network by itself")
    if spec.loss is None or spec.graph.shape(spec.loss):
        pytest.skip("no loss that is one number")
    compare(spec.graph, spec.loss, spec.values, "float64")


def network(nodes: str, **values: Any) -> tuple[Graph, dict[str, Any]]:
    parameters = "\n".join(f"  {name}: {value}" for name, value in values.items())
    spec = loads(f"parameters:\n{parameters}\nnodes:\n{nodes}\n  J: sum(a)\n")
    return spec.graph, spec.values


@pytest.mark.parametrize(
    "formula",
    [
        "relu(w) * v",
        "where(w > 0, sqrt(w), w)",
        "sqrt(w)",
        "log(w) * v",
        "w[1:] * w[:2] + v[0]",
        "w * w[0] + w[1]",
        "sort(w) @ v",
        "cumsum(w) * v",
        "norm(w) * v",
        "maximum(w, v)**3 / (1 + exp(-v))",
        "concatenate([w, v, w])",
        "einsum('i,j->ij', w, v)",
        "w.reshape((3, 1)) * v",
        "softmax(w) * log_softmax(v)",
        "solve(outer(w, v) + diag(v), w)",
        "v",
        "stop_gradient(w) * v",
        "erf(w) + tanh(v)**2",
    ],
)
def test_the_bits_of_formulas_at_odd_places_too(formula: str) -> None:
    graph, values = network(f'  a: "{formula}"', w=[-1.0, 0.0, 2.0], v=[0.5, 1.5, -2.5])
    compare(graph, "J", values, "float64", rounds=5)


@pytest.mark.parametrize("formula", ["(W + V)**2", "(W + V.T)**2", "W + V", "exp(V - W) * V"])
def test_two_large_parameters_may_have_one_gradient(formula: str) -> None:
    spec = loads(
        "parameters: {W: {normal: [70, 70], seed: 1}, V: {normal: [70, 70], seed: 2}}\n"
        f"nodes: {{a: '{formula}', J: sum(a)}}\n"
    )
    compare(spec.graph, "J", spec.values, "float64")


@pytest.mark.parametrize("w", [2.0, -1.5, 0.0, 1e200, -1e5])
def test_floats_whose_loss_is_not_the_last_node(w: float) -> None:
    spec = loads(
        f"inputs: {{x: 1.5}}\nparameters: {{w: {w}, v: 0.5, unused: 1}}\n"
        "nodes:\n  a: where(w > 0, sqrt(w), exp(-w))\n  J: (a * v - x)**2 / w\n  metric: J * w * unused\n"
    )
    compare(spec.graph, "J", spec.values, "float64", rounds=5)


def test_steps_on_floats_are_made_ready_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = loads("parameters: {w: 2, v: 3}\nnodes:\n  J: (w * v - 1)**2\n  metric: J + w\n")
    plan = engine.Plan(spec.graph)
    made = []
    ready = plan.back

    def back(slots: range, everything: bool) -> Any:
        made.append(slots)
        return ready(slots, everything)

    monkeypatch.setattr(plan, "back", back)
    repeated = Repeated(plan, "J", ["w", "v"], spec.values)
    assert [repeated.run() for _ in range(3)] == [25.0] * 3
    assert repeated.gradient == [30.0, 20.0]
    assert len(made) == 1


@pytest.mark.parametrize(
    "nodes", ["{n: W.T + u, m: exp(-n**2)}", "{n: 'abs(W.T)**u', m: 'take(n, [0, 2, 1, 1, 0, 2, 2, 1, 0], axis=1)'}"]
)
def test_gradients_are_added_up_in_the_same_memory_order(nodes: str) -> None:
    spec = loads(f"parameters: {{W: {{normal: [9, 9], seed: 1}}, u: 0.5}}\nnodes: {nodes[:-1]}, J: sum(n) + sum(m)}}\n")
    compare(spec.graph, "J", spec.values, "float64")


def test_labels_may_change(tmp_path: Path) -> None:
    spec = loads(
        "inputs: {ids: [0, 2, 2]}\ntargets: {y: [1, 0, 1]}\nparameters: {W: [[1, 2], [3, 4], [5, 7]]}\n"
        "nodes:\n  z: W[ids]\n  J: cross_entropy(z, y)\n"
    )
    repeated = Repeated(engine.Plan(spec.graph), "J", ["W"], spec.values)
    for ids, y in (([0, 2, 2], [1, 0, 1]), ([1, 1, 0], [0, 0, 1])):
        data = {"ids": np.array(ids, float), "y": np.array(y, float)}
        repeated.give(data)
        loss = repeated.run()
        trace = engine.run(engine.Plan(spec.graph), {**spec.values, **data}, "J")
        assert loss == trace.value("J")
        assert np.array_equal(repeated.gradient.reshape(3, 2), trace.gradient("W"))


def test_memory_stays_as_it_is() -> None:
    spec = loads(
        "inputs: {x: {normal: [50, 20], seed: 1}}\nparameters: {W: {normal: [20, 30], seed: 2}, b: {zeros: [30]}}\n"
        "nodes:\n  a: tanh(x @ W + b)\n  J: mean(a**2)\n"
    )
    repeated = Repeated(engine.Plan(spec.graph), "J", ["W", "b"], spec.values)
    repeated.run()
    tracemalloc.start()
    repeated.run()
    before = tracemalloc.take_snapshot()
    tracemalloc.reset_peak()
    for _ in range(500):
        repeated.run()
        repeated.flat -= 1e-3 * repeated.gradient
    used, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000, before
    assert used < 20_000
