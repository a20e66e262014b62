"""What an explanation is made of: headings, paragraphs, tables, worked lines and equations, as plain data.

Writers walk these: `text` for a terminal, `markdown`, `latex`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.render.table import Table

if TYPE_CHECKING:
    from backpropcli.notation.maths import Maths
    from backpropcli.render.rows import Row


class Heading(NamedTuple):
    """What a document is about."""

    text: str


class Verbatim(NamedTuple):
    """Lines that are left as they are."""

    lines: Sequence[str]


class Walk(NamedTuple):
    """Worked lines, `dJ/da1 = dJ/dt2 @ W2.T = ... = ...`; on a page of formulas the numbers put in are left out where
    they are not `in_numbers`.

    `shorter` is the same where that takes fewer lines. `folded`: in a file or a pipe too, which has no width, a line
    that is too wide goes on in the next.
    """

    rows: Sequence[Row]
    in_numbers: bool = True
    title: str = ""
    shorter: Walk | None = None
    folded: bool = True


class Lines(NamedTuple):
    """Lines of one paragraph, each with the column at which it goes on where it is too long for one line."""

    lines: Sequence[tuple[str, int]]


class Equations(NamedTuple):
    """`left = right` and then `= right`, with a word or two for each: `right` is `Maths`, or words for want of one."""

    left: Maths
    rows: Sequence[tuple[str, str]]


class Fitting(NamedTuple):
    """A table with the words that describe its columns, and what a page that is too narrow for it has instead."""

    words: Sequence[str]
    wide: Table
    narrow: Sequence[Section]

    @property
    def whole(self) -> list[Whole]:
        """The sections for a page that is wide enough."""
        return [*self.words, self.wide]


Whole = Heading | str | Verbatim | Table | Walk | Lines | Equations
"""A heading, a paragraph (words, or `Said`), a table, worked lines, a paragraph of lines, or equations."""
Section = Whole | Fitting
"""Any of these, or a table where there is room for it."""


def wholes(document: Iterable[Section]) -> Iterator[Whole]:
    """The sections for a page that is wide enough for every table."""
    for section in document:
        yield from section.whole if isinstance(section, Fitting) else [section]
