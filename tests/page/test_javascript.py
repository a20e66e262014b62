"""The recorded JavaScript, run in node: every operation, every published example, against the engine."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.engine import Plan, run
from backpropcli.engine.labels import labels
from backpropcli.engine.recording import record
from backpropcli.errors import BackpropError
from backpropcli.graph import Graph
from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.numbers.recorder import Tape, TooLongError, namespace
from backpropcli.ops.table import TABLE
from backpropcli.page.javascript import CALLS, program

NODE = shutil.which("node")
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
needs_node = pytest.mark.skipif(NODE is None, reason="node is not on this machine")


def evaluate(programs: list[tuple[str, list[list[float]]]]) -> list[list[list[float]]]:
    """Each program's results at each of its points, from one run of node."""
    data = [{"source": source, "points": [[shown(x) for x in p] for p in points]} for source, points in programs]
    script = (
        "const data=JSON.parse(require('fs').readFileSync(0));"
        "const out=data.map(d=>{const f=new Function(d.source+';return program')();"
        "return d.points.map(p=>f(p.map(Number)).map(v=>Object.is(v,-0)?'0':String(v)))});"
        "console.log(JSON.stringify(out))"
    )
    assert NODE is not None
    done = subprocess.run([NODE, "-e", script], input=json.dumps(data), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [[[float(v.replace("Infinity", "inf")) for v in row] for row in rows] for rows in json.loads(done.stdout)]


def shown(x: float) -> str:
    return "NaN" if x != x else repr(float(x)).replace("inf", "Infinity")


def close(found: list[float], expected: list[float], relative: float = 1e-12, floor: float = 1e-300) -> None:
    assert len(found) == len(expected)
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        same = (a != a and b != b) or a == b or abs(a - b) <= relative * abs(b) + floor
        assert same, f"result {k}: JavaScript {a!r}, engine {b!r}"


def everything(trace: Any, graph: Graph) -> list[Any]:
    """All values and gradients, entry by entry."""
    result: list[Any] = []
    for ask in (trace.value, trace.gradient):
        for name in graph.nodes:
            found = ask(name)
            result += list(found.flat) if getattr(found, "ndim", 0) else [found]
    return result


def flat(graph: Graph, values: dict[str, Any]) -> list[float]:
    return [float(x) for name, node in graph.nodes.items() if node.kind != "node" for x in np.ravel(values[name])]


def graph_of(operation: Operation, shapes: list[Any], options: dict[str, Any]) -> Graph:
    """A parameter for each argument, the operation, and a weighted sum of its entries as the loss."""
    graph = Graph()
    slots = [graph.add_data(f"p{k}", "parameter", tuple(shape)) for k, shape in enumerate(shapes)]
    y = graph.add_step(operation, slots, options)
    graph.add_node("y", "y", tuple(graph.nodes), y)
    shape = graph.shape("y")
    if not shape:
        loss = graph.add_step(TABLE["multiply"], [y, graph.add_constant(1.5)])
        graph.add_node("J", "1.5 * y", ("y",), loss)
    else:
        weights = graph.add_constant(np.linspace(0.5, 2.0, math.prod(shape)).reshape(shape), shape)
        product = graph.add_step(TABLE["multiply"], [y, weights])
        graph.add_step(TABLE["sum"], [product])
        graph.add_node("J", "sum(weights * y)", ("y",), product)
    return graph


def of_operations() -> list[tuple[str, Graph, list[dict[str, Any]]]]:
    rng = np.random.default_rng(7)
    result = []
    for operation in TABLE.values():
        if isinstance(operation, Elementwise):
            graph = graph_of(operation, [()] * len(operation.arguments), {})
            points = [{f"p{k}": x for k, x in enumerate(sample)} for sample in operation.samples]
            result.append((operation.name, graph, points))
        elif isinstance(operation, Structural):
            for shapes, options in operation.samples:
                graph = graph_of(operation, list(shapes), dict(options))
                planned = next((o for slot, o in graph.options.items() if graph.operations[slot] is operation), None)
                labels = {one.argument: one.size for one in operation.labels(planned)}
                points = [
                    {
                        f"p{k}": rng.integers(0, labels[k], s).astype(float) if k in labels else rng.normal(size=s)
                        for k, s in enumerate(shapes)
                    }
                    for _ in range(3)
                ]
                result.append((f"{operation.name} {shapes} {dict(options)}", graph, points))
    return result


def recorded(graph: Graph, of: str = "J") -> str:
    trace, tape, _ = record(graph, of)
    return program(tape, everything(trace, graph))


@pytest.mark.slow
@needs_node
def test_every_operation_forward_and_backward() -> None:
    cases = of_operations()
    steps = {o.name for o in TABLE.values() if isinstance(o, Elementwise | Structural)}
    assert {name.split()[0] for name, _, _ in cases} >= steps
    found = evaluate([(recorded(graph), [flat(graph, p) for p in points]) for _, graph, points in cases])
    for (name, graph, points), results in zip(cases, found, strict=True):
        plan = Plan(graph)
        for point, row in zip(points, results, strict=True):
            try:
                # A result that cancels (var, norm) is as good as its largest number; one alone is held to its own size.
                close(
                    row,
                    everything(run(plan, point, "J", everything=True), graph),
                    floor=2e-15 if any(graph.shapes) else 1e-300,
                )
            except AssertionError as error:
                raise AssertionError(f"{name} at {point}: {error}") from None


TOO_LONG = {"cs231n-captioning"}
"""Examples with more numbers than a page records."""


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_published_examples_at_random_points(path: Path) -> None:
    try:
        network = bp.load(path)
        of = network.loss
        trace, tape, _ = record(network.graph, of, most=20_000)
    except TooLongError:
        assert path.stem in TOO_LONG  # which a page refuses, in words
        return
    except BackpropError as error:
        raise AssertionError(f"{path.name} cannot be recorded") from error
    chosen = labels(network.graph)
    rng = np.random.default_rng(5)
    points = [dict(network.values)]
    for _ in range(5):
        points.append(
            {
                name: np.asarray(value) * rng.uniform(0.5, 1.5, np.shape(value))
                if np.shape(value)
                else float(value) * rng.uniform(0.5, 1.5) + 0.01
                for name, value in network.values.items()
                if name not in chosen
            }
            | {name: network.values[name] for name in chosen}
        )
    outputs = everything(trace, network.graph)
    (found,) = evaluate([(program(tape, outputs), [flat(network.graph, p) for p in points])])
    for point, row in zip(points, found, strict=True):
        close(row, everything(network.run(values=point, everything=True), network.graph), floor=1e-13)


FUNCTIONS = sorted(set(CALLS) - {"arctan2", "hypot", "power", "maximum", "minimum"})


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_to_the_last_digits(name: str) -> None:
    from backpropcli.ops.numbers.array import xp

    tape = Tape()
    source = program(tape, [getattr(namespace(tape), name)(tape.input())])
    rng = np.random.default_rng(3)
    points = [
        *rng.normal(size=300),
        *rng.normal(scale=8, size=300),
        *rng.uniform(-1, 1, 100),
        0.0,
        0.5,
        1.5,
        2.5,
        -0.5,
        -1.5,
        1e-9,
        -1e-300,
        26.0,
        30.5,
        -40.0,
        math.nan,
        math.inf,
        -math.inf,
    ]
    (found,) = evaluate([(source, [[x] for x in points])])
    with np.errstate(all="ignore"):
        expected = [float(getattr(xp, name)(np.float64(x))) for x in points]
    close([row[0] for row in found], expected, relative=1e-14)


def test_a_tape_is_bounded() -> None:
    tape = Tape(most=3)
    a, b = tape.input(), tape.input()
    a * b
    with pytest.raises(TooLongError):
        a + b


def test_the_program_names_nothing_of_the_spec() -> None:
    network = bp.loads("parameters: {alert: 3, document: 2}\nnodes: {J: tanh(alert*document)}")
    source = recorded(network.graph)
    assert "alert" not in source
    assert "document" not in source


@needs_node
def test_a_branch_that_is_not_taken_passes_nothing_back() -> None:
    from tests.engine.test_untaken import ARRAYS, REAL, SCALARS, network

    programs, expected = [], []
    for parameters, formula, _ in SCALARS + ARRAYS + REAL:
        net = network(parameters, formula)
        recorded, tape, _ = record(net.graph, "J")
        found = everything(recorded, net.graph)
        source = program(tape, found)
        programs.append((source, [flat(net.graph, net.values)]))
        trace = net.run()
        expected.append([float(x) for x in everything(trace, net.graph)])
    for (found,), right in zip(evaluate(programs), expected, strict=True):
        close(found, right, 1e-9)
