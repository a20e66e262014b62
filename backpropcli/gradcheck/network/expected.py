"""Expected numbers: an answer key against what backprop got, by the digits that were written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, SpecError
from backpropcli.gradcheck.network.point import Point
from backpropcli.gradcheck.report import Claim, Row
from backpropcli.ops.definition import show_shape

if TYPE_CHECKING:
    from backpropcli.gradcheck.precision.digits import Numbers
    from backpropcli.gradcheck.precision.reliable import Reliable
    from backpropcli.language.network import Expectation

ROUNDED = 1e-12
"""Whole numbers are exact but for the rounding of floats: relative, and absolute next to 0."""


SHARPER = 10.0
"""A number is judged by one that is known so many times better than was written."""
LOST = 1e-12
"""A printed number that is off by no more than this (relative) is as good as any: an answer key may have it."""


def claims(point: Point, expect: Iterable[Expectation], rows: Sequence[Row], numbers: Numbers) -> Iterator[Claim]:
    """Every expected number compared; SpecError, with its place, where its shape is not that of what it names."""
    from backpropcli.gradcheck.precision.reliable import Reliable

    reliable = Reliable(numbers)
    for expected in expect:
        try:
            yield compare(point, expected, rows, reliable)
        except BackpropError as error:
            raise error.at(expected.place) from None


def compare(point: Point, expected: Expectation, rows: Sequence[Row], reliable: Reliable) -> Claim:
    """One expected number, or array of them, against what backprop got or, where float64 lost that, should have."""
    name = expected.by or expected.of
    got = point.trace.gradient(name, expected.of) if expected.by else point.trace.value(name)
    key, shape, index = expected.label, getattr(got, "shape", ()), expected.index
    if index is not None:
        if len(index) > len(shape) or any(not -n <= k < n for k, n in zip(index, shape, strict=False)):
            raise SpecError(f"there is no {key}: {name} has shape {show_shape(shape)}")
        index = tuple(k % n for k, n in zip(index, shape, strict=False))
        got, shape = got[index], shape[len(index) :]
    yours, given = flatten(expected.value)
    if given != shape and not (math.prod(given) == math.prod(shape) == 1):
        shown = [show_shape(s) if s else "one number" for s in (shape, given)]
        raise SpecError(
            f"{key} has shape {shown[0]}, but {shown[1]} is expected"
            if shape
            else f"{key} is one number, but an array of shape {shown[1]} is expected"
        )
    printed = flatten(got)[0]
    allowed = flatten(expected.within)[0] if isinstance(expected.within, list) else [expected.within] * len(yours)
    tolerances = [t or ROUNDED * max(1.0, abs(y)) for t, y in zip(allowed, yours, strict=True)]
    limit = min((t / abs(y) / SHARPER for t, y in zip(tolerances, yours, strict=True) if y), default=LOST)
    better = reliable.gradient(name, expected.of, limit) if expected.by else reliable.value(name, limit)
    exact = printed if better is None else flatten(better[index] if index is not None else better)[0]
    # Where float64 has done what it can, its last digits are as right as those of the number itself.
    actual = [
        e if lost(p, e) or within(y, e, t) else p for y, p, e, t in zip(yours, printed, exact, tolerances, strict=True)
    ]
    off = [k for k, (y, g, t) in enumerate(zip(yours, actual, tolerances, strict=True)) if not within(y, g, t)]
    worst = max(range(len(yours)), key=lambda k: excess(yours[k], actual[k], tolerances[k]), default=0)
    at = (*(index or ()), *unravel(worst, shape))
    part = index is not None and bool(shape)  # one row of a matrix, say: its entries are named by their full index
    claim = Claim(
        key.partition("[")[0] if part else key,
        yours[worst],
        printed[worst],
        tolerances[worst],
        "fail" if off else "pass",
        () if index and not part else at,
        len(off),
        len(yours),
        text=expected.text,
        place=expected.place,
        reliable=actual[worst] if better is not None and lost(printed[worst], actual[worst]) else None,
    )
    if expected.by and expected.of == point.of:
        row = next((r for r in rows if (r.name, r.index) == (name, at)), None)
        if row is not None:
            claim = claim._replace(numerical=row.numerical, bound=row.bound)
    if off and not part:
        claim = claim._replace(diagnosis=diagnose(point, expected, claim, yours, actual, tolerances, shape))
    return claim


def lost(printed: float, right: float) -> bool:
    """Whether a printed number is off by more than a float64 has to be."""
    return not math.isfinite(printed) or abs(printed - right) > LOST * max(abs(printed), abs(right))


def component_key(key: str, index: tuple[int, ...]) -> str:
    """`dJ/dW1[0, 1]`."""
    return f"{key}[{', '.join(map(str, index))}]"


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


def diagnose(
    point: Point,
    expected: Expectation,
    claim: Claim,
    yours: Sequence[float],
    got: Sequence[float],
    tolerances: Sequence[float],
    shape: Sequence[int],
) -> str:
    """A guess at the slip, in words, without a full stop; empty where none fits."""
    if len(shape) == 2 and shape[0] == shape[1]:
        n = shape[0]
        turned = [got[(k % n) * n + k // n] for k in range(n * n)]
        if all(map(within, yours, turned, tolerances)):
            return "these are the right numbers, transposed"
    y, g = claim.yours, claim.right
    if not math.isfinite(g):
        return f"backprop got {g}"
    if g != 0.0 and all(within(-a, b, t) for a, b, t in zip(yours, got, tolerances, strict=True)):
        return "the sign is the other way round"
    if not expected.by and expected.index is None and (note := transposed(point, expected, yours, tolerances)):
        return note
    if place := swapped(claim.text, g):
        return f"digits {place} and {place + 1} differ (swapped?)"
    if y == 0.0 or g == 0.0 or not math.isfinite(y):
        return ""
    ratio = y / g
    if ratio == 0.0 or not math.isfinite(1.0 / ratio) or not math.isfinite(ratio):
        return ""  # one of them is next to nothing: no factor
    rounded = max(claim.tolerance / abs(y), 1e-9)
    slack = [t + 2.0 * rounded * abs(ratio * b) for b, t in zip(got, tolerances, strict=True)]
    explained = all(
        within(a, b, t) or within(a, ratio * b, s) for a, b, t, s in zip(yours, got, tolerances, slack, strict=True)
    )
    return factor(point, expected, ratio, rounded) if explained else ""  # every entry that is wrong, or none


def transposed(point: Point, expected: Expectation, yours: Sequence[float], tolerances: Sequence[float]) -> str:
    """Whether the expected value comes out with square matrices the other way round: rows for units, as PyTorch has."""
    graph, name = point.graph, expected.of
    matrices = [p for p in graph.names("parameter") if len(graph.shape(p)) == 2]
    square = [p for p in matrices if graph.shape(p)[0] == graph.shape(p)[1] > 1]
    for chosen in ([square] if len(square) > 1 else []) + [[p] for p in square]:
        v = point.plan.forward({**point.values, **{p: point.values[p].T for p in chosen}})
        got = flatten(v[graph.nodes[name].slot])[0]
        if all(within(y, g, t) for y, g, t in zip(yours, got, tolerances, strict=True)):
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
