"""What the tests of the check share: networks in a line, and operations broken on purpose."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from backpropcli.api import Network, loads
from backpropcli.gradcheck import Report, check
from backpropcli.ops.definition import Elementwise, Operation, Part, Structural

Fault = Callable[[Any], Any]

FAULTS: dict[str, Fault] = {
    "sign": lambda p: -p,
    "5 %": lambda p: p * 1.05,
    "1 %": lambda p: p * 0.99,
    "zero": lambda p: p * 0,
    "twice": lambda p: p * 2,
}

LECTURE = """
inputs:     {x: 1}
targets:    {y: 5}
parameters: {w1: 2, b1: 0, w2: 3, b2: 1}
nodes: {t1: w1 * x, z1: t1 + b1, a1: relu(z1), t2: w2 * a1, z2: t2 + b2, a2: relu(z2), J: (a2 - y)**2 / 2}
"""


def one(formula: str, **parameters: float) -> Network:
    """A network of one node J."""
    values = ", ".join(f"{name}: {value!r}" for name, value in parameters.items())
    return loads(f'parameters: {{{values}}}\nnodes:\n  J: "{formula}"\n')


def report(network: Network, **options: Any) -> Report:
    """The check of a network as it is now (its graph may have been broken)."""
    return check(network.graph, network.values, network.loss, **options)


def broken(operation: Operation, fault: Fault, k: int = 0) -> Operation:
    """A copy of an operation whose local derivative for argument `k` is changed."""
    result = copy.copy(operation)
    if isinstance(result, Elementwise):
        partials = list(result.partials)
        right = partials[k]
        partials[k] = lambda xp, y, *values: fault(right(xp, y, *values))
        result.partials = tuple(partials)
    elif isinstance(result, Structural):
        vjps = list(result.vjps)
        product = vjps[k]

        def wrong(xp: Any, *rest: Any) -> Any:
            found = product(xp, *rest)
            return found._replace(value=fault(found.value)) if isinstance(found, Part) else fault(found)

        vjps[k] = wrong
        result.vjps = tuple(vjps)
    return result


def sabotage(network: Network, node: str, fault: Fault, step: int = -1, k: int = 0) -> str:
    """Break one step of a node; its operation's name."""
    graph = network.graph
    slot = graph.steps(node)[step]
    operation = graph.operations[slot]
    assert operation is not None
    graph.operations[slot] = broken(operation, fault, k)
    return operation.name


def deep(seed: int, layers: int = 8, width: int = 2, scale: float = 3.0, act: str = "sigmoid") -> Network:
    """A scalar network of many layers, saturated where `scale` is large."""
    r = random.Random(seed)
    parameters, nodes, previous = {}, {}, ["x"]
    for layer in range(1, layers + 1):
        current = []
        for j in range(width):
            for i in range(len(previous)):
                parameters[f"w{layer}_{j}_{i}"] = r.gauss(0, scale)
            parameters[f"b{layer}_{j}"] = r.gauss(0, scale)
            terms = [f"w{layer}_{j}_{i}*{p}" for i, p in enumerate(previous)]
            nodes[f"z{layer}_{j}"] = " + ".join([*terms, f"b{layer}_{j}"])
            nodes[f"a{layer}_{j}"] = f"{act}(z{layer}_{j})"
            current.append(f"a{layer}_{j}")
        previous = current
    nodes["J"] = f"({' + '.join(previous)} - y)**2 / 2"
    lines = [f"inputs: {{x: {r.uniform(-1, 1)!r}}}", f"targets: {{y: {r.uniform(0, 1)!r}}}", "parameters:"]
    lines += [f"  {name}: {value!r}" for name, value in parameters.items()]
    lines += ["nodes:", *(f"  {name}: {formula}" for name, formula in nodes.items())]
    return loads("\n".join(lines))
