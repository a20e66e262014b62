"""What `backprop nudge` prints: before, after, change, change / eps and the derivative; or slopes that converge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backpropcli.engine.nudge import Moved, Nudge
from backpropcli.views.arrays import grid
from backpropcli.views.numbers import Precision, component_name, is_array
from backpropcli.views.table import Cell, Column, Table

EDGE = 3
"""How many entries of a long axis are shown at each end in a terminal."""


def digits(found: Sequence[Nudge]) -> int:
    """How many digits are shown where none are asked for: enough for a step of 0.001, fewer where arrays need room."""
    return 6 if any(is_array(row.before) for row in found[0].moved) else 10


def nudge_table(found: Nudge, source: str, precision: Precision, full: bool = True) -> Table:
    """One nudge: a row for every node downstream."""
    name, show = component_name(found.name, found.index), precision.show
    left_alone = " (what feeds it is left alone)" if found.kind == "node" else ""
    title = f"{source}   {name} = {show(found.before)} becomes {show(found.before + found.eps)}{left_alone}"
    if not found.moved:
        return Table((), (), title, [f"Nothing depends on {name}."])
    columns = [
        Column("name", style="cyan"),
        Column("before", "point"),
        Column("after", "point"),
        Column("change", "point"),
        Column(f"change / {show(found.eps)}", "point"),
        Column(f"d(name)/d{name}", "point"),
    ]
    rows = [_row(row, found.eps, precision, None if full else EDGE) for row in found.moved]
    return Table(columns, [rows], title, [verdict(found, precision)])


def _row(row: Moved, eps: float, precision: Precision, edge: int | None) -> list[Cell]:
    change = row.after - row.before

    def cell(value: Any) -> Cell:
        return grid(value, precision.show, edge) if is_array(value) else precision.show(float(value))

    return [row.name, cell(row.before), cell(row.after), cell(change), cell(change / eps),
            cell(row.derivative)]  # fmt: skip


def verdict(found: Nudge, precision: Precision) -> str:
    """The closing sentence: how much the loss moved, beside what its gradient says."""
    name, loss, show = component_name(found.name, found.index), found.loss, precision.show
    if loss is None:
        return f"{found.watched or 'The loss'} does not depend on {name}."
    if is_array(loss.before):
        return f"{loss.name} is an array: the last two columns compare its entries."
    slope, rate = (loss.after - loss.before) / found.eps, f"d{loss.name}/d{name}"
    if slope - slope != 0.0 or loss.derivative - loss.derivative != 0.0:
        return f"{loss.name} is not a finite number here, so nothing can be said of its slope: see backprop run."
    if slope == 0.0:
        return f"{loss.name} did not move: {rate} is {show(loss.derivative)}."
    moved = "rose" if slope * found.eps > 0.0 else "fell"
    if abs(slope - loss.derivative) <= 0.05 * max(abs(slope), abs(loss.derivative)):
        sense = f"about {precision._replace(digits=6).show(abs(loss.derivative))}, as {rate} says."
    else:
        sense = f"{rate} is {show(loss.derivative)}, and a smaller step comes closer."
    way = "rose" if found.eps > 0.0 else "fell"
    return f"{loss.name} {moved} {show(abs(slope))} times as much as {name}{'' if moved == way else ' ' + way}: {sense}"


def sweep_table(found: Sequence[Nudge], source: str, precision: Precision) -> Table:
    """Several steps: the loss at each, its slope, and the gradient that the slopes converge to."""
    first = found[0]
    name, show, loss = component_name(first.name, first.index), precision.show, first.loss
    title = f"{source}   {name} = {show(first.before)}"
    if loss is None or is_array(loss.before):
        return Table((), (), title, [verdict(first, precision)])
    rows: list[list[Cell]] = []
    for one in found:
        moved = one.loss
        assert moved is not None
        rows.append([show(one.eps), show(moved.after), show((moved.after - moved.before) / one.eps), ""])
    rows.append(["0", "", show(loss.derivative), f"d{loss.name}/d{name}"])
    columns = [
        Column("eps"), Column(f"{loss.name}({name} + eps)", "point"),
        Column(f"slope of {loss.name}", "point"), Column(""),
    ]  # fmt: skip
    return Table(columns, [rows], title)


def nudge_json(found: Sequence[Nudge], source: str) -> Iterator[str]:
    """`backprop.nudge/1`: {"format", "spec", "name", "index", "value", "loss", "nudges": [{"eps", "nodes": [...]}]}."""
    from backpropcli.views.json import anything

    first = found[0]
    nudges = [
        {"eps": one.eps, "nodes": [
            {"name": row.name, "before": row.before, "after": row.after, "slope": (row.after - row.before) / one.eps,
             "derivative": row.derivative} for row in one.moved
        ]} for one in found
    ]  # fmt: skip
    yield anything({
        "format": "backprop.nudge/1", "spec": source, "name": first.name, "index": list(first.index),
        "value": first.before, "loss": first.of, "nudges": nudges,
    }) + "\n"  # fmt: skip
