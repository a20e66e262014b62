"""A figure for the terminal: braille or ASCII, with axes, round numbers along them, and a legend."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.plotting.braille import Canvas
from backpropcli.plotting.drawn import bands, draw
from backpropcli.plotting.signs import Signs, signs
from backpropcli.plotting.ticks import labels, ticks
from backpropcli.render.output import to_ascii
from backpropcli.render.width import width_of
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.plotting.figure import Axis, Contours, Figure
    from backpropcli.plotting.plot import Plot
    from backpropcli.render.output import Destination

WIDTH, WIDEST, NARROWEST = 80, 120, 30
ROWS = 20
INDENT = 2
COLOURS = ("", "36", "35", "33", "32", "34", "31")
"""A colour for each number that the canvas knows; the first is none."""
Run = tuple[str, int]
"""A text and its colour's number."""


class Frame(NamedTuple):
    """How large the plotted part is, and what it is drawn with."""

    columns: int
    rows: int
    signs: Signs


def figure(found: Plot, to: Destination) -> Iterator[str]:
    """A plot, as the registry of formats asks for it."""
    width = min(max(found.width or to.width or WIDTH, NARROWEST), WIDEST)
    return (f"{line}\n" for line in text(found.shown, width, ROWS, found.ascii or to.ascii, to.coloured))


def text(shown: Figure, width: int = WIDTH, rows: int = ROWS, ascii: bool = False, coloured: bool = False) -> list[str]:
    """The lines of a figure in at most `width` columns, its plotted part `rows` high; ANSI codes where `coloured`."""
    body = [_line(runs, coloured) for runs in picture(shown, width, rows, ascii)]
    head = textwrap.wrap(printable(f"{shown.source}   {shown.headline}"), width, subsequent_indent="  ")
    below = [line for note in shown.notes for line in _wrapped(note, width)]
    lines = [*head, "", *body, "", *_legend(shown, signs(ascii), width, coloured), *below]
    return [to_ascii(line) if ascii else line for line in lines]


def picture(shown: Figure, width: int, rows: int, ascii: bool) -> Iterator[list[Run]]:
    """The plotted part with its axes, a list of texts and colours a line."""
    marks = ticks(shown.y.low, shown.y.high, max(rows // 4, 2), shown.y.log)
    named = dict(zip(labels(marks, shown.y.log), marks, strict=True))
    margin = max([width_of(name) for name in named], default=0)
    frame = Frame(max(width - INDENT - margin - 3, 8), rows, signs(ascii))
    canvas = Canvas(frame.columns, rows, ascii)
    draw(shown, canvas, frame.signs)
    label = printable(shown.y.label)
    if label:
        yield [(" " * (INDENT + max(margin - width_of(label), 0)) + label, 0)]
    at: dict[int, str] = {}
    for name, value in named.items():
        place = canvas.cell(0.0, shown.y.share(value))
        if place is not None:
            at.setdefault(place[0], name)
    for row, cells in enumerate(canvas.lines()):
        edge = frame.signs.tick_left if row in at else frame.signs.left
        yield [(f"{'':{INDENT}}{at.get(row, ''):>{margin}} {edge}", 0), *_joined(cells)]
    yield from _below(shown.x, frame, " " * (INDENT + margin + 1))


def _below(along: Axis, frame: Frame, indent: str) -> Iterator[list[Run]]:
    """The lower axis with its numbers, and what it is."""
    marks = ticks(along.low, along.high, max(frame.columns // 9, 2), along.log)
    floor, under = [frame.signs.floor] * frame.columns, [" "] * (frame.columns + 1)
    end = -1
    for value, name in zip(marks, labels(marks, along.log), strict=True):
        column = min(int(along.share(value) * frame.columns), frame.columns - 1)
        start = min(max(column + 1 - len(name) // 2, 0), frame.columns + 1 - len(name))
        if start > end and start >= 0:
            floor[column] = frame.signs.tick_below
            under[start : start + len(name)] = name
            end = start + len(name)
    yield [(indent + frame.signs.corner + "".join(floor), 0)]
    yield [((indent + "".join(under)).rstrip(), 0)]
    label = printable(along.label)
    yield [(indent + " " * max(frame.columns + 1 - width_of(label), 0) + label, 0)]


def _joined(cells: Sequence[Run]) -> list[Run]:
    """The cells of a row as texts of one colour, without blanks at the end."""
    last = max((k for k, (sign, _) in enumerate(cells) if sign != " "), default=-1)
    return [("".join(sign for sign, _ in part), paint) for paint, part in groupby(cells[: last + 1], itemgetter(1))]


def _line(runs: Sequence[Run], coloured: bool) -> str:
    line = "".join(_painted(part, paint) if coloured else part for part, paint in runs)
    return line.rstrip()


def _painted(part: str, paint: int) -> str:
    code = COLOURS[(paint - 1) % (len(COLOURS) - 1) + 1] if paint else ""
    return f"\x1b[{code}m{part}\x1b[0m" if code else part


def _legend(shown: Figure, own: Signs, width: int, coloured: bool) -> list[str]:
    """What is drawn with which sign; as many beside each other as fit."""
    entries: list[tuple[str, str, int]] = []
    for k, line in enumerate(shown.lines, 1):
        sign = own.path if line.path else own.behind if line.dotted else own.line
        entries.append((sign * 2, line.label, k + 2 * line.path))
    entries += [_heights(heights, own) for heights in shown.contours]
    entries += [(own.arrow, arrow.label, 2) for arrow in shown.arrows]
    entries += [(own.mark(points.mark), points.label, points.mark + 1) for points in shown.points]
    lines: list[str] = []
    room = 0
    for sign, label, paint in entries:
        if not label:
            continue
        words = _wrapped(label, width - 6)
        size = width_of(sign) + 1 + width_of(words[0].strip())
        entry = f"{_painted(sign, paint) if coloured else sign} {words[0].strip()}"
        if len(words) == 1 and lines and room + 3 + size <= width:
            lines[-1] += "   " + entry
            room += 3 + size
        else:
            lines.append(" " * INDENT + entry)
            lines += [" " * (INDENT + width_of(sign) - 1) + line for line in words[1:]]
            room = INDENT + size if len(words) == 1 else width
    return lines


def _heights(heights: Contours, own: Signs) -> tuple[str, str, int]:
    """A map's entry: lines, or the numbers of its bands."""
    if own.ascii and heights.numbered:
        return "0 2", f"{heights.name}: {bands(heights)}", 1
    return own.line * 2, heights.label, 1


def _wrapped(note: str, width: int) -> list[str]:
    indent = " " * INDENT
    return textwrap.wrap(printable(note), width, initial_indent=indent, subsequent_indent=indent)
