"""What a wrong gradient looks like beside the right one: turned, shuffled, scaled, or somebody else's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from backpropcli.engine import Trace

NICE = 1e-3
"""A plain number this near (relative) is tried first; it is named only if it gives their numbers."""
CLOSE = 2e-5
"""What is given credit for in recognising a number, relative, beside what is allowed anyway."""


class Shown(NamedTuple):
    """One array that was compared: theirs, what is right, and how far off each entry may be to be recognised.

    `empty`: it is all 0, but for rounding, in both; so it says nothing about where a gradient comes from.
    """

    name: str
    theirs: Any
    right: Any
    slack: Any
    wrong: bool
    empty: bool = False

    def fits(self, other: Any) -> bool:
        """Whether other numbers are theirs."""
        import numpy as np

        size = np.fmax(np.abs(other), np.abs(self.theirs))
        off = np.abs(other - self.theirs)
        return bool(np.all(off <= self.slack + CLOSE * size))


def patterns(trace: Trace, wrong: Sequence[Shown], shown: Sequence[Shown]) -> Iterator[str]:
    """What each wrong gradient looks like by itself; gradients that look alike are said together."""
    said: dict[str, list[str]] = {}
    for s in wrong:
        words = pattern(trace, s, shown)
        if words:
            said.setdefault(words, []).append(gradient_name(trace, s.name))
    for words, names in list(said.items())[:4]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield f"{', '.join(names[:3])}{more}: {words}."


def pattern(trace: Trace, s: Shown, shown: Sequence[Shown]) -> str:
    """What one gradient looks like beside the right one; empty where it looks like nothing known."""
    import numpy as np

    t, r = s.theirs, s.right
    if not t.any():
        return "theirs is 0"
    if s.fits(-r):
        return "the sign is the other way round"
    if r.ndim == 2 and r.shape[0] == r.shape[1] and s.fits(r.T):
        return f"these are the right numbers, transposed (if they are stored so: --as {s.name}={s.name}.T)"
    if r.ndim == 2 and min(r.shape) > 1 and s.fits(r.ravel().reshape(r.shape, order="F")):
        return "these are the right numbers, filled in column by column instead of row by row"
    if r.ndim == 2 and min(r.shape) > 1 and s.fits(r.ravel(order="F").reshape(r.shape)):
        return "these are the right numbers, read out column by column instead of row by row"
    for axis in range(r.ndim):
        if r.shape[axis] > 1 and s.fits(np.flip(r, axis)):
            what = "entries" if r.ndim == 1 else ("rows", "columns")[axis] if r.ndim == 2 else f"axis {axis}"
            if r.size > 2:
                return f"the {what} are in reverse order"
    off = np.argwhere(np.abs(t - r) > s.slack + CLOSE * np.fmax(np.abs(t), np.abs(r)))
    if len(off) == 2:
        a, b = (tuple(map(int, k)) for k in off)
        swapped = r.copy()
        swapped[a], swapped[b] = r[b], r[a]
        if s.fits(swapped):
            return f"{_index(a)} and {_index(b)} are swapped"
    for other in shown:
        if other.name != s.name and other.right.shape == r.shape and s.fits(other.right):
            return f"these are the numbers of {gradient_name(trace, other.name)}"
    with np.errstate(all="ignore"):
        ratios = (t / r)[np.isfinite(t / r)]
    if ratios.size and np.ptp(ratios) <= 1e-4 * np.abs(ratios).max() and s.fits(float(np.median(ratios)) * r):
        c = nearest_nice(float(np.median(ratios)), r.shape)
        return f"theirs is {plain(c)} times what is right"
    if 0 < len(off) < r.size and r.ndim:
        return _which(off, r.shape)
    return ""


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]"


def _which(off: Any, shape: Sequence[int]) -> str:
    """Which entries are wrong, where that is one row, column or entry."""
    if len(off) == 1:
        return f"only the entry {_index(tuple(map(int, off[0])))} is wrong"
    for axis in range(len(shape)):
        places = {int(k[axis]) for k in off}
        if len(places) == 1 and len(shape) > 1:
            word = ("row", "column")[axis] if len(shape) == 2 else f"index {axis} ="
            return f"only {word} {places.pop()} is wrong"
    return ""



def nearest_nice(c: float, sizes: Iterable[int] = ()) -> float:
    """The plain number next to c, if it is next to one: 0, ±1, a whole number, one over one, or over a size."""
    if abs(c) < NICE:
        return 0.0
    for n in (*range(1, 13), *sizes):
        for plain in (float(n), 1.0 / n):
            if abs(abs(c) - plain) <= NICE * plain:
                return math.copysign(plain, c)
    return c


def plain(c: float) -> str:
    """`2`, `1/4`, `1.01`."""
    if abs(c) < 1.0 and abs(1.0 / c - round(1.0 / c)) < 1e-9 and abs(1.0 / c) < 1e4:
        return f"{'-' if c < 0 else ''}1/{round(abs(1.0 / c))}"
    return f"{c:.6g}" if abs(c - 1.0) < 1e-3 else f"{c:.4g}"


def gradient_name(trace: Trace, name: str) -> str:
    """`dJ/dW1`."""
    return f"d{trace.of}/d{name}"
