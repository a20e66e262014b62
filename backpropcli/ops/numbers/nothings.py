"""Arrays in which NOTHING may stand: object arrays, as those of mpf and of recorded numbers are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backpropcli.ops.numbers.nothing import NOTHING, Nothing


class Reached(np.ndarray):
    """An array of gradients, 0 where no path came by: those entries are marked in `nothing`. Its views know none."""

    nothing: Any = None


def objects(z: Any) -> bool:
    """Whether it is an array of objects, NOTHING perhaps among them."""
    return getattr(getattr(z, "dtype", None), "kind", "") == "O"


def where_nothing(z: Any) -> Any:
    """A mark on every entry that is NOTHING."""
    return np.fromiter((x is NOTHING for x in z.flat), bool, z.size).reshape(z.shape)


def lifted(value: Any) -> Any:
    """An array of gradients with NOTHING again where it was."""
    marks = value.nothing if type(value) is Reached else None
    if marks is None:
        return value
    return with_nothing(value, marks)


def with_nothing(value: Any, marks: Any) -> Any:
    """An array of objects, NOTHING where it is marked."""
    result = np.asarray(value).astype(object)
    result[marks] = NOTHING
    return result


def settled(value: Any, xp: Any) -> Any:
    """An array of the namespace `xp`, 0 and marked as such where there is NOTHING."""
    if not objects(value):
        return value
    marks = where_nothing(value)
    if not marks.any():
        return xp.asarray(value)
    plain = value.copy()
    plain[marks] = 0.0
    result = xp.asarray(plain).view(Reached)
    result.nothing = marks
    return result


def functions(xp: Any) -> Mapping[str, Callable[..., Any]]:
    """What takes the place of the namespace's own functions."""

    def where(condition: Any, a: Any, b: Any) -> Any:
        """The namespace's own, unless NOTHING is chosen anywhere."""
        if a is not NOTHING and b is not NOTHING and not (objects(a) or objects(b)):
            return xp.where(condition, a, b)
        chosen = np.where(condition, _boxed(a), _boxed(b))
        return chosen if chosen.ndim else chosen[()]

    def divide(a: Any, b: Any) -> Any:
        """The namespace's own, entry by entry where there are objects; nothing, divided, is nothing."""
        if a is NOTHING or objects(a) or objects(b):
            return np.frompyfunc(lambda x, y: x if x is NOTHING else xp.divide(x, y), 2, 1)(_boxed(a), b)
        return xp.divide(a, b)

    def eye(*sizes: Any, **options: Any) -> Any:
        """Off the diagonal stands what is not looked at."""
        return np.where(np.eye(*sizes, **options) == 1, 1.0, _boxed(NOTHING))

    def zeros(shape: Any) -> Any:
        """A buffer into which nothing has come yet."""
        return np.full(shape, NOTHING, object)

    def asarray(z: Any) -> Any:
        return np.asarray(z, object) if isinstance(z, Nothing) or objects(z) else xp.asarray(z)

    own: dict[str, Callable[..., Any]] = {"divide": divide, "eye": eye, "zeros": zeros}
    return own | ({"where": where, "asarray": asarray} if hasattr(xp, "whole") else {})  # a recorder has its own


def _boxed(z: Any) -> Any:
    return np.asarray(z, object)
