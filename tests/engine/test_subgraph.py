"""The part of a graph that one node depends on."""

from __future__ import annotations

import pytest

import backpropcli as bp
from backpropcli.engine import Plan
from backpropcli.engine.subgraph import needed, part

TEXT = """
inputs: {x: [1, 2]}
parameters: {v: 5, w: 3, u: 2}
nodes: {m: v*2 + 1, c: sum(w*x)*3 + 2, d: c*u, J: d + m}
loss: J
"""


def test_a_node_needs_what_it_is_worked_out_from():
    graph = bp.loads(TEXT).graph
    assert needed(graph, "c") == {"c", "w", "x"}
    assert needed(graph, "J") == set(graph.nodes)


def test_the_part_computes_the_same():
    network = bp.loads(TEXT)
    found = part(network.graph, "c")
    assert list(found.nodes) == ["x", "w", "c"]
    slots = Plan(found).forward(network.values)
    assert slots[found.nodes["c"].slot] == network.run().value("c") == 29.0
    assert {"c", "c.1", "c.2", "c.3"} < set(found.labels().values())
    assert part(network.graph, "J") is network.graph


@pytest.mark.parametrize(("of", "counts"), [("c", (1, 1)), ("d", (2, 2)), ("J", (4, 3)), (None, (4, 3))])
def test_count_counts_what_a_node_depends_on(of, counts):
    found = bp.loads(TEXT).count(of)
    assert (found.nodes, found.parameters) == counts
