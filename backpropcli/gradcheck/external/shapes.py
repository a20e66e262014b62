"""A gradient that has not the shape of what it is the gradient of: which sum is missing, or one too many."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from backpropcli.gradcheck.external.error_patterns import gradient_name
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.gradcheck.external.naming import Match

MOST = 5
"""Of arrays with more axes no sums are tried."""


def shape_sentences(trace: Trace, m: Match, tolerance: float) -> Iterator[str]:
    """A sentence on what is wrong with the shape, and the sum that would give (or gave) the numbers, if one does."""
    import numpy as np

    theirs, right = np.asarray(m.value, float), np.asarray(trace.gradient(m.name), float)
    have = f"{gradient_name(trace, m.name)} has the shape {show_shape(theirs.shape)}"
    allowed = 4.0 * tolerance * max(1.0, theirs.size / max(right.size, 1)) ** 0.5
    finite = np.isfinite(theirs).all() and np.isfinite(right).all()
    reason = _reason(theirs, right, allowed) if finite else ""
    yield f"{have}, and {m.name} has {show_shape(right.shape)}: {reason or 'a gradient has the shape of its value'}."


def _reason(theirs: Any, right: Any, allowed: float) -> str:
    """The sum, or the mean, that is missing or too much; empty where none gives these numbers."""
    for axes, sums in _sums(theirs):
        if _same(sums, right, allowed):
            return f"the sum over {_axes(axes)}, which broadcasting stretched, is missing (np.sum)"
        if _same(sums / (theirs.size // max(sums.size, 1)), right, allowed):
            return f"the mean over {_axes(axes)}, the examples, is missing"
    for axes, sums in _sums(right):
        if _same(sums, theirs, allowed):
            without = "np.sum without an axis" if len(axes) == right.ndim else "np.sum"
            return f"it is summed over {_axes(axes)} too ({without}), which is too much"
        if _same(sums * sums.size / right.size, theirs, allowed):
            return f"it is averaged over {_axes(axes)}, which is too much"
    if theirs.size == right.size and _same(theirs, right, allowed, flat=True):
        return "the numbers are right, in another shape (a reshape is missing)"
    return ""


def _sums(array: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The array summed over every choice of its axes."""
    for count in range(1, array.ndim + 1) if array.ndim <= MOST else ():
        for axes in combinations(range(array.ndim), count):
            if any(array.shape[a] > 1 for a in axes):
                yield axes, array.sum(axis=axes)


def _same(a: Any, b: Any, allowed: float, flat: bool = False) -> bool:
    """Whether these are the same numbers, axes of length 1 aside."""
    import numpy as np

    if not flat and [n for n in a.shape if n > 1] != [n for n in b.shape if n > 1]:
        return False
    a, b = a.ravel(), b.ravel()
    return bool(np.all(np.abs(a - b) <= allowed * max(np.abs(b).max(initial=0.0), np.abs(a).max(initial=0.0))))


def _axes(axes: tuple[int, ...]) -> str:
    if len(axes) == 1:
        return f"axis {axes[0]}"
    return f"axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"
