"""The figure of a training: what was measured, update by update."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.plotting.figure import Figure, Line, Points, axis

if TYPE_CHECKING:
    from backpropcli.notation.numbers import Precision

DECADES = 100.0
"""A loss that spans more than this factor is drawn on a logarithmic scale where nobody said otherwise."""
MARGIN = 0.02
HELD_OUT = "held_out_"


class Series(NamedTuple):
    """What was measured, and at which updates."""

    updates: Sequence[float]
    numbers: Sequence[float]


def history_figure(
    series: Mapping[str, Series], source: str, precision: Precision, scale: str = "", torn: bool = False
) -> Figure:
    """One curve or several over the updates. `scale`: linear, log, or what suits the numbers."""
    found = [number for one in series.values() for number in one.numbers if math.isfinite(number)]
    names = list(series)
    what = names[0] if all(name.endswith(names[0]) for name in names) else ""
    log = scale == "log" or (not scale and what.endswith("loss") and _decades(found))
    lines = tuple(
        Line(_label(name, one, precision), one.updates, one.numbers, dotted=k % 2 == 1)
        for k, (name, one) in enumerate(series.items())
    )
    return Figure(
        kind="training",
        source=source,
        headline=_headline(names[0], series[names[0]], precision),
        x=axis("update", (update for one in series.values() for update in (min(one.updates), max(one.updates)))),
        y=axis(f"{what} (logarithmic)".strip() if log else what, found, log, MARGIN),
        lines=lines,
        points=tuple(_best(name, one, precision) for name, one in series.items() if name == f"{HELD_OUT}loss"),
        notes=tuple(_notes(series, log, torn)),
    )


def _decades(numbers: Sequence[float]) -> bool:
    return bool(numbers) and min(numbers) > 0.0 and max(numbers) > DECADES * min(numbers)


def _headline(name: str, one: Series, precision: Precision) -> str:
    first, last = precision.show(one.numbers[0]), precision.show(one.numbers[-1])
    return f"{name}: {first} at update {one.updates[0]:.0f}, {last} at update {one.updates[-1]:.0f}"


def _label(name: str, one: Series, precision: Precision) -> str:
    return f"{name}, {precision.show(one.numbers[-1])} in the end"


def _best(name: str, one: Series, precision: Precision) -> Points:
    """Where what is held out was lowest: beyond it a training only learns by heart."""
    finite = [k for k, number in enumerate(one.numbers) if math.isfinite(number)]
    if not finite:
        return Points("", (), ())
    k = min(finite, key=one.numbers.__getitem__)
    update, number = one.updates[k], one.numbers[k]
    return Points(f"{name} is lowest at update {update:.0f}: {precision.show(number)}", (update,), (number,))


def _notes(series: Mapping[str, Series], log: bool, torn: bool) -> Iterator[str]:
    for name, one in series.items():
        odd = [update for update, number in zip(one.updates, one.numbers, strict=True) if not math.isfinite(number)]
        if odd:
            yield f"{name} is not finite at {len(odd)} of {len(one.numbers)} updates, first at {odd[0]:.0f}."
        if log and any(number <= 0.0 for number in one.numbers):
            yield f"Where {name} is 0 or negative, a logarithmic scale has no place for it."
    if torn:
        yield "The log's last line is not finished, and left out."
