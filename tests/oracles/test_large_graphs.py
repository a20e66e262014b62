"""Large graphs whose answers are known in closed form: no recursion over nodes, and time linear in their number."""

from __future__ import annotations

import math
import time

import pytest

import backpropcli as bp
from backpropcli.engine import Plan, run
from backpropcli.graph import Graph
from backpropcli.ops.table import TABLE

MANY = 1_000_000


def chain(length: int) -> Graph:
    """x0 = w, then x = x·c + x0·d again and again: a chain that is also wide at its start."""
    graph = Graph()
    last = w = graph.add_data("w", "parameter", ())
    c = graph.add_constant(1 - 1e-6)
    d = graph.add_constant(1e-6)
    for k in range(length // 3):
        first = len(graph)
        product = graph.add_step(TABLE["multiply"], (last, c))
        small = graph.add_step(TABLE["multiply"], (w, d))
        last = graph.add_step(TABLE["add"], (product, small))
        graph.add_node(f"x{k}", "", (), first)
    return graph


def tree(leaves: int) -> Graph:
    """The sum of squares of many parameters, added in pairs."""
    graph = Graph()
    waiting = [graph.add_data(f"w{k}", "parameter", ()) for k in range(leaves)]
    for k, w in enumerate(list(waiting)):
        waiting[k] = graph.add_step(TABLE["square"], (w,))
        graph.add_node(f"s{k}", "", (f"w{k}",), waiting[k])
    while len(waiting) > 1:
        pairs = [waiting[k : k + 2] for k in range(0, len(waiting), 2)]
        waiting = [graph.add_step(TABLE["add"], p) if len(p) == 2 else p[0] for p in pairs]
    first = len(graph)
    graph.add_step(TABLE["identity"], (waiting[0],))
    graph.add_node("J", "", (), first)
    return graph


@pytest.mark.slow
def test_a_long_chain() -> None:
    graph = chain(MANY)
    last = f"x{MANY // 3 - 1}"
    trace = run(Plan(graph), {"w": 3.0}, last)
    assert trace.value(last) == pytest.approx(3, rel=1e-9)
    assert trace.gradient("w") == pytest.approx(1, rel=1e-9)
    assert trace.gradient("x0") == pytest.approx((1 - 1e-6) ** (MANY // 3 - 1), rel=1e-9)


@pytest.mark.slow
def test_a_wide_tree() -> None:
    leaves = MANY // 3
    graph = tree(leaves)
    trace = run(Plan(graph), {f"w{k}": float(k % 7) for k in range(leaves)}, "J")
    assert trace.value("J") == sum((k % 7) ** 2 for k in range(leaves))
    assert all(trace.gradient(f"w{k}") == 2 * (k % 7) for k in range(0, leaves, 997))


def test_a_long_chain_from_text() -> None:
    """Through the formula language, in an order that is not the order of evaluation."""
    length = 20_000
    formulas = [f"  a{k}: sin(a{k - 1}) + 0.5*w" for k in range(1, length)]
    text = "parameters: {w: 0.5}\nnodes:\n" + "\n".join([*reversed(formulas), "  a0: w"]) + f"\nloss: a{length - 1}\n"
    trace = bp.loads(text).run()
    a, da = 0.5, 1.0
    for _ in range(1, length):
        a, da = math.sin(a) + 0.25, math.cos(a) * da + 0.5
    assert trace.value(f"a{length - 1}") == pytest.approx(a, rel=1e-12)
    assert trace.gradient("w") == pytest.approx(da, rel=1e-10)


def test_time_grows_with_the_number_of_nodes() -> None:
    """Ten times the nodes take about ten times as long: far from the hundred times of a quadratic step."""

    def seconds(length: int) -> float:
        graph = chain(length)
        best = math.inf
        for _ in range(3):
            start = time.process_time()
            run(Plan(graph), {"w": 3.0}, f"x{length // 3 - 1}")
            best = min(best, time.process_time() - start)
        return best

    assert seconds(60_000) < 40 * seconds(6_000)
