"""What a wrong gradient looks like beside the right one: turned, shuffled, scaled, or that of something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.gradcheck.external.factors import Factors, plain
from backpropcli.gradcheck.mistakes.table import (
    ANOTHER,
    ANOTHER_TOO,
    FILLED,
    READ_OUT,
    SIGN,
    TRANSPOSED,
    VALUE,
    ZERO,
    Mistake,
    Right,
    explaining,
)

if TYPE_CHECKING:
    from backpropcli.engine import Trace

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
    if not s.theirs.any():
        return ZERO.seen.format(it="theirs")
    off = off_places(s)
    found = (_rearranged(s, off), _of_something_else(trace, s, shown), _times(s, factors), _clipped(s, off))
    for words in found:
        if words:
            return words
    return _which(off, s.right.shape) if 0 < len(off) < s.right.size and s.right.ndim else ""


def off_places(s: Shown) -> Any:
    """Where theirs is not what is right."""
    import numpy as np

    return np.argwhere(np.abs(s.theirs - s.right) > s.slack + CLOSE * np.fmax(np.abs(s.theirs), np.abs(s.right)))


def _said(mistakes: Iterable[Mistake[Right]], right: Right, s: Shown, **about: str) -> str:
    """The words of the first mistake that gives their numbers; empty where none does."""
    for mistake, wrong in explaining(mistakes, right, s.fits):
        stored = f" (if they are stored so: --as {s.name}={s.name}.T)" if mistake is TRANSPOSED else ""
        return mistake.seen.format(**about, **wrong.about) + stored
    return ""


def _rearranged(s: Shown, off: Any) -> str:
    """The right numbers with another sign, or in another order."""
    from backpropcli.gradcheck.mistakes.arrays import REORDERED, REVERSED, TURNED_ROUND, TWO_SWAPPED

    matrix = s.right.ndim == 2 and min(s.right.shape) > 1
    layouts = (TRANSPOSED, FILLED, READ_OUT) if matrix else ()
    places = [tuple(map(int, k)) for k in off]
    mistakes = (SIGN, *layouts, TURNED_ROUND, REVERSED, TWO_SWAPPED, REORDERED)
    return _said(mistakes, Right(s.right, off=places), s, its="the")


def _of_something_else(trace: Trace, s: Shown, shown: Sequence[Shown]) -> str:
    """The right numbers of another gradient: one of the file's first, else of any node's; or the value itself."""
    import numpy as np

    graph = trace.graph
    alike = [name for name in graph.nodes if graph.shape(name) == s.right.shape]
    for name in dict.fromkeys([*(other.name for other in shown if other.name in alike), *alike]):
        other = np.asarray(trace.gradient(name), float)
        if name != s.name and other.any():
            words = _said((ANOTHER, ANOTHER_TOO), Right(s.right, other=other), s, other=gradient_name(trace, name))
            if words:
                return words
    for name in alike if s.right.size > 1 else ():
        value = np.asarray(trace.value(name), float)
        if value.any() and (words := _said((VALUE,), Right(s.right, value), s, name=name)):
            return words
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


def _which(off: Any, shape: Sequence[int]) -> str:
    """Which entries are wrong, where that is one row, column or entry."""
    from backpropcli.gradcheck.mistakes.arrays import index

    if len(off) == 1:
        return f"only the entry {index(off[0])} is wrong"
    for axis in range(len(shape)):
        places = {int(k[axis]) for k in off}
        if len(places) == 1 and len(shape) > 1:
            word = ("row", "column")[axis] if len(shape) == 2 else f"index {axis} ="
            return f"only {word} {places.pop()} is wrong"
    return ""


def gradient_name(trace: Trace, name: str) -> str:
    """`dJ/dW1`."""
    return f"d{trace.of}/d{name}"
