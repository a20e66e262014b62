"""What `backprop nudge` prints: before, after, change, change / eps and the derivative; or slopes that converge."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.notation.numbers import Precision, component_name, components, exact, is_array
from backpropcli.render.arrays import grid
from backpropcli.render.csv import line
from backpropcli.render.table import Cell, Column, Table

if TYPE_CHECKING:
    from backpropcli.engine.nudge import Moved, Nudge

WIDTH = 80
MOST_MOVED = 8
"""How many entries of one array are listed in a terminal."""
EDGE = 3
"""How many entries of a long axis are shown at each end in a terminal."""


def digits(found: Sequence[Nudge]) -> int:
    """How many digits are shown where none are asked for: enough for a step of 0.001, fewer where arrays need room."""
    return 6 if any(is_array(row.before) for row in found[0].moved) else 10


def nudge_table(found: Nudge, source: str, precision: Precision, full: bool = True, width: int | None = None) -> Table:
    """One nudge: a row for every node downstream."""
    name, show = component_name(found.name, found.index), precision.show
    left_alone = " (what feeds it is left alone)" if found.kind == "node" else ""
    there = show(found.before + found.eps)
    if there == show(found.before):
        there = exact(found.before + found.eps)
    title = f"{source}   {name} = {show(found.before)} becomes {there}{left_alone}"
    if not found.moved:
        return Table((), (), title, [held(found) or f"Nothing depends on {name}."])
    columns = [
        Column("name", style="cyan"),
        Column("before", "point"),
        Column("after", "point"),
        Column("change", "point"),
        Column(f"change / {show(found.eps)}", "point"),
        Column(f"d(name)/d{name}", "point"),
    ]
    rows = [_row(row, found.eps, precision, None if full else EDGE) for row in found.moved]
    said = " ".join(filter(None, (verdict(found, precision), held(found))))
    return Table(columns, [rows], title, textwrap.wrap(said, min(width or WIDTH, WIDTH)))


def _row(row: Moved, eps: float, precision: Precision, edge: int | None) -> list[Cell]:
    change = row.after - row.before

    def cell(value: Any) -> Cell:
        return grid(value, precision.show, edge) if is_array(value) else precision.show(float(value))

    return [row.name, cell(row.before), cell(row.after), cell(change), cell(change / eps), cell(row.derivative)]


def held(found: Nudge) -> str:
    """What was left as it is, though it is made from the number; empty where nothing was."""
    if not found.held:
        return ""
    return f"What stands in stop_gradient was held as it is, in {' and '.join(found.held)}: it is a constant here."


def verdict(found: Nudge, precision: Precision) -> str:
    """The closing sentence: how much the loss moved, beside what its gradient says."""
    name, loss = component_name(found.name, found.index), found.loss
    if loss is None and found.watched == found.name:
        return f"{found.watched} is what is nudged: it changes by just as much as it is moved, so d{name}/d{name} is 1."
    if loss is None:
        return f"{found.watched or 'The loss'} does not depend on {name}."
    if is_array(loss.before):
        return f"{loss.name} is an array: the last two columns compare its entries."
    slope = (loss.after - loss.before) / found.eps
    if slope - slope != 0.0 or loss.derivative - loss.derivative != 0.0:
        return not_finite(found, precision)
    outlook = found.outlook.kind if found.outlook is not None else ""
    if outlook in ("corner", "jump"):
        return corner(found, precision)
    return f"{_moved(loss, name, slope, found.eps, precision)}{_compared(loss, name, slope, outlook, precision)}"


def _moved(loss: Moved, name: str, slope: float, eps: float, precision: Precision) -> str:
    """`J rose 6.0045 times as much as w1: `."""
    if slope == 0.0:
        return f"{loss.name} did not move: "
    size = precision.show(abs(slope))
    moved, way = ("rose" if slope * eps > 0.0 else "fell"), ("rose" if eps > 0.0 else "fell")
    times = "as much" if size == "1" else f"{size} times as much"
    return f"{loss.name} {moved} {times} as {name}{'' if moved == way else ' ' + way}: "


def _compared(loss: Moved, name: str, slope: float, outlook: str, precision: Precision) -> str:
    """What the gradient says of that, and which step would come closer to it."""
    rate = f"d{loss.name}/d{name}"
    now = f"{rate} is {precision.show(loss.derivative)}"
    if slope == 0.0 and not (loss.derivative and outlook):
        return f"{now}."
    if abs(slope - loss.derivative) <= 0.05 * max(abs(slope), abs(loss.derivative)):
        return f"about {precision._replace(digits=6).show(abs(loss.derivative))}, as {rate} says."
    if outlook == "larger":
        return f"{now}, and the step is so small that rounding shows; a larger one comes closer."
    return f"{now}, and a smaller step comes closer." if outlook == "smaller" else f"{now}."


def not_finite(found: Nudge, precision: Precision) -> str:
    """What is said where the loss, after the step, or its derivative is infinite or no number at all."""
    name, show, loss = component_name(found.name, found.index), precision._replace(digits=6).show, found.loss
    assert loss is not None
    rate, here = f"d{loss.name}/d{name}", f"{name} = {show(found.before)}"
    if loss.before - loss.before != 0.0:
        return f"{loss.name} is not a finite number here, so nothing can be said of its slope: see backprop run."
    if loss.after - loss.after != 0.0:
        there = f"{loss.name} is {show(loss.after)} after that step, so it shows no slope"
        return f"{there}: take a smaller --eps, or one to the other side."
    if loss.derivative - loss.derivative != 0.0 and loss.derivative == loss.derivative:
        steep = f"{loss.name} is {show(loss.before)} at {here}, and infinitely steep"
        return f"{rate} is {show(loss.derivative)}: {steep}. The smaller the step, the larger the slope."
    return f"{rate} is {show(loss.derivative)}, no number, so there is nothing to compare the slope with."


def corner(found: Nudge, precision: Precision) -> str:
    """What is said where the loss has a corner, relu at 0, or jumps, floor at 2."""
    name, show = component_name(found.name, found.index), precision._replace(digits=6).show
    assert found.loss is not None
    assert found.outlook is not None
    left, right = show(found.outlook.left), show(found.outlook.right)
    loss, at = found.loss.name, f"{name} = {show(found.before)}"
    takes = f"Backprop takes {show(found.loss.derivative)}."
    if found.outlook.kind == "jump":
        sides = [
            f"{show(abs(by))} {'higher' if by > 0 else 'lower'} just {side} it"
            for by, side in ((found.outlook.left, "below"), (found.outlook.right, "above"))
            if by
        ]
        return f"{loss} jumps at {at}: it is {' and '.join(sides)}, so there is no derivative there. {takes}"
    return (
        f"{loss} has a corner at {at}: its slope is {left} on the left and {right} "
        f"on the right, so there is no one derivative. {takes}"
    )


def sweep_table(found: Sequence[Nudge], source: str, precision: Precision, width: int | None = None) -> Table:
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
        Column("eps"),
        Column(f"{loss.name}({name} + eps)", "point"),
        Column(f"slope of {loss.name}", "point"),
        Column(""),
    ]
    said = trend(found, precision)
    return Table(columns, [rows], title, textwrap.wrap(said, min(width or WIDTH, WIDTH)) if said else ())


def trend(found: Sequence[Nudge], precision: Precision) -> str:
    """The closing sentence under several steps: whether the slopes come closer to the gradient."""
    first, show = found[0], precision._replace(digits=6).show
    assert first.loss is not None
    name, loss, truth = component_name(first.name, first.index), first.loss, float(first.loss.derivative)
    rate = f"d{loss.name}/d{name}"
    slopes = [(abs(one.eps), (one.loss.after - one.loss.before) / one.eps) for one in found if one.loss is not None]
    if truth - truth != 0.0:
        return not_finite(first, precision)
    odd = next((one for one, (_, slope) in zip(found, slopes, strict=False) if slope - slope != 0.0), None)
    if odd is not None:
        return not_finite(odd, precision)
    cornered = next((one for one in found if one.outlook is not None and one.outlook.kind in ("corner", "jump")), None)
    if cornered is not None:
        return corner(cornered, precision)
    if all(one.outlook is not None and one.outlook.kind == "same" for one in found):
        return f"Every step gives the slope {show(truth)}, as {rate} says."
    ordered = sorted(slopes, reverse=True)
    off = [abs(slope - truth) for _, slope in ordered]
    best = min(range(len(off)), key=off.__getitem__)
    if len({size for size, _ in ordered}) < 2 or off[0] == off[best]:
        return ""
    if best == len(off) - 1 and off == sorted(off, reverse=True):
        return f"The smaller the step, the closer the slope comes to {show(truth)}, which is {rate}."
    falling = off[: best + 1] == sorted(off[: best + 1], reverse=True)
    if not falling:
        return ""
    near = f"The slope comes closest to {rate} = {show(truth)} with a step of {show(ordered[best][0])}"
    return f"{near}; with smaller ones, rounding eats the digits."


def entries_table(
    found: Nudge, source: str, precision: Precision, full: bool = True, width: int | None = None
) -> Table:
    """One nudge with a row for every number that moved, for a terminal in which arrays side by side have no room."""
    whole, show = nudge_table(found, source, precision, width=width), precision.show
    rows: list[list[Cell]] = []
    still = cut = 0
    for row in found.moved:
        parts = zip(components(row.before), components(row.after), components(row.derivative), strict=True)
        moving = [
            (component_name(row.name, index), x, y, rate) for (index, x), (_, y), (_, rate) in parts if x != y or rate
        ]
        still += len(list(components(row.before))) - len(moving)
        shown = moving if full else moving[:MOST_MOVED]
        cut += len(moving) - len(shown)
        rows += [[label, *map(show, (x, y, y - x, (y - x) / found.eps, rate))] for label, x, y, rate in shown]
    notes = [f"{still:,} entries that do not move are left out."] if still else []
    notes += [f"{cut:,} more entries: --full shows all."] if cut else []
    return Table(whole.columns, [rows], whole.title, [*notes, *whole.footers])


def nudge_csv(found: Sequence[Nudge]) -> Iterator[str]:
    """A line for every number downstream and step: `eps,name,index,before,after,slope,derivative`, all digits."""
    yield line(("eps", "name", "index", "before", "after", "slope", "derivative"))
    for one in found:
        for row in one.moved:
            parts = zip(components(row.before), components(row.after), components(row.derivative), strict=True)
            for (index, x), (_, y), (_, rate) in parts:
                numbers = map(exact, (x, y, (y - x) / one.eps, rate))
                yield line((exact(one.eps), row.name, ",".join(map(str, index)), *numbers))


def nudge_json(found: Sequence[Nudge], source: str) -> Iterator[str]:
    """`backprop.nudge/1`: {"format", "spec", "name", "index", "value", "loss", "nudges": [{"eps", "nodes": [...]}]}."""
    from backpropcli.render.json import anything

    first = found[0]
    nudges = [
        {
            "eps": one.eps,
            "nodes": [
                {
                    "name": row.name,
                    "before": row.before,
                    "after": row.after,
                    "slope": (row.after - row.before) / one.eps,
                    "derivative": row.derivative,
                }
                for row in one.moved
            ],
        }
        for one in found
    ]
    yield (
        anything(
            {
                "format": "backprop.nudge/1",
                "spec": source,
                "name": first.name,
                "index": list(first.index),
                "value": first.before,
                "loss": first.of,
                "nudges": nudges,
            }
        )
        + "\n"
    )
