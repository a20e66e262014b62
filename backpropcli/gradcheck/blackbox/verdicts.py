"""The verdicts on a function that is known by its values alone: a difference, a second one with other steps, two sides.

There is no level above these: what no difference can tell is `unsure`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backpropcli.errors import UsageError
from backpropcli.gradcheck.acceptance import agrees, sees, sharp
from backpropcli.gradcheck.blackbox.directions import Everywhere
from backpropcli.gradcheck.blackbox.function_values import (
    AROUND,
    EACH,
    REPEATED,
    BlackBox,
    Component,
    Source,
    UnsteadyError,
)
from backpropcli.gradcheck.blackbox.search import Search, two_sides
from backpropcli.gradcheck.blackbox.shared_corners import judge_together
from backpropcli.gradcheck.differences import UNKNOWN, Difference, Slope, scale
from backpropcli.gradcheck.fixed_step import at_step, ends
from backpropcli.gradcheck.large.sampling import Coverage
from backpropcli.gradcheck.report import Report, Row
from backpropcli.gradcheck.stepsize import WIDEST
from backpropcli.gradcheck.tolerances import MARGIN, SHARP
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.gradcheck.blackbox.tensors import Tensor
    from backpropcli.gradcheck.point.corners import Sides

SHARP_COARSE = 2e-2
"""As `SHARP`, for a loss that is known to fewer digits than float64 has."""
CONFIRMING = (91 / 128,)
"""A second search for the same slope starts at this part of the first one's step."""
CONFIRMING_COARSE = (91 / 128, 51 / 128, 25 / 128)
"""As `CONFIRMING`, for a loss with few digits: its steps are so wide that they may lead over a corner."""
COARSE = 0.5
"""The first step where the usual one drowns in the rounding of the loss, for parameters up to 1."""


class DeafError(Exception):
    """The loss is the same whatever the parameters are, and the gradients are not 0."""


class Verdicts:
    """The judge of a black box."""

    def __init__(self, box: BlackBox) -> None:
        self.box = box
        self.coarse = bool(box.resolution.digits or box.resolution.single)

    def rows(self, components: Sequence[Component]) -> list[Row]:
        """A row for every component, in order."""
        if not math.isfinite(self.box.loss):
            note = f"the loss is {_word(self.box.loss)}"
            return [_row(c, UNKNOWN, "fail", "nonfinite", note) for c in components]
        usual = min(COARSE / 2.0, max(WIDEST, self.box.fitting()))
        known = {k: c for k, c in enumerate(components) if math.isfinite(c.x)}
        first = self.box.search(known, usual)
        slopes = self._slopes(known, first)
        sides = self._sides(known, first, slopes, usual)
        doubted = {k: c for k, c in known.items() if k not in sides and not self._agrees(c, slopes[k])}
        others = self._others(doubted, usual)
        rows: list[Row] = []
        for k, c in enumerate(components):
            if k not in known:
                rows.append(_row(c, UNKNOWN, "fail", "nonfinite", f"{c.name} is {_word(c.x)}"))
            elif not math.isfinite(c.gradient):
                rows.append(_row(c, slopes[k], "fail", "nonfinite", f"its gradient is {_word(c.gradient)}"))
            elif k in sides:
                rows.append(self._two_sided(c, sides[k]))
            elif k in doubted:
                rows.append(self._doubted(c, slopes[k], others[k]))
            else:
                rows.append(self._agreeing(c, slopes[k], first[k]))
        return rows if self.coarse else judge_together(self.box, components, rows)

    def _slopes(self, known: Mapping[int, Component], first: Mapping[int, Search]) -> dict[int, Slope]:
        """The slope for each component: by the first search, and by wider steps where that drowns in rounding."""
        slopes = {k: found.best for k, found in first.items()}
        drowned = {k: c for k, c in known.items() if not self._settled(c, slopes[k], first[k])}
        for k, found in self.box.search(drowned, COARSE * (4.0 if self.box.resolution.digits else 1.0)).items():
            slopes[k] = _better(slopes[k], found.best)
        return slopes

    def _sides(
        self, known: Mapping[int, Component], first: Mapping[int, Search], slopes: dict[int, Slope], usual: float
    ) -> dict[int, Sides]:
        """The slopes of the two sides where they differ; where the function ends, `slopes` gets that of its side."""
        odd = {
            k: (c.tensor, c.flat, c.x)
            for k, c in known.items()
            if first[k].bent or not (self._sharp(c, slopes[k]) or self._agrees(c, slopes[k]))
        }
        sides = two_sides(self.box, odd, usual)
        for k, (left, right, jump) in list(sides.items()):
            if not math.isfinite(left.error + right.error):  # the function ends here, on one side or on both
                slopes[k] = _better(slopes[k], left if left.error < right.error else right)
                del sides[k]
            elif not jump and sides[k].smooth:
                del sides[k]
        return sides

    def _others(self, doubted: Mapping[int, Component], usual: float) -> dict[int, list[Slope]]:
        """What searches from other steps, and of few digits the two sides, say of those that do not agree."""
        again = [self.box.search(doubted, usual * part) for part in (CONFIRMING_COARSE if self.coarse else CONFIRMING)]
        near = {k: (c.tensor, c.flat, c.x) for k, c in doubted.items()} if self.coarse else {}
        beside = two_sides(self.box, near, usual)
        return {k: [*(found[k].best for found in again), *beside.get(k, ())[:2]] for k in doubted}

    def _allowed(self, c: Component) -> float:
        """How far the gradient may be off before any error of the difference: its own digits."""
        return self.box.tolerance * abs(c.gradient) + 0.5 * c.unit

    def _agrees(self, c: Component, n: Slope) -> bool:
        return bool(agrees(c.gradient, n, self.box.tolerance, 0.50001 * c.unit))

    def _sharp(self, c: Component, n: Slope) -> bool:
        return bool(sharp(c.gradient, n, SHARP_COARSE if self.coarse else SHARP))

    def _settled(self, c: Component, n: Slope, search: Search) -> bool:
        """Whether a wider step has nothing to add.

        Where the gradient is exactly 0, and nothing is relative to that, the loss does not move at all, or what is
        seen is as good as 0 beside its way to the places around.
        """
        level = search.still or (abs(n.value) <= MARGIN * n.error <= SHARP * search.varies)
        return self._sharp(c, n) or (c.gradient == 0.0 and level)

    def _agreeing(self, c: Component, n: Slope, search: Search) -> Row:
        """The row of a gradient that agrees, as far as can be seen."""
        if not math.isfinite(n.error):
            return _row(c, n, "unsure", "unsettled", "the loss is not finite nearby")
        if self._settled(c, n, search):
            power = sees(n, self._allowed(c) / abs(n.value)) if n.value else None
            return _row(c, n, "pass")._replace(sees=power)
        return _row(c, n, "unsure", "unsettled", "lost in the rounding of the loss")

    def _doubted(self, c: Component, n: Slope, others: Sequence[Slope]) -> Row:
        """The row of a gradient that does not agree: wrong, if searches with other steps say the same."""
        same = all(abs(other.value - n.value) <= MARGIN * (other.error + n.error) for other in others)
        if same and not any(self._agrees(c, other) for other in others):
            return _row(c, n, "fail", "rule")
        if same:
            return _row(c, n, "unsure", "unsettled", "only wide steps see it")
        gap = max(abs(other.value - n.value) for other in others)
        n = Slope(n.value, n.error + gap) if math.isfinite(gap) else n
        return _row(c, n, "unsure", "unsettled", "other steps show another slope")

    def _two_sided(self, c: Component, found: Sides) -> Row:
        """The row of a gradient where the loss has two slopes: each of them is right, and what lies between."""
        left, right = found.left, found.right
        if self.coarse:  # it cannot be told whether the corner is here or nearby
            own = next((n for n in (left, right) if self._sharp(c, n) and self._agrees(c, n)), None)
            verdict = "pass" if own is not None else "unsure"
            gap = 2.0 * abs(left.value - right.value) + MARGIN * (left.error + right.error)
            if min(abs(c.gradient - left.value), abs(c.gradient - right.value)) > gap:
                verdict = "fail"
        else:
            verdict = "pass" if found.hold(c.gradient) else "fail"
        reason, note = ("jump", "the loss jumps here") if found.jump else ("corner", "the loss is on a corner here")
        if self.coarse and verdict != "fail":
            note = "a corner or a jump is too near for so few digits"
        row = _row(c, found.middle, verdict, reason, note)
        return row._replace(left=left.value, right=right.value)


def judge(
    source: Source,
    tensors: Sequence[Tensor],
    *,
    eps: float | None = None,
    difference: Difference = "central",
    names: Sequence[str] | None = None,
    seed: int = 0,
    every: bool = False,
) -> Report:
    """The report on a source's own gradients at these parameters, or at those called `names`.

    Raises UnsteadyError, DeafError, UsageError.
    """
    for name in names or ():
        if all(name != t.name for t in tensors):
            known = [t.name for t in tensors]
            raise UsageError(f"{source.name} has no parameter {name}{did_you_mean(name, known)}")
    box = BlackBox(source, tensors, seed)
    components, verdicts = box.components(names), Verdicts(box)
    rows, components, coverage = look(box, components, verdicts, every, seed)
    moved = any(x != box.loss for x in box.seen)
    if not moved and any(abs(c.gradient) * WIDEST * scale(c.x) > 100.0 * box.noise for c in components):
        raise DeafError
    last = box.losses([()])[0]
    if math.isfinite(box.loss) and not abs(last - box.loss) <= REPEATED * max(abs(last), abs(box.loss)):
        raise UnsteadyError(box.loss, last)
    if eps is not None and math.isfinite(box.loss):
        places = ends(components, eps)
        losses = box.losses([(c.tensor, c.flat, x)] for c, pair in zip(components, places, strict=True) for x in pair)
        pairs = zip(losses[::2], losses[1::2], strict=True)
        rows = list(at_step(components, rows, pairs, box.loss, [box.noise] * len(rows), eps, difference))
    report = Report("J", box.loss, rows, eps=eps, difference=difference)
    report.judged = source.title
    report.size = sum(t.size for t in tensors)
    report.coverage = coverage
    report.notes = tuple(box.notes)
    return report


def look(
    box: BlackBox, components: list[Component], verdicts: Verdicts, every: bool, seed: int
) -> tuple[list[Row], list[Component], Coverage]:
    """A row for every component or, where they are too many, for a sample and for all that random directions blame."""
    total, room = len(components), box.room()
    if every or total <= room:
        return verdicts.rows(components), components, Coverage(total, total, seed=seed)
    found = Everywhere(box, components, box.tolerance).look_around(max(AROUND, room * EACH // 2))
    chosen = [components[k] for k in sorted({*box.sample(components, room), *found.suspects})]
    rows = verdicts.rows(chosen)
    differing, blind = found.differing, found.blind
    if verdicts.coarse and not any(row.verdict == "fail" for row in rows):
        differing, blind = 0, blind + differing  # so few digits, and no entry to blame: it cannot be told
    if found.differing and (common := _in_common([row for row in rows if row.verdict == "fail"])):
        box.notes.append(common)
    coverage = Coverage(len(chosen), total, found.directions, differing, blind, seed, len(chosen))
    return rows, chosen, coverage


def _in_common(wrong: Sequence[Row]) -> str:
    """What the wrong entries that were found have in common: one row, one column."""
    for name in dict.fromkeys(row.name for row in wrong):
        indices = [row.index for row in wrong if row.name == name]
        for axis in range(len(indices[0])) if len(indices) > 2 and len(indices[0]) > 1 else ():
            if len({index[axis] for index in indices}) == 1:
                place = ", ".join(str(k) if n == axis else ":" for n, k in enumerate(indices[0]))
                return f"All {len(indices)} that were found are in {name}[{place}]."
    return ""


def _better(a: Slope, b: Slope) -> Slope:
    """The sharper of two opinions; what they differ by beyond their errors is an error of both."""
    best = a if a.error <= b.error else b
    gap = abs(a.value - b.value)
    return Slope(best.value, best.error + gap) if gap > MARGIN * (a.error + b.error) else best


def _row(c: Component, n: Slope, verdict: str, reason: str = "", note: str = "") -> Row:
    # Verdict and reason are written out by the callers.
    return Row(c.name, c.index, c.gradient, n.value, n.error, verdict, reason, note=note)  # type: ignore[arg-type]


def _word(x: float) -> str:
    return "NaN" if math.isnan(x) else "infinite"
