"""What the formulas share: settings that are judged, weights that fit, and a weight for each channel."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.planning import number, shown
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from backpropcli.ops.formula import Case


def positive(value: Any, name: str, zero: bool = True) -> float:
    """An option that is a finite number, at least 0 (or above 0)."""
    found = float(number(value, name))
    if not isfinite(found) or found < 0 or (found == 0 and not zero):
        raise OperationError(f"{name} is a number {'of at least' if zero else 'above'} 0, not {shown(value)}")
    return found


REDUCTIONS = ("mean", "sum", "none")


def reduced(case: Case, entry: str, shape: Shape) -> str:
    """A loss of `shape`, an entry an example, as `reduction` says: their mean, their sum, or each by itself."""
    word = reduction(case)
    return entry if word == "none" or not shape else f"{word}({entry})"


def reduction(case: Case, words: tuple[str, ...] = REDUCTIONS) -> str:
    """The option of this name, one of a few words."""
    word = case.options.reduction
    if word not in words:
        listed = ", ".join(f"'{w}'" for w in words[:-1])
        raise OperationError(f"reduction is {listed} or '{words[-1]}', not {shown(word)}")
    return str(word)


def same_shape(case: Case, *names: str) -> Shape:
    """The one shape of these arguments. Nothing broadcasts by accident: (4,1) beside (4,) would be 16 differences."""
    first, *rest = names
    for name in rest:
        if case.shapes[name] != case.shapes[first]:
            raise OperationError(
                f"{first} has the shape {show_shape(case.shapes[first])} and {name} {show_shape(case.shapes[name])}",
                hint="A loss compares entry by entry: both need the same shape.",
            )
    return case.shapes[first]


def fits(case: Case, name: str, shape: Shape, why: str) -> None:
    """Raise OperationError where an argument is there and has another shape than it should."""
    if case.given(name) and case.shapes[name] != shape:
        raise OperationError(
            f"{name} has the shape {show_shape(case.shapes[name])}: it needs {show_shape(shape)}, {why}"
        )


def ranked(case: Case, name: str, least: int, layout: str) -> Shape:
    """The shape of an argument that needs so many axes at least; `layout` says what they are: `(N, C, ...)`."""
    shape = case.shapes[name]
    if len(shape) < least:
        raise OperationError(
            f"{name} has the shape {show_shape(shape)}: it needs {layout}", hint=f"At least {least} axes."
        )
    return shape


def by_channel(name: str, shape: Shape) -> str:
    """One number a channel, beside an array (N, C, ...): `weight`, or `weight[:, None, None]` where axes follow."""
    return name if len(shape) == 2 else f"{name}[:{', None' * (len(shape) - 2)}]"


def scaled(value: str, weight: str, bias: str) -> str:
    """`value * weight + bias`, without what is left out."""
    return value + (f" * {weight}" if weight else "") + (f" + {bias}" if bias else "")
