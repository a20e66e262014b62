"""What a wrong gradient looks like beside the right one: turned, shuffled, scaled, or somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, NamedTuple

from backpropcli.engine import Trace
from backpropcli.gradcheck.external.factors import Factors, plain

CLOSE = 1e-6
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
    """What each wrong gradient looks like by itself, if each of them looks like something; alike ones said together.

    A guess that leaves some of what is wrong unexplained is none.
    """
    factors = Factors(trace)
    said: dict[str, list[str]] = {}
    for s in wrong:
        words = pattern(trace, s, shown, factors)
        if not words:
            return
        said.setdefault(words, []).append(gradient_name(trace, s.name))
    nodes = trace.graph.nodes
    if (
        len(said) == 1
        and "the number of examples" in next(iter(said))
        and all(nodes[s.name].kind == ("node" if s.wrong else "parameter") for s in shown)
    ):
        said = {f"{words} (a convention: their 1/m stands in dW and db alone)": names for words, names in said.items()}
    for words, names in list(said.items())[:4]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield f"{', '.join(names[:3])}{more}: {words}."


def pattern(trace: Trace, s: Shown, shown: Sequence[Shown], factors: Factors) -> str:
    """What one gradient looks like beside the right one; empty where it looks like nothing known."""
    t, r = s.theirs, s.right
    if not t.any():
        return "theirs is 0"
    if s.fits(-r):
        return "the sign is the other way round"
    off = off_places(s)
    found = (_turned(s), _shuffled(s, off), _somebody_elses(trace, s, shown), _times(s, factors), _clipped(s, off))
    for words in found:
        if words:
            return words
    return _which(off, r.shape) if 0 < len(off) < r.size and r.ndim else ""


def off_places(s: Shown) -> Any:
    """Where theirs is not what is right."""
    import numpy as np

    return np.argwhere(np.abs(s.theirs - s.right) > s.slack + CLOSE * np.fmax(np.abs(s.theirs), np.abs(s.right)))


def _turned(s: Shown) -> str:
    """The right numbers in another layout."""
    import numpy as np

    r = s.right
    if r.ndim == 2 and r.shape[0] == r.shape[1] and s.fits(r.T):
        return f"these are the right numbers, transposed (if they are stored so: --as {s.name}={s.name}.T)"
    if r.ndim == 2 and min(r.shape) > 1 and s.fits(r.ravel().reshape(r.shape, order="F")):
        return "these are the right numbers, filled in column by column instead of row by row"
    if r.ndim == 2 and min(r.shape) > 1 and s.fits(r.ravel(order="F").reshape(r.shape)):
        return "these are the right numbers, read out column by column instead of row by row"
    if r.ndim > 1 and min(r.shape) > 1 and s.fits(np.flip(r)):
        return "it is turned by 180 degrees, flipped along every axis (a convolution's kernel)"
    for axis in range(r.ndim):
        if r.shape[axis] > 1 and r.size > 2 and s.fits(np.flip(r, axis)):
            return f"the {_lines(r.ndim, axis)} are in reverse order"
    return ""


def _shuffled(s: Shown, off: Any) -> str:
    """The right numbers in other places: two exchanged, or blocks (the gates of a cell) in another order."""
    import numpy as np

    r = s.right
    if len(off) == 2:
        a, b = (tuple(map(int, k)) for k in off)
        swapped = r.copy()
        swapped[a], swapped[b] = r[b], r[a]
        if s.fits(swapped):
            return f"{_index(a)} and {_index(b)} are swapped"
    for axis in reversed(range(r.ndim)):
        for count in (2, 3, 4):
            if r.shape[axis] % count or r.shape[axis] == count == 2:
                continue
            blocks = np.split(r, count, axis)
            for order in permutations(range(count)):
                if list(order) != sorted(order) and s.fits(np.concatenate([blocks[k] for k in order], axis)):
                    theirs = ", ".join(map(str, order))
                    return (
                        f"the {_lines(r.ndim, axis)} are the right ones in another order: of {count} equal blocks "
                        f"(gates?) theirs are {theirs}"
                    )
    return ""


def _somebody_elses(trace: Trace, s: Shown, shown: Sequence[Shown]) -> str:
    """The right numbers of another gradient: one of the file's first, else of any node's; or the value itself."""
    import numpy as np

    nodes = trace.graph.nodes
    names = dict.fromkeys([*(other.name for other in shown), *nodes])
    for name in names:
        if name == s.name or trace.graph.shape(name) != s.right.shape:
            continue
        other = np.asarray(trace.gradient(name), float)
        if other.any() and s.fits(other):
            return f"these are the numbers of {gradient_name(trace, name)}"
        if other.any() and s.fits(s.right + other):
            return f"theirs is what is right plus {gradient_name(trace, name)}: both are added up in one place"
    for name in nodes:
        value = np.asarray(trace.value(name), float)
        if s.right.size > 1 and value.shape == s.right.shape and value.any() and s.fits(value):
            return f"these are the numbers of {name} itself, not of a gradient"
    return ""


def _times(s: Shown, factors: Factors) -> str:
    """The right numbers times a factor."""
    import numpy as np

    with np.errstate(all="ignore"):
        ratios = s.theirs / s.right
    ratios = ratios[np.isfinite(ratios)]
    if not ratios.size:
        return ""
    median = float(np.median(ratios))
    for c in factors.near(median):
        if s.fits(c * s.right):
            why = factors.words(c)
            if ratios.size == 1 and not why and c not in (2.0, 0.5):
                return ""  # one number is always some multiple of another
            return f"theirs is {plain(c)} times what is right" + (f", and {why}" if why else "") if c else ""
    return ""


def _clipped(s: Shown, off: Any) -> str:
    """The right numbers, none of them larger than a limit."""
    import numpy as np

    limit = float(np.abs(s.theirs).max())
    held = sum(abs(abs(float(s.theirs[tuple(k)])) - limit) <= CLOSE * limit for k in off)
    if limit and held == len(off) > 1 and s.fits(np.clip(s.right, -limit, limit)):
        return f"theirs is clipped to ±{limit:.6g}"
    return ""


def _lines(ndim: int, axis: int) -> str:
    return "entries" if ndim == 1 else ("rows", "columns")[axis] if ndim == 2 else f"slices along axis {axis}"


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


def gradient_name(trace: Trace, name: str) -> str:
    """`dJ/dW1`."""
    return f"d{trace.of}/d{name}"
