"""A function known only by its values, at one point: its loss, its gradients, and how finely it tells them.

The rounding of the loss is measured, and the steps are fitted to it, so that a loss in float32 or with six printed
digits is judged as far as it goes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from backpropcli.gradcheck.blackbox.resolution import LENGTHS, Resolution, described, flat, float32, noise, resolution
from backpropcli.gradcheck.blackbox.search import Search
from backpropcli.gradcheck.differences import scale
from backpropcli.gradcheck.stepsize import WIDEST, Points, side_by_side
from backpropcli.gradcheck.tolerances import GOAL, TOLERANCE, TOLERANCE32, UNIT

if TYPE_CHECKING:
    from backpropcli.gradcheck.blackbox.tensors import Probe, Tensor

BUDGET = 20_000
"""So many evaluations of the loss are made before components are left out."""
NUMBERS = 20_000_000
"""So many numbers are handed over, in all evaluations together: large ones are slow."""
AROUND = 300
"""So many evaluations are for random directions over everything, where not every component is looked at."""
EACH = 15
"""Evaluations that a component takes, more or less."""
REPEATED = 1e-9
"""The same input may give losses that differ by so much (threads add up in any order); more is not judged."""
GRADIENTS_REPEATED = 1e-4
"""So may gradients, relative to the largest of their parameter: float32 sums in any order stay well below this."""
FIRST, LARGEST = 1e-11, 1e-2
"""Distances between the values from which noise is read, for parameters up to 1."""
LINES = 3
"""Noise is the median of so many lines: one may lead over a corner."""


class Source(Protocol):
    """A function to be checked: how messages call it, and the table its gradients."""

    name: str
    title: str

    def ask(self, tensors: Sequence[Tensor]) -> tuple[float, list[list[float]]]:
        """The loss and the gradients at these parameters."""

    def losses(self, probes: Iterable[Probe]) -> Iterator[float]:
        """The loss where some of these parameters are moved, in order."""


class UnsteadyError(Exception):
    """The same parameters gave `first` and `second` as the loss, or as the gradient that `what` names."""

    def __init__(self, first: float, second: float, what: str = "") -> None:
        super().__init__(first, second, what)
        self.first = first
        self.second = second
        self.what = what


class Component(NamedTuple):
    """One number that is moved: the `flat`th of tensor number `tensor`, and the gradient that is judged.

    `unit` is the distance between two numbers as the gradient is written.
    """

    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    tensor: int
    flat: int
    x: float
    gradient: float
    unit: float


def component_label(tensor: Tensor, flat: int) -> str:
    """`W[0, 1]`, or `w` for a plain number."""
    index = tensor.index_of(flat) if tensor.shape else ()
    return f"{tensor.name}[{', '.join(map(str, index))}]" if index else tensor.name


class BlackBox:
    """A source at one point: its loss and gradients there, and how finely it tells them.

    Raises UnsteadyError where the same parameters give different losses.
    """

    def __init__(self, source: Source, tensors: Sequence[Tensor], seed: int = 0) -> None:
        self.source = source
        self.tensors = list(tensors)
        self.random = random.Random(seed)
        self.evaluations = 0
        self.seen: list[float] = []
        self.notes: list[str] = []
        self.loss, self.gradients = source.ask(self.tensors)
        self.noise = UNIT * abs(self.loss)
        self.resolution = Resolution()
        if math.isfinite(self.loss):
            self._steady()
            self._measure()

    def losses(self, probes: Iterable[Probe]) -> list[float]:
        """The loss at each probe."""
        found = list(self.source.losses(probes))
        self.evaluations += len(found)
        self.seen += found[: 1000 - len(self.seen)] if len(self.seen) < 1000 else []
        return found

    def _steady(self) -> None:
        """Whether an input gives its loss again after another one: a program might learn between lines."""
        away: Probe = [(0, 0, self.tensors[0].numbers[0] + WIDEST)]
        again = self.losses([(), away, (), ()])
        spread = 0.0
        for loss in (again[0], *again[2:]):
            if loss != self.loss and not (math.isnan(loss) and math.isnan(self.loss)):
                off = abs(loss - self.loss)
                if not off <= REPEATED * max(abs(loss), abs(self.loss)):
                    raise UnsteadyError(self.loss, loss)
                spread = max(spread, off)
        self._steady_gradients()
        if spread:
            self.noise = max(self.noise, spread)
            self.notes.append(
                f"The same parameters give losses that differ by {spread:.1g}: the errors (±) allow for it."
            )

    def _steady_gradients(self) -> None:
        """Gradients that add up from line to line, as where nobody sets them back to 0, differ the second time."""
        _, again = self.source.ask(self.tensors)
        for tensor, first, second in zip(self.tensors, self.gradients, again, strict=True):
            largest = max((abs(g) for g in (*first, *second) if math.isfinite(g)), default=0.0)
            for k, (a, b) in enumerate(zip(first, second, strict=True)):
                if math.isfinite(a) and math.isfinite(b) and abs(a - b) > GRADIENTS_REPEATED * largest:
                    raise UnsteadyError(a, b, component_label(tensor, k))

    def _measure(self) -> None:
        """How finely the loss is told: the noise along lines through all parameters, and what the values show."""
        measured = [self._along_a_line() for _ in range(LINES)]
        self.resolution = resolution([self.loss, *self.seen])
        levels = sorted(level for level in measured if level is not None)
        level = levels[len(levels) // 2] if levels else 0.0
        self.noise = max(self.noise, 2.0 * level, self.resolution.unit(self.loss) / 3.0)
        if self.resolution.single and any(x != float32(x) for t in self.tensors for x in t.numbers):
            # What it is sent may be rounded to float32 too: then only such numbers are what they seem.
            self.tensors = [t._replace(numbers=list(map(float32, t.numbers))) for t in self.tensors]
            self.loss, self.gradients = self.source.ask(self.tensors)
        if self.resolution.single:
            self.notes.append("The loss is a float32 number: float64 makes the check far sharper.")
        elif self.resolution.digits:
            self.notes.append(
                f"The loss is written with {described(self.resolution)}. All 17 (std::setprecision(17), %.17g) "
                "make the check far sharper."
            )

    def _along_a_line(self) -> float | None:
        places = [
            (t, k, x, self.random.choice((-1.0, 1.0)) * (0.5 + self.random.random()) * scale(x))
            for t, tensor in enumerate(self.tensors)
            for k, x in enumerate(tensor.numbers)
            if math.isfinite(x)
        ]
        distance, tried = FIRST, set[float]()
        while FIRST / 1e5 < distance < LARGEST and distance not in tried:
            tried.add(distance)
            away = [n * distance for n in range(1, LENGTHS + 1)]
            values = self.losses([[(t, k, x + n * d) for t, k, x, d in places] for n in away])
            if not all(map(math.isfinite, values)):
                return None
            if flat(values):
                distance *= 64.0
                continue
            level = noise(values)
            if level is not None:
                return level
            distance /= 64.0
        return None

    # What there is to move, and how it goes.

    def components(self, names: Sequence[str] | None) -> list[Component]:
        """Every number there is to be moved."""
        units = resolution(g for row in self.gradients for g in row)
        self.tolerance = TOLERANCE32 if units.single else TOLERANCE
        if described(units):
            written = "are float32 numbers" if units.single else f"are written with {described(units)}"
            self.notes.append(f"The gradients {written}, and are judged to that.")
        found = []
        for t, tensor in enumerate(self.tensors):
            if names is not None and tensor.name not in names:
                continue
            for k, (x, gradient) in enumerate(zip(tensor.numbers, self.gradients[t], strict=True)):
                unit = 0.0 if units.single else units.unit(gradient)
                found.append(Component(tensor.name, tensor.index_of(k), t, k, x, gradient, unit))
        return found

    def room(self) -> int:
        """How many components there are evaluations for."""
        return max(1, min(BUDGET, NUMBERS // sum(t.size for t in self.tensors)) // EACH)

    def sample(self, components: Sequence[Component], most: int) -> list[int]:
        """Which of these components are looked at one by one: some of every parameter, its odd gradients among them.

        A loss with few digits shows small gradients one by one to nobody: then they are the largest of each.
        """
        coarse = bool(self.resolution.digits or self.resolution.single)
        if coarse:
            self.notes.append("Those moved one by one are the largest: such a loss shows no smaller ones alone.")
        parts: dict[int, list[int]] = {}
        for k, c in enumerate(components):
            parts.setdefault(c.tensor, []).append(k)
        found: list[int] = []
        for part in parts.values():
            fair = max(1, most // len(parts), most * len(part) // len(components))
            odd = [k for k in part if not math.isfinite(components[k].gradient + components[k].x)][:fair]
            known, count = set(odd), min(len(part), fair) - len(odd)
            rest = [k for k in part if k not in known]
            rest = sorted(rest, key=lambda k: -abs(components[k].gradient * scale(components[k].x))) if coarse else rest
            found += [*odd, *(rest[:count] if coarse else self.random.sample(rest, count))]
        return sorted(found)

    def search(self, components: Mapping[int, Component], widest: float) -> dict[int, Search]:
        """The search for each component's own step, all of them side by side."""
        single = self.resolution.single
        searches = {k: Search(c.x, self.noise, GOAL, self.loss, widest, single) for k, c in components.items()}

        def look(keys: Sequence[int], places: Sequence[Points]) -> Iterator[tuple[list[float], int]]:
            some = [(components[k], points) for k, points in zip(keys, places, strict=True)]
            seen = iter(self.losses([(c.tensor, c.flat, x)] for c, points in some for x in points))
            return (([next(seen) for _ in points], -1) for _, points in some)

        side_by_side(searches, look)
        return searches

    def fitting(self) -> float:
        """The step at which this noise and a fifth power meet, a power of two."""
        relative = self.noise / abs(self.loss) if self.loss else UNIT
        return 2.0 ** round(math.log2(max(relative, UNIT)) / 5.0)
