"""Formulas with numbers put in: with so many digits that each line is true as it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.piecewise import evaluate
from backpropcli.derivation.reading import Reading
from backpropcli.derivation.terms import Factor, Term
from backpropcli.derivation.trial import comes_to
from backpropcli.language.formula.tree import Binary, Expression
from backpropcli.notation import maths
from backpropcli.notation.inline import inline, rounded
from backpropcli.notation.numbers import MOST_DIGITS, Precision
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.notation.maths import Maths

MOST_INLINE = 6
"""An array of up to so many entries is written inside a line."""
CLOSE = 1e-3
"""A line whose numbers, as they are shown, miss its result by more than this part of it gets more digits."""
ROUNDING = 1e-12
"""Entries of an array that are smaller than this part of the largest are what rounding has left of 0."""


class Figures(Reading):
    """A reading whose numbers are shown."""

    full = False
    """Whether every one of very many times is told."""
    tested = True
    """Whether lines get as many digits as it takes for them to be true."""
    inline = MOST_INLINE  # an exercise writes longer arrays out: nothing else tells what they are

    def show(self, value: Any, precision: Precision | None = None) -> str | None:
        """A number, or a small array on one line, `[[1 2] [3 4]]`; None for a large one."""
        precision = precision or self.precision
        if not getattr(value, "shape", ()):
            return precision.show(float(value))
        return inline(value.tolist(), precision) if value.size <= self.inline else None

    def finer(self, least: Precision) -> Iterator[Precision]:
        """What is asked for, then more and more digits."""
        yield least
        if self.tested:
            yield from map(Precision, range(least.digits + 1, MOST_DIGITS + 1))

    def near(self, comes: Any, value: Any) -> bool:
        """Whether a line is true: what its numbers come to is its result, or both are shown as the same.

        Nothing can be said (so it is true) where one of them is not known or not finite.
        """
        if comes is None or value is None:
            return True
        if isinstance(comes, float) and isinstance(value, float):
            if value - value != 0 or abs(comes - value) <= CLOSE * abs(value):
                return True
            return self.precision.show(comes) == self.precision.show(value)
        import numpy as np

        value, comes = np.broadcast_arrays(value, comes)
        if not np.isfinite(value).all():
            return True
        off = ~(np.abs(comes - value) <= CLOSE * np.abs(value) + ROUNDING * np.abs(value).max(initial=0.0))
        pairs = zip(comes[off].tolist(), value[off].tolist(), strict=True)
        return all(self.precision.show(a) == self.precision.show(b) for a, b in pairs)

    def formula(self, stage: Stage) -> Factor:
        """A stage's formula, and the same with numbers (or, for large arrays of a structural one, shapes) put in."""
        text, value = maths.formula(stage.shown, self.style, self.arrays), self.value(stage.name)
        numbers, _ = self.telling(stage, stage.formula, stage.inputs, {}, value, self.precision)
        if numbers is None and isinstance(stage.shown, Binary) and stage.operation is not None:  # a matrix product
            numbers = {name: show_shape(self.shape(name)) for name in stage.inputs}
        put_in = None if numbers is None else maths.formula(stage.shown, self.style, self.arrays, numbers)
        return Factor(text, put_in, value)

    def telling(
        self,
        stage: Stage,
        formula: Expression,
        names: tuple[str, ...],
        primes: dict[str, Any],
        value: Any,
        precision: Precision,
    ) -> tuple[dict[str, str] | None, Any]:
        """The numbers to put into a formula, with so many digits that it comes to `value`: 1 - 0.999999987 needs them.

        And what it comes to, None where nobody knows. No numbers if no number of digits is enough (sigmoid at 40 is 1
        to all of them), or an array is too large.
        """
        given = {**{name: self.value(name) for name in names}, **primes}
        for finer in self.finer(precision):
            shown = {}
            for name, x in given.items():
                text = self.show(x, finer)
                if text is None:
                    return None, None
                shown[name] = text
            comes = self._comes(stage, formula, given, finer) if self.tested else None
            if self.near(comes, value):
                return shown, comes
        return None, None

    def _comes(self, stage: Stage, formula: Expression, given: dict[str, Any], precision: Precision) -> Any:
        """What a formula comes to with its numbers as they are shown; None where that is not known."""
        shown = {name: rounded(x, precision) for name, x in given.items()}
        if all(isinstance(x, float) for x in shown.values()):
            found = evaluate(formula, shown, stage.find)
            if found is not None or stage.operation is None:
                return found
        return comes_to(formula, shown)

    def upstream(self, stage: Stage, precision: Precision | None = None) -> Factor:
        """The gradient that arrives at a stage."""
        value, precision = self.gradient(stage.name), precision or self.precision
        comes = rounded(value, precision) if self.tested else None
        name = maths.gradient(str(self.trace.of), stage.name)
        return Factor(name, self.number(value, precision), value, comes=comes)

    def number(self, value: Any, precision: Precision) -> Maths | None:
        """The same as `show`, as mathematics."""
        shown = self.show(value, precision)
        return None if shown is None else maths.number(shown)

    def products(self, terms: list[Term], total: Any) -> tuple[str, ...]:
        """Each term's number, with so many digits that they add up to the total; empty where they are not numbers."""
        values = [term.value for term in terms]
        return self.adding(values, total) if all(isinstance(value, float) for value in values) else ()

    def adding(self, values: Sequence[float], total: float) -> tuple[str, ...]:
        """Numbers with so many digits that, as they are shown, they add up to the total; empty for a single one."""
        shown: tuple[str, ...] = ()
        if len(values) < 2:
            return shown
        for precision in self.finer(self.precision):
            shown = tuple(precision.show(value) for value in values)
            if self.near(float(sum(map(float, shown))), total):
                break
        return shown
