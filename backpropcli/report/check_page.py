"""What `backprop check` prints: a headline, tables, and sentences under them, fitted to a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.render.table import Table
from backpropcli.report.check_headline import headline, settled
from backpropcli.report.check_sentences import sentences, where
from backpropcli.report.check_table import MANY, expected_table, gradient_tables
from backpropcli.report.coverage import coverage_sentences
from backpropcli.report.fault_words import fault_opening
from backpropcli.report.points_words import points_sentences
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.notation.numbers import Precision

WIDEST_TITLE = 80
"""A headline that does not fit into the usual terminal is broken."""
FEWEST_DIGITS = 4
"""In a terminal, numbers get fewer digits, down to these, before rows are broken."""
MARGIN = 78
"""Sentences under a table are broken here."""


class Page(NamedTuple):
    """What a check prints: a headline, tables, and sentences under them."""

    headline: str
    tables: Sequence[Table]
    sentences: Sequence[str]
    opening: str = ""
    title: str = ""
    """The network's own."""


def check_page(
    report: Report,
    source: str,
    precision: Precision,
    full: bool = False,
    expected_first: bool = False,
    more: str = "",
    failures: bool = False,
    title: str = "",
    most: int | None = None,
) -> Page:
    """The page of a report. `expected_first`: the user asked about expected numbers; what passes is not listed.

    `more` is a sentence for the end where something is wrong (how to look further). `failures` leaves out what passed.
    `title` is the network's own. Of many components that did not pass, `most` are listed.
    """
    listing = not (expected_first and settled(report))
    tables = gradient_tables(report, precision, full, failures, most) if report.rows and listing else []
    expected = [c for c in report.expected if c.verdict != "pass" or (expected_first and not failures)]
    if expected:
        tables.append(expected_table(expected, precision, opinions=not listing))
    said = list(sentences(report, precision, expected))
    if report.verdict == "fail" and more:
        said.append(more)
    if most is not None and listing and not full:
        said += _how_many_listed(report, most)
    said += [*coverage_sentences(report, source), *points_sentences(report, lambda r: where(r, precision))]
    said += report.notes
    if report.differing is not None:
        said.append(str(report.differing))
    line = f"{printable(source)}   {headline(report, precision, expected_first)}"
    return Page(line, tables, said, fault_opening(report), title)


def _how_many_listed(report: Report, most: int) -> list[str]:
    odd = len(report.rows) - report.count("pass")
    if odd <= most or len(report.rows) <= MANY or report.against:
        return []
    return [f"The first {most} of {odd:,} that did not pass are listed; --full lists all."]


def fitted_check(make: Callable[[Precision], Page], precision: Precision, width: int | None) -> list[Table]:
    """The tables of a page for a terminal of `width` columns: numbers get fewer digits before a row is broken."""
    whole = check_tables(make(precision))
    if width is None:
        return whole
    tables = whole
    for digits in range(precision.digits, FEWEST_DIGITS - 1, -1):
        fewer = precision._replace(digits=digits, shortened=True)
        tables = check_tables(make(fewer)) if digits < precision.digits else whole
        if all(table.layout(width).width <= width for table in tables):
            if digits < precision.digits:
                said = f"Shown with {digits} digits to fit; --digits {precision.digits} shows more."
                tables[-1] = tables[-1]._replace(footers=[*tables[-1].footers, said])
            return tables
    return tables


def check_tables(page: Page) -> list[Table]:
    """The page as tables: the first carries the headline, the last the sentences."""
    tables = list(page.tables) or [Table((), ())]
    footers = [line for text in page.sentences for line in textwrap.wrap(text, MARGIN, break_on_hyphens=False)]
    footers = [line.replace("\xa0", " ") for line in footers]  # no formula is broken that fits a line
    title = "\n".join(part for line in page.headline.splitlines() for part in _title(line))
    title = f"{printable(page.title)}\n{title}" if page.title else title
    opening = "\n".join(textwrap.wrap(page.opening, MARGIN))
    tables[0] = tables[0]._replace(title=f"{opening}\n\n{title}" if opening else title)
    tables[-1] = tables[-1]._replace(footers=footers)
    return tables


def _title(line: str) -> list[str]:
    """A line of a headline in as many as a terminal needs: what stands in brackets at its end goes first."""
    if len(line) <= WIDEST_TITLE:
        return [line]
    head, bracket, tail = line.rpartition(" (")
    if bracket and tail.endswith(")") and len(head) <= WIDEST_TITLE:
        return [head, f"  ({tail}"]
    source, _, rest = line.partition("   ")
    return [source, *(f"  {part}" for part in textwrap.wrap(rest, WIDEST_TITLE - 2, break_long_words=False))]
