"""The plain difference at a step that the user chose, beside the slope that the check found for itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from backpropcli.errors import UsageError
from backpropcli.gradcheck.differences import Difference, largest, quotient, rounding
from backpropcli.gradcheck.report import Row, indexed
from backpropcli.gradcheck.tolerances import UNIT


class Moved(Protocol):
    """One number that can be moved."""

    @property
    def name(self) -> str:
        """What it belongs to."""

    @property
    def index(self) -> tuple[int, ...]:
        """Where it stands there; () for a plain number."""

    @property
    def x(self) -> float:
        """Its value."""


def ends(components: Sequence[Moved], eps: float) -> list[tuple[float, float]]:
    """Both ends of the step for each component; UsageError where it is too small to change anything."""
    for c in components:
        if math.isfinite(c.x) and (c.x + eps == c.x or c.x - eps == c.x):
            least = math.ulp(c.x)
            useful = max(1e-6, 10.0 ** math.ceil(math.log10(least) + 6.0))
            raise UsageError(
                f"a step of {eps:g} is too small for {indexed(c.name, c.index)} = {c.x:g}: adding it changes nothing",
                hint=f"Floats are {least:.1g} apart there. A step of {useful:g} shows something.",
            )
    return [(c.x + eps, c.x - eps) for c in components]


def at_step(
    components: Sequence[Moved],
    rows: Sequence[Row],
    seen: Iterable[Sequence[float]],
    loss: float,
    noises: Iterable[float],
    eps: float,
    difference: Difference,
) -> Iterator[Row]:
    """The rows with the plain difference at a step of `eps`, and that step's own error, in place of the slope
    that the check found.

    `seen` has the loss at the `ends` of each component, `noises` its rounding. The error is the distance from that
    slope (which is mostly truncation) and the rounding at this step.
    """
    for c, row, (above, below), noise in zip(components, rows, seen, noises, strict=True):
        slope = quotient(difference, loss, above, below, eps)
        own = rounding(difference, noise + UNIT * largest((loss, above, below)), eps)
        own += UNIT * abs(slope) * (4.0 + abs(c.x) / eps)  # what is added to x is not quite eps
        known = [n for n in (row.left, row.right) if n is not None] or [row.numerical]
        bound = max(abs(slope - n) for n in known) + own + (0.0 if row.left is not None else row.bound)
        yield row._replace(
            numerical=slope,
            bound=bound if math.isfinite(bound) else math.inf,
            above=None if difference == "backward" else above,
            below=None if difference == "forward" else below,
        )
