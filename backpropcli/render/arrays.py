"""Arrays as grids of numbers, in full or with their middle left out as NumPy does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from backpropcli.notation.numbers import shape_of

if TYPE_CHECKING:
    from backpropcli.render.table import Grid

ELLIPSIS = "…"


def grid(value: Any, show: Callable[[float], str], edge: int | None = None) -> Grid:
    """The rows of an array: the last axis runs to the right, matrices stand under each other with an empty row between.

    Of an axis longer than 2 * edge + 1 entries `edge` at each end are shown (the first, where `edge` is 0); all of them
    where `edge` is None.
    """
    shape = shape_of(value)
    if 0 in shape:
        return [["empty"]]
    return list(_rows(value, shape, show, edge))


def elided(shape: tuple[int, ...], edge: int | None) -> bool:
    """Whether `grid` leaves something out of an array of this shape."""
    return edge is not None and any(size > max(2 * edge, 1) + (edge > 0) for size in shape)


def _places(size: int, edge: int | None) -> list[int]:
    """The entries of an axis that are shown; -1 stands for those left out."""
    if edge is None or not elided((size,), edge):
        return list(range(size))
    if not edge:
        return [0, -1]
    return [*range(edge), -1, *range(size - edge, size)]


def _rows(value: Any, shape: tuple[int, ...], show: Callable[[float], str], edge: int | None) -> Iterator[list[str]]:
    places = _places(shape[0], edge)
    if len(shape) == 1:
        if edge is None and hasattr(value, "tolist"):
            value = value.tolist()
        yield [ELLIPSIS if k < 0 else show(float(value[k])) for k in places]
        return
    for number, k in enumerate(places):
        if number and len(shape) > 2:
            yield []
        if k < 0:
            yield [ELLIPSIS]
        else:
            yield from _rows(value[k], shape[1:], show, edge)
