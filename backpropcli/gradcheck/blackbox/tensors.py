"""The parameters of a function from outside: named numbers in rows, without NumPy, and how one of them is moved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.errors import UsageError
from backpropcli.ops.shape import show_shape

Probe = Sequence[tuple[int, int, float]]
"""Where a function is asked: (which tensor, which of its numbers, its value there); all others stay as they are."""


class Line:
    """A line through the parameters: these moves (tensor, number, where it is, how far it goes) for every step of 1.

    `rounded` says what a function takes for a number that it is sent.
    """

    def __init__(
        self, moves: Sequence[tuple[int, int, float, float]], rounded: Callable[[float], float] | None = None
    ) -> None:
        self.moves = moves
        self.rounded = rounded
        self._arrays: list[tuple[int, Any, Any, Any]] = []

    def arrays(self) -> list[tuple[int, Any, Any, Any]]:
        """The moves tensor by tensor, as arrays: which numbers, where they are, how far they go."""
        import numpy as np

        if not self._arrays:
            parts: dict[int, list[tuple[int, int, float, float]]] = {}
            for move in self.moves:
                parts.setdefault(move[0], []).append(move)
            for t, part in parts.items():
                _, flat, x, d = zip(*part, strict=True)
                self._arrays.append((t, np.array(flat), np.array(x), np.array(d)))
        return self._arrays


class Along(Sequence[tuple[int, int, float]]):
    """The probe at the place `t` of a line."""

    def __init__(self, line: Line, t: float) -> None:
        self.line = line
        self.t = t

    def __len__(self) -> int:
        return len(self.line.moves)

    def __getitem__(self, k: Any) -> Any:
        return list(self)[k]

    def __iter__(self) -> Iterator[tuple[int, int, float]]:
        t, rounded = self.t, self.line.rounded or float
        return ((tensor, flat, rounded(x + t * d)) for tensor, flat, x, d in self.line.moves)

    def moved(self) -> Iterator[tuple[int, Any, Any]]:
        """Tensor by tensor, as arrays: which numbers are moved, and to where."""
        for tensor, flat, x, d in self.line.arrays():
            there = x + self.t * d
            yield tensor, flat, there.astype("f").astype(float) if self.line.rounded else there


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
            kind = (
                "has rows of different lengths"
                if isinstance(entry, list | tuple)
                else (
                    "is null"
                    if entry is None
                    else f"is {str(entry).lower()}"
                    if isinstance(entry, bool)
                    else f'is the text "{entry[:40]}"'
                    if isinstance(entry, str)
                    else f"is a {type(entry).__name__}"
                )
            )
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
