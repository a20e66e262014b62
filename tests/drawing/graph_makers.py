"""Networks to draw: random graphs, dense networks, chains, of any size."""

from __future__ import annotations

import json
import random
from itertools import pairwise

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


def layered(sizes: list[int], seed: int = 0, batch: int = 0) -> bp.Trace:
    """The layers form: small matrices, a vector or a batch of examples; single units are plain numbers."""
    chance = random.Random(seed)

    def numbers(*shape: int) -> object:
        if not shape:
            return round(chance.uniform(-2, 2), chance.choice([0, 1, 4]))
        return [numbers(*shape[1:]) for _ in range(shape[0])]

    lead = [batch] if batch else []
    single = not batch and set(sizes) == {1}
    layers: list[dict[str, object]] = []
    for before, size in pairwise(sizes):
        weights = {"w": numbers(), "b": numbers()} if single else {"W": numbers(before, size), "b": numbers(size)}
        layers.append({"dense": {"units": size, "activation": chance.choice(["relu", "tanh", "sigmoid"]), **weights}})
    x, y = (numbers(), numbers()) if single else (numbers(*lead, sizes[0]), numbers(*lead, sizes[-1]))
    return loaded(inputs={"x": x}, targets={"y": y}, layers=layers, loss="squared_error")


def recurrent(steps: int) -> bp.Trace:
    """An LSTM cell with one hidden number, step after step: twelve parameters that every step shares."""
    inputs = {"h0": 0.1, "c0": -0.2} | {f"x{t}": 0.5 - t for t in range(1, steps + 1)}
    parameters = {f"{kind}_{gate}": 0.3 for gate in "fiog" for kind in "wub"}
    nodes: dict[str, str] = {}
    for t in range(1, steps + 1):
        for gate in "fiog":
            sum_ = f"w_{gate}*x{t} + u_{gate}*h{t - 1} + b_{gate}"
            nodes[f"{gate}{t}"] = f"{'tanh' if gate == 'g' else 'sigmoid'}({sum_})"
        nodes[f"c{t}"] = f"f{t}*c{t - 1} + i{t}*g{t}"
        nodes[f"h{t}"] = f"o{t} * tanh(c{t})"
    nodes["J"] = f"(h{steps} - 1)**2 / 2"
    return loaded(inputs=inputs, parameters=parameters, nodes=nodes)


def residual(blocks: int) -> bp.Trace:
    """Blocks with a connection around each."""
    parameters, nodes, before = {}, {}, "x"
    for k in range(blocks):
        parameters |= {f"w{k}": 0.5 - k, f"b{k}": 0.1}
        nodes |= {f"z{k}": f"w{k}*{before} + b{k}", f"a{k}": f"tanh(z{k})", f"h{k}": f"{before} + a{k}"}
        before = f"h{k}"
    return loaded(inputs={"x": 0.5}, parameters=parameters, nodes={**nodes, "J": f"{before}**2"})


def fan(count: int) -> bp.Trace:
    """One value used many times, and many values added up."""
    parameters = {f"w{k}": (k % 7 - 3) / 10 for k in range(count)}
    nodes = {f"a{k}": f"w{k} * x" for k in range(count)}
    return loaded(inputs={"x": 1.5}, parameters=parameters, nodes={**nodes, "J": " + ".join(nodes)})


def tree(leaves: int) -> bp.Trace:
    """Values added and multiplied two by two; `leaves` is a power of two."""
    parameters = {f"p{k}": (k % 5 - 2) / 2 for k in range(leaves)}
    nodes, before, level = {}, list(parameters), 0
    while len(before) > 1:
        pairs = zip(before[::2], before[1::2], strict=True)
        found = {f"t{level}_{k}": f"{a} {'+*'[(k + level) % 2]} {b}" for k, (a, b) in enumerate(pairs)}
        nodes |= found
        before, level = list(found), level + 1
    return loaded(parameters=parameters, nodes={**nodes, "J": f"{before[0]}**2"})


ODD_NAMES = ("größe", "λ", "重み", "e\u0301té", "a_very_long_name_that_somebody_gave", "W_1_2", "ñ", "x")
ODD_NUMBERS = (-1e308, 1e308, -3.25, 0.0, 1e-300, -123456.789, 2.0)


def odd(count: int, seed: int) -> bp.Trace:
    """A random graph with names of all kinds, long formulas, and numbers that overflow or are none."""
    chance = random.Random(seed)
    names = [f"{chance.choice(ODD_NAMES)}{k}" for k in range(count)]
    split = max(2, count // 3)
    parameters = {name: chance.choice(ODD_NUMBERS) for name in names[:split]}
    nodes = {}
    for k, name in enumerate(names[split:], split):
        own = chance.sample(names[:k], min(k, chance.randint(1, 4)))
        nodes[name] = f"log({own[0]}) - exp(-{' * '.join(own)}) / ({' + '.join(own)} - 1)" if k % 3 else " * ".join(own)
    used = {part for formula in nodes.values() for part in formula.replace("(", " ").replace(")", " ").split()}
    loose = [name for name in nodes if name not in used and f"-{name}" not in used] or names[-1:]
    return loaded(parameters=parameters, nodes={**nodes, "J": f"-{loose[0]} + 1"}, loss="J")


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
    "layers-12": lambda: layered([3] * 13),
    "recurrent-4": lambda: recurrent(4),
    "residual-12": lambda: residual(12),
    "fan-50": lambda: fan(50),
    "tree-64": lambda: tree(64),
    "odd-40": lambda: odd(40, 7),
}

KINDS = {
    "random": lambda size, seed: random_graph(max(size, 5), seed, (None, 3, 8)[seed % 3]),
    "odd": lambda size, seed: odd(max(size // 2, 3), seed),
    "layers": lambda size, seed: layered([seed % 3 + 1] + [1 + (seed >> k) % 4 for k in range(size % 5 + 1)], seed),
    "batch": lambda size, seed: layered([2, 1 + seed % 3, 2], seed, batch=1 + size % 4),
    "units": lambda size, seed: layered([1] * (2 + size % 9), seed),
    "dense": lambda size, seed: dense([1 + seed % 3, 1 + size % 5, 1 + seed % 4, 1]),
    "recurrent": lambda size, seed: recurrent(1 + size % 3),
    "residual": lambda size, seed: residual(1 + size % 8),
    "fan": lambda size, seed: fan(1 + size),
    "tree": lambda size, seed: tree(2 ** (1 + size % 5)),
}
"""Graphs of all shapes, by a size and a seed."""
