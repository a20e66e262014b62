"""A document as lines of text, for a terminal or a pipe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from textwrap import wrap

from backpropcli.notation.maths import Maths
from backpropcli.render.document import Equations, Fitting, Heading, Lines, Section, Verbatim, Walk
from backpropcli.render.output import render
from backpropcli.render.rows import WIDTH, lay_out
from backpropcli.render.table import Table
from backpropcli.render.width import width_of, worded

_TOGETHER = re.compile(r"\S+ (?:[<>=≤≥≠]|[<>=!]=) \S+|\([^()]{0,16} - [^()]{0,16}\)|\[[\d, ]+\]")
"""A comparison, a difference in parentheses, an index: not broken over two lines."""


def text(document: Iterable[Section], width: int | None = None, coloured: bool = False) -> Iterator[str]:
    """The lines; paragraphs are folded at the terminal's width, 80 columns in a pipe.

    `coloured`: what a heading says before its colon is bold, and tables are as elsewhere.
    """
    for number, section in enumerate(document):
        if number:
            yield ""
        yield from _section(section, width, coloured)


def _section(section: Section, width: int | None, coloured: bool) -> Iterator[str]:
    room = width or WIDTH
    match section:
        case Heading(text=words):
            yield from _bold(worded(words, room)) if coloured else worded(words, room)
        case Fitting():
            fits = section.wide.layout().width <= room
            yield from text(section.whole if fits else section.narrow, width)
        case Walk():
            yield from _walk(section, width)
        case Verbatim(lines=lines):
            yield from lines
        case Table():
            fits = max([section.layout().width, *map(width_of, section.footers)]) <= room
            yield from render(section, width if fits else room, coloured).rstrip("\n").split("\n")
        case Lines():
            for line, column in section.lines:
                yield from hung(line, room, column)
        case Equations():
            yield from _equations(section, room)
        case _:
            yield from worded(section, room)


def _bold(lines: list[str]) -> list[str]:
    head, colon, words = lines[0].partition(": ")
    return [f"\x1b[1m{head}\x1b[0m{colon}{words}", *lines[1:]]


def _walk(section: Walk, width: int | None) -> Iterator[str]:
    def laid_out(walk: Walk) -> list[str]:
        return list(lay_out(walk.rows, width or WIDTH, wrap=walk.folded or width is not None))

    lines = laid_out(section)
    if section.shorter is not None and len(lines) > len(section.rows):
        other = laid_out(section.shorter)
        if len(other) < len(lines):
            section, lines = section.shorter, other
    if section.title:
        yield section.title
    yield from lines


def _equations(section: Equations, room: int) -> Iterator[str]:
    """The signs under each other, a long side going on behind its sign."""
    what = max(len(word) for word, _ in section.rows) + 2
    left = str(section.left)
    column = what + len(left) + 3
    for word, right in section.rows:
        yield from hung(f"{word:<{what}}{left}{' = ' if isinstance(right, Maths) else '   '}{right}", room, column)
        left = " " * len(left)


def hung(line: str, width: int, column: int) -> list[str]:
    """A line in as many as it takes, those below beginning at `column`; comparisons and differences stay whole."""
    if width_of(line) <= width:
        return [line]
    whole = _TOGETHER.sub(lambda found: found[0].replace(" ", "\xa0"), line)
    under = " " * (column if column <= width // 2 else 4)
    pieces = wrap(whole, width, subsequent_indent=under, break_long_words=False, break_on_hyphens=False)
    return [piece.replace("\xa0", " ") for piece in pieces]
