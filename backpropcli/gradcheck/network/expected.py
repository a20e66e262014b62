"""Expected numbers: an answer key against what backprop got, by the digits that were written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, SpecError
from backpropcli.gradcheck.mistakes.table import SIGN, TRANSPOSED, Right, explaining
from backpropcli.gradcheck.mistakes.table import shape as shape_of
from backpropcli.gradcheck.report import ExpectedNumber, Row
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Point
    from backpropcli.gradcheck.precision.reliable import Reliable
    from backpropcli.gradcheck.precision.rounding import Rounding
    from backpropcli.language.network import Expectation

ROUNDED = 1e-12
"""Whole numbers are exact but for the rounding of floats: relative, and absolute next to 0."""
SHARPER = 10.0
"""A number is judged by one that is known so many times better than was written."""
LOST = 1e-12
"""A printed number that is off by no more than this (relative) is as good as any: an answer key may have it."""


def expected_numbers(
    point: Point, expect: Iterable[Expectation], rows: Sequence[Row], rounding: Rounding
) -> Iterator[ExpectedNumber]:
    """Every expected number compared; SpecError, with its place, where its shape is not that of what it names."""
    from backpropcli.gradcheck.precision.reliable import Reliable

    reliable = Reliable(rounding)
    for expected in expect:
        try:
            yield compare(point, expected, rows, reliable)
        except BackpropError as error:
            raise error.at(expected.place) from None


class Beside(NamedTuple):
    """Expected numbers beside what backprop printed and what is right, entry by entry, with how far each may be off."""

    yours: list[float]
    printed: list[float]
    right: list[float]
    tolerances: list[float]
    shape: Shape

    def agrees(self, other: Any) -> bool:
        """Whether other numbers, of the same shape, are those that were expected."""
        return all(map(within, self.yours, flatten(other)[0], self.tolerances))

    @property
    def off(self) -> list[int]:
        """The places of the entries that are wrong."""
        together = zip(self.yours, self.right, self.tolerances, strict=True)
        return [k for k, (y, r, t) in enumerate(together) if not within(y, r, t)]

    @property
    def worst(self) -> int:
        """The place of the entry that is furthest off."""
        places = range(len(self.yours))
        return max(places, key=lambda k: excess(self.yours[k], self.right[k], self.tolerances[k]), default=0)


def compare(point: Point, expected: Expectation, rows: Sequence[Row], reliable: Reliable) -> ExpectedNumber:
    """One expected number, or array of them, against what backprop got or, where float64 lost that, should have."""
    name = expected.by or expected.of
    got = point.trace.gradient(name, expected.of) if expected.by else point.trace.value(name)
    index = _index(expected, name, shape_of(got))
    beside, better = _beside(expected, name, got, index, reliable)
    number = _worst(expected, beside, index, better)
    if expected.by and expected.of == point.of:
        at = (*(index or ()), *unravel(beside.worst, beside.shape))
        row = next((r for r in rows if (r.name, r.index) == (name, at)), None)
        if row is not None:
            number = number._replace(numerical=row.numerical, bound=row.bound)
    if number.verdict == "fail" and not _is_part(index, beside):
        number = number._replace(diagnosis=diagnose(point, expected, number, beside))
    return number


def _index(expected: Expectation, name: str, shape: Shape) -> tuple[int, ...] | None:
    """Which entry, or row, of an array is meant, counted from the front; None where all of it is."""
    index = expected.index
    if index is None:
        return None
    if len(index) > len(shape) or any(not -n <= k < n for k, n in zip(index, shape, strict=False)):
        raise SpecError(f"there is no {expected.label}: {name} has shape {show_shape(shape)}")
    return tuple(k % n for k, n in zip(index, shape, strict=False))


def _beside(
    expected: Expectation, name: str, got: Any, index: tuple[int, ...] | None, reliable: Reliable
) -> tuple[Beside, bool]:
    """The expected numbers beside what is right, and whether that is known better than what was printed."""

    def part(whole: Any) -> Any:
        return whole if index is None else whole[index]

    shape = shape_of(part(got))
    yours, given = flatten(expected.value)
    if given != shape and not (math.prod(given) == math.prod(shape) == 1):
        raise _misshapen(expected.label, shape, given)
    printed = flatten(part(got))[0]
    allowed = flatten(expected.within)[0] if isinstance(expected.within, list) else [expected.within] * len(yours)
    tolerances = [t or ROUNDED * max(1.0, abs(y)) for t, y in zip(allowed, yours, strict=True)]
    limit = min((t / abs(y) / SHARPER for t, y in zip(tolerances, yours, strict=True) if y), default=LOST)
    better = reliable.gradient(name, expected.of, limit) if expected.by else reliable.value(name, limit)
    exact = printed if better is None else flatten(part(better))[0]
    # Where float64 has done what it can, its last digits are as right as those of the number itself.
    right = [
        e if lost(p, e) or within(y, e, t) else p for y, p, e, t in zip(yours, printed, exact, tolerances, strict=True)
    ]
    return Beside(yours, printed, right, tolerances, shape), better is not None


def _misshapen(key: str, shape: Shape, given: Shape) -> SpecError:
    have, expected = (show_shape(s) if s else "one number" for s in (shape, given))
    if shape:
        return SpecError(f"{key} has shape {have}, but {expected} is expected")
    return SpecError(f"{key} is one number, but an array of shape {expected} is expected")


def _is_part(index: tuple[int, ...] | None, beside: Beside) -> bool:
    """Whether one row of a matrix is meant, say: its entries are named by their full index."""
    return index is not None and bool(beside.shape)


def _worst(expected: Expectation, beside: Beside, index: tuple[int, ...] | None, better: bool) -> ExpectedNumber:
    """The verdict on all entries, with the one that is furthest off."""
    worst, off, key = beside.worst, beside.off, expected.label
    part = _is_part(index, beside)
    printed, right = beside.printed[worst], beside.right[worst]
    return ExpectedNumber(
        key.partition("[")[0] if part else key,
        beside.yours[worst],
        printed,
        beside.tolerances[worst],
        "fail" if off else "pass",
        () if index and not part else (*(index or ()), *unravel(worst, beside.shape)),
        len(off),
        len(beside.yours),
        text=expected.text,
        place=expected.place,
        reliable=right if better and lost(printed, right) else None,
    )


def lost(printed: float, right: float) -> bool:
    """Whether a printed number is off by more than a float64 has to be."""
    return not math.isfinite(printed) or abs(printed - right) > LOST * max(abs(printed), abs(right))


def flatten(value: Any) -> tuple[list[float], tuple[int, ...]]:
    """A number, nested lists or an array as a flat list, and its shape."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return [float(value)], ()
    parts = [flatten(v) for v in value]
    shapes = {shape for _, shape in parts}
    if len(shapes) > 1:
        raise SpecError("the rows of the expected numbers have different lengths")
    return [x for flat, _ in parts for x in flat], (len(parts), *(shapes.pop() if shapes else ()))


def within(yours: float, got: float, tolerance: float) -> bool:
    """Whether they agree; the tolerance itself is reached too, however floats round it. NaN agrees with nothing."""
    if yours == got:
        return True
    if not (math.isfinite(yours) and math.isfinite(got)):
        return False
    return abs(yours - got) <= tolerance + 4.0 * math.ulp(max(abs(yours), abs(got)))


def excess(yours: float, got: float, tolerance: float) -> float:
    """How far off, in tolerances: what makes an entry the worst of an array."""
    if yours == got:
        return 0.0
    off = abs(yours - got) / tolerance if math.isfinite(yours) else math.inf
    return math.inf if math.isnan(off) else off


def unravel(flat: int, shape: Sequence[int]) -> tuple[int, ...]:
    """A flat position as an index."""
    index: list[int] = []
    for n in reversed(shape):
        flat, k = divmod(flat, n)
        index.append(k)
    return tuple(reversed(index))


# What the slip may have been.


def diagnose(point: Point, expected: Expectation, number: ExpectedNumber, beside: Beside) -> str:
    """A guess at the slip, in words, without a full stop; empty where none fits."""
    right = number.right
    mistakes = (TRANSPOSED, SIGN) if right != 0.0 and math.isfinite(right) else (TRANSPOSED,)
    for mistake, _ in explaining(mistakes, Right(in_shape(beside.right, beside.shape)), beside.agrees):
        return mistake.seen.format(its="the")
    if not math.isfinite(right):
        return f"backprop got {right}"
    if not expected.by and expected.index is None and (note := transposed(point, expected, beside)):
        return note
    if place := swapped(number.text, right):
        return f"digits {place} and {place + 1} differ (swapped?)"
    return _scaled(point, expected, number, beside)


def _scaled(point: Point, expected: Expectation, number: ExpectedNumber, beside: Beside) -> str:
    """The factor between what was expected and what is right, where every entry that is wrong has it."""
    yours, right = number.yours, number.right
    if yours == 0.0 or right == 0.0 or not math.isfinite(yours):
        return ""
    ratio = yours / right
    if ratio == 0.0 or not math.isfinite(1.0 / ratio) or not math.isfinite(ratio):
        return ""  # one of them is next to nothing: no factor
    rounded = max(number.tolerance / abs(yours), 1e-9)
    for y, r, t in zip(beside.yours, beside.right, beside.tolerances, strict=True):
        if not (within(y, r, t) or within(y, ratio * r, t + 2.0 * rounded * abs(ratio * r))):
            return ""
    return factor(point, expected, ratio, rounded)


def in_shape(flat: Sequence[float], shape: Shape) -> Any:
    """A flat list as a number, or an array of this shape."""
    if not shape:
        return flat[0]
    import numpy as np

    return np.reshape(flat, shape)


def transposed(point: Point, expected: Expectation, beside: Beside) -> str:
    """Whether the expected value comes out with square matrices the other way round: rows for units, as PyTorch has."""
    graph, name = point.graph, expected.of
    matrices = [p for p in graph.names("parameter") if len(graph.shape(p)) == 2]
    square = [p for p in matrices if graph.shape(p)[0] == graph.shape(p)[1] > 1]
    for chosen in ([square] if len(square) > 1 else []) + [[p] for p in square]:
        v = point.plan.forward({**point.values, **{p: point.values[p].T for p in chosen}})
        if beside.agrees(v[graph.nodes[name].slot]):
            who = " and ".join([", ".join(chosen[:-1]), chosen[-1]] if len(chosen) > 1 else chosen)
            return f"with {who} transposed it would be right: if your rows are units, write W.T: instead of W:"
    return ""


def swapped(text: str, got: float) -> int:
    """Which of two neighbouring digits, exchanged, make what was written the right number; 0 where none do.

    It is the first one's place: digits are counted from the left, those of 0.25 from behind the point.
    """
    from backpropcli.language.expect import allowance

    text = text.strip()
    if allowance(text) is None:
        return 0
    for k in range(len(text) - 1):
        a, b = text[k], text[k + 1]
        if a.isdigit() and b.isdigit() and a != b:
            other = text[:k] + b + a + text[k + 2 :]
            if within(float(other), got, allowance(other) or 0.0):
                whole, point, decimals = text[: k + 1].lstrip("+-").partition(".")
                counted = decimals if point and not whole.strip("0") else whole + decimals
                return sum(map(str.isdigit, counted))
    return 0


def factor(point: Point, expected: Expectation, ratio: float, rounded: float) -> str:
    """The factor by which an expected number is off, and a value on the gradient's path that equals it."""
    large = abs(ratio) > 1.0
    times = abs(ratio) if large else 1.0 / abs(ratio)
    named = on_path(point, expected, times, rounded)
    whole = round(times)
    simple = abs(times - whole) <= rounded * times and 2 <= whole <= 1000
    if not simple and not named:
        return ""
    words = f"yours is {whole if simple else f'{times:.6g}'} times too {'large' if large else 'small'}"
    if ratio < 0.0:
        words += ", and the sign is the other way round"
    return f"{words}. {named} is a factor on its path; {'used twice' if large else 'left out'}?" if named else words


def on_path(point: Point, expected: Expectation, times: float, rounded: float) -> str:
    """A value that is used on the way from the parameter to the loss and has the size `times`: `w2 = 3`."""
    if not expected.by or expected.of != point.of:
        return ""
    graph = point.graph
    start = graph.nodes[expected.by].slot
    reached = {start, *graph.downstream(start)}
    way = [n for n in graph.nodes.values() if n.slot in reached and n.kind == "node" and point.trace.reaches(n.name)]
    used = dict.fromkeys(name for node in way for name in node.inputs if graph.nodes[name].slot not in reached)
    for name in used:
        if not graph.shape(name):
            value = float(point.slots[graph.nodes[name].slot])
            if abs(abs(value) - times) <= rounded * times:
                return f"{name} = {value:.6g}"
    return ""
