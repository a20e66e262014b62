"""One update of a training, its loss read, beside PyTorch (eager) and JAX (jit), with the same threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from backpropcli import language
from backpropcli.api import Network
from backpropcli.train.descent import Descent
from tests.benchmarks.measure import Table, interleaved

LEARNING_RATE = 1e-4
ROUND = 0.05
"""Seconds that a task is repeated in each round."""
REPEATS = 9
OPTIMIZERS = ("gradient_descent", "adam")

Task = Callable[[], Any]


class Case(NamedTuple):
    """A network: the sizes of its layers, examples, activation, and whether targets are classes."""

    title: str
    sizes: tuple[int, ...]
    examples: int
    activation: str
    classes: bool


LECTURE = Case("(a) the lecture's network", (), 1, "relu", False)
CASES = (
    LECTURE,
    Case("(b) 2-16-16-1, 100 points", (2, 16, 16, 1), 100, "tanh", False),
    Case("(c) 784-256-128-10 × 1024", (784, 256, 128, 10), 1024, "relu", True),
    Case("(d) 4 × 1024 × 256", (1024,) * 5, 256, "relu", False),
)


def network(case: Case) -> Network:
    """The network, in words."""
    if case is LECTURE:
        return Network(language.example("lecture"))
    pairs = list(zip(case.sizes[:-1], case.sizes[1:], strict=True))
    y = f"[{case.examples}]" if case.classes else f"[{case.examples}, {case.sizes[-1]}]"
    lines = [f"inputs: {{x: {{normal: [{case.examples}, {case.sizes[0]}], seed: 1}}}}"]
    lines += [f"targets: {{y: {{{'zeros' if case.classes else 'normal'}: {y}}}}}", "parameters:"]
    for k, (rows, columns) in enumerate(pairs, 1):
        lines += [f"  W{k}: {{glorot: [{rows}, {columns}], seed: {k}}}", f"  b{k}: {{zeros: [{columns}]}}"]
    lines.append("nodes:")
    h = "x"
    for k in range(1, len(pairs) + 1):
        lines.append(f"  z{k}: {h} @ W{k} + b{k}")
        h = f"a{k}"
        lines += [f"  a{k}: {case.activation}(z{k})"] if k < len(pairs) else []
    z = f"z{len(pairs)}"
    lines.append(f"  J: cross_entropy({z}, y)" if case.classes else f"  J: mean(({z} - y)**2)")
    return Network(language.loads("\n".join(lines), flags=language.Flags(memory="4GB")))


def ours(net: Network, optimizer: str, dtype: str) -> Task:
    """Our own loop, as `backprop train` runs it."""
    training = net.training(optimizer=optimizer, lr=LEARNING_RATE, updates=10**9)
    descent = Descent(net.spec, net.loss, training, dtype)

    def update() -> None:
        looked = descent.look()
        assert looked is not None
        descent.move(looked)

    return update


def pytorch(case: Case, net: Network, optimizer: str, dtype: str) -> Task:
    """PyTorch's, as its tutorials write it."""
    import torch

    values = {k: torch.tensor(np.asarray(v), dtype=getattr(torch, dtype)) for k, v in net.values.items()}
    parameters = [values[name].requires_grad_() for name in net.parameters]
    made = {"gradient_descent": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
    moves = made(parameters, lr=LEARNING_RATE)
    y = values["y"].long() if case.classes else values["y"]
    activation = getattr(torch, case.activation)

    def loss() -> Any:
        h = values["x"]
        if case is LECTURE:
            a1 = activation(values["w1"] * h + values["b1"])
            return (activation(values["w2"] * a1 + values["b2"]) - y) ** 2 / 2
        for k in range(0, len(parameters), 2):
            h = torch.addmm(parameters[k + 1], h, parameters[k])
            h = activation(h) if k < len(parameters) - 2 else h
        return torch.nn.functional.cross_entropy(h, y) if case.classes else ((h - y) ** 2).mean()

    def update() -> None:
        moves.zero_grad()
        found = loss()
        found.backward()
        moves.step()
        found.item()

    return update


def jax(case: Case, net: Network, optimizer: str, dtype: str) -> Task:
    """JAX's: gradient and update in one jitted function. It has no optimisers of its own: Adam is written out."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    values = {k: jnp.asarray(np.asarray(v), dtype) for k, v in net.values.items()}
    start = [values[name] for name in net.parameters]
    y = values["y"].astype(int) if case.classes else values["y"]
    activation = jnp.tanh if case.activation == "tanh" else jax.nn.relu

    def loss(p: list[Any]) -> Any:
        h = values["x"]
        if case is LECTURE:
            w1, b1, w2, b2 = (p[net.parameters.index(name)] for name in ("w1", "b1", "w2", "b2"))
            return (activation(w2 * activation(w1 * h + b1) + b2) - y) ** 2 / 2
        for k in range(0, len(p), 2):
            h = h @ p[k] + p[k + 1]
            h = activation(h) if k < len(p) - 2 else h
        if case.classes:
            return -jnp.mean(jax.nn.log_softmax(h)[jnp.arange(case.examples), y])
        return jnp.mean((h - y) ** 2)

    def moved(p: Any, m: Any, v: Any, g: Any, t: Any) -> Any:
        if optimizer == "gradient_descent":
            return p - LEARNING_RATE * g, m, v
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        step = LEARNING_RATE * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return (p - step).astype(p.dtype), m.astype(p.dtype), v.astype(p.dtype)

    @jax.jit
    def update(state: Any, t: Any) -> Any:
        found, gradients = jax.value_and_grad(loss)([p for p, _, _ in state])
        return found, [moved(*one, g, t) for one, g in zip(state, gradients, strict=True)]

    kept = [(p, jnp.zeros_like(p), jnp.zeros_like(p)) for p in start]
    number = 0

    def task() -> None:
        nonlocal kept, number
        number += 1
        found, kept = update(kept, float(number))
        float(found)

    return task


def repeated(task: Task) -> Task:
    """A task as often as takes about ROUND seconds, and how often that is."""
    for _ in range(3):
        task()
    start = time.perf_counter()
    task()
    count = max(1, int(ROUND / (time.perf_counter() - start)))

    def many() -> None:
        for _ in range(count):
            task()

    many.count = count  # type: ignore[attr-defined]  # any function may have that
    return many


def tables() -> list[Table]:
    rows: list[tuple[Any, ...]] = []
    for case in CASES:
        for dtype in ("float64",) if case is LECTURE else ("float64", "float32"):
            for optimizer in OPTIMIZERS:
                net = network(case)
                tasks = {"backprop": repeated(ours(net, optimizer, dtype))}
                for name, peer in (("PyTorch", pytorch), ("JAX", jax)):
                    with suppress(ImportError):
                        tasks[name] = repeated(peer(case, net, optimizer, dtype))
                times = interleaved(tasks, REPEATS)
                each = {name: times[name] / tasks[name].count for name in tasks}  # type: ignore[attr-defined]
                rows += [
                    (f"{case.title}, {optimizer}, {dtype}: {name}", 1e6 * seconds, seconds / each["backprop"])
                    for name, seconds in each.items()
                ]
    return [Table("One update of a training", ("", "µs", "times ours"), rows)]
