"""A chain and a tree of 1,000,000 nodes, built directly: no recursion, and how long."""

from __future__ import annotations

import json
import sys
import time

from tests.benchmarks.measure import Table, from_child, memory

NODES = 1_000_000


def run(kind: str) -> dict[str, float]:
    from backpropcli.engine import Plan
    from backpropcli.graph import Graph
    from backpropcli.ops.table import TABLE

    add, multiply, sin = TABLE["add"], TABLE["multiply"], TABLE["sin"]
    before, start = memory(), time.perf_counter()
    graph = Graph()
    w = graph.add_data("w", "parameter", ())
    if kind == "chain":
        last = w
        for k in range(NODES):
            last = graph.add_step(sin, (last,)) if k % 2 else graph.add_step(add, (last, w))
    else:
        waiting = [graph.add_step(multiply, (w, w)) for _ in range(NODES // 2)]
        while len(waiting) > 1:
            pairs = [waiting[k : k + 2] for k in range(0, len(waiting), 2)]
            waiting = [graph.add_step(add, pair) if len(pair) == 2 else pair[0] for pair in pairs]
    graph.add_node("J", "", (), len(graph) - 1)
    built = time.perf_counter()
    plan = Plan(graph)
    slots = plan.forward({"w": 0.3})
    middle = time.perf_counter()
    plan.backward(slots, {len(graph) - 1: 1.0})
    end = time.perf_counter()
    return {"build": built - start, "forward": middle - built, "backward": end - middle, "memory": memory() - before}


def tables() -> list[Table]:
    rows = []
    for kind in ("chain", "tree"):
        measured = from_child("chain", kind)
        rows.append(
            (kind, *(1e6 * measured[s] / NODES for s in ("build", "forward", "backward")), measured["memory"] / NODES)
        )
    heads = ("", "build", "forward", "backward", "bytes a node")
    return [Table(f"{NODES:,} nodes: microseconds a node, first run", heads, rows)]


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1])))
