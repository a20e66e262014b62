"""What a gradient costs, counted and measured: nudging each parameter against one backward pass."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from backpropcli.engine.trace import seed

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import Value
    from backpropcli.passes.body import Body
    from backpropcli.passes.recurrence import Recurrence

LONGEST = 0.2
"""Nudging every parameter is not tried where it would take longer than so many seconds."""


class Cost(NamedTuple):
    """Counts and times of both ways.

    `nodes` N and `parameters` P (every entry of an array is a parameter) as the lecture counts them, of what runs
    through time every row by itself; `steps` are the
    numbers that one forward pass computes, `nudged` those of nudging every parameter (all again each time), `back` the
    gradients of one backward pass. Times in seconds: one forward pass, forward and backward, and nudging each parameter
    in turn; where that is not `measured`, as it takes too long, it is P times the forward pass.
    """

    nodes: int
    parameters: int
    steps: int
    nudged: int
    back: int
    forward: float
    both: float
    nudging: float
    measured: bool = True


def cost(plan: Plan, values: Mapping[str, Value], of: str) -> Cost:
    """Count the network's work, and time it where it stands (the fastest of several runs)."""
    graph = plan.graph
    nodes = len(graph.names("node")) + again(graph)
    parameters = sum(math.prod(graph.shape(name)) for name in graph.names("parameter"))
    numbers = counts(graph)
    steps = sum(numbers[s] for s in range(len(graph)) if graph.operations[s] is not None)
    slots = plan.forward(values)
    target = graph.nodes[of].slot
    start = seed(plan, of, None)
    gradients = plan.backward(slots, {target: start}, everything=False)
    back = sum(numbers[s] for s, g in enumerate(gradients) if g is not None)
    forward = fastest(lambda: plan.forward(values))

    def both() -> None:
        plan.backward(plan.forward(values), {target: start}, everything=False)

    together = fastest(both)
    forward = min(forward, together)  # a pause of the machine's may have met every one of a few slow runs
    measured = parameters * forward <= LONGEST
    nudging = fastest(lambda: nudge_each(plan, values)) if measured else parameters * forward
    return Cost(nodes, parameters, steps, parameters * steps, back, forward, together, nudging, measured)


def counts(graph: Graph) -> list[int]:
    """How many numbers each slot has: of what runs through time its body's, every time; a row of it is none more."""
    found = [math.prod(shape) for shape in graph.shapes]
    for slot, options in graph.options.items():
        if members := getattr(options, "members", None):
            body: Body = cast("Recurrence", graph.operations[slot]).body
            inner = body.graph
            each = (math.prod(inner.shapes[s]) for s in range(len(inner)) if inner.operations[s] is not None)
            found[slot] = body.turns * sum(each)
            for member in members:
                found[member] = 0
    return found


def again(graph: Graph) -> int:
    """How many more nodes are worked out where some run through time, once for each: h[t] 50 times is 49 more."""
    found, nodes = 0, {node.slot for node in graph.nodes.values()}
    for options in graph.options.values():
        members = getattr(options, "members", {})
        if members and nodes.issuperset(members):
            found += sum(window.shape[0] - 1 for window in members.values())
    return found


def nudge_each(plan: Plan, values: Mapping[str, Value], eps: float = 1e-3) -> None:
    """Move every entry of every parameter in turn, and run forward each time, as a learner would."""
    for name in plan.graph.names("parameter"):
        value, shape = values[name], plan.graph.shape(name)
        if not shape:
            plan.forward({**values, name: value + eps})
            continue
        there = value.copy()
        flat = there.reshape(-1)
        for k in range(flat.size):
            flat[k] += eps
            plan.forward({**values, name: there})
            flat[k] -= eps


def fastest(task: Callable[[], object], least: float = 0.02) -> float:
    """The shortest of several runs, in seconds; as many runs as fit into `least` seconds, three at the least."""
    task()  # the first run pays for what later ones find ready
    best, spent, runs = math.inf, 0.0, 0
    while spent < least or runs < 3:
        started = time.perf_counter()
        task()
        took = time.perf_counter() - started
        best, spent, runs = min(best, took), spent + took, runs + 1
    return best
