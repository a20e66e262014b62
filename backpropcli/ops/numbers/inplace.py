"""What a recorder has written down, made again: on arrays, into places that are kept; or on plain floats."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.ops.numbers import array, recorder, scalar

if TYPE_CHECKING:
    from collections.abc import Callable

UFUNCS: dict[str, Any] = {
    **{name: getattr(np, name) for name in (*recorder.UNARY.split(), *recorder.BINARY.split()) if hasattr(np, name)},
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "round": np.rint,
    "maximum": lambda a, b, out: np.maximum(a, b, out=out),
    "minimum": lambda a, b, out: np.minimum(a, b, out=out),
}
"""What makes an entry of the recorder's tape, with the result's place as its last argument."""
TRUTH = frozenset(("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"))
PLAIN: dict[str, Callable[..., Any]] = {
    **recorder.KNOWN,
    **{name: getattr(scalar.xp, name) for name in (*recorder.UNARY.split(), *recorder.BINARY.split())},
    "div": operator.truediv,
}
"""The same of plain floats, which raise where there is no finite answer."""


def chosen(condition: Any, a: Any, b: Any, out: Any) -> None:
    """`a` where the condition holds, else `b`."""
    if isinstance(condition, np.ndarray):
        np.copyto(out, b)
        np.copyto(out, a, where=condition)
    else:
        np.copyto(out, a if condition else b)


def function(name: str) -> Callable[..., Any]:
    """What makes an entry of this name: `(*arguments, out)`."""
    if name == "where":
        return chosen
    if name in UFUNCS:
        return UFUNCS[name]  # type: ignore[no-any-return]  # they are NumPy's
    whole = getattr(array.xp, name)
    return lambda *arguments: np.copyto(arguments[-1], whole(*arguments[:-1]))


SHORTER: dict[tuple[str, float], Any] = {("power", 2.0): np.square, ("power", 0.5): np.sqrt}
"""What is made faster without its second number."""
