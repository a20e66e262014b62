"""Networks to draw: random graphs, dense networks, chains, of any size."""

from __future__ import annotations

import json
import random

import backpropcli as bp


def random_graph(count: int, seed: int = 0, window: int | None = None) -> bp.Trace:
    """A graph of about `count` names whose nodes use earlier ones (the `window` last of them) at random."""
    chance = random.Random(seed)
    names: list[str] = []
    parameters, nodes = {}, {}
    for k in range(max(2, count // 4)):
        parameters[f"p{k}"] = round(chance.uniform(-2, 2), 2)
        names.append(f"p{k}")
    for k in range(count - len(parameters) - 1):
        a, b = chance.sample(names[-window:] if window else names, 2)
        nodes[f"v{k}"] = chance.choice(
            [f"{a} * {b}", f"{a} + {b}", f"tanh({a})", f"sigmoid({a} + {b})", f"{a} - {b}", f"tanh({a}) * {b} + {a}"]
        )
        names.append(f"v{k}")
    used = set(" ".join(nodes.values()).replace("(", " ").replace(")", " ").split())
    nodes["J"] = " + ".join([name for name in nodes if name not in used] or names[:1]) + " + 1"
    return loaded(parameters=parameters, nodes=nodes, loss="J")


def dense(sizes: list[int]) -> bp.Trace:
    """A dense network of scalars, one name for every weight, unit by unit."""
    inputs = {f"x{i}": 0.1 * i + 0.1 for i in range(sizes[0])}
    parameters, nodes, before = {}, {}, list(inputs)
    for layer, size in enumerate(sizes[1:], 1):
        after = []
        for j in range(size):
            weights = [f"w{layer}_{j}_{i}" for i in range(len(before))]
            parameters |= {w: 0.3 - 0.05 * ((i + j) % 9) for i, w in enumerate(weights)} | {f"b{layer}_{j}": 0.1}
            products = " + ".join(f"{w}*{a}" for w, a in zip(weights, before, strict=True))
            nodes[f"z{layer}_{j}"] = f"{products} + b{layer}_{j}"
            nodes[f"a{layer}_{j}"] = f"tanh(z{layer}_{j})"
            after.append(f"a{layer}_{j}")
        before = after
    nodes["J"] = f"({' + '.join(before)} - y)**2 / 2"
    return loaded(inputs=inputs, targets={"y": 1}, parameters=parameters, nodes=nodes, loss="J")


def chain(count: int) -> bp.Trace:
    """One operation after the other, with a parameter at every third."""
    parameters, nodes, before = {"w": 0.5}, {}, "w"
    for k in range(count):
        if k % 3 == 1:
            parameters[f"w{k}"] = 1.01
        nodes[f"t{k}"] = f"w{k} * {before}" if k % 3 == 1 else f"tanh({before})"
        before = f"t{k}"
    return loaded(parameters=parameters, nodes=nodes)


def loaded(**sections: object) -> bp.Trace:
    return bp.loads(json.dumps(sections)).run()


GRAPHS = {
    "random-5": lambda: random_graph(5),
    "random-50": lambda: random_graph(50, 1),
    "random-50-window": lambda: random_graph(50, 2, 10),
    "random-500": lambda: random_graph(500, 3),
    "random-500-window": lambda: random_graph(500, 4, 30),
    "dense-50": lambda: dense([2, 3, 2, 1]),
    "dense-500": lambda: dense([4, 8, 8, 8, 8, 2]),
    "chain-50": lambda: chain(50),
    "chain-500": lambda: chain(500),
}
