"""The gradient of a matrix that many others have met, one after the other: gathered in one product."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Options, Value


def left_gathered(xp: XP, o: Options, g: Value, a: Value, b: Value) -> Value:
    """The gradient of a matrix or vector a that many b have met: all their columns side by side, in one product."""
    (rows, columns), inner = o.product[-2:], o.lifted[0][-1]
    g = xp.reshape(g, (-1, rows, columns))
    b = xp.reshape(b, (-1, inner, columns))
    across = xp.reshape(xp.swapaxes(g, 0, 1), (rows, -1))
    return xp.reshape(xp.matmul(across, xp.reshape(xp.swapaxes(b, 1, 2), (-1, inner))), o.before[0])


def right_gathered(xp: XP, o: Options, g: Value, a: Value, b: Value) -> Value:
    """The gradient of a matrix or vector b that many a have met: all their rows below each other, in one product."""
    a = xp.reshape(a, (-1, o.lifted[0][-1]))
    g = xp.reshape(g, (-1, o.lifted[1][-1]))
    return xp.reshape(xp.matmul(xp.swapaxes(a, 0, 1), g), o.before[1])
