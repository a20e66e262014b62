"""Arrays that stay where they are, because they are large: their rows are taken batch by batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.language.data.deferred import Waiting

if TYPE_CHECKING:
    from backpropcli.language.data.rows import FileRows
    from backpropcli.language.training.split import Rows
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

LARGE = 4_000_000
"""An array of more numbers than this (32 MB) is large: a training with batches does not hold it."""
BLOCK = 1_000_000
"""About how many numbers are looked at together, where all are."""


class Kept(Waiting):
    """A large array: `take(rows)` gives these rows as float64; `make` would give all of them.

    `stamp` is a hash of what it is made from, and how.
    """

    __slots__ = ("stamp", "take")

    def __init__(self, shape: Shape, take: Callable[[Rows], Any], stamp: Callable[[], bytes]) -> None:
        super().__init__(shape, lambda: _whole(Kept(shape, take, stamp)))
        self.take, self.stamp = take, stamp

    def then(self, change: Callable[[Any], Any], shape: Shape, how: object) -> Kept:
        """Changed row by row into this shape; `how` says the change in a word, for the stamp."""
        stamp = self.stamp
        return Kept(
            shape, lambda rows: change(self.take(rows)), lambda: hashlib.sha256(stamp() + repr(how).encode()).digest()
        )


class Stored(Kept):
    """An array as it stands in a file, whose numbers may be taken in another shape."""

    __slots__ = ("rows",)

    def __init__(self, rows: FileRows) -> None:
        super().__init__(rows.shape, rows.take, rows.digest)
        self.rows = rows

    def reshaped(self, shape: Shape) -> Stored:
        """In another shape of as many numbers."""
        return Stored(self.rows.reshaped(shape))


def _whole(value: Kept) -> Value:
    import numpy as np

    return taken(value, np.arange(value.shape[0]))


def kept(value: object) -> bool:
    """Whether an array stays where it is."""
    return isinstance(value, Kept)


def taken(value: Any, rows: Rows) -> Any:
    """These rows of an array, as an array."""
    if not isinstance(value, Kept):
        return value[rows]
    size = _rows_at_once(value)
    if len(rows) <= size:
        return value.take(rows)
    import numpy as np

    result = np.empty((len(rows), *value.shape[1:]))
    for start in range(0, len(rows), size):  # what is made on the way to a row is not held for all of them
        result[start : start + size] = value.take(rows[start : start + size])
    return result


def _rows_at_once(value: Any) -> int:
    """How many rows have about BLOCK numbers."""
    width: int = prod(value.shape[1:])
    return max(1, BLOCK // max(1, width))


def fewer(value: Any, rows: Rows) -> Any:
    """These rows of an array; of one that is kept, to be taken later."""
    if not isinstance(value, Kept):
        return value[rows]
    return Kept((len(rows), *value.shape[1:]), lambda some: value.take(rows[some]), value.stamp)


def blocks(value: Any, rows: Rows | None = None) -> Iterator[tuple[Rows, Any]]:
    """These rows of an array, all of them where none are said, some at a time: their numbers, and they themselves."""
    import numpy as np

    size = _rows_at_once(value)
    count = value.shape[0] if rows is None else len(rows)
    for start in range(0, count, size):
        some = np.arange(start, min(start + size, count))
        some = some if rows is None else rows[some]
        yield some, taken(value, some)


class Spread(NamedTuple):
    """The mean and the standard deviation of each column, and whether all its numbers are equal."""

    mean: Any
    deviation: Any
    constant: Any


def spread(value: Any, rows: Rows | None = None) -> Spread:
    """Of these rows, looked at once, some at a time (Chan, Golub and LeVeque 1979)."""
    import numpy as np

    first = mean = squares = None
    constant: Any = True
    count = 0
    for _, block in blocks(value, rows):
        here = block.mean(axis=0)
        there = ((block - here) ** 2).sum(axis=0)
        if first is None:
            first, mean, squares, count = block[0], here, there, len(block)
        else:
            both, away = count + len(block), here - mean
            mean = mean + away * (len(block) / both)
            squares = squares + there + away**2 * (count * len(block) / both)
            count = both
        constant = constant & (block == first).all(axis=0)
    assert squares is not None, "there is a row"
    return Spread(mean, np.sqrt(squares / count), constant)
