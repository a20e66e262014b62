r"""A document as LaTeX, for another that inputs it and uses amsmath; formulas are set from their expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.formula_latex import mathematics, said
from backpropcli.notation.maths import Maths, Said, joined
from backpropcli.render.document import Equations, Heading, Lines, Section, Verbatim, Walk, Whole, wholes
from backpropcli.render.table import Cell, Table

if TYPE_CHECKING:
    from backpropcli.render.rows import Row

OPENING, CLOSING = ("{", r"\left", r"\begin"), ("}", r"\right", r"\end")
"""What no line is broken between."""
DEEPEST = 4
"""In so many brackets a line may be broken."""
LINE = 62
"""A page of LaTeX has room for about so many signs of a formula."""


def latex(document: Iterable[Section]) -> Iterator[str]:
    """The document, a piece at a time."""
    for section in wholes(document):
        yield from _section(section)
        yield "\n"


def _section(section: Whole) -> Iterator[str]:
    match section:
        case Heading(text=words):
            yield f"\\subsection*{{{said(words)}}}\n"
        case Walk(rows=rows, in_numbers=in_numbers):
            equations = [_sides(row, in_numbers) for row in rows]
            yield from aligned([(left, sides) for left, *sides in equations])
        case Verbatim(lines=lines):
            yield " \\\\\n".join(map(said, lines)) + "\n"
        case Table():
            yield from _tabular(section)
        case Equations():
            yield from _equations(section)
        case Lines(lines=lines):
            yield " \\\\\n".join(said(line) for line, _ in lines) + "\n"
        case _:
            yield said(section) + "\n"


def _sides(row: Row, in_numbers: bool) -> list[str]:
    """The sides of a worked line: what it is, its terms, the numbers put in, and what they come to; each once."""
    sides = [_added(row.formula), _added(row.numbers) if in_numbers else "", row.result]
    known = [mathematics(side) for side in sides if isinstance(side, Maths | Said)]
    return [mathematics(row.name), *dict.fromkeys(known)]


def _added(terms: Sequence[str]) -> str:
    return joined(" + ", terms) if terms else ""


def _equations(section: Equations) -> Iterator[str]:
    """Words for want of a formula are left out, and a side that was there before."""
    rows = {mathematics(right): word for word, right in reversed(section.rows) if isinstance(right, Maths)}
    left = [mathematics(section.left), *[""] * (len(rows) - 1)]
    equations = [(a, [tex]) for a, tex in zip(left, reversed(rows), strict=True)]
    yield from aligned(equations, list(reversed(rows.values())))


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
    """A formula in as many lines as it takes, broken in front of a plus or the dot of a product."""
    return rows(tex, seen, _broken)


def _broken(tex: str, deep: int) -> list[str]:
    found, line = list[str](), ""
    for part in breakable(tex, r" \+ | \\cdot | \\odot ", deep):
        if seen(line) > LINE * (0.4 if part.startswith(" + ") else 0.8):
            found.append(line)
            line = part.lstrip()
        else:
            line += part
    return [*found, line]


def rows(tex: str, measure: Callable[[str], int], broken: Callable[[str, int], list[str]]) -> list[str]:
    """A formula in rows that fit on the paper: broken outside of brackets where that is enough, else inside of them."""
    found = [tex]
    for deep in range(DEEPEST):
        found = [part for row in found for part in (broken(row, deep) if measure(row) > LINE else [row])]
    return found


def breakable(tex: str, signs: str, deep: int) -> list[str]:
    """The parts between which a line may end: each begins with one of the signs, outside of TeX's groups.

    At most so `deep` in plain brackets.
    """
    found, depth, brackets = [""], 0, 0
    for k, part in enumerate(re.split(f"({signs})", tex)):
        if k % 2 and not depth and brackets <= deep:
            found.append("")
        found[-1] += part
        depth += sum(map(part.count, OPENING)) - sum(map(part.count, CLOSING))
        brackets += part.count("(") - part.count(")")
    return found


def _tabular(table: Table) -> Iterator[str]:
    """A table: header, rule, rows; the sentences under it as paragraphs."""
    columns = table.columns
    yield "{\\renewcommand{\\arraystretch}{1.7}\n"
    yield f"\\begin{{tabular}}{{{''.join('l' if c.align == 'left' else 'r' for c in columns)}}}\n"
    yield " & ".join(said(c.title) for c in columns) + " \\\\ \\hline\n"
    for section in table.sections:
        for row in section:
            yield " & ".join(said(_flat(cell)) for cell in row) + " \\\\\n"
    yield "\\end{tabular}}\n"
    for footer in table.footers:
        yield f"\n{said(footer)}\n"


def _flat(cell: Cell) -> str:
    return cell if isinstance(cell, str) else "; ".join(" ".join(row) for row in cell)
