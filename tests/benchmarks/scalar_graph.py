"""A graph of 1e5 plain numbers, from file to JSON: microseconds a node, beside micrograd and PyTorch."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.benchmarks import scalar_network as network
from tests.benchmarks.measure import Table, from_child, interleaved, memory, process

NODES = 100_000
STAGES = ("read", "parse", "forward", "backward", "write")


def micrograd(nodes: int) -> dict[str, float]:
    """The same formulas in micrograd, where building and forward are one."""
    from tests.benchmarks.micrograd import Value

    operations = {"add": Value.__add__, "multiply": Value.__mul__, "tanh": Value.tanh, "relu": Value.relu}
    return _peer(nodes, Value, operations, lambda values: values[-1].backward())


def pytorch(nodes: int) -> dict[str, float]:
    """PyTorch's scalars, in float64, on one thread."""
    import torch

    torch.set_num_threads(1)
    operations = {"add": torch.add, "multiply": torch.mul, "tanh": torch.tanh, "relu": torch.relu}

    def number(x: float) -> Any:
        return torch.tensor(x, dtype=torch.float64, requires_grad=True)

    return _peer(nodes, number, operations, lambda values: values[-1].backward())


def _peer(nodes: int, number: Any, operations: dict[str, Any], backward: Any) -> dict[str, float]:
    sys.setrecursionlimit(10_000)
    network.evaluate(2 * network.WIDTH, number, operations)
    gc.collect()
    before = memory()
    start = time.perf_counter()
    values = network.evaluate(nodes, number, operations)
    middle = time.perf_counter()
    backward(values)
    end = time.perf_counter()
    return {"forward": middle - start, "backward": end - middle, "memory": memory() - before, "slots": len(values)}


def tables() -> list[Table]:
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for nodes in (NODES // 10, NODES):
            for kind, text in (("yaml", network.as_yaml(nodes)), ("json", network.as_json(nodes))):
                paths[nodes, kind] = Path(folder, f"{nodes}.{kind}")
                paths[nodes, kind].write_text(text, encoding="utf-8")
        return [_stages(paths), _linearity(paths)]


def _stages(paths: dict[tuple[int, str], Path]) -> Table:
    measured: dict[str, dict[str, float]] = {}
    for kind in ("yaml", "json"):
        runs = [from_child("stages", str(paths[NODES, kind])) for _ in range(3)]
        measured[f"backprop, {kind.upper()} file"] = min(runs, key=lambda run: sum(run[s] for s in STAGES))
    for name, module in (("micrograd", "micrograd"), ("pytorch", "torch")):
        if name == "micrograd" or find_spec(module):
            measured[name] = from_child("scalar_graph", name)
    ours = next(iter(measured.values()))
    rows = []
    for name, m in measured.items():
        per = [1e6 * m[s] / NODES if s in m else "-" for s in STAGES]
        both = m["forward"] + m["backward"]
        ratio = both / (ours["forward"] + ours["backward"])
        rows.append((name, *per, 1e6 * both / NODES, ratio, m["memory"] / NODES))
    heads = ("", *STAGES, "forward + backward", "ratio", "bytes a node")
    note = "A peer's forward includes building its graph; ours is built by read and parse."
    return Table(f"A scalar graph of {NODES:,} nodes: microseconds a node", heads, rows, note)


def _linearity(paths: dict[tuple[int, str], Path]) -> Table:
    words = ("-m", "backpropcli", "run")
    empty = interleaved({"start": process(*words, "examples/lecture.yaml", "--format", "json")}, 5)["start"]
    rows = []
    for kind in ("yaml", "json"):
        tasks = {str(n): process(*words, str(paths[n, kind]), "--format", "json") for n in (NODES // 10, NODES)}
        times = interleaved(tasks, 5)
        small, large = (times[str(n)] - empty for n in (NODES // 10, NODES))
        rows.append((f"{kind.upper()} to JSON", 1e6 * small / (NODES // 10), 1e6 * large / NODES, large / small))
    heads = ("", f"µs a node at {NODES // 10:,}", f"at {NODES:,}", "ten times the nodes: times the time")
    return Table("Linear? `backprop run FILE --format json` as a whole process, less its start-up", heads, rows)


if __name__ == "__main__":
    print(json.dumps({"micrograd": micrograd, "pytorch": pytorch}[sys.argv[1]](NODES)))
