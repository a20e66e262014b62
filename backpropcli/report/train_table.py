"""What `backprop train` prints: the loss, the metrics and every parameter before and after, and how it went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, is_array, shape_of
from backpropcli.ops.shape import show_shape
from backpropcli.render.arrays import grid
from backpropcli.render.table import Cell, Column, Table
from backpropcli.report.run_table import fewer_digits, said
from backpropcli.report.train_words import how, sentences

if TYPE_CHECKING:
    from backpropcli.train.measured import Measured
    from backpropcli.train.outcome import Moved, Outcome

EDGE = 3
"""How many entries of a long axis are shown at each end in a terminal."""
MOST_ENTRIES, MOST_COLUMNS = 9, 4
"""A larger array stands three times in a row of the table: it is told by the root of its mean square."""


def train_table(
    found: Outcome, precision: Precision, full: bool = False, width: int | None = None, chosen: bool = False
) -> Table:
    """Losses and metrics first, then a row for every parameter.

    Where that is too wide for a terminal of `width` columns, arrays are told by their sizes, then numbers get fewer
    digits (unless the user has `chosen` how many), with a line that says so.
    """
    made = _table(found, precision, full, width, MOST_ENTRIES)
    if width is None or full:
        return made
    for fewer in fewer_digits(precision, chosen):
        for most in (MOST_ENTRIES, 0) if fewer == precision else (0,):
            made = said(_table(found, fewer, full, width, most), fewer, precision)
            if made.layout(width).width <= width and not made.layout(width).hard:
                return made
    return made


def _table(found: Outcome, precision: Precision, full: bool, width: int | None, most: int) -> Table:
    columns = [
        Column("name", style="cyan"),
        Column("before", "point"),
        Column("after", "point"),
        Column("change", "point"),
        Column(""),
    ]
    edge = None if full or width is None else EDGE
    parameters = [_parameter(moved, precision, full, edge, most) for moved in found.parameters]
    title = f"{found.source}   {how(found)}"
    return Table(columns, [list(_measured(found, precision)), parameters], title, sentences(found, precision, width))


def _measured(found: Outcome, precision: Precision) -> Iterator[list[Cell]]:
    """The loss and the metrics, on the training part and on what is held out."""
    yield from _rows(found.of, found.before, found.after, precision)
    if found.held_before is not None and found.held_after is not None:
        yield from _rows(found.of, found.held_before, found.held_after, precision, ", held out")


def _rows(of: str, before: Measured, after: Measured, precision: Precision, which: str = "") -> Iterator[list[Cell]]:
    show = precision.show
    metrics = ((metric, before.metrics[metric], after.metrics[metric]) for metric in after.metrics)
    for name, a, b in ((of, before.loss, after.loss), *metrics):
        yield [name + which, show(a), show(b), show(b - a), ""]


def _parameter(moved: Moved, precision: Precision, full: bool, edge: int | None, most: int) -> list[Cell]:
    """One parameter: a number, the numbers of an array, or how large those of one of more than `most` are."""
    name, before, after = moved
    show = precision.show
    if not is_array(before):
        return [name, show(before), show(after), show(after - before), ""]
    if (before.size > most or before.shape[-1] > MOST_COLUMNS) and not full:
        return [name, *map(show, moved.sizes), f"{show_shape(shape_of(before))}, root mean square"]
    return [name, *(grid(x, show, edge) for x in (before, after, after - before)), ""]
