"""What both passes go by: how a step's arguments are read, and how it is run in a number system."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Body, Value

UNARY = -1
GENERAL = -2
"""In the place of a second argument's slot: there is none; or all arguments are to be looked up."""


def odd_case(body: Body, *arguments: Value) -> float:
    """The body's value by NumPy's float64, which gives inf and nan where Python's floats raise."""
    import numpy as np

    from backpropcli.ops.numbers.array import xp

    with np.errstate(all="ignore"):
        return float(body(xp, *[np.float64(a) for a in arguments]))


def convert(xp: XP, value: Value) -> Value:
    """A float or an array as a number of `xp`."""
    return xp.asarray(value) if getattr(value, "ndim", 0) else xp.number(value)


def quietly(xp: XP) -> AbstractContextManager[Any]:
    """NumPy's warnings off while an array namespace runs: inf and nan are results here, and reported as such."""
    if xp.raises:
        return nullcontext()
    import numpy as np

    return np.errstate(all="ignore")
