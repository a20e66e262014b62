"""Shapes, and how they are written."""

from __future__ import annotations

Shape = tuple[int, ...]


def show_shape(shape: Shape) -> str:
    """A shape as the tables print it: `(2,3)`, `(2,)`, `()`."""
    inner = ",".join(map(str, shape))
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
