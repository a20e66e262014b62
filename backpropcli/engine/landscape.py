"""The loss along one number, or over two: at many places in one pass, as stacked copies of the network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine.labels import labels
from backpropcli.engine.nudge import nudge
from backpropcli.engine.trace import NotScalarError, one_place, plain, run
from backpropcli.errors import SpecError, UsageError
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.ops.definition import Value

AT_ONCE = 4_000_000
"""How many numbers the copies that are computed at once may hold."""
WORK = 1_000_000_000
"""How many numbers a whole plot may compute."""
POINTS, FEWEST_POINTS = 241, 31
SIDE, SHORTEST_SIDE = 61, 13
"""Places along a curve, and along each side of a map: as many as can be seen, fewer of a large network."""
FAR = 20.0
"""A path that goes so many times further than a range would is not followed."""
BENT = 0.5
"""A loss has bent where it has left its tangent by so much of what the tangent has risen or fallen."""
NEAREST, FURTHEST = -3, 10
"""A range is looked for between these powers of two, times the number itself."""
NUDGE = 1e-3
SAME = 1e-9
"""A loss that differs by no more than this part has not moved."""
LARGEST = 1.7e308


class Entry(NamedTuple):
    """One number of the network: a value, or an entry of one; where it is, and the loss's slope there."""

    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    at: float
    slope: float
    reaches: bool
    """Whether the loss depends on it at all."""


class Slice(NamedTuple):
    """A loss along one number: `y` at each of `x`, NaN or infinite where it is so; `loss` at the number itself."""

    of: str
    entry: Entry
    loss: float
    x: list[float]
    y: list[float]
    corner: tuple[float, float] | None = None
    """The slopes on the left and on the right of the number, where they are not the same."""


class Surface(NamedTuple):
    """A loss over two numbers: `z[row][column]` at `(x[column], y[row])`.

    `others`: parameters, or entries of them, that the loss depends on too and that are held where they are.
    """

    of: str
    entries: tuple[Entry, Entry]
    loss: float
    x: list[float]
    y: list[float]
    z: list[list[float]]
    others: int


class Landscape:
    """The loss around the point where a network's data are. Raises NotScalarError where `of` is not one number."""

    def __init__(self, plan: Plan, values: Mapping[str, Value], of: str) -> None:
        self.plan, self.graph, self.of = plan, plan.graph, of
        shape = self.graph.shape(of)
        if shape:
            raise NotScalarError(
                f"{of} has shape {show_shape(shape)}, and a height is one number",
                hint=f"Write sum(...) or mean(...) around it, as a node of its own:  -n 'J = sum({of})'",
            )
        self.trace = run(plan, values, of, everything=True)
        self.loss = float(self.trace.value(of))
        self._base = plan.forward(values, copies=True)
        self._target = self.graph.nodes[of].slot
        self._numbers = max(self.graph.numbers, len(self.graph))

    def entry(self, name: str, index: Sequence[int] = ()) -> Entry:
        """The number that a name and an index mean; SpecError where they mean none, UsageError for a class number."""
        if name in labels(self.graph):
            raise UsageError(
                f"{name} is a class number: between 0 and 1 there is no other",
                hint="Name a parameter, or an input that is measured.",
            )
        if name == self.of:
            raise UsageError(f"{name} against itself is a straight line", hint="Name what it depends on.")
        place = one_place(name, self.graph.shape(name), index, "a plot is about one number")
        value, gradient = self.trace.value(name), self.trace.gradient(name)
        at, slope = (float(value[place]), float(gradient[place])) if place else (float(value), float(gradient))
        if not math.isfinite(at):
            raise SpecError(f"{name} is {at}: there is nothing around it")
        return Entry(name, place, at, slope, self.trace.reaches(name))

    def along(self, entry: Entry, low: float | None = None, high: float | None = None) -> Slice:
        """The loss from `low` to `high`; where they are not said, as far around the number as it takes to bend."""
        low, high = self.range(entry, low, high)
        x = spaced(low, high, max(min(POINTS, WORK // self._numbers), FEWEST_POINTS))
        return Slice(self.of, entry, self.loss, x, self.losses([entry], [[value] for value in x]), self._corner(entry))

    def _corner(self, entry: Entry) -> tuple[float, float] | None:
        """The two slopes where a small step finds two."""
        if not entry.reaches:
            return None
        found = nudge(self.trace, entry.name, NUDGE * (abs(entry.at) or 1.0), entry.index).outlook
        return (found.left, found.right) if found is not None and found.kind == "corner" else None

    def over(self, entries: tuple[Entry, Entry], ranges: Sequence[tuple[float, float]]) -> Surface:
        """The loss over two numbers, on a grid over two ranges."""
        side = max(min(SIDE, math.isqrt(WORK // self._numbers)), SHORTEST_SIDE)
        x, y = (spaced(low, high, side) for low, high in ranges)
        found = self.losses(entries, [(a, b) for b in y for a in x])
        rows = [found[k : k + side] for k in range(0, len(found), side)]
        return Surface(self.of, entries, self.loss, x, y, rows, self._others(entries))

    def _others(self, entries: Sequence[Entry]) -> int:
        """How many more numbers of parameters the loss depends on."""
        sizes = {name: math.prod(self.graph.shape(name)) for name in self.graph.names("parameter")}
        known = sum(size for name, size in sizes.items() if self.trace.reaches(name))
        return known - sum(entry.name in sizes and entry.reaches for entry in entries)

    def range(
        self, entry: Entry, low: float | None = None, high: float | None = None, visited: Sequence[float] = ()
    ) -> tuple[float, float]:
        """Where to look at a number: what was said, else as far on both sides as the loss takes to bend.

        It bends where it has left its tangent by half of what the tangent has risen or fallen, as a parabola has over
        its minimum; it is looked at twice as far. Places that a descent has `visited` are to be seen too, unless they
        are very far away. UsageError for a range that is none.
        """
        half = self._half(entry) if low is None or high is None else 0.0
        if low is None:
            low = (entry.at if high is None or entry.at < high else high) - half
            low = min([low, *(place for place in visited if place >= entry.at - FAR * half)])
        if high is None:
            high = (entry.at if entry.at > low else low) + half
            high = max([high, *(place for place in visited if place <= entry.at + FAR * half)])
        low, high = max(low, -LARGEST), min(high, LARGEST)
        if not low < high or low + (high / 2 - low / 2) / 100 == low:
            raise UsageError(
                f"from {low:g} to {high:g} there is nothing to see", hint="Give --from A --to B, A below B."
            )
        return low, high

    def _half(self, entry: Entry) -> float:
        """How far the loss is looked at on each side."""
        size = abs(entry.at) if abs(entry.at) > 1e-3 else 1.0
        steps = [size * 2.0**k for k in range(NEAREST, FURTHEST + 1) if abs(entry.at) + size * 2.0**k < LARGEST]
        sides = [[entry.at + sign * step] for step in steps for sign in (-1.0, 1.0)]
        found = self.losses([entry], sides)
        for k, step in enumerate(steps):
            rise = entry.slope * step
            departures = [abs(found[2 * k] - self.loss + rise), abs(found[2 * k + 1] - self.loss - rise)]
            finite = [d for d in departures if math.isfinite(d)]
            if not finite:
                return steps[max(k - 1, 0)]
            if max(finite) >= BENT * abs(rise) * (1 - SAME) and max(finite) > SAME * abs(self.loss):
                return step / BENT if rise else max(step, size)
        return size

    def losses(self, entries: Sequence[Entry], places: Sequence[Sequence[float]]) -> list[float]:
        """The loss where these numbers have these values, a list of values a place."""
        import numpy as np

        values, count = np.array(places, float), max(AT_ONCE // self._numbers, 1)
        parts = [self._stacked(entries, values[k : k + count]) for k in range(0, len(values), count)]
        result: list[float] = np.concatenate(parts).astype(float).tolist()
        return result

    def _stacked(self, entries: Sequence[Entry], values: Any) -> Any:
        """The same for so many places as fit into memory together."""
        import numpy as np

        changed: dict[int, Any] = {}
        for entry, column in zip(entries, values.T, strict=True):
            slot, shape = self.graph.nodes[entry.name].slot, self.graph.shape(entry.name)
            if slot not in changed:
                own = plain(self._base[slot], shape)
                changed[slot] = np.broadcast_to(own, (len(values), *shape)).copy()
            changed[slot][(slice(None), *entry.index)] = column
        found = self.plan.reevaluate(self._base, changed, copies=True)[self._target]
        return np.broadcast_to(np.asarray(found, float), (len(values),))


def spaced(low: float, high: float, count: int) -> list[float]:
    """So many numbers at equal distances, both ends among them."""
    last, size = count - 1, high - low
    if math.isfinite(size):
        return [*(low + size * k / last for k in range(last)), high]
    return [low * (1 - k / last) + high * (k / last) for k in range(count)]
