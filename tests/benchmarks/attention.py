"""Attention of 4 heads over 128 positions of 64 features, a batch of 16, forward and backward, beside PyTorch."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

import backpropcli as bp
from backpropcli.language import Flags, loads
from tests.benchmarks.measure import Table, interleaved

SPEC = """
parameters:
  q: {normal: [16, 128, 64], seed: 0}
  k: {normal: [16, 128, 64], seed: 1}
  v: {normal: [16, 128, 64], seed: 2}
inputs: {c: {normal: [16, 128, 64], seed: 3}}
nodes:
  z: attention(q, k, v, heads=4)
  J: sum(z * c)
"""
REPEATS = 25


def pytorch(values: dict[str, Any], fused: bool) -> Any:
    """The same in PyTorch: its own attention, or the textbook's formula."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    made = {name: torch.from_numpy(a).requires_grad_(name != "c") for name, a in values.items()}

    def heads(x: Any) -> Any:
        return x.view(16, 128, 4, 16).transpose(1, 2)

    def task() -> Any:
        for tensor in made.values():
            tensor.grad = None
        q, k, v = (heads(made[name]) for name in "qkv")
        z = scaled_dot_product_attention(q, k, v) if fused else (q @ k.mT / 4.0).softmax(-1) @ v
        z = z.transpose(1, 2).reshape(16, 128, 64)
        (z * made["c"]).sum().backward()
        return {name: made[name].grad.numpy() for name in "qkv"}

    return task


def tables() -> list[Table]:
    network = bp.Network(loads(SPEC, "attention", Flags(memory="1GB")))
    rows: list[tuple[Any, ...]] = []
    for dtype in ("float64", "float32"):
        values = {name: np.asarray(a, dtype) for name, a in network.values.items()}
        trace = network.run(values=values, dtype=dtype)
        tasks: dict[str, Any] = {
            f"backprop, {dtype}": lambda values=values, dtype=dtype: network.run(values=values, dtype=dtype)
        }
        worst: Any = ""
        with suppress(ImportError):
            plain = tasks[f"PyTorch, the formula, {dtype}"] = pytorch(values, fused=False)
            tasks[f"PyTorch, its own attention, {dtype}"] = pytorch(values, fused=True)
            worst = max(float(np.abs(trace.gradient(k) - g).max() / np.abs(g).max()) for k, g in plain().items())
        times = interleaved(tasks, REPEATS)
        peer = times.get(f"PyTorch, the formula, {dtype}", min(times.values()))
        rows += [(name, 1000 * s, s / peer, worst if name.startswith("backprop") else "") for name, s in times.items()]
    heads = ("", "ms", "ratio", "largest relative difference")
    return [Table(f"attention, 16 x 128 x 64, 4 heads, forward and backward, median of {REPEATS}", heads, rows)]
