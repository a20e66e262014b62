"""A loss as a small curve in the terminal: how a training went, at a glance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from backpropcli.notation.numbers import Precision
from backpropcli.plotting.braille import Canvas
from backpropcli.plotting.drawn import draw
from backpropcli.plotting.figure import Figure, Line, axis
from backpropcli.plotting.signs import signs

DECADES = 100.0
"""A loss whose largest value is so many times its smallest is drawn on a logarithmic scale."""
INDENT = "  "


def curve(losses: Sequence[float], width: int = 60, height: int = 5, ascii: bool = False) -> list[str]:
    """The lines of a curve without axes, with its highest and lowest value at the left; none for fewer than two losses.

    In at most `width` columns and `height` rows (2 or more). What is not finite leaves a gap. The scale is logarithmic
    where losses span more than two decades, which is then said.
    """
    finite = [loss for loss in losses if math.isfinite(loss)]
    if len(finite) < 2:
        return []
    log = min(finite) > 0.0 and max(finite) >= DECADES * min(finite)
    y = axis("loss", finite, log)
    height = max(height, 2)
    at = {height - 1: Precision(4).show(min(finite)), 0: Precision(4).show(max(finite))}
    if at[0] == at[height - 1]:
        at = {height // 2: at[0]}
    margin = max(map(len, at.values()))
    own = signs(ascii)
    canvas = Canvas(max(width - len(INDENT) - margin - 2, 4), height, ascii)
    numbers = list(range(len(losses)))
    line = Line("loss", numbers, losses)
    draw(Figure("curve", "", "", axis("update", numbers), y, (line,)), canvas, own)
    rows = ["".join(sign for sign, _ in cells).rstrip() for cells in canvas.lines()]
    lines = [
        f"{INDENT}{at.get(k, ''):>{margin}} {own.tick_left if k in at else own.left}{row}".rstrip()
        for k, row in enumerate(rows)
    ]
    return [*lines, f"{INDENT}{'':{margin}} (logarithmic scale)"] if log else lines
