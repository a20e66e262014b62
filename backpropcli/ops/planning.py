"""What the planners of structural operations share: axes, sizes and flags from literals, with errors that teach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.shape import Shape, show_shape

LARGEST = 50_000_000
"""No array here has more numbers than this (400 MB)."""
MOST_AXES = 32
"""NumPy allows 64; the other half is left to stacked copies."""
LARGEST_WHOLE = 2**62


def sample(*shapes: Shape, **options: Any) -> tuple[Sequence[Shape], Mapping[str, Any]]:
    """One of an operation's samples: the arguments' shapes, and the options."""
    return shapes, options


def shown(value: Any) -> str:
    """A literal as it is written, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print an integer of thousands of digits
        text = "a number with thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."


def whole(value: Any, name: str) -> int:
    """An option that is a whole number; a float is refused even where it is integral, as NumPy does."""
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_WHOLE:
        raise OperationError(f"{name} is a whole number: write {int(value)}, not {shown(value)}")
    if isinstance(value, bool) or not isinstance(value, int):
        raise OperationError(f"{name} is a whole number, not {shown(value)}")
    if abs(value) > LARGEST_WHOLE:
        raise OperationError(f"{name} is too large")
    return value


def number(value: Any, name: str) -> int | float:
    """An option that is any number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OperationError(f"{name} is a number, not {shown(value)}")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise OperationError(f"{name} is too large")
    return value


def flag(value: Any, name: str) -> bool:
    """An option that is on or off."""
    if not isinstance(value, bool):
        raise OperationError(f"{name} is True or False, not {shown(value)}")
    return value


def sizes(value: Any, name: str = "shape") -> Shape:
    """A shape written as a number or as a tuple of them; -1 is let through, for `reshape`."""
    entries = tuple(value) if isinstance(value, tuple | list) else (value,)
    for entry in entries:
        if whole(entry, f"each size in {name}" if isinstance(value, tuple | list) else name) < -1:
            raise OperationError(f"a size cannot be negative: {name} is {shown(value)}")
    return entries


def counts(value: Any, name: str = "shape") -> Shape:
    """A shape that is complete: no -1 in it."""
    shape = sizes(value, name)
    if -1 in shape:
        raise OperationError(f"a size cannot be negative: {name} is {shown(value)}")
    return shape


def bounded(shape: Shape) -> Shape:
    """`shape`, unless an array of it would be too large to make."""
    if len(shape) > MOST_AXES:
        raise OperationError(f"the result would have {len(shape)} axes", hint=f"At most {MOST_AXES} are possible here.")
    count = prod(shape)
    if count > LARGEST:
        raise OperationError(
            f"the result would have the shape {show_shape(shape)}: {count:,} numbers",
            hint=f"At most {LARGEST:,} numbers are possible in one array here.",
        )
    return shape


def axis_of(value: Any, shape: Shape, name: str = "axis") -> int:
    """One axis of `shape`, counted from the right: -1 is the last one."""
    axis, rank = whole(value, name), len(shape)
    if -rank <= axis < rank:
        return axis if axis < 0 else axis - rank
    if not rank:
        raise OperationError(f"a plain number has no axes, so {name}={axis} does not exist")
    here = "The only axis is 0." if rank == 1 else f"Axes are 0 to {rank - 1}, or -1 to -{rank} from the right."
    raise OperationError(f"{name}={axis} does not exist in the shape {show_shape(shape)}", hint=here)


def axes_of(value: Any, shape: Shape, name: str = "axis") -> tuple[int, ...]:
    """Axes of `shape`, counted from the right, in order; None means all of them."""
    if value is None:
        return tuple(range(-len(shape), 0))
    if not isinstance(value, tuple | list):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise OperationError(f"{name} is a whole number, a tuple of them or None, not {shown(value)}")
        return (axis_of(value, shape, name),)
    axes = [axis_of(entry, shape, name) for entry in value]
    if len(set(axes)) < len(axes):
        raise OperationError(f"{name}={shown(value)} names an axis twice")
    return tuple(sorted(axes))


def new_axes(value: Any, rank: int) -> tuple[int, ...]:
    """Axes of a result that will have `rank` of them, counted from the right, in order."""
    try:
        return axes_of(value, (1,) * rank)
    except OperationError as error:
        if "does not exist" not in error.message:
            raise
        axes = "1 axis" if rank == 1 else f"{rank} axes"
        raise OperationError(f"axis={shown(value)} does not exist: the result has {axes}", hint=error.hint) from None


def reduced(shape: Shape, axes: Sequence[int], keepdims: bool) -> Shape:
    """The shape that is left when `axes` (from the right) are reduced."""
    rank = len(shape)
    if keepdims:
        return tuple(1 if k - rank in axes else size for k, size in enumerate(shape))
    return tuple(size for k, size in enumerate(shape) if k - rank not in axes)
