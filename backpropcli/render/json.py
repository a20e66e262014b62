"""JSON: numbers round-trip exactly, non-finite ones are strings; written a row a line, in linear time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from backpropcli.safe import quoted

CHUNK = 2_000
"""Rows that are joined before they are written."""


def listed(items: Iterable[str]) -> Iterator[str]:
    """The items of a list, each on its own line, in large chunks."""
    chunk: list[str] = []
    before = "\n  "
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield before + ",\n  ".join(chunk)
            before = ",\n  "
            chunk.clear()
    if chunk:
        yield before + ",\n  ".join(chunk)
    if chunk or before[0] == ",":
        yield "\n"


def number(x: float) -> str:
    """The shortest text that reads back as the same float64 (2.0 keeps its point); "NaN", "Infinity" where it is none.

    >>> number(0.1), number(float("nan"))
    ('0.1', '"NaN"')
    """
    if x - x == 0:
        return float.__repr__(x) if isinstance(x, float) else repr(float(x))
    return '"NaN"' if x != x else '"Infinity"' if x > 0 else '"-Infinity"'


def array(value: Any) -> str:
    """A number, or nested lists of numbers."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        return number(value)
    if value and not isinstance(value[0], list):
        return f"[{', '.join(map(number, value))}]"
    return f"[{', '.join(map(array, value))}]"


def text(value: str | None) -> str:
    """A string, or null."""
    return "null" if value is None else quoted(value)


def anything(value: Any) -> str:
    """A value of plain Python or NumPy types, in the same spelling."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(str(k))}: {anything(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(anything, value))}]"
    return array(value)
