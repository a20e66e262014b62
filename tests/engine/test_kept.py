"""Every operation of the table, at every one of its samples: written down once, it gives the bits of a plain run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backpropcli import engine
from backpropcli.engine.repeated import Repeated
from backpropcli.graph import Graph
from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.table import TABLE

ODD = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf, math.nan, 1e300, 1e-300, 800.0, -800.0]
Case = tuple[list[tuple[int, ...]], dict[str, Any]]


def cases(operation: Operation) -> Iterator[Case]:
    """The arguments' shapes, and the options."""
    if isinstance(operation, Elementwise):
        more = len(operation.arguments) - 1
        yield from (([(3,)] * (more + 1), {}), ([(2, 3)] + [(3,)] * more, {}), ([()] + [(2, 1)] * more, {}))
    elif isinstance(operation, Structural):
        yield from ((list(map(tuple, shapes)), dict(options)) for shapes, options in operation.samples)


def sizes(operation: Operation, case: Case) -> dict[int, int]:
    """How many classes or places the arguments that are labels choose from."""
    shapes, options = case
    if operation.name == "one_hot":
        return {0: options["depth"]}
    uses = operation.labels(operation.plan(shapes, options)[1]) if isinstance(operation, Structural) else ()
    return {k: min(use.size for use in uses if use.argument == k) for k in {use.argument for use in uses}}


def network(operation: Operation, case: Case, labels: dict[int, int]) -> Graph:
    """J, a weighted sum of the operation's value and of its arguments' squares, so that gradients are added up too."""
    shapes, options = case
    graph = Graph()
    slots = [graph.add_data(f"p{k}", "target" if k in labels else "parameter", s) for k, s in enumerate(shapes)]
    scale = graph.add_data("scale", "parameter", ())
    y = graph.add_step(operation, slots, options)
    graph.add_node("y", "y", tuple(graph.nodes), y)
    shape = graph.shapes[y]
    weights = graph.add_constant(np.linspace(0.5, 2.0, math.prod(shape)).reshape(shape), shape)
    total = graph.add_step(TABLE["multiply"], [graph.add_step(TABLE["multiply"], [y, scale]), weights])
    terms = [total, *(graph.add_step(TABLE["multiply"], [slot, slot]) for slot in slots)]
    sums = [graph.add_step(TABLE["sum"], [term]) if graph.shapes[term] else term for term in terms]
    loss = sums[0]
    for other in sums[1:]:
        loss = graph.add_step(TABLE["add"], [loss, other])
    graph.add_node("J", "J", ("y",), loss)
    return graph


def drawn(rng: np.random.Generator, kind: str, case: Case, labels: dict[int, int]) -> dict[str, Any]:
    """Numbers of one kind for every argument."""
    draw: Any = {
        "normal": lambda shape: rng.normal(size=shape),
        "ties": lambda shape: rng.integers(-1, 2, shape).astype(float),
        "zeros": np.zeros,
        "odd": lambda shape: rng.choice(ODD, shape),
    }[kind]
    values = {f"p{k}": np.asarray(draw(shape)) for k, shape in enumerate(case[0])}
    for k, size in labels.items():
        values[f"p{k}"] = np.asarray(rng.integers(0, size, case[0][k]).astype(float))
    return {**values, "scale": np.asarray(rng.normal())}


@pytest.mark.parametrize("operation", dict.fromkeys(TABLE.values()), ids=lambda operation: operation.name)
def test_the_bits_of_a_plain_run_with_other_numbers(operation: Operation) -> None:
    rng = np.random.default_rng(1)
    for case in cases(operation):
        labels = sizes(operation, case)
        graph = network(operation, case, labels)
        plan = engine.Plan(graph)
        repeated = Repeated(plan, "J", graph.names("parameter"), drawn(rng, "normal", case, labels))
        for kind in ("normal", "ties", "zeros", "odd", "odd", "normal"):
            values = drawn(rng, kind, case, labels)
            for name, piece in repeated.parts.items():
                repeated.flat[piece.slice] = values[name].ravel().tolist()
            repeated.give({name: value for name, value in values.items() if name not in repeated.parts})
            repeated.run()
            trace = engine.run(plan, values, "J")
            assert np.array_equal(repeated.value("y"), trace.value("y"), equal_nan=True), (case, values)
            for name, piece in repeated.parts.items():
                found = np.reshape(repeated.gradient[piece.slice], piece.shape)
                assert np.array_equal(found, trace.gradient(name), equal_nan=True), (name, case, values)
