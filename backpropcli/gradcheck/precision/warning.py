"""The printed numbers of a run that float64 lost digits of, for a run that was not asked to be checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.gradcheck.point.point import Component, Point
from backpropcli.gradcheck.precision.cause import Lost, leaks
from backpropcli.gradcheck.precision.multiprecision import LIGHT
from backpropcli.gradcheck.precision.rounding import Rounding
from backpropcli.gradcheck.precision.verdict import as_good, kept

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.ops.definition import Value

PRINTED_RIGHT = 1e-6
"""A number that is off by no more than this (relative) is printed right."""
MOST = 200
"""So many components are looked at."""


class Spoiled(NamedTuple):
    """A printed gradient, and what it should be."""

    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    printed: float
    reliable: float


def spoiled(trace: Trace, values: dict[str, Value], names: Sequence[str]) -> tuple[list[Spoiled], list[Lost]]:
    """The gradients of these names that are off, and where their digits go; nothing where the network is too large."""
    assert trace.of is not None
    seed = trace.seeds()[trace.graph.nodes[trace.of].slot]
    point = Point(trace.plan, values, trace.of, seed if getattr(seed, "ndim", 0) else None, True)
    if point.work() > LIGHT:
        return [], []
    rounding = Rounding(point)
    found = []
    for c in list(doubtful(rounding, names))[:MOST]:
        reliable = rounding.converged(c)
        if reliable is None or as_good(point, c, reliable, PRINTED_RIGHT):
            continue
        if kept(rounding, c, float(reliable)) != "residue" and rounding.same_choices():
            found.append((c, float(reliable)))
    lost = leaks(rounding, [(c, x) for c, x in found if x]) if found else []
    return [Spoiled(c.name, c.index, c.backprop, x) for c, x in found], lost


def doubtful(rounding: Rounding, names: Sequence[str]) -> Iterator[Component]:
    """The components of these names whose gradient rounding may have reached."""
    point = rounding.point
    marks = rounding.doubtful(dict.fromkeys(point.graph.nodes[name].slot for name in names))
    for name in names:
        slot = point.graph.nodes[name].slot
        if slot in marks:
            yield from point.components(name, [k for k, mark in enumerate(marks[slot]) if mark])
