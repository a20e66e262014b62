"""A trace worked out with a place for every number: where, among the results of the page's program, it is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.derivation.figures import MOST_INLINE
from backpropcli.derivation.remarks import cases
from backpropcli.derivation.worked import Worked
from backpropcli.engine.recording import ZEROED
from backpropcli.notation.formula import typeset
from backpropcli.notation.formula_html import CLOSE, OPEN, Html, mathematics
from backpropcli.ops.numbers.nothing import NOTHING
from backpropcli.ops.numbers.recorder import Recorded
from backpropcli.page.blanks import Blanks, Place, blanks

if TYPE_CHECKING:
    from backpropcli.derivation.piecewise import Prime
    from backpropcli.derivation.stages import Stage
    from backpropcli.engine import Trace
    from backpropcli.language.formula.tree import Expression
    from backpropcli.notation.maths import Said
    from backpropcli.notation.numbers import Precision

MOST_ENTRIES = 256
"""An array of more entries than these is shown as its shape."""


class Places:
    """The results that a page needs, each once: numbers, or a tape's entries."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self._known: dict[Any, int] = {}

    def start(self, value: Any) -> int:
        """Where a value's entries stand among the results, one after the other."""
        entries = list(value.flat) if isinstance(value, np.ndarray) else [value]
        key = tuple(entry.place if isinstance(entry, Recorded) else float(entry).hex() for entry in entries)
        if key not in self._known:
            self._known[key] = len(self.results)
            self.results += [e if isinstance(e, Recorded) else float(e) for e in entries]
        return self._known[key]

    def place(self, value: Any) -> list[Any]:
        """The start, and the shape where it is an array."""
        shape = list(getattr(value, "shape", ()))
        return [self.start(value), shape] if shape else [self.start(value)]


class Told(Worked):
    """A trace worked out with a place for every number: what stands there is put in by the page."""

    tested = False

    def __init__(
        self, trace: Trace, everything: bool = False, expand: bool = False, exercise: bool = False, live: bool = True
    ) -> None:
        self.places = Places()
        super().__init__(trace, everything=everything, expand=expand)
        self.blanks: Blanks | None = blanks(self) if exercise else None
        """What an exercise asks for."""
        self.most = None if exercise and live else MOST_ENTRIES
        """An array of more entries is shown as its shape; an exercise chooses its numbers by all of them."""

    def value(self, label: str) -> Any:
        """A value of a name or of a step: a float or a Recorded, or an array of them."""
        return self._whole(self.trace.slots[self.slots[label]], self.shape(label))

    def gradient(self, label: str) -> Any:
        """A gradient, in the same way."""
        return self._whole(self.trace.gradients[self.slots[label]], self.shape(label))

    def shows(self, value: Any, place: Place | None = None) -> bool:
        """Whether the page has every number of it: what is asked for or given whole, whatever its size."""
        if self.blanks is not None and (place in self.blanks.asked or place in self.blanks.given):
            return True
        return self.most is None or prod(getattr(value, "shape", ())) <= self.most

    def _whole(self, value: Any, shape: tuple[int, ...]) -> Any:
        value = 0.0 if value is None or value is NOTHING else value
        if shape:
            return np.broadcast_to(ZEROED(value) if isinstance(value, np.ndarray) else value, shape)
        return value[()] if getattr(value, "ndim", None) == 0 else value

    def show(self, value: Any, precision: Precision | None = None) -> str | None:
        """A place; None for a large array."""
        shape = getattr(value, "shape", ())
        if prod(shape) > MOST_INLINE:
            return None
        start = self.places.start(value)
        return f"{OPEN}{start}:{','.join(map(str, shape))}{CLOSE}" if shape else f"{OPEN}{start}{CLOSE}"

    def _remark(self, stage: Stage, prime: Prime, slot: int | None, slope: Any) -> Said:
        return cases(prime, self.style)

    def _chosen(self, stage: Stage, formula: Expression) -> Iterator[str]:
        """Nothing: the page's numbers change."""
        return iter(())

    @cached_property
    def letters(self) -> Html:
        """How formulas and names are written."""
        return Html(self.slots)

    def html(self, piece: str, instead: Mapping[str, str] | None = None) -> str:
        """Mathematics, or words with mathematics among them, as HTML; `instead` stands in the place of names."""
        return mathematics(piece, Html(self.slots, instead) if instead else self.letters)

    def formula_html(self, formula: Expression) -> str:
        """A formula as HTML."""
        return typeset(formula, self.letters, arrays=self.arrays)
