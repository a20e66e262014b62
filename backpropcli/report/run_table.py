"""What `backprop run` prints: a row for every input, target, parameter and node, with its value and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, exact, is_array
from backpropcli.ops.shape import show_shape
from backpropcli.render.arrays import elided, grid
from backpropcli.render.table import Cell, Column, Table
from backpropcli.report.run_rows import Result, Row
from backpropcli.report.run_rows import result as run_result
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.engine import Trace

MANY_ROWS = 60
"""In a terminal, a section of more rows than these is elided to its first and last SHOWN_ROWS."""
SHOWN_ROWS = 20
FEWEST_DIGITS = 4
"""In a terminal, numbers get fewer digits down to these before anything is left out."""
CUT = "Cut to fit the terminal; --full shows everything."
EDGES = (3, 2, 1, 0)
"""In a terminal, how many entries are shown at each end of an axis: the first that fits the width.

With 0 the first entry alone is shown.
"""
SECTIONS = (("input", "target"), ("parameter",), ("node",))

KINDS = {"input": "dim", "target": "dim", "parameter": "dim"}


def run_table(trace: Trace, source: str, precision: Precision | None = None) -> Table:
    """A trace as a table, with nothing left out."""
    return table(run_result(trace, source), precision or Precision())


def table(result: Result, precision: Precision, edge: int | None = None, most_rows: int | None = None) -> Table:
    """The table; `edge` elides arrays and `most_rows` sections, both None where nothing may be left out."""
    arrays = any(row.shape for row in result.rows)
    show = exact if precision.decimals is None and precision.digits >= 17 else precision.show
    cut: list[str] = []
    sections = []
    for kinds in SECTIONS:
        rows = [row for row in result.rows if row.kind in kinds]
        shown: list[Sequence[Cell]] = []
        if most_rows is not None and len(rows) > most_rows:
            head, tail = rows[:SHOWN_ROWS], rows[-SHOWN_ROWS:]
            left = len(rows) - len(head) - len(tail)
            cut.append(f"{left:,} of {len(rows):,} {'rows' if kinds[0] == 'node' else kinds[0] + 's'} are left out")
            shown = [_cells(row, result, show, edge) for row in head]
            shown.append(("…", "", "…", "…", "…" if head[0].gradient is not None else "", ""))
            shown += [_cells(row, result, show, edge) for row in tail]
        else:
            shown = [_cells(row, result, show, edge) for row in rows]
        sections.append(shown)
    if any(elided(row.shape, edge) for row in result.rows):
        cut.append("big arrays are shown in part")
    columns = [
        Column("name", style="cyan", last=True),
        Column("shape" if arrays else "", gap=2, style="dim"),
        Column("formula", elastic=True, gap=2 if arrays else 3, styles=KINDS),
        Column("value", "point"),
        Column(f"d{result.loss}/d(name)" if any(r.gradient is not None for r in result.rows) else "", "point"),
        Column("", style="bold red"),
    ]
    footers = [sentence(cut) + "; --full shows everything."] if cut else []
    footers += ["Written out:", *result.notes] if result.notes else []
    return Table(columns, sections, heading(result, precision), footers)


def heading(result: Result, precision: Precision, titled: bool = True) -> str:
    """`net.yaml   J = 2`, or what is known of it: a loss that is an array has no number to put here.

    The network's own title, where it has one, stands above it.
    """
    parts = [result.source]
    if result.loss is not None and not is_array(result.loss_value):
        parts.append(f"{result.loss} = {precision.show(result.loss_value)}")
    line = "   ".join([*parts, *([result.remark] if result.remark else [])])
    return f"{printable(result.title)}\n{line}" if titled and result.title else line


def fitted(result: Result, precision: Precision, width: int | None, full: bool = False, chosen: bool = False) -> Table:
    """The table for a terminal of `width` columns (None: no terminal, nothing is left out).

    Where it is too wide, numbers get fewer digits (unless the user has `chosen` how many), then arrays are shown in
    part, with a line that says so.
    """
    if width is None or full:
        return table(result, precision)
    made = table(result, precision, EDGES[0], MANY_ROWS)
    if made.layout(width).width <= width and not made.layout(width).hard:
        return made
    hard: Table | None = None
    for edge in EDGES:
        if edge != EDGES[0] and not any(elided(row.shape, edge) for row in result.rows):
            continue
        if not edge and hard is not None:  # a formula is missed less than most of every array
            return hard
        for fewer in fewer_digits(precision, chosen):
            made = said(table(result, fewer, edge, MANY_ROWS), fewer, precision)
            layout = made.layout(width)
            if layout.width <= width:
                if not layout.hard:
                    return made
                hard = hard or made._replace(footers=[*made.footers, CUT])
    return hard or made


def fewer_digits(precision: Precision, chosen: bool) -> list[Precision]:
    """The digits asked for and, where nobody asked, fewer and fewer of them, down to FEWEST_DIGITS."""
    if chosen:
        return [precision]
    return [precision._replace(digits=digits) for digits in range(precision.digits, FEWEST_DIGITS - 1, -1)]


def said(made: Table, fewer: Precision, precision: Precision) -> Table:
    """The table with a line that says that it has fewer digits, where it has."""
    if fewer.digits == precision.digits:
        return made
    line = f"Shown with {fewer.digits} digits to fit; --digits {precision.digits} shows more."
    return made._replace(footers=[*made.footers, line])


def sentence(parts: Sequence[str]) -> str:
    """The parts in one sentence that begins with a capital letter."""
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _cells(row: Row, result: Result, show: Callable[[float], str], edge: int | None) -> Sequence[Cell]:
    """A row's cells: a number as text, an array as a grid."""
    name, kind, _, _, shape, value, gradient = row
    formula, marks = result.written(row), result.marks
    if not shape:
        return (
            name,
            "",
            formula if kind == "node" else kind,
            show(value),
            show(gradient) if gradient is not None else "",
            marks.get(name, "") if marks else "",
        )
    return (
        name,
        show_shape(shape),
        formula if kind == "node" else kind,
        grid(value, show, edge),
        grid(gradient, show, edge) if gradient is not None else "",
        marks.get(name, "") if marks else "",
    )
