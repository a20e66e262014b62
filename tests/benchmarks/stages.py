"""One run of ours, stage by stage, from a file to JSON text; printed as JSON: seconds, and bytes of memory."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def main(path: str) -> dict[str, float]:
    import backpropcli as bp
    from backpropcli.language import load
    from backpropcli.language.file import document
    from backpropcli.report.json import run_json
    from backpropcli.report.run_rows import result
    from tests.benchmarks.measure import memory

    gc.set_threshold(1_000_000, 50, 50)  # as the command line has it
    bp.loads("parameters: {w: 1}\nnodes: {J: tanh(w + w)*w + relu(w)}").run()  # imports, once
    before = memory()
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - start

    with stage("read"):
        document.read(path)
    with stage("load"):
        network = bp.Network(load(path))
    plan = network.plan()
    with stage("forward"):
        slots = plan.forward(network.values)
    with stage("backward"):
        plan.backward(slots, {network.graph.nodes["J"].slot: 1.0}, everything=False)
    trace = network.run()
    with stage("write"):
        size = sum(map(len, run_json(result(trace, path, "", None, False, {}))))
    seconds["parse"] = seconds.pop("load") - seconds["read"]
    return {**seconds, "slots": len(network.graph), "memory": memory() - before, "text": size}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
