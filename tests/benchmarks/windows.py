"""Convolutions and pools, forward and backward, beside PyTorch in the same run, with the same threads."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from backpropcli import engine, language
from backpropcli.api import Network
from backpropcli.engine.repeated import Repeated
from tests.benchmarks.measure import Table, interleaved
from tests.benchmarks.train import REPEATS, repeated

EXAMPLES = 64
CONVOLUTIONS = f"""
inputs: {{x: {{normal: [{EXAMPLES}, 1, 28, 28], seed: 1}}}}
parameters:
  K1: {{normal: [8, 1, 3, 3], seed: 2}}
  b1: {{normal: [8], seed: 3}}
  K2: {{normal: [16, 8, 3, 3], seed: 4}}
  b2: {{normal: [16], seed: 5}}
nodes:
  a1: relu(conv2d(x, K1, b1, padding=1))
  z2: conv2d(a1, K2, b2, padding=1)
  J: sum(z2 * z2)
"""
POOL = f"""
parameters: {{x: {{normal: [{EXAMPLES}, 16, 28, 28], seed: 1}}}}
nodes: {{p: "POOL(x, 2)", J: sum(p * p)}}
"""


class Case(NamedTuple):
    """A network, and PyTorch's functions for it: of its values, in the order of the file."""

    title: str
    text: str
    loss: Callable[..., Any]


def convolutions(x: Any, k1: Any, b1: Any, k2: Any, b2: Any) -> Any:
    """PyTorch's two convolutions."""
    import torch

    conv2d = torch.nn.functional.conv2d
    z2 = conv2d(torch.relu(conv2d(x, k1, b1, padding=1)), k2, b2, padding=1)
    return (z2 * z2).sum()


def pool(name: str) -> Callable[[Any], Any]:
    """PyTorch's pool."""

    def loss(x: Any) -> Any:
        import torch

        p = getattr(torch.nn.functional, name)(x, 2)
        return (p * p).sum()

    return loss


CASES = (
    Case("conv 1 → 8 → 16, 28 × 28, batch 64", CONVOLUTIONS, convolutions),
    Case("max_pool2d of 16 × 28 × 28, batch 64", POOL.replace("POOL", "max_pool2d"), pool("max_pool2d")),
    Case("avg_pool2d of 16 × 28 × 28, batch 64", POOL.replace("POOL", "avg_pool2d"), pool("avg_pool2d")),
)


def tasks(case: Case, dtype: str) -> dict[str, Any]:
    """Ours as training runs it, once as `run` does, and PyTorch's."""
    net = Network(language.loads(case.text, flags=language.Flags(memory="4GB")))
    plan = engine.Plan(net.graph, dtype)
    values = {name: np.asarray(value, dtype) for name, value in net.values.items()}
    found: dict[str, Any] = {"backprop": Repeated(plan, "J", net.parameters, values).run}
    found["backprop, a single run"] = lambda: engine.run(plan, values, "J")
    with suppress(ImportError):
        import torch

        tensors = {name: torch.tensor(value) for name, value in values.items()}
        for name in net.parameters:
            tensors[name].requires_grad_()

        def pytorch() -> None:
            for name in net.parameters:
                tensors[name].grad = None
            case.loss(*tensors.values()).backward()

        found["PyTorch"] = pytorch
    return found


def tables() -> list[Table]:
    rows: list[tuple[Any, ...]] = []
    for case in CASES:
        for dtype in ("float64", "float32"):
            all_tasks = {name: repeated(task) for name, task in tasks(case, dtype).items()}
            times = interleaved(all_tasks, REPEATS)
            each = {name: times[name] / task.count for name, task in all_tasks.items()}  # type: ignore[attr-defined]
            rows += [
                (f"{case.title}, {dtype}: {name}", 1e3 * seconds, each["backprop"] / seconds)
                for name, seconds in each.items()
            ]
    return [Table("Windows, forward and backward", ("", "ms", "ours / theirs"), rows)]
