"""The network of the scalar benchmark: layers of plain numbers, one operation a node, every node on the way to J."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

WIDTH = 1000


class Step(NamedTuple):
    """One node: its operation, and the numbers of the values that it uses."""

    kind: str
    a: int
    b: int = -1


def parameters(width: int = WIDTH) -> list[float]:
    return [((37 * k) % 101 - 50) / 80 for k in range(width)]


def steps(nodes: int, width: int = WIDTH) -> Iterator[Step]:
    """Sums, products, tanh and ReLU in turns, layer upon layer; at last everything is added up, pair by pair."""
    before, last = list(range(width)), width - 1
    kinds = ("add", "tanh", "multiply", "add", "tanh", "relu")
    for layer in range(max((nodes - width) // width, 1)):
        kind = kinds[layer % len(kinds)]
        for j in range(width):
            other = before[(7 * j + 3) % width] if kind == "add" else j
            yield Step(kind, before[j], other if kind in ("add", "multiply") else -1)
        before = list(range(last + 1, last + 1 + width))
        last += width
    while len(before) > 1:
        made = []
        for k in range(0, len(before) - 1, 2):
            yield Step("add", before[k], before[k + 1])
            last += 1
            made.append(last)
        before = made + before[len(before) - len(before) % 2 :]


def document(nodes: int) -> dict[str, Any]:
    """The spec: parameters p0, p1, ... and nodes n1000, n1001, ..., the last of them called J."""
    width = len(parameters())
    forms = {"add": "{} + {}", "multiply": "{} * {}", "tanh": "tanh({})", "relu": "relu({})"}

    def name(k: int) -> str:
        return f"p{k}" if k < width else f"n{k}"

    formulas = {
        name(width + k): forms[step.kind].format(name(step.a), name(step.b)) for k, step in enumerate(steps(nodes))
    }
    last = list(formulas)[-1]
    formulas["J"] = formulas.pop(last)
    return {"parameters": {f"p{k}": v for k, v in enumerate(parameters())}, "nodes": formulas, "loss": "J"}


def as_yaml(nodes: int) -> str:
    sections = document(nodes)
    lines = ["parameters:", *(f"  {k}: {v!r}" for k, v in sections["parameters"].items())]
    lines += ["nodes:", *(f"  {k}: {v}" for k, v in sections["nodes"].items()), "loss: J", ""]
    return "\n".join(lines)


def as_json(nodes: int) -> str:
    return json.dumps(document(nodes))


def evaluate(nodes: int, number: Callable[[float], Any], operations: dict[str, Callable[..., Any]]) -> list[Any]:
    """Every value in order, in another library's numbers."""
    values = [number(p) for p in parameters()]
    for kind, a, b in steps(nodes):
        f = operations[kind]
        values.append(f(values[a]) if b < 0 else f(values[a], values[b]))
    return values
