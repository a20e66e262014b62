"""The parameters of a function from outside: named numbers in rows, without NumPy, and how one of them is moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.errors import UsageError
from backpropcli.ops.definition import show_shape

Probe = Sequence[tuple[int, int, float]]
"""Where a function is asked: (which tensor, which of its numbers, its value there); all others stay as they are."""


class Tensor(NamedTuple):
    """A parameter: `shape` is () for a plain number; its numbers in rows, last axis fastest."""

    name: str
    shape: tuple[int, ...]
    numbers: list[float]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return len(self.numbers)

    def index_of(self, flat: int) -> tuple[int, ...]:
        """The index of a number, from its place in the row."""
        found: list[int] = []
        for n in reversed(self.shape):
            flat, k = divmod(flat, n)
            found.append(k)
        return tuple(reversed(found))

    def __str__(self) -> str:
        return f"{self.name} {show_shape(self.shape)}" if self.shape else self.name


def tensor(name: str, value: Any) -> Tensor:
    """A number, a nested list or an array as a tensor; UsageError for anything else."""
    try:
        return Tensor(name, *flattened(value))
    except ValueError as error:
        raise UsageError(f"{name} {error}") from None


def flattened(value: Any, words: Mapping[str, float] | None = None) -> tuple[tuple[int, ...], list[float]]:
    """The shape and the numbers of a number, nested lists or an array; `words` are strings that stand for numbers.

    Raises ValueError, whose text goes on behind a name: `has rows of different lengths`.
    """
    if hasattr(value, "detach"):  # a tensor of PyTorch
        value = value.detach()
    if hasattr(value, "tolist"):
        value = value.tolist()
    shape: list[int] = []
    level: list[Any] = [value]
    while isinstance(level[0], list | tuple):
        size = len(level[0])
        if any(not isinstance(row, list | tuple) or len(row) != size for row in level):
            raise ValueError("has rows of different lengths")
        if not size:
            raise ValueError("holds no numbers")
        shape.append(size)
        level = [entry for row in level for entry in row]
    return tuple(shape), list(_floats(level, words or {}))


def _floats(entries: Sequence[Any], words: Mapping[str, float]) -> Iterator[float]:
    for entry in entries:
        if isinstance(entry, str) and entry.strip().lower() in words:
            yield words[entry.strip().lower()]
        elif isinstance(entry, bool | complex) or not hasattr(entry, "__float__"):
            kind = "has rows of different lengths" if isinstance(entry, list | tuple) else (
                "is null" if entry is None else f"is {str(entry).lower()}" if isinstance(entry, bool)
                else f'is the text "{entry[:40]}"' if isinstance(entry, str) else f"is a {type(entry).__name__}")
            raise ValueError(kind if kind.startswith("has") else f"{kind}, not a number")
        else:
            yield _float(entry)


def _float(entry: Any) -> float:
    try:
        return float(entry)
    except OverflowError:
        raise ValueError("is larger than any float (1.8e308)") from None


def same_name(key: str, names: Sequence[str]) -> str | None:
    """The parameter that a gradient's name means: `W1`, `dJ/dW1`, `grad_W1` and `dW1` are all W1."""
    if key in names:
        return key
    bare = re.sub(r"^(?:d\w*/d|[∂]\w*/[∂]|grad_|d_|d)|(?:_grad|\.grad)$", "", key)
    return bare if bare in names else None
