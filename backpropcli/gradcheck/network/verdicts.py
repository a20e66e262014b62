"""The judgement: a ladder of opinions, each sharper and dearer than the one below, and the rule that compares them.

The rungs are calibrated differences, the complex step, and rule and difference at 50 digits or more. A gradient passes
on the first rung that sees it clearly and agrees; it fails only when the top confirms that its rule is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.gradcheck.differences import UNKNOWN, Calibration, Slope, scale
from backpropcli.gradcheck.network.corners import Sides, exactly_on, sides
from backpropcli.gradcheck.network.point import LOOP, Component, Point
from backpropcli.gradcheck.report import Method, Reason, Row, Verdict

if TYPE_CHECKING:
    from backpropcli.gradcheck.large.linear import Ways
    from backpropcli.gradcheck.network.oracles import Digits, Exact
    from backpropcli.gradcheck.precision.digits import Numbers

TOLERANCE = 1e-6
"""Two right answers may differ by this, relative to the larger; in float32 by `TOLERANCE32`."""
TOLERANCE32 = 2e-5
SHARP = 1e-3
"""An opinion counts if three times its error is below this, relative to the larger of the two numbers."""
PLAIN = 100.0
"""An opinion contradicts plainly if it is so many times further off than it may be, or 1e-3 off."""
SHARP_FIRST = 1e-5
"""The same for the first rung, where climbing on costs little and sharpens what the check can see."""
GOAL = 1e-7
"""The relative error at which the search for a step may end."""
AMPLIFIED = 1e6
"""Where values lose more than this on the way to the loss, the complex step loses it too, and is passed over."""
IN_RANGE = 1e25
"""How much longer the complex step is that tells a slope of 0 from one too small for float64 to multiply."""
TRUSTED = 1e-200
"""Below this a complex step may have underflowed on the way, and contradicts nobody."""
WORK = 400_000
"""So many numbers are computed at 50 digits before the rest is left unsure: some seconds. Of a network larger than that
none are: there the operation to blame is confirmed alone."""
LIGHT = 20_000_000
"""Up to so many numbers, contested components times the network's size, every one of them climbs by itself."""
DEARER = 150.0
"""A number with so many digits takes about twice as long as one with few."""
CONFIRMED = 4
"""So many wrong components are confirmed at the top before `known` is asked."""
BESIDE, CLOSER = 1e-6, 64.0
"""So far from the point, and so many times closer, the loss is looked at: whether what it differs by shrinks."""

OnCorner = Callable[[Component, int, Sides], Row]
"""What to say of a component that stands on a corner: of which step, and with which slopes."""


def agrees(a: float, n: Slope, tolerance: float = TOLERANCE) -> bool:
    """Whether two slopes are the same, as far as the error of the second can tell; never if one is not finite."""
    if not (math.isfinite(a) and math.isfinite(n.value)):
        return False
    return abs(a - n.value) <= tolerance * max(abs(a), abs(n.value)) + 3.0 * n.error


def sharp(a: float, n: Slope, limit: float = SHARP) -> bool:
    """Whether an opinion is precise enough, beside these two numbers, to be worth hearing."""
    return math.isfinite(n.value) and 3.0 * n.error <= limit * max(abs(a), abs(n.value))


def sees(n: Slope, tolerance: float) -> float | None:
    """The smallest relative error that this opinion would have caught; None where the slope is 0."""
    return tolerance + 4.0 * n.error / abs(n.value) if n.value and math.isfinite(n.error) else None


def contradicts(a: float, n: Slope) -> bool:
    """Whether a precise opinion says something plainly different, not only something a little off."""
    gap, size = abs(a - n.value), max(abs(a), abs(n.value))
    far = min(SHARP * size, PLAIN * (TOLERANCE * size + 3.0 * n.error))
    return SHARP * size > TRUSTED and sharp(a, n) and gap > far


class Judge:
    """Judges components of one network at one point; `on_corner` has the last word where the point is on a corner.

    `known` says whether the top has found an operation's own rule wrong on a component's way to the loss: once it has,
    and a few components have been confirmed, a complex step that plainly contradicts backprop is enough. `tick` is
    called whenever one more has been looked at.
    """

    def __init__(
        self,
        point: Point,
        on_corner: OnCorner,
        tolerance: float = TOLERANCE,
        known: Callable[[Component], bool] = lambda c: False,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.point = point
        self.on_corner = on_corner
        self.tolerance = tolerance
        self.known = known
        self.tick = tick
        self._noise: dict[int, float] = {}
        self._doubts: dict[Component, Slope] = {}
        self._left = 0.0
        self._contradicted: dict[Component, Slope] = {}
        self._slight: dict[Component, Slope] = {}
        self._standing: dict[int, bool] = {}
        self._named: set[int] | None = None
        self._ways: Ways | None = None
        self._numbers: Numbers | None = None
        self._digits: Digits | None = None
        self._odd = 0
        self.unseen = 0
        """So many numbers may have lost digits, and were left as they were: the network is too large to tell."""
        self.done: list[Row | None] = []

    def rows(self, components: Sequence[Component]) -> list[Row]:
        """A row for every component, in order; `done` has those that there are so far, also while this is going on."""
        self.done = [None] * len(components)
        for k, c in enumerate(components):
            self.done[k] = self._at_once(c)
        self._first_rung(components)
        waiting = [k for k, row in enumerate(self.done) if row is None]
        if len(waiting) * self.point.work() > LIGHT:
            self._a_few_for_all(components, waiting)
        self._climb(components, waiting)
        if components:
            from backpropcli.gradcheck.precision.verdict import seen

            self.unseen = seen(self, components, WORK)
        return [row for row in self.done if row is not None]

    def _climb(self, components: Sequence[Component], waiting: Sequence[int]) -> None:
        """The upper rungs, for those of these components that are still without a row."""
        for rung in (self._by_complex_steps, self._by_digits):
            left = [k for k in waiting if self.done[k] is None]
            if left:
                for k, row in zip(left, rung([components[k] for k in left]), strict=True):
                    self.done[k] = row

    def _a_few_for_all(self, components: Sequence[Component], waiting: Sequence[int]) -> None:
        """Very many are contested: a few of them climb, and once the operation on their way that is to blame is known,
        the others need no more than a difference that plainly contradicts backprop.
        """
        doubted = [k for k in waiting if components[k] in self._contradicted]
        self._climb(components, doubted[:: max(1, -(-len(doubted) // CONFIRMED))])
        for k in doubted:
            c = components[k]
            if self.done[k] is None and self.known(c):
                self.done[k] = self.row(c, self._contradicted[c], "fail", "difference", "rule")

    def at_the_top(self, components: Sequence[Component]) -> Iterator[Row]:
        """A row for each from the last rung alone."""
        return self._by_digits(components)

    def row(
        self,
        c: Component,
        n: Slope,
        verdict: Verdict,
        method: Method,
        reason: Reason = "",
        node: str = "",
        note: str = "",
    ) -> Row:
        """A row of the report."""
        power = sees(n, self.tolerance)
        return Row(c.name, c.index, c.backprop, n.value, n.error, verdict, reason, node, note, method, sees=power)

    def noise(self, slot: int) -> float:
        """The rounding error of the loss for what lies downstream of `slot`."""
        if slot not in self._noise:
            self._noise[slot] = self.point.noise(slot)
        return self._noise[slot]

    # Before any rung.

    def _at_once(self, c: Component) -> Row | None:
        """What needs no numbers: no path to the loss, or something that is not finite."""
        still = ""
        if not self.point.reaches(c.slot):
            still = f"no path leads from {c.name} to {self.point.of}"
        elif c.slot in self._labels():
            still = "a label: beside it there is nothing"
        if still and c.backprop == 0.0:
            return self.row(c, Slope(0.0, 0.0), "pass", "none", note=still)
        if still:
            return self.row(c, Slope(0.0, 0.0), "fail", "none", "rule", note=still)
        if not (math.isfinite(c.x) and math.isfinite(self.point.loss)):
            return self._not_finite(c)
        return None

    def _labels(self) -> set[int]:
        """The slots that are nothing but class numbers, kept for the next time."""
        if self._named is None:
            from backpropcli.engine.labels import nothing_but_labels

            self._named = nothing_but_labels(self.point.graph, self.point.target)
        return self._named

    def _not_finite(self, c: Component) -> Row:
        from backpropcli.gradcheck.precision import nonfinite as notfinite

        self._odd += 1
        asked = self._odd <= notfinite.FEW and self.point.work() <= notfinite.LIGHT
        return notfinite.row(self, c, self.digits() if asked else None)

    def digits(self) -> Digits:
        """The network at 50 digits and more, kept for the next time."""
        if self._digits is None:
            from backpropcli.gradcheck.network.oracles import Digits

            self._digits = Digits(self.point)
        return self._digits

    # The first rung.

    def _first_rung(self, components: Sequence[Component]) -> None:
        point = self.point
        waiting = [k for k, row in enumerate(self.done) if row is None]
        some = [components[k] for k in waiting]
        if not some:
            return
        if point.plan.scalar and 6 * len(some) * len(point.graph) <= LOOP:
            for k, c, search in zip(waiting, some, self.calibrate(some), strict=True):
                corner = search.corner if search.cornered else -1
                self.done[k] = self._seen(c, search.best, corner)
                if self.done[k] is None and corner < 0 and self._constant(c, search.best):
                    self.done[k] = self.row(c, search.best, "pass", "difference")
            return
        from backpropcli.gradcheck.large.many import Found, Rule, first_rung

        self._noise.update(point.noises([s for s in dict.fromkeys(c.slot for c in some) if s not in self._noise]))

        rule = Rule(self.tolerance, SHARP_FIRST)
        for number, found in first_rung(point, some, GOAL, rule, self._noise, self.ways()):
            k = waiting[number]
            self.done[k] = self._seen(components[k], *found) if isinstance(found, Found) else found
            self.tick()

    def ways(self) -> Ways | None:
        """How slopes of whole arrays are found, kept for the next time; None for plain numbers."""
        if self._ways is None and not self.point.plan.scalar:
            from backpropcli.gradcheck.large.linear import Differences, Ways

            self._ways = Ways(self.point, Differences(self.point, GOAL))
        return self._ways

    def _seen(self, c: Component, n: Slope, corner: int) -> Row | None:
        """The row, if the first rung can tell; `corner` is the step whose corner no step leaves out, or -1."""
        if corner >= 0 and self._stands_on(corner):
            return self._on_corner(c, corner)
        if not math.isfinite(c.backprop):
            row = self._not_finite(c)
            return self.row(c, n, "fail", "difference", "nonfinite", row.node, row.note) if sharp(0.0, n) else row
        if corner < 0 and self._accepts(c, n, SHARP_FIRST):
            return self.row(c, n, "pass", "difference")
        if contradicts(c.backprop, n):
            self._contradicted[c] = n
        return None

    def _stands_on(self, corner: int) -> bool:
        if corner not in self._standing:
            self._standing[corner] = exactly_on(self.point, corner)
        return self._standing[corner]

    def _accepts(self, c: Component, n: Slope, limit: float = SHARP) -> bool:
        return sharp(c.backprop, n, limit) and agrees(c.backprop, n, self.tolerance)

    def _constant(self, c: Component, n: Slope) -> bool:
        """Whether both are 0, and not because a change is lost in rounding."""
        return c.backprop == 0.0 == n.value and self.point.constant(c, Calibration(c.x, 0.0, 0.0).points())

    def calibrate(self, components: Sequence[Component]) -> list[Calibration]:
        """The search for each component's own step, all of them side by side."""
        searches = [Calibration(c.x, self.noise(c.slot), GOAL) for c in components]
        active = list(range(len(components)))
        while active:
            looks = self.point.look([components[k] for k in active], [searches[k].points() for k in active])
            for k, (losses, corner) in zip(active, looks, strict=True):
                searches[k].feed(losses, corner)
            active = [k for k in active if not searches[k].done]
        return searches

    def _on_corner(self, c: Component, slot: int) -> Row:
        found = sides(self.point, c)
        if found.smooth and math.isfinite(c.backprop):
            n = min(found.left, found.right, key=lambda side: side.error)
            if self._accepts(c, n):
                return self.row(c, n, "pass", "difference")
        return self.on_corner(c, slot, found)

    # The second rung.

    def _by_complex_steps(self, components: Sequence[Component]) -> Iterator[Row | None]:
        from backpropcli.gradcheck.network.oracles import complex_slopes

        clean = [c for c in components if self._clean(c)]
        found = dict(zip(clean, complex_slopes(self.point, clean), strict=True))
        nothing = [c for c in clean if c.backprop == 0.0 == found[c].value]
        # A slope of 1e-300 times a step of 1e-30 is 0 too: look again with a step that keeps it in range.
        found.update(zip(nothing, complex_slopes(self.point, nothing, IN_RANGE), strict=True))
        for c in components:
            n = found.get(c)
            # A complex step sees one side of a corner, and a difference both.
            if n is None or (c in self._contradicted and self._accepts(c, n)):
                yield None
            elif self._accepts(c, n) or (c.backprop == 0.0 == n.value and self._steady(c)):
                yield self.row(c, n, "pass", "complex step")
            else:
                if contradicts(c.backprop, n):
                    self._doubts[c] = n
                elif sharp(c.backprop, n) and TRUSTED < abs(n.value) < math.inf and math.isfinite(c.backprop):
                    self._slight[c] = n
                yield None

    def _steady(self, c: Component) -> bool:
        """Whether the loss goes on beside the point as it is here: a complex step of 0 sees nothing of a jump there.

        Where one side lies outside the domain, the other one tells.
        """
        step = BESIDE * scale(c.x)
        ((losses, _),) = self.point.look([c], [(c.x - step, c.x - step / CLOSER, c.x + step / CLOSER, c.x + step)])
        off = [abs(x - self.point.loss) for x in losses]
        sides = [(wide, near) for wide, near in (off[:2], off[:1:-1]) if not math.isnan(wide + near)]
        slack = 40.0 * self.noise(c.slot)
        return bool(sides) and all(near <= wide / 2.0 + slack < math.inf for wide, near in sides)

    def _clean(self, c: Component) -> bool:
        return self.noise(c.slot) <= AMPLIFIED * 2.0**-53 * abs(self.point.loss)

    # The number.

    def numbers(self) -> Numbers:
        """How far rounding may have led the gradients astray, kept for the next time."""
        if self._numbers is None:
            from backpropcli.gradcheck.precision.digits import Numbers

            self._numbers = Numbers(self.point)
        return self._numbers

    # The top.

    def _by_digits(self, components: Sequence[Component]) -> Iterator[Row]:
        digits = self.digits()
        work = self.point.work()
        self._left, confirmed = 2.0 * WORK, 0 if work < WORK else CONFIRMED
        for c in components:
            if confirmed >= CONFIRMED and c in self._doubts and self.known(c):
                yield self.row(c, self._doubts[c], "fail", "complex step", "rule")
                continue
            row = self._settle(c, digits) if work < self._left else self._out_of_budget(c)
            confirmed += row.reason == "rule"
            yield row

    def _settle(self, c: Component, digits: Digits) -> Row:
        """The verdict of many digits: whether the rule is right, and whether float64 has kept its digits."""
        from backpropcli.gradcheck.network.oracles import PRECISE, UNKNOWN_EXACT

        a, seen = c.backprop, UNKNOWN_EXACT
        size_of_one = len(self.point.downstream({c.slot})) if self.point.plan.scalar else self.point.work()
        for many in PRECISE:
            self._left -= size_of_one * (1.0 + many / DEARER)
            if self._left < 0.0 and many > PRECISE[0]:
                break
            seen = digits.opinion(c, many)
            n = Slope(float(seen.slope), float(seen.error) + 2.0**-53 * abs(float(seen.slope)))
            size = max(abs(a), abs(seen.rule), abs(seen.slope))
            if not 3 / SHARP * seen.error <= size:  # SHARP times the smallest floats would be 0
                continue  # more digits may tell
            if self._two_sided(c, digits, seen, many):
                return self._on_corner(c, -1)
            if not close(seen.rule, seen.slope, TOLERANCE, seen.error):
                return self._wrong(c, n)
            if close(a, seen.slope, self.tolerance, seen.error):
                return self.row(c, n, "pass", "50 digits")
            from backpropcli.gradcheck.precision.verdict import lossy

            reliable = self.numbers().settled(digits, c)
            # Beside a float that is nothing but rounding, a difference is sharp too early.
            if reliable is not None and (reliable == 0 or 3 / SHARP * seen.error <= abs(reliable)):
                return lossy(self, c, float(reliable), many)
        if a == 0.0 and abs(seen.rule) <= 3 * seen.error and abs(seen.slope) <= 3 * seen.error:
            return self.row(c, Slope(0.0, float(seen.error)), "pass", "50 digits")
        if self._left < 0.0:
            return self._out_of_budget(c)
        return self._unsettled(c, Slope(float(seen.slope), float(seen.error)))

    def _two_sided(self, c: Component, digits: Digits, seen: Exact, many: int) -> bool:
        """Whether the slopes to the left and to the right are not the same, however small the step: a corner, or a
        jump.
        """
        from backpropcli.gradcheck.network.oracles import PRECISE

        if not seen.two_sided or many == PRECISE[-1]:
            return seen.two_sided
        return digits.opinion(c, PRECISE[PRECISE.index(many) + 1]).two_sided

    def _wrong(self, c: Component, n: Slope) -> Row:
        return self.row(c, n, "fail", "50 digits", "rule")

    def _out_of_budget(self, c: Component) -> Row:
        """What is known without many digits: plain contradictions are enough where an operation to blame is known, or
        where both of the lower rungs say the same.
        """
        plain = [n for n in (self._doubts.get(c), self._contradicted.get(c)) if n is not None]
        if not plain and c in self._slight and self.known(c):  # it is off by little, and who is to blame is known
            return self.row(c, self._slight[c], "fail", "complex step", "rule")
        if not plain:
            return self._unsettled(c)
        method: Method = "complex step" if c in self._doubts else "difference"
        if self.known(c) or (len(plain) == 2 and agrees(plain[0].value, plain[1])):
            return self.row(c, plain[0], "fail", method, "rule")
        note = f"the {method} contradicts backprop, but the network is too large for 50 digits to confirm it"
        return self.row(c, plain[0], "unsure", method, "unsettled", note=note)

    def _unsettled(self, c: Component, n: Slope = UNKNOWN) -> Row:
        return self.row(c, n, "unsure", "50 digits", "unsettled", note="no opinion was sharp enough here")


def close(a: Any, b: Any, tolerance: float, error: Any) -> bool:
    """Whether two numbers of any kind agree within a relative tolerance and three times an error."""
    return bool(abs(a - b) <= tolerance * max(abs(a), abs(b)) + 3 * error)
