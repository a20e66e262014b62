"""The parts of a telling: paragraphs, tables and worked lines, and how a terminal, Markdown and LaTeX write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from backpropcli.notation.maths import Maths, Said, as_tex
from backpropcli.render.output import render
from backpropcli.render.rows import WIDTH, Row, lay_out
from backpropcli.render.table import Cell, Column, Table, width_of, worded

_WHOLE = re.compile(r"\S+ (?:[<>=≤≥≠]|[<>=!]=) \S+|\([^()]{0,16} - [^()]{0,16}\)|\[[\d, ]+\]")
"""A comparison, a difference in parentheses, an index: not broken over two lines."""


LINE = 62
"""A page of LaTeX has room for about so many signs of a formula."""


class Walk(NamedTuple):
    """Worked lines, `dJ/da1 = dJ/dt2 @ W2.T = ... = ...`; `tex` has the sides of each equation in LaTeX."""

    rows: Sequence[Row]
    tex: Sequence[Sequence[str]]


class Lines(NamedTuple):
    """Lines of one paragraph, each with the column at which it goes on where it is too long for one line."""

    lines: Sequence[tuple[Said, int]]


class Equations(NamedTuple):
    """`left = right` and then `= right`, with a word or two for each: `right` is `Maths`, or words for want of one."""

    left: Maths
    rows: Sequence[tuple[str, str]]

    def lines(self) -> Lines:
        """The signs under each other, a long side going on behind its sign."""
        what = max(len(word) for word, _ in self.rows) + 2
        column = what + len(self.left) + 3
        lines = []
        for k, (word, right) in enumerate(self.rows):
            head = f"{word:<{what}}{self.left if not k else ' ' * len(self.left)}"
            lines.append((Said(head + (" = " if isinstance(right, Maths) else "   ") + right), column))
        return Lines(lines)

    def latex(self) -> Iterator[str]:
        """The same as LaTeX; words for want of a formula are left out, and a side that was there before."""
        rows = {right.tex: word for word, right in reversed(self.rows) if isinstance(right, Maths)}
        sides = [(word, tex) for tex, word in reversed(rows.items())]
        left = [self.left.tex, *[""] * (len(sides) - 1)]
        equations = [(a, [tex]) for a, (_, tex) in zip(left, sides, strict=True)]
        yield from aligned(equations, [word for word, _ in sides])


class Fitting(NamedTuple):
    """A table with the words that describe its columns, and what a page that is too narrow for it has instead."""

    words: Sequence[str]
    wide: Table
    narrow: Sequence[Section]


Whole = str | Table | Walk | Lines | Equations
"""A paragraph, a table, worked lines, a paragraph of lines, or equations."""
Section = Whole | Fitting
"""Any of these, or a table where there is room for it."""


def tell(
    tellings: Sequence[Iterable[Section]], format: str = "table", width: int | None = None, coloured: bool = False
) -> Iterator[str]:
    """Several tellings, one after the other, as text, Markdown or LaTeX."""
    for number, sections in enumerate(tellings):
        if format == "markdown":
            yield from markdown(sections)
        elif format == "latex":
            yield from latex(sections)
        else:
            yield "\n\n" * bool(number)
            yield from (f"{line}\n" for line in terminal(sections, width, coloured))


def terminal(sections: Iterable[Section], width: int | None = None, coloured: bool = False) -> Iterator[str]:
    """The sections as lines of text; paragraphs are folded at the terminal's width, 80 columns in a pipe.

    `coloured`: what the first one says before its colon is bold, and tables are as elsewhere.
    """
    room = width or WIDTH
    for number, section in enumerate(sections):
        if number:
            yield ""
        if isinstance(section, Fitting):
            fits = section.wide.layout().width <= room
            yield from terminal([*section.words, section.wide] if fits else section.narrow, width)
        elif isinstance(section, Walk):
            yield from lay_out(section.rows, room, wrap=True)
        elif isinstance(section, Table):
            fits = max([section.layout().width, *map(width_of, section.footers)]) <= room
            yield from render(section, width if fits else room, coloured).rstrip("\n").split("\n")
        elif isinstance(section, Lines | Equations):
            for line, column in (section.lines() if isinstance(section, Equations) else section).lines:
                yield from hung(line, room, column)
        elif number or not coloured:
            yield from worded(section, room)
        else:
            first, *rest = worded(section, room)
            head, colon, words = first.partition(": ")
            yield from [f"\x1b[1m{head}\x1b[0m{colon}{words}", *rest]


def hung(line: str, width: int, column: int) -> list[str]:
    """A line in as many as it takes, those below beginning at `column`; comparisons and differences stay whole."""
    if width_of(line) <= width:
        return [line]
    whole = _WHOLE.sub(lambda found: found[0].replace(" ", "\xa0"), line)
    under = " " * (column if column <= width // 2 else 4)
    pieces = wrap(whole, width, subsequent_indent=under, break_long_words=False, break_on_hyphens=False)
    return [piece.replace("\xa0", " ") for piece in pieces]


def markdown(sections: Iterable[Section]) -> Iterator[str]:
    """The sections as Markdown, the first as a heading; worked lines are code."""
    from backpropcli.render.markdown import told

    for number, section in enumerate(_whole(sections)):
        if isinstance(section, Walk):
            yield "```text\n" + "".join(f"{line}\n" for line in lay_out(section.rows, WIDTH)) + "```\n\n"
        elif isinstance(section, Equations):
            rows = [
                [word, right if k or not isinstance(right, Maths) else f"{section.left} = {right}"]
                for k, (word, right) in enumerate(section.rows)
            ]
            yield from told(Table([Column("step"), Column("formula")], [rows]), False)
        elif isinstance(section, Lines):
            yield from told("\n".join(line for line, _ in section.lines), number == 0)
        else:
            yield from told(section, number == 0)


def latex(sections: Iterable[Section]) -> Iterator[str]:
    """The sections as LaTeX, for a document that inputs them and uses amsmath; the first is a heading."""
    for number, section in enumerate(_whole(sections)):
        if isinstance(section, Walk):
            yield from aligned([(left, rest) for left, *rest in section.tex])
        elif isinstance(section, Table):
            yield from tabular(section)
        elif isinstance(section, Equations):
            yield from section.latex()
        elif isinstance(section, Lines):
            yield " \\\\\n".join(as_tex(line) for line, _ in section.lines) + "\n"
        elif number == 0:
            yield f"\\subsection*{{{as_tex(section)}}}\n"
        else:
            yield as_tex(section) + "\n"
        yield "\n"


def aligned(rows: Sequence[tuple[str, Sequence[str]]], words: Sequence[str] = ()) -> Iterator[str]:
    """Equations under each other, their signs too; what is too long for a line goes on in the next.

    A row is a left side and what it equals; `words` say what each row is.
    """
    lines = []
    for k, (left, sides) in enumerate(rows):
        short = seen(left + "".join(sides)) <= LINE and len(sides) > 1
        parts = [" = ".join(sides)] if short else list(sides)
        broken = [rf"&\quad {piece}" if n else f"&= {piece}" for part in parts for n, piece in enumerate(pieces(part))]
        if words:
            broken[-1] += rf" && \text{{{words[k]}}}"
        lines += [f"  {left} {broken[0]}", *(f"  {line}" for line in broken[1:])]
    yield "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}\n"


def seen(tex: str) -> int:
    """About how many signs wide a formula is."""
    return len(re.sub(r"\\(?:frac|left|right|partial|mathrm|text|begin|end)|[{}_^ ]", "", tex))


def pieces(tex: str) -> list[str]:
    """A formula in as many lines as it takes, broken in front of a plus, or behind the dot of a product."""
    if seen(tex) <= LINE:
        return [tex]
    found, line, depth = list[str](), "", 0
    for part in re.split(r"( \+ | \\cdot | \\odot )", tex):
        sign = part.startswith(" ") and part.strip() in ("+", r"\cdot", r"\odot")
        if sign and not depth and seen(line) > LINE * (0.4 if part == " + " else 0.8):
            found.append(line)
            line = part.lstrip()
        else:
            line += part
        depth += sum(part.count(c) for c in ("{", r"\left")) - sum(part.count(c) for c in ("}", r"\right"))
    return [*found, line]


def _whole(sections: Iterable[Section]) -> Iterator[Whole]:
    """The sections for a page that is wide enough."""
    for section in sections:
        if isinstance(section, Fitting):
            yield from section.words
            yield section.wide
        else:
            yield section


def tabular(table: Table) -> Iterator[str]:
    """A table: header, rule, rows; the sentences under it as paragraphs."""
    columns = table.columns
    yield "{\\renewcommand{\\arraystretch}{1.7}\n"
    yield f"\\begin{{tabular}}{{{''.join('l' if c.align == 'left' else 'r' for c in columns)}}}\n"
    yield " & ".join(as_tex(c.title) for c in columns) + " \\\\ \\hline\n"
    for section in table.sections:
        for row in section:
            yield " & ".join(as_tex(_flat(cell)) for cell in row) + " \\\\\n"
    yield "\\end{tabular}}\n"
    for footer in table.footers:
        yield f"\n{as_tex(footer)}\n"


def _flat(cell: Cell) -> str:
    return cell if isinstance(cell, str) else "; ".join(" ".join(row) for row in cell)
