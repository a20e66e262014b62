"""How things are measured: interleaved, so that a busy machine slows all of them alike; medians, and plain tables."""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Table:
    """A title, headings and rows; the first column is text, the others are numbers."""

    def __init__(self, title: str, headings: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> None:
        self.title, self.headings, self.note = title, headings, note
        self.rows = [[shown(cell) for cell in row] for row in rows]

    def __str__(self) -> str:
        widths = [max(len(row[k]) for row in [self.headings, *self.rows]) for k in range(len(self.headings))]

        def line(cells: Sequence[str]) -> str:
            padded = [c.ljust(w) if k == 0 else c.rjust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True))]
            return "  " + "   ".join(padded).rstrip()

        rule = "  " + "─" * (sum(widths) + 3 * (len(widths) - 1))
        body = [line(self.headings), rule, *(line(row) for row in self.rows)]
        return "\n".join([self.title, "", *body, *([f"  {self.note}"] if self.note else []), ""])


def shown(cell: object) -> str:
    return (
        f"{cell:,.3g}"
        if isinstance(cell, float) and abs(cell) < 1000
        else f"{cell:,.0f}"
        if isinstance(cell, float)
        else str(cell)
    )


def interleaved(tasks: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """The median seconds of each task; each round runs all of them once, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for round_ in range(repeats + 1):
        for name, task in tasks.items():
            gc.collect()
            start = time.perf_counter()
            task()
            if round_:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def process(*words: str) -> Callable[[], None]:
    """A whole process of this Python, its output thrown away."""

    def task() -> None:
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    return task


def from_child(module: str, *words: str) -> Any:
    """What a module of ours prints as JSON, run in a process of its own so that its memory is its own too."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *words], cwd=ROOT, check=True, capture_output=True
    )
    return json.loads(done.stdout)


def memory() -> int:
    """The most memory that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the parent's memory at the fork too
        return 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
