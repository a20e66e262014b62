"""The entries of an index: whole numbers, slices, lists, None, `...` and labels that are data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.planning import shown, whole
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


class Label:
    """In an index, the labels that come as argument number `argument` behind the array: see `picking`."""

    __slots__ = ("argument",)

    def __init__(self, argument: int) -> None:
        self.argument = argument

    def __repr__(self) -> str:
        return f"label{self.argument}"


def complete(index: tuple[Any, ...], shape: Shape) -> list[Any]:
    """The index with `...` written out; checks the kind of every entry and how many there are."""
    for entry in index:
        if isinstance(entry, bool):
            raise OperationError("True and False cannot be an index", hint="Choose by a condition: where(c, a, 0)")
        if isinstance(entry, float):
            raise OperationError(f"an index is a whole number, not {shown(entry)}")
        if not (entry is None or entry is ... or isinstance(entry, int | slice | list | Label)):
            raise OperationError(
                f"an index is a whole number, a slice such as 1:3, a list of whole numbers, None or ..., "
                f"not {shown(entry)}"
            )
    if sum(entry is ... for entry in index) > 1:
        raise OperationError("an index can have only one ...")
    used = sum(entry is not None and entry is not ... for entry in index)
    if used > len(shape):
        axes = "no axes: it is a plain number" if not shape else "1 axis" if len(shape) == 1 else f"{len(shape)} axes"
        raise OperationError(
            f"too many indices: {used} for the shape {show_shape(shape)}, which has {axes}",
        )
    rest = [slice(None)] * (len(shape) - used)
    if not any(entry is ... for entry in index):
        return [*index, *rest]
    at = next(k for k, entry in enumerate(index) if entry is ...)
    return [*index[:at], *rest, *index[at + 1 :]]


def single(entry: int, size: int, axis: int) -> int:
    """One index, counted from 0; OperationError where the axis has no such entry."""
    if not -size <= entry < size:
        whole(entry, "an index")
        last = f"the indices are 0 to {size - 1}" if size > 1 else "the only index is 0" if size else "it is empty"
        raise OperationError(
            f"index {entry} is out of range: axis {axis} has the size {size}",
            hint=f"Counting starts at 0: {last}." if size else "",
        )
    return entry % size


def span(entry: slice, size: int) -> slice:
    """A slice with its bounds worked out; a backward one that reaches the start ends at None."""
    for part in (entry.start, entry.stop, entry.step):
        if part is not None and (isinstance(part, bool) or not isinstance(part, int)):
            raise OperationError(f"the parts of a slice are whole numbers, not {shown(part)}")
    if entry.step == 0:
        raise OperationError("a slice cannot have the step 0")
    start, stop, step = entry.indices(size)
    if not range(start, stop, step):
        return slice(0, 0, 1)
    return slice(start, None if stop < 0 else stop, step)


def listed(entry: list[Any], size: int, axis: int) -> Any:
    """A list of indices, nested or not, as an array of whole numbers."""
    import numpy as np

    flat: list[int] = []
    lengths = _depths(entry, flat)
    return np.array([single(k, size, axis) for k in flat], dtype=np.intp).reshape(lengths)


def _depths(entry: list[Any], flat: list[int]) -> Shape:
    """The shape of a nested list; its numbers go into `flat`."""
    inner: set[Shape] = set()
    for item in entry:
        if isinstance(item, list | tuple):
            inner.add(_depths(list(item), flat))
        else:
            flat.append(_index_number(item))
            inner.add(())
    if len(inner) > 1:
        raise OperationError("the lists in an index differ in length")
    return (len(entry), *(inner.pop() if inner else ()))


def _index_number(item: Any) -> int:
    if isinstance(item, bool):
        raise OperationError("True and False cannot be an index", hint="Choose by a condition: where(c, a, 0)")
    return whole(item, "each index in a list")


def neighbours(index: tuple[Any, ...]) -> None:
    """Refuse lists and numbers that are apart (even by a `...` for no axis): NumPy moves their axis to the front."""
    places = [k for k, entry in enumerate(index) if isinstance(entry, int | list | Label)]
    if places[-1] - places[0] >= len(places):
        raise OperationError(
            "lists and numbers in an index must stand next to each other", hint="Index in two steps: a[0][:, [1, 2]]"
        )
