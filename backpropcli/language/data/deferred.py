"""Arrays that wait: of known shape, made or read only when the whole network has been judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from backpropcli.errors import UsageError
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value

LARGEST_ARRAY = 50_000_000
"""The most numbers that one value may have (400 MB)."""
LARGEST_KEPT = 20_000_000_000
"""The most numbers of an array that stays in its file, and is taken batch by batch (160 GB)."""
MOST_NUMBERS = 8_000_000
"""The most numbers that the arrays of one network may have, gradients included (64 MB), unless its files hold many."""
AT_ONCE = 10_000
"""An array of no more numbers than this is made at once."""


class Waiting:
    """An array of this shape, which `make` makes."""

    __slots__ = ("make", "shape")

    def __init__(self, shape: Shape, make: Callable[[], Value]) -> None:
        self.shape = shape
        self.make = make


def waiting(shape: Shape, make: Callable[[], Value]) -> Value:
    """The array at once where it is small, else one that waits."""
    return make() if prod(shape) <= AT_ONCE else Waiting(shape, make)


def ready(value: Value) -> Value:
    """A value to compute with: one that waits is made now."""
    return value.make() if isinstance(value, Waiting) else value


def allowance(memory: str | None, read: int) -> float:
    """How many numbers a network may have: what `--memory` says, else by the bytes that its files have (`read`)."""
    if memory is None:
        return max(MOST_NUMBERS, 4 * read)
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([kKmMgGtT])i?[bB]?\s*", memory)
    if found is None:
        raise UsageError(f"--memory {memory}: expected a size, such as 500MB or 4GB")
    return float(found[1]) * {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[found[2].upper()] / 8


def transposed(matrix: Value) -> Value:
    """The transposed matrix, which waits where the matrix does."""
    if isinstance(matrix, Waiting):
        return Waiting(matrix.shape[::-1], lambda: ready(matrix).T.copy())
    return matrix.T.copy()


def too_large(shape: Shape, most: int = LARGEST_ARRAY) -> str:
    """The message for a shape of too many numbers; empty where it is small enough."""
    count = prod(shape)
    return f"{show_shape(shape)} is too large: {count:.3g} numbers, at most {most:.3g}" if count > most else ""
