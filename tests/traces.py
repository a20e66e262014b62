"""Traces made by hand, so that what shows them is tested without reading a spec."""

from __future__ import annotations

import pytest

from backpropcli.engine import Plan, Trace, run
from backpropcli.graph import Graph
from backpropcli.ops.table import TABLE


def lecture_graph() -> Graph:
    graph = Graph()
    slots = {}
    for name, kind in (
        ("x", "input"),
        ("y", "target"),
        ("w1", "parameter"),
        ("b1", "parameter"),
        ("w2", "parameter"),
        ("b2", "parameter"),
    ):
        slots[name] = graph.add_data(name, kind, ())
    for name, formula, operation, inputs in (
        ("t1", "w1 * x", "multiply", ("w1", "x")),
        ("z1", "t1 + b1", "add", ("t1", "b1")),
        ("a1", "relu(z1)", "relu", ("z1",)),
        ("t2", "w2 * a1", "multiply", ("w2", "a1")),
        ("z2", "t2 + b2", "add", ("t2", "b2")),
        ("a2", "relu(z2)", "relu", ("z2",)),
    ):
        slots[name] = graph.add_step(TABLE[operation], [slots[i] for i in inputs])
        graph.add_node(name, formula, inputs, slots[name])
    first = graph.add_step(TABLE["subtract"], [slots["a2"], slots["y"]])
    two = graph.add_constant(2.0)
    squared = graph.add_step(TABLE["power"], [first, two])
    graph.add_step(TABLE["divide"], [squared, two])
    graph.add_node("J", "(a2 - y)**2 / 2", ("a2", "y"), first)
    return graph


LECTURE = {"x": 1.0, "y": 5.0, "w1": 2.0, "b1": 0.0, "w2": 3.0, "b2": 1.0}


@pytest.fixture
def lecture() -> Trace:
    return run(Plan(lecture_graph()), LECTURE, "J")


def mazur_graph() -> Graph:
    """Two inputs, two sigmoid units, two sigmoid units, in matrices."""
    graph = Graph()
    slots = {}
    for name, kind, shape in (
        ("x", "input", (2,)),
        ("y", "target", (2,)),
        ("W1", "parameter", (2, 2)),
        ("b1", "parameter", (2,)),
        ("W2", "parameter", (2, 2)),
        ("b2", "parameter", (2,)),
    ):
        slots[name] = graph.add_data(name, kind, shape)
    for name, formula, operation, inputs in (
        ("t1", "x @ W1", "matmul", ("x", "W1")),
        ("z1", "t1 + b1", "add", ("t1", "b1")),
        ("a1", "sigmoid(z1)", "sigmoid", ("z1",)),
        ("t2", "a1 @ W2", "matmul", ("a1", "W2")),
        ("z2", "t2 + b2", "add", ("t2", "b2")),
        ("a2", "sigmoid(z2)", "sigmoid", ("z2",)),
    ):
        slots[name] = graph.add_step(TABLE[operation], [slots[i] for i in inputs])
        graph.add_node(name, formula, inputs, slots[name])
    first = graph.add_step(TABLE["subtract"], [slots["a2"], slots["y"]])
    two = graph.add_constant(2.0)
    squared = graph.add_step(TABLE["power"], [first, two])
    total = graph.add_step(TABLE["sum"], [squared])
    graph.add_step(TABLE["divide"], [total, two])
    graph.add_node("J", "sum((a2 - y)**2) / 2", ("a2", "y"), first)
    return graph


@pytest.fixture
def mazur() -> Trace:
    import numpy as np

    values = {
        "x": [0.05, 0.10],
        "y": [0.01, 0.99],
        "W1": [[0.15, 0.25], [0.20, 0.30]],
        "b1": [0.35, 0.35],
        "W2": [[0.40, 0.50], [0.45, 0.55]],
        "b2": [0.60, 0.60],
    }
    return run(Plan(mazur_graph()), {k: np.array(v) for k, v in values.items()}, "J")
