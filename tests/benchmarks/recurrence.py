"""Recurrences, forward and backward, beside PyTorch in the same run, with the same threads."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from backpropcli import engine, language
from backpropcli.api import Network
from backpropcli.engine.repeated import Repeated
from tests.benchmarks.measure import Table, interleaved
from tests.benchmarks.train import REPEATS, repeated

TIMES, EXAMPLES, UNITS = 50, 32, 128
LSTM = f"""
inputs: {{x: {{normal: [{TIMES}, {EXAMPLES}, {UNITS}], seed: 1}}}}
parameters:
  w: {{normal: [{4 * UNITS}, {UNITS}], std: 0.08, seed: 1}}
  u: {{normal: [{4 * UNITS}, {UNITS}], std: 0.08, seed: 2}}
  b: {{normal: [{4 * UNITS}], std: 0.1, seed: 3}}
  c: {{normal: [{4 * UNITS}], std: 0.1, seed: 4}}
nodes:
  h: lstm(x, w, u, b, c)
  J: sum(h * h)
"""
STEPS, SIZE = 1024, 14
NAMES = ("wf", "bf", "wi", "bi", "wo", "bo", "wg", "bg", "c0", "h0")


def _layer(k: int, x: str) -> str:
    """GradBench's LSTM (from ADBench): weights entry by entry, and gates that see either the input or the state."""
    return f"""
  f{k}[t]: sigmoid({x} * wf{k} + bf{k})
  i{k}[t]: sigmoid(h{k}[t-1] * wi{k} + bi{k})
  o{k}[t]: sigmoid({x} * wo{k} + bo{k})
  g{k}[t]: tanh(h{k}[t-1] * wg{k} + bg{k})
  c{k}[0]: c0{k}
  c{k}[t]: c{k}[t-1] * f{k}[t] + i{k}[t] * g{k}[t]
  h{k}[0]: h0{k}
  h{k}[t]: o{k}[t] * tanh(c{k}[t])"""


def _weights() -> str:
    """The parameters of both layers, and those of the outputs."""
    layers = [f"{name}{k}" for k in (1, 2) for name in NAMES]
    return "\n".join(
        f"  {name}: {{normal: [{SIZE}], seed: {seed}}}" for seed, name in enumerate([*layers, "a", "v", "u"])
    )


GRADBENCH = f"""
inputs: {{x: {{normal: [{STEPS}, {SIZE}], seed: 99}}}}
parameters:
{_weights()}
nodes:{_layer(1, "x[t] * a")}{_layer(2, "h1[t]")}
  p[t]: h2[t] * v + u
  J: sum((p[:-1] - log(sum(exp(p[:-1]), axis=1, keepdims=True) + 2)) * x[1:])
"""


def _lstm(tensors: dict[str, Any]) -> Callable[[], Any]:
    """PyTorch's own layer, with the same weights."""
    import torch

    module = torch.nn.LSTM(UNITS, UNITS).to(tensors["x"].dtype)
    for name, own in zip("wubc", module.parameters(), strict=True):
        own.data = tensors[name].detach()

    def run() -> None:
        module.zero_grad()
        h, _ = module(tensors["x"])
        (h * h).sum().backward()

    return run


def _gradbench(tensors: dict[str, Any]) -> Callable[[], Any]:
    """The same formulas in PyTorch, time by time."""
    import torch

    sigmoid, tanh = torch.sigmoid, torch.tanh

    def turn(k: int, x: Any, c: Any, h: Any) -> tuple[Any, Any]:
        wf, bf, wi, bi, wo, bo, wg, bg, _, _ = (tensors[f"{name}{k}"] for name in NAMES)
        c = c * sigmoid(x * wf + bf) + sigmoid(h * wi + bi) * tanh(h * wg + bg)
        return c, sigmoid(x * wo + bo) * tanh(c)

    def run() -> None:
        for tensor in tensors.values():
            tensor.grad = None
        x, found = tensors["x"], []
        (c1, h1), (c2, h2) = ((tensors[f"c0{k}"], tensors[f"h0{k}"]) for k in (1, 2))
        for t in range(STEPS):
            c1, h1 = turn(1, x[t] * tensors["a"], c1, h1)
            c2, h2 = turn(2, h1, c2, h2)
            found.append(h2 * tensors["v"] + tensors["u"])
        p = torch.stack(found)[:-1]
        ((p - torch.log(torch.exp(p).sum(1, keepdim=True) + 2)) * x[1:]).sum().backward()

    return run


CASES: tuple[tuple[str, str, Callable[[dict[str, Any]], Callable[[], Any]]], ...] = (
    (f"LSTM, {TIMES} times, {UNITS} units, batch {EXAMPLES}", LSTM, _lstm),
    (f"GradBench's LSTM, {STEPS} times, 2 layers", GRADBENCH, _gradbench),
)


def _tasks(text: str, dtype: str, theirs: Callable[[dict[str, Any]], Callable[[], Any]]) -> dict[str, Any]:
    """Ours as training runs it, once as `run` does, and PyTorch's."""
    net = Network(language.loads(text, flags=language.Flags(memory="4GB")))
    plan = engine.Plan(net.graph, dtype)
    values = {name: np.asarray(value, dtype) for name, value in net.values.items()}
    found: dict[str, Any] = {"backprop": Repeated(plan, "J", net.parameters, values).run}
    found["backprop, a single run"] = lambda: engine.run(plan, values, "J")
    with suppress(ImportError):
        import torch

        tensors = {name: torch.tensor(value, requires_grad=name != "x") for name, value in values.items()}
        found["PyTorch"] = theirs(tensors)
    return found


def tables() -> list[Table]:
    rows: list[tuple[Any, ...]] = []
    for title, text, theirs in CASES:
        for dtype in ("float64", "float32"):
            tasks = {name: repeated(task) for name, task in _tasks(text, dtype, theirs).items()}
            times = interleaved(tasks, REPEATS)
            each = {name: times[name] / task.count for name, task in tasks.items()}  # type: ignore[attr-defined]
            rows += [
                (f"{title}, {dtype}: {name}", 1e3 * seconds, each["backprop"] / seconds)
                for name, seconds in each.items()
            ]
    return [Table("Recurrences, forward and backward", ("", "ms", "ours / theirs"), rows)]
