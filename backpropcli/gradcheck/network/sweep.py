"""A sweep: how far off the plain difference is at every step size, from rounding (left) to truncation (right).

A central difference over a step h is off by h²/6 times the third derivative (truncation; h/2 times the second for a
one-sided one) and by the rounding of the loss over h. The two cross near ε^(1/3), or ε^(1/2) for a one-sided one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.engine import Plan
from backpropcli.errors import UsageError
from backpropcli.gradcheck.differences import Difference, quotient, rounding, scale
from backpropcli.gradcheck.large.nearby import look
from backpropcli.gradcheck.network.inspector import Inspector
from backpropcli.gradcheck.point.point import Component, Point
from backpropcli.gradcheck.precision.multiprecision import PRECISE, Digits
from backpropcli.gradcheck.report import Row, indexed
from backpropcli.gradcheck.stepsize import StepSearch
from backpropcli.gradcheck.tolerances import GOAL, MARGIN, SHARP, TOLERANCE, UNIT
from backpropcli.ops.shape import show_shape
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import Value

SMALLEST, LARGEST = -12, -1
"""The steps are powers of ten between these, times the scale of the parameter."""
A_DECADE = 10
"""So many steps for a factor of ten."""
NEAR = 3
"""A step is as good as the worst of so many on either side: within a factor of 2."""
ORDER = {"central": 2, "forward": 1, "backward": 1}
"""The power of the step with which truncation grows."""


class Step(NamedTuple):
    """The plain difference at one step size: its slope, and its error (relative to the right slope where that is not
    0); NaN where the loss is not finite.
    """

    eps: float
    slope: float
    error: float


class Sweep(NamedTuple):
    """The errors of one component's differences.

    `right` is the slope to 50 digits, `relative` whether errors are relative to it. `rounding` and `truncation` are the
    sizes, at a step of 1, of the two lines that the error follows: rounding / eps and truncation · eps**order. `best`
    is the step with the smallest error (the middle of those that reach it), `chosen` the one from which the check
    itself extrapolates (its `error` is what is left then), None where the check found no step. `row` is the verdict.
    """

    of: str
    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    difference: Difference
    right: float
    relative: bool
    steps: tuple[Step, ...]
    best: Step
    chosen: Step | None
    rounding: float
    truncation: float
    row: Row

    @property
    def order(self) -> int:
        """How steeply truncation grows: with the square of the step for a central difference."""
        return ORDER[self.difference]

    @property
    def status(self) -> int:
        """The exit status that says the check's verdict: 0 right, 1 wrong, 3 not judged."""
        return {"pass": 0, "fail": 1, "unsure": 3}[self.row.verdict]


def sweep_of(
    graph: Graph,
    values: Mapping[str, Value],
    of: str,
    words: str = "",
    difference: Difference = "central",
    upstream: Value | None = None,
) -> Sweep:
    """The sweep of the gradient of `of` that `words` name: `w1`, `W1[0, 2]`, `dJ/dw1`.

    An array without an index stands for its first entry whose gradient is not 0, no words for the first parameter with
    one. Raises UsageError where there is no such gradient, or no one slope to converge to.
    """
    point = Point(Plan(graph), values, of, upstream, True)
    c = _named(point, words) if words else _first(point, graph.names("parameter") or graph.names("input", "target"))
    row = Inspector(point, TOLERANCE).judge.rows([c])[0]
    return sweep(point, c, row, difference)


def _named(point: Point, words: str) -> Component:
    word = words.strip()
    for sign in "d∂":
        word = word.removeprefix(f"{sign}{point.of}/{sign}")
    name, bracket, rest = word.partition("[")
    graph = point.graph
    if name not in graph.nodes:
        raise UsageError(f"--sweep {words}: there is no {name}{did_you_mean(name, graph.nodes)}")
    if not bracket:
        return _first(point, [name])
    shape = graph.shape(name)
    try:
        index = tuple(int(k) for k in rest.rstrip("] ").split(","))
        index = tuple(k % n if -n <= k < n else n for k, n in zip(index, shape, strict=True))
    except ValueError:
        index = shape
    found = next((c for c in point.components(name) if c.index == index), None)
    if found is None or not rest.endswith("]"):
        raise UsageError(f"--sweep {words}: {name} has the shape {show_shape(shape)}: there is no such entry")
    return found


def _first(point: Point, names: Sequence[str]) -> Component:
    """The first component whose gradient is not 0, or else the first of all."""
    every = [c for name in names for c in point.components(name)]
    if not every:
        raise UsageError("nothing to sweep: this network has no parameters")
    return next((c for c in every if c.backprop), every[0])


def sweep(point: Point, c: Component, row: Row, difference: Difference = "central") -> Sweep:
    """The sweep of one component, whose verdict is `row`.

    Raises UsageError where there is no one slope to converge to: on a corner, off the path, or not finite.
    """
    _has_slope(point, c, row)
    right, converged = _right(point, c)
    if not converged:
        raise UsageError(f"{_key(point, c)} cannot be swept: its slope is not settled even at {PRECISE[-1]} digits")
    size = abs(right) or 1.0
    sizes = [10.0 ** (SMALLEST + k / A_DECADE) * _scale(c.x) for k in range((LARGEST - SMALLEST) * A_DECADE + 1)]
    # x + eps is rounded: the step that is really taken is the difference of two floats.
    places = [(c.x + eps, c.x - eps) for eps in sizes]
    looks = look(point, [c] * len(sizes), places)
    steps = []
    for eps, ((above, below), _) in zip(sizes, looks, strict=True):
        slope = quotient(difference, point.loss, above, below, eps)
        error = abs(slope - right) / size
        steps.append(Step(eps, slope, error if math.isfinite(error) else math.nan))
    known = [s for s in steps if not math.isnan(s.error)]
    if not known:
        raise UsageError(f"{_key(point, c)} cannot be swept: the loss is not finite around {c.name} = {c.x:g}")
    return Sweep(
        point.of,
        c.name,
        c.index,
        difference,
        right,
        right != 0.0,
        tuple(steps),
        _best(known),
        _chosen(point, c, right, size),
        _rounded(point, c, difference) / size,
        _truncated(known, difference),
        row,
    )


def _has_slope(point: Point, c: Component, row: Row) -> None:
    key = _key(point, c)
    if row.reason in ("corner", "jump"):
        raise UsageError(f"{key} cannot be swept: {row.note}, so there is no one slope to come near to")
    if row.reason == "nonfinite":
        raise UsageError(f"{key} cannot be swept: {row.note}")
    if row.method == "none":
        raise UsageError(f"{key} cannot be swept: {row.note}, so every difference is exactly 0")


def _right(point: Point, c: Component) -> tuple[float, bool]:
    """The slope to 50 digits, rounded once; whether it has converged."""
    worker = Digits(point)
    value = math.nan
    for many in PRECISE:
        seen = worker.exact(c, many)
        value = float(seen.slope)
        if MARGIN / SHARP * seen.error <= abs(seen.slope) * 1e-15 or seen.slope == 0 == seen.error:
            return value, True
        if abs(seen.slope) <= 3 * seen.error and seen.error < 1e-30:
            return 0.0, True
    return value, False


def _chosen(point: Point, c: Component, right: float, size: float) -> Step | None:
    """The step from which the check extrapolates, and what is left of the error then."""
    search = StepSearch(c.x, point.noise(c.slot), GOAL).run(lambda places: look(point, [c], [places])[0])
    if not math.isfinite(search.error):
        return None
    return Step(search.at, search.value, abs(search.value - right) / size)


def _rounded(point: Point, c: Component, difference: Difference) -> float:
    """The rounding that a step of 1 would leave."""
    return rounding(difference, point.noise(c.slot) + UNIT * abs(point.loss), 1.0)


def _truncated(steps: Sequence[Step], difference: Difference) -> float:
    """The truncation that a step of 1 would leave, by the line through steps that lie on one; 0 where none do."""
    order, half = ORDER[difference], A_DECADE // 2
    sizes = [s.error / s.eps if order == 1 else s.error / s.eps / s.eps for s in steps]  # eps² may overflow
    for straight in (1.02, 1.1, 1.3):
        for k in range(len(sizes) - half):
            window = sizes[k : k + half + 1]
            if 0.0 < max(window) <= straight * min(window):
                return sizes[k + half]
    return 0.0


def _best(steps: Sequence[Step]) -> Step:
    """The middle of the steps around which the error is smallest: by luck, single steps are exact anywhere."""

    def around(k: int) -> float:
        return max(s.error for s in steps[max(k - NEAR, 0) : k + NEAR + 1])

    within = range(NEAR, len(steps) - NEAR) or range(len(steps))
    least = min(map(around, within))
    alike = [k for k in within if around(k) == least]
    return steps[alike[len(alike) // 2]]


def _scale(x: float) -> float:
    """The power of ten that steps are counted in: 1 for values up to 1."""
    return 10.0 ** math.floor(math.log10(abs(x))) if scale(x) > 1.0 else 1.0


def _key(point: Point, c: Component) -> str:
    return f"d{point.of}/d{indexed(c.name, c.index)}"
