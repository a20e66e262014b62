"""Numbers that an exercise tells, in as many digits as an answer takes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.notation.numbers import Precision, exact, nested
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.derivation.worked import Worked

WRITTEN, WRITTEN_MANY, ROUNDED = 15, 12, 1e-4
"""A given number of up to so many digits is shown whole, alone or in an array; any other may be off by this part."""
MOST_TOLD, MOST_DATA = 64, 400
"""An array of more entries is not told: what was worked out, and what is data."""


def identified(worked: Worked, name: str) -> str | None:
    """A given number as text, with all the digits that it was written with; None for an array that is too large."""
    node = worked.graph.nodes.get(name)
    data = node is not None and node.kind != "node"
    if prod(worked.shape(name)) > (MOST_DATA if data else MOST_TOLD):
        return None
    return told_apart(worked, worked.value(name), data)


def told_apart(worked: Worked, value: Any, data: bool = False) -> str:
    """A number or an array, `[1 2]`, in the digits asked for, or in as many more as an answer takes.

    With w = 1.04 shown as 1, no answer could be right. `data` has all of its digits, if it was written with few.
    """

    written = WRITTEN_MANY if getattr(value, "shape", ()) else WRITTEN

    def show(x: float) -> str:
        text = worked.precision.show(x)
        if data and float(text) != x == float(f"{x:.{written}g}"):
            return exact(x)
        return text if abs(float(text) - x) <= ROUNDED * abs(x) or x - x != 0 else Precision().show(x)

    return nested(value, show).replace(", ", " ")


def counted(shape: tuple[int, ...]) -> str:
    """`3 numbers`, `2 rows of 3 numbers`."""
    if len(shape) == 2:
        return f"{shape[0]} {'row' if shape[0] == 1 else 'rows'} of {counted(shape[1:])}"
    many = prod(shape)
    return f"{many} {'number' if many == 1 else 'numbers'}" if len(shape) == 1 else f"of shape {show_shape(shape)}"
