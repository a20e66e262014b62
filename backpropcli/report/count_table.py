"""What `backprop count` prints: N × P against N + P, in figures, in words and in time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.render.table import Column, Table

if TYPE_CHECKING:
    from backpropcli.engine.cost import Cost

WIDTH = 80
EVEN = 1.2
"""Times that differ by less than this factor are told as about equal."""


def count_table(found: Cost, source: str, width: int | None = None) -> Table:
    """Both ways side by side, and what the figures mean, in lines for a terminal of `width` columns."""
    n, p = found.nodes, found.parameters
    title = f"{source}   N = {counted(n, 'node')}, P = {counted(p, 'parameter')}"
    rows = [
        [
            "nudging each parameter",
            f"N × P = {n * p:,}",
            f"{found.nudged:,}",
            ("" if found.measured else "about ") + duration(found.nudging),
        ],
        ["backpropagation", f"N + P = {n + p:,}", f"{found.steps + found.back:,}", duration(found.both)],
    ]
    columns = [Column("way"), Column("evaluations"), Column("numbers", "right"), Column("time here", "right")]
    footers = [line for text in words(found) for line in [*textwrap.wrap(text, min(width or WIDTH, WIDTH)), ""]]
    return Table(columns, [rows], title, footers[:-1])


def words(found: Cost) -> Iterator[str]:
    """What the columns count, which way is cheaper here, and what becomes of it in a large network."""
    n, p = found.nodes, found.parameters
    if not p:
        yield "There are no parameters, so there is nothing to nudge."
        return
    every = "the node" if n == 1 else f"all {n:,} nodes"
    again = "once more" if p == 1 else f"again for each of {p:,} parameters"
    yield (
        f"Evaluations: nudging works out {every} {again}. Backpropagation works out {counted(n + p, 'gradient')}, "
        f"{n:,} of nodes and {p:,} of parameters, each of them once."
    )
    yield (
        "Numbers: what is really computed, every step inside the formulas and every entry of an array. One forward "
        f"pass is {found.steps:,}; backpropagation is that pass and {found.back:,} on the way back."
    )
    yield speed(found)
    if p > 1:
        yield (
            f"With 1,000 times the nodes and parameters: {n * p * 1_000_000:,} evaluations against {(n + p) * 1000:,}."
        )


def speed(found: Cost) -> str:
    """Which way was faster here, and why that may be nudging."""
    ratio = found.nudging / found.both
    timed = "Time" if found.measured else "Time (that of nudging is P forward passes, not run)"
    few = f"With {counted(found.parameters, 'parameter')} there is little to gain; it grows with their number."
    if ratio >= EVEN:
        times = f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"
        return f"{timed}: backpropagation is {times} times as fast here."
    if ratio > 1 / EVEN:
        return f"{timed}: both take about as long here. {few}"
    return f"{timed}: nudging is {1 / ratio:.2g} times as fast here. {few}"


def counted(n: int, noun: str) -> str:
    """`7 nodes`, `1 parameter`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def duration(seconds: float) -> str:
    """A time in the unit that suits it: `8.1 µs`, `2.3 ms`, `1.5 s`, `4 min`, `1.8 h`."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:.3g} {unit}"
    raise AssertionError


def count_json(found: Cost, source: str) -> Iterator[str]:
    """`backprop.count/1`: the counts, and times in seconds; `measured` where nudging was really timed."""
    from backpropcli.render.json import anything

    n, p = found.nodes, found.parameters
    yield (
        anything(
            {
                "format": "backprop.count/1",
                "spec": source,
                "nodes": n,
                "parameters": p,
                "nudging": {
                    "evaluations": n * p,
                    "numbers": found.nudged,
                    "seconds": found.nudging,
                    "measured": found.measured,
                },
                "backpropagation": {"evaluations": n + p, "numbers": found.steps + found.back, "seconds": found.both},
                "forward": {"numbers": found.steps, "seconds": found.forward},
            }
        )
        + "\n"
    )
