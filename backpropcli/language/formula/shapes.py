"""What is about an array and not about its numbers: `x.shape`, `len(x)`, the arrays that `split(x, 3)` gives."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import FormulaError, OperationError
from backpropcli.language.formula.show import show

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language.formula.tree import Call, Expression, Index
    from backpropcli.ops.makers import Splitter
    from backpropcli.ops.shape import Shape


class Parts(NamedTuple):
    """What split(x, 3) gives: the array, and the index of each part; one of them is taken by number."""

    whole: Any
    indices: list[tuple[Any, ...]]
    written: Call

    @property
    def name(self) -> str:
        """split, or what it was called."""
        return self.written.name

    def error(self) -> FormulaError:
        """It is used as if it were one array."""
        e = self.written
        return FormulaError(
            f"{self.name} gives {len(self.indices)} arrays, and a value is one", hint=f"Take one of them: {show(e)}[0]"
        ).spanning(e.start, e.end)

    def one(self, index: tuple[Any, ...], e: Index) -> tuple[Any, ...]:
        """Where the part of a number stands in the array."""
        count = len(self.indices)
        if len(index) != 1 or type(index[0]) is not int:
            raise FormulaError(
                f"{self.name} gives {count} arrays: take one by its number", hint=f"{show(e.value)}[0]"
            ).spanning(e.start, e.end)
        if not -count <= index[0] < count:
            raise FormulaError(
                f"{self.name} gives {count} arrays: there is no number {index[0]}",
                hint=f"Counting starts at 0: the numbers are 0 to {count - 1}.",
            ).spanning(e.start, e.end)
        return self.indices[index[0]]


def split(graph: Graph, operation: Splitter, whole: Any, options: Mapping[str, Any], e: Call) -> Parts:
    """The arrays that split gives."""
    shape = shape_of(graph, number(whole, e))
    try:
        return Parts(whole, operation.parts(shape, options), e)
    except OperationError as error:
        raise error.spanning(e.start, e.end) from None


def shape_of(graph: Graph, value: Any) -> Shape:
    """The shape of a slot or of a constant."""
    return graph.shapes[value] if type(value) is int else tuple(getattr(value, "shape", ()))


def number(result: Any, e: Expression) -> Any:
    """A result that can be computed with: a slot or a constant, no shape and no Parts."""
    if isinstance(result, Parts):
        raise result.error()
    if isinstance(result, tuple):
        raise FormulaError(
            "a shape is not a number", hint="One of its sizes is x.shape[0], all entries x.size."
        ).spanning(e.start, e.end)
    return result


def numbers(sizes: tuple[int, ...]) -> Any:
    """A shape as an array of its sizes: prod(x.shape[1:])."""
    import numpy as np

    return np.array(sizes, float)


def size(sizes: tuple[Any, ...], index: tuple[Any, ...], e: Index) -> Any:
    """`x.shape[...]`."""
    try:
        found = sizes[index[0] if len(index) == 1 else index]  # type: ignore[index]
    except (IndexError, TypeError):
        shown = ", ".join(map(str, sizes))
        raise FormulaError(f"the shape is ({shown}): it has {len(sizes)} sizes").spanning(e.start, e.end) from None
    return found if isinstance(found, tuple) else float(found)


def rank(graph: Graph, value: Any) -> int:
    """How many axes a slot or a constant has."""
    return len(shape_of(graph, value))


def check_special(e: Call) -> None:
    """Raise FormulaError where `len`, `shape`, ... do not have one argument; size may have an axis."""
    if not 1 <= len(e.arguments) <= 1 + (e.name == "size") or e.keywords:
        example = "x.shape[0]" if e.name == "shape" else f"{e.name}(x)"
        raise FormulaError(f"{e.name} takes 1 argument here", hint=f"Such as {example}").spanning(e.start, e.end)


def special(graph: Graph, e: Call, value: Any, axis: Any = None) -> Any:
    """What a call that is about an array says of it; `x.size()` and `x.size(0)` are PyTorch's."""
    shape = shape_of(graph, number(value, e))
    if e.name == "shape" or (e.name == "size" and e.written == "method" and axis is None):
        return shape
    if axis is not None:
        return _size_along(shape, axis, e)
    if e.name in ("ndim", "dim"):
        return float(len(shape))
    if e.name == "len" and not shape:
        raise FormulaError("a number has no length").spanning(e.start, e.end)
    return float(prod(shape[:1] if e.name == "len" else shape))


def _size_along(shape: Shape, axis: Any, e: Call) -> float:
    if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        shown = ", ".join(map(str, shape))
        raise FormulaError(f"the shape is ({shown}): it has {len(shape)} sizes").spanning(e.start, e.end)
    return float(shape[axis])
