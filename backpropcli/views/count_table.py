"""What `backprop count` prints: N × P against N + P, in figures, in words and in time."""

from __future__ import annotations

from collections.abc import Iterator

from backpropcli.engine.cost import Cost
from backpropcli.views.table import Column, Table


def count_table(found: Cost, source: str) -> Table:
    """Both ways side by side."""
    n, p = found.nodes, found.parameters
    title = f"{source}   N = {counted(n, 'node')}, P = {counted(p, 'parameter')}"
    again = f"{counted(n, 'node')} again for each of {counted(p, 'parameter')}"
    rows = [
        ["nudging each parameter", f"N × P = {n * p:,}", f"{found.nudged:,}", duration(found.nudging), again],
        ["backpropagation", f"N + P = {n + p:,}", f"{found.steps + found.back:,}", duration(found.both),
         f"{counted(n + p, 'gradient')}, each worked out once"],
    ]  # fmt: skip
    columns = [
        Column("way"), Column("evaluations"), Column("numbers", "right"), Column("time here", "right"),
        Column("what it does", elastic=True, wrap=True),
    ]  # fmt: skip
    return Table(columns, [rows], title, [f"With 1,000 times the nodes and parameters: "
                                          f"{n * p * 1_000_000:,} against {(n + p) * 1000:,}."])  # fmt: skip


def counted(n: int, noun: str) -> str:
    """`7 nodes`, `1 parameter`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def duration(seconds: float) -> str:
    """A time in the unit that suits it: `8.1 µs`, `2.3 ms`, `1.5 s`."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:.3g} {unit}"
    raise AssertionError


def count_json(found: Cost, source: str) -> Iterator[str]:
    """`backprop.count/1`: the counts, and times in seconds."""
    from backpropcli.views.json import anything

    n, p = found.nodes, found.parameters
    yield anything({
        "format": "backprop.count/1", "spec": source, "nodes": n, "parameters": p,
        "nudging": {"evaluations": n * p, "numbers": found.nudged, "seconds": found.nudging},
        "backpropagation": {"evaluations": n + p, "numbers": found.steps + found.back, "seconds": found.both},
        "forward": {"numbers": found.steps, "seconds": found.forward},
    }) + "\n"  # fmt: skip
