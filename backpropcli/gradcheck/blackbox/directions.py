"""Random directions over all parameters of a black box at once: a few evaluations each, and no entry is left out.

A sample of single entries misses what it does not hold; the slope along a direction that moves every entry shows an
error wherever it is, and halving the direction finds the entry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.gradcheck.acceptance import allowed, tells
from backpropcli.gradcheck.blackbox.resolution import float32
from backpropcli.gradcheck.blackbox.search import Search, two_sides
from backpropcli.gradcheck.blackbox.tensors import Along, Line, Probe
from backpropcli.gradcheck.differences import Slope, romberg, scale
from backpropcli.gradcheck.stepsize import WIDEST
from backpropcli.gradcheck.tolerances import UNIT, UNIT32

if TYPE_CHECKING:
    from backpropcli.gradcheck.blackbox.function_values import BlackBox, Component

COUNT = 4
"""So many directions; errors that cancel along one of them do not along the others."""
BLIND = 0.02
"""A direction that sees no better than this, relative to the gradient's length along it, says nothing."""
FOUND = 12
"""So many entries to blame are looked for; what they have in common tells the rest."""
SMALL = 4
"""Where neither half of so few is off by itself, each of them is suspected."""
OTHERS = (0.4, 0.1)
"""A loss with few digits is looked at again from these parts of the first step."""
STATISTICAL = 4.0
"""Rounded entries add up like random numbers: the sum is off by so many standard deviations at most."""


class Seen(NamedTuple):
    """What the gradients say of the slope along a direction, and what the loss does there, at this `step`."""

    says: float
    slope: Slope
    slack: float
    length: float
    step: float
    cornered: bool = False

    @property
    def blind(self) -> bool:
        """Whether the loss is too rough to tell."""
        return not tells(self.slope.error, self.length, BLIND)

    @property
    def excess(self) -> float:
        """By how much they are further apart than they may be; negative where they agree or nobody can tell."""
        return abs(self.says - self.slope.value) - self.slack if math.isfinite(self.slope.error) else -math.inf


class Findings(NamedTuple):
    """How many directions were looked along, how many of them differ or could not tell, and whom they blame."""

    directions: int = 0
    differing: int = 0
    blind: int = 0
    suspects: tuple[int, ...] = ()


class Everywhere:
    """Directions over these components of a box; each entry moves by about its own size, up or down."""

    def __init__(self, box: BlackBox, components: Sequence[Component], tolerance: float) -> None:
        self.box = box
        self.components = components
        self.tolerance = tolerance
        self.widest = min(0.25, max(WIDEST, box.fitting()))

    def look_around(self, evaluations: int) -> Findings:
        """Along every direction, as long as there are evaluations left; the first that differs is halved."""
        box, found = self.box, Findings()
        end = box.evaluations + evaluations
        everyone = [k for k, c in enumerate(self.components) if math.isfinite(c.x) and math.isfinite(c.gradient)]
        if not everyone or not math.isfinite(box.loss):
            return found
        suspects: dict[int, None] = {}
        for number in range(COUNT):
            if number and box.evaluations >= end - evaluations // 2:
                break
            direction = self._drawn()
            seen = self.look(direction, everyone)
            odd = seen.excess > 0.0
            found = found._replace(
                directions=number + 1, blind=found.blind + (seen.blind and not odd), differing=found.differing + odd
            )
            if odd and not suspects:
                suspects = dict.fromkeys(self._blamed(direction, everyone, seen.step, end))
        return found._replace(suspects=tuple(suspects))

    def _drawn(self) -> list[float]:
        rng = self.box.random
        return [rng.choice((-1.0, 1.0)) * (0.5 + rng.random()) * scale(c.x) for c in self.components]

    def look(self, direction: Sequence[float], members: Sequence[int], step: float = 0.0) -> Seen:
        """The slope along the part of a direction that moves these members; at one `step` alone where that tells."""
        box, line = self.box, _Line(self, direction, members)
        terms = [self.components[k].gradient * direction[k] for k in members]
        says, length = math.fsum(terms), math.hypot(*terms)
        slack = self._slack(direction, members, terms)

        def seen(n: Slope, step: float, cornered: bool = False) -> Seen:
            size = max(length, abs(says), abs(n.value) if math.isfinite(n.value) else 0.0)
            return Seen(says, n, allowed(size, n.error, self.tolerance, slack), size, step, cornered)

        if step:
            quick = seen(line.slope(step), step)
            if not quick.blind:
                return quick
        n, bent, step = line.searched(self.widest, self.tolerance / 10.0)
        found = seen(n, step)
        if found.excess > 0.0 and bent:
            sides = two_sides(line, {0: (0, 0, 0.0)}, self.widest)[0]
            if not sides.smooth and math.isfinite(sides.left.error + sides.right.error):
                low, high = sorted((sides.left.value, sides.right.value))
                between = Slope(min(max(says, low), high), sides.left.error + sides.right.error)
                return seen(between, step, cornered=True)
        if found.excess > 0.0 and (box.resolution.single or box.resolution.digits):
            for part in OTHERS:  # steps so wide may lead over many corners: others must say the same
                other = line.searched(self.widest * part, self.tolerance / 10.0)[0]
                n = Slope(n.value, max(n.error, other.error, abs(other.value - n.value)))
            found = seen(n, step)
        return found

    def _slack(self, direction: Sequence[float], members: Sequence[int], terms: Sequence[float]) -> float:
        """What the digits of the gradients, and of the numbers that are sent, leave open."""
        rounded = math.hypot(*[self.components[k].unit * direction[k] for k in members]) / 2.0
        if self.box.resolution.single:
            sent = math.hypot(*[self.components[k].gradient * self.components[k].x for k in members])
            rounded += UNIT32 * sent / self.widest
        return STATISTICAL * rounded + 4.0 * UNIT * math.fsum(map(abs, terms))

    def _blamed(self, direction: Sequence[float], everyone: Sequence[int], step: float, end: int) -> list[int]:
        """The members to blame: what is off is halved, and halved again, the worse half first."""
        waiting, found = [list(everyone)], list[int]()
        while waiting and len(found) < FOUND and self.box.evaluations < end:
            members = waiting.pop()
            if len(members) == 1:
                found += members
                continue
            middle = len(members) // 2
            halves = members[:middle], members[middle:]
            first = self.look(direction, halves[0], step).excess
            if first <= 0.0 and len(members) > SMALL:
                waiting.append(halves[1])  # the fault must be here: no need to look
                continue
            excess = first, self.look(direction, halves[1], step).excess
            if max(excess) <= 0.0:
                found += members if len(members) <= SMALL else []
            order = (1, 0) if excess[0] >= excess[1] else (0, 1)
            waiting += [halves[k] for k in order if excess[k] > 0.0]
        return found


class _Line:
    """The loss along a line, as `two_sides` asks for it: the place `t` is the point plus t times the direction."""

    def __init__(self, everywhere: Everywhere, direction: Sequence[float], members: Sequence[int]) -> None:
        self.box = everywhere.box
        self.loss, self.noise = self.box.loss, self.box.noise
        moves = [(c.tensor, c.flat, c.x, direction[k]) for k in members for c in (everywhere.components[k],)]
        self.line = Line(moves, float32 if self.box.resolution.single else None)

    def at(self, t: float) -> Probe:
        """The probe at `t`."""
        return Along(self.line, t)

    def losses(self, probes: Iterable[Probe]) -> list[float]:
        """The loss where each probe moves along the line."""
        return self.box.losses(self.at(probe[0][2]) for probe in probes)

    def searched(self, widest: float, goal: float) -> tuple[Slope, bool, float]:
        """The slope by steps that suit it, whether the loss is bent here, and the step that found it."""
        search = Search(0.0, self.noise, goal, self.loss, widest, self.box.resolution.single)
        search.run(lambda places: (self.box.losses(map(self.at, places)), -1))
        return search.best, search.bent, search.at

    def slope(self, step: float) -> Slope:
        """The slope by this one step."""
        points = Search(0.0, self.noise, 0.0, self.loss, step, self.box.resolution.single).points()
        return romberg(self.box.losses(self.at(t) for t in points), points, self.noise)[0]
