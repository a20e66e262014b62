"""A sweep as a small plot for the terminal: error against step size, both logarithmic, in braille or in ASCII."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.notation.numbers import Precision, component_name
from backpropcli.plotting.braille import DOTS

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.sweep import Sweep

A_DECADE = 5
"""Columns for a factor of ten in the step; a row is a factor of ten in the error."""
LEAST, MOST = -17, 3
"""Errors beyond these powers of ten stand on the edge; an exact difference stands on the lowest row."""
MARGIN = 78


class Signs(NamedTuple):
    """What the plot is drawn with."""

    guide: str
    chosen: str
    best: str
    left: str
    corner: str
    floor: str
    tick: str


UNICODE = Signs("·", "◆", "▲", "┤", "└", "─", "┴")
ASCII = Signs(".", "X", "^", "|", "+", "-", "+")


def sweep_lines(sweep: Sweep, source: str, precision: Precision, ascii: bool = False) -> list[str]:
    """The plot, with a headline above and what it shows below."""
    signs = ASCII if ascii else UNICODE
    low, high = _range(sweep)
    first = math.floor(math.log10(sweep.steps[0].eps) + 0.5)
    columns = round((math.log10(sweep.steps[-1].eps) - first) * A_DECADE) + 1
    grid = [[" "] * columns for _ in range(high - low + 1)]
    _guides(sweep, grid, signs, first, high)
    _data(sweep, grid, first, high, ascii)
    if sweep.chosen is not None:
        row = min(max(high - _power(sweep.chosen.error), 0), len(grid) - 1)
        grid[row][_column(sweep.chosen.eps, first, columns)] = signs.chosen
    lines = [*_headline(sweep, source, precision), ""]
    lines.append("  error")
    for k, row_ in enumerate(grid):
        power = high - k
        label = f"1e{power}" if power % 2 == 0 else ""
        lines.append(f"  {label:>6} {signs.left} {''.join(row_)}".rstrip())
    floor = [signs.tick if k % (2 * A_DECADE) == 0 else signs.floor for k in range(columns)]
    lines.append(f"         {signs.corner}{signs.floor}{''.join(floor)}")
    under = [" "] * columns
    under[_column(sweep.best.eps, first, columns)] = signs.best
    lines.append(" " * 11 + "".join(under).rstrip())
    labels = [" "] * (columns + 12)
    for k in range(0, columns, 2 * A_DECADE):
        text = f"1e{first + k // A_DECADE}"
        labels[k + 8 : k + 8 + len(text)] = text
    lines.append(" " * 2 + "".join(labels).rstrip() + "   eps")
    return [*lines, "", *_below(sweep, precision, signs, ascii)]


def _range(sweep: Sweep) -> tuple[int, int]:
    """The lowest and the highest power of ten of an error."""
    errors = [s.error for s in sweep.steps if s.error == s.error]
    errors += [sweep.chosen.error] if sweep.chosen is not None else []
    powers = [_power(e) for e in errors]
    return max(min(powers), LEAST), max(min(max(powers), MOST), max(min(powers), LEAST) + 4)


def _power(error: float) -> int:
    return math.floor(math.log10(error)) if error > 10.0**LEAST else LEAST


def _column(eps: float, first: int, columns: int) -> int:
    return min(max(round((math.log10(eps) - first) * A_DECADE), 0), columns - 1)


def _guides(sweep: Sweep, grid: list[list[str]], signs: Signs, first: int, high: int) -> None:
    """The two straight lines: what rounding leaves, and what truncation leaves."""
    for k in range(len(grid[0])):
        eps = 10.0 ** (first + k / A_DECADE)
        size = max(sweep.rounding / eps, sweep.truncation * math.prod([eps] * sweep.order))  # a power may overflow
        if 0.0 < size < math.inf and 0 <= high - _power(size) < len(grid):
            grid[high - _power(size)][k] = signs.guide


def _data(sweep: Sweep, grid: list[list[str]], first: int, high: int, ascii: bool) -> None:
    """The errors: a dot each, in braille two columns and four rows of dots to a cell."""
    dots: dict[tuple[int, int], int] = {}
    for step in sweep.steps:
        if step.error != step.error:
            continue
        x = max(round((math.log10(step.eps) - first) * 2 * A_DECADE), 0)
        down = (high + 1 - max(math.log10(step.error), LEAST)) * 4 if step.error > 0.0 else math.inf
        y = int(min(max(down, 0), len(grid) * 4 - 1))
        cell = (y // 4, min(x // 2, len(grid[0]) - 1))
        dots[cell] = dots.get(cell, 0) | DOTS[y % 4][x % 2]
    for (row, column), bits in dots.items():
        grid[row][column] = "*" if ascii else chr(0x2800 + bits)


def _headline(sweep: Sweep, source: str, precision: Precision) -> list[str]:
    j = sweep.of
    quotients = {
        "central": f"({j}(p + eps) - {j}(p - eps)) / (2 eps)",
        "forward": f"({j}(p + eps) - {j}) / eps",
        "backward": f"({j} - {j}(p - eps)) / eps",
    }
    key = component_name(f"d{j}/d{sweep.name}", sweep.index)
    size = f", relative to {precision.show(sweep.right)}" if sweep.relative else ": the slope is 0"
    return [
        f"{source}   {key} = {precision.show(sweep.right)}",
        "",
        f"  the error of {quotients[sweep.difference]}{size}",
    ]


def _below(sweep: Sweep, precision: Precision, signs: Signs, ascii: bool) -> list[str]:
    short = Precision(2)
    dots = "*" if ascii else "Dots"
    grows = f"eps{'^2' if ascii else '²'}" if sweep.order == 2 else "eps"
    lines = signs.guide * 3
    text = [
        f"{dots}: the errors measured. {lines}: what rounding (falling, as 1/eps) and truncation (rising, as "
        f"{grows}) leave."
    ]
    if not sweep.truncation:
        text = [
            f"{dots}: the errors measured. {lines}: what rounding leaves, as 1/eps. This loss has no truncation "
            f"that grows as {grows}."
        ]
    if any(s.error != s.error for s in sweep.steps):
        text.append("Where there is no dot, the loss is not finite.")
    text.append(f"{signs.best} the plain difference is best near eps = {short.show(sweep.best.eps)}.")
    if sweep.chosen is not None:
        left = f"an error of {short.show(sweep.chosen.error)}" if sweep.chosen.error else "no error at all"
        start = short.show(sweep.chosen.eps)
        text.append(f"{signs.chosen} the check starts from eps = {start} and extrapolates, which leaves {left}.")
    backprop = sweep.row.backprop
    if sweep.row.verdict == "pass":
        text.append(f"backprop's own gradient, {precision.show(backprop)}, is right.")
    elif sweep.row.verdict == "fail":
        text.append(f"backprop's own gradient, {precision.show(backprop)}, is wrong.")
    else:
        text.append(f"backprop's own gradient, {precision.show(backprop)}, could not be judged.")
    return [line for one in text for line in textwrap.wrap(one, MARGIN, subsequent_indent="  ")]
