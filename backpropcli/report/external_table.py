"""What `backprop check --gradients` prints: external gradients beside what is right, and where the fault is."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, component_name
from backpropcli.ops.shape import show_shape
from backpropcli.render.table import Cell, Column, Table
from backpropcli.report.check_page import MARGIN, check_page, check_tables
from backpropcli.report.check_table import MANY, NOTE, VERDICT, WORDS, plus_minus

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.external.comparison import Compared, Comparison
    from backpropcli.gradcheck.external.judgement import Entry

LABEL = 8
"""`Where`, `Likely` and `Sure?` stand in a margin of this width."""
FEW = 1e-4
"""Gradients that differ by less than this are shown with more digits, or one would not see it."""


def external_tables(
    report: Report, source: str, precision: Precision | None = None, full: bool = False, failures: bool = False
) -> list[Table]:
    """The page of a report on external gradients, as tables: all right is one line.

    `precision` is how many digits were asked for, None where nobody asked. `failures` leaves out what passed.
    """
    found = report.external
    assert found is not None
    digits = precision or _digits(found)
    tables: list[Table] = []
    if found.verdict != "pass":
        if any(g.shape or g.given for g in found.gradients):
            tables.append(_arrays(report.of, found, failures))
            if found.entries:
                tables.append(_entries(report.of, found.entries if full else found.entries[:MANY], digits, "wrong"))
        else:
            entries = found.entries if failures else found.components
            tables.append(_entries(report.of, entries if full else entries[:MANY], digits, "gradient", verdicts=True))
    own = _own(report, source, digits, full)
    tables = tables or [Table((), ())]
    tables[0] = tables[0]._replace(title=f"{source}   {headline(found)}")
    lines = list(_sentences(found, 0 if full else len(found.entries) - MANY))
    if own and lines:
        lines.append("")
    tables[-1] = tables[-1]._replace(footers=lines)
    return tables + own


def headline(found: Comparison) -> str:
    """`6 of 12 gradients in theirs.json are wrong`, or right, and how closely they were looked at."""
    size, wrong, unsure = found.size, found.wrong, found.unsure
    what = f"gradient{'' if size == 1 else 's'} in {found.source}"
    if wrong:
        more = f", {unsure:,} could not be judged" if unsure else ""
        return f"{wrong:,} of {size:,} {what} {_is(wrong)} wrong{more}"
    if unsure:
        return f"{unsure:,} of {size:,} {what} could not be judged"
    to = f"± {_short(found.tolerance)}" if found.precision.kind == "decimals" else _short(found.tolerance)
    missing = ""
    if found.missing:
        names = ", ".join(found.missing[:4]) + (", ..." if len(found.missing) > 4 else "")
        missing = f"; {names} {_is(len(found.missing))} not in it"
    return f"{size:,} of {size:,} {what} {_is(size)} right (to {to}){missing}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _short(x: float) -> str:
    """`5e-6`."""
    return f"{x:.0e}".replace("e-0", "e-").replace("e+0", "e")


def _digits(found: Comparison) -> Precision:
    """Six digits, or more where theirs and the right ones would look the same."""
    close = any(entry.off < FEW for entry in found.entries)
    return Precision(10 if close else 6)


def _percent(off: float) -> str:
    """`148 %`, `2e-4 %`."""
    if not math.isfinite(off):
        return ""
    percent = 100.0 * off
    if percent >= 100.0:
        return f"{percent:,.0f} %" if percent < 1e6 else f"{_short(percent)} %"
    if percent == 0.0:
        return "0 %"
    return f"{Precision(2).show(percent) if percent >= 0.001 else _short(percent)} %"


def _arrays(of: str, found: Comparison, failures: bool) -> Table:
    """A row for each array: how many of its entries are wrong, and the one that is furthest off."""
    unsure = any(g.unsure for g in found.gradients)
    renamed = any(g.name not in g.key for g in found.gradients)
    columns = [Column("gradient", style="cyan"), Column(f"in {found.source}") if renamed else Column("")]
    columns += [Column("shape"), Column("wrong", "right"), Column("unsure", "right") if unsure else Column("")]
    columns += [Column("off by", "right"), Column("worst at"), VERDICT]
    lines = []
    for g in found.gradients:
        if failures and g.verdict == "pass":
            continue
        lines.append(
            [
                f"d{of}/d{g.name}",
                g.key if renamed else "",
                _shape(g),
                f"{g.wrong:,} of {g.size:,}",
                f"{g.unsure:,}" if unsure else "",
                _percent(g.worst.off),
                component_name("", g.worst.index) if g.given is None else "the shape",
                WORDS[g.verdict],
            ]
        )
    return Table(columns, [lines])


def _shape(g: Compared) -> str:
    shape = show_shape(g.shape) if g.shape or g.given is not None else ""
    return shape if g.given is None else f"{show_shape(g.given)} for {shape}"


def _entries(of: str, entries: Sequence[Entry], precision: Precision, title: str, verdicts: bool = False) -> Table:
    """A row for each number: theirs, backprop's and the check's own opinion, and theirs over the right one."""
    columns = [Column(title, style="cyan"), Column("theirs", "point"), Column("backprop", "point")]
    numerical = any(entry.numerical is not None for entry in entries)
    columns += [Column("numerical", "point", inner=1) if numerical else Column(""), Column("theirs/right", "point")]
    columns += [VERDICT if verdicts else Column(""), NOTE]
    lines: list[list[Cell]] = []
    for e in entries:
        opinion = plus_minus(e.numerical, e.bound, precision) if e.numerical is not None else ""
        ratio = Precision(min(precision.digits, 6)).show(e.ratio) if e.ratio is not None else ""
        note = e.note if e.verdict != "unsure" or not e.note else f"unsure: {e.note}"
        lines.append(
            [
                component_name(f"d{of}/d{e.name}", e.index),
                precision.show(e.theirs),
                precision.show(e.backprop),
                opinion,
                ratio,
                WORDS[e.verdict] if verdicts else "",
                note,
            ]
        )
    return Table(columns, [lines])


def _sentences(found: Comparison, elided: int) -> Iterator[str]:
    """Where, what and how sure, each with its label in a margin; then the notes."""
    if elided > 0:
        yield f"{elided:,} more are not shown: --full shows all."
        yield ""
    for label, text in (("Where", found.where), *(("Likely", text) for text in found.likely), ("Sure?", found.sure)):
        if text:
            yield from _labelled(label, text)
    notes = list(found.notes) if found.verdict != "pass" else []
    if found.missing and found.verdict != "pass":
        notes.append(f"{', '.join(found.missing[:8])} {_is(len(found.missing))} not in {found.source}.")
    for note in notes:
        yield ""
        yield from textwrap.wrap(f"note: {note}", MARGIN, subsequent_indent=" " * 6, break_on_hyphens=False)


def _labelled(label: str, text: str) -> Iterator[str]:
    """A sentence in the margin's style; what stands between double spaces, a formula, is not broken."""
    pieces = text.split("  ")
    kept = [piece.replace(" ", "\xa0") if k % 2 else piece for k, piece in enumerate(pieces)]
    lines = textwrap.wrap(
        "\xa0 ".join(kept),
        MARGIN,
        initial_indent=f"{label:<{LABEL}}",
        subsequent_indent=" " * LABEL,
        break_on_hyphens=False,
        break_long_words=False,
    )
    yield from (line.replace("\xa0", " ").rstrip() for line in lines)


def _own(report: Report, source: str, precision: Precision, full: bool) -> list[Table]:
    """The check of backprop's own gradients and of expected numbers, where something is wrong with those too."""
    if all(row.verdict == "pass" for row in report.rows) and all(c.verdict == "pass" for c in report.expected):
        return []
    page = check_page(report, f"backprop's own: {source}", precision, full, failures=True)
    return check_tables(page)
