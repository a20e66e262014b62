"""What `backprop check` prints: every gradient beside the slope that finite differences see, and what was expected."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.notation.numbers import Precision, apart, component_name, exact
from backpropcli.render.table import Cell, Column, Table
from backpropcli.report.against_table import against_sentences, against_summary, against_table
from backpropcli.report.coverage import counted, coverage_sentences
from backpropcli.report.fault_words import fault_opening, fault_sentences
from backpropcli.report.points_words import points_clause, points_sentences
from backpropcli.report.precision_words import lost_sentences
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.report import Culprit, ExpectedNumber, Row

MANY = 40
"""More components than these are summed up, a row for each parameter; those that did not pass are still listed."""
ALONG = 4
"""So many arguments that share a corner are named."""
WORDS = {"pass": "pass", "fail": "FAIL", "unsure": "unsure"}
STYLES = {"pass": "green", "FAIL": "bold red", "unsure": "yellow"}
VERDICT = Column("verdict", styles=STYLES)
NOTE = Column("", elastic=True, style="dim")
WIDEST_TITLE = 80
"""A headline that does not fit into the usual terminal is broken."""
FEWEST_DIGITS = 4
"""In a terminal, numbers get fewer digits, down to these, before rows are broken."""
MOVED_DIGITS = 8
"""Those of J(p + e) and J(p - e) at the least."""
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
    tables = []
    listing = not (expected_first and settled(report))
    if report.rows and listing:
        tables += gradient_tables(report, precision, full, failures, most)
    expected = [c for c in report.expected if c.verdict != "pass" or (expected_first and not failures)]
    if expected:
        tables.append(expected_table(expected, precision, opinions=not listing))
    sentences = [_sentence_of(c) for c in expected if c.verdict != "pass" and (c.diagnosis or _line(c))]
    sentences += [*_lost(report, precision), *lost_sentences(report)]
    sentences += _where(report, precision)
    sentences += _unsettled(report)
    sentences += [*against_sentences(report), *fault_sentences(report)]
    blind = _blind(report)
    if blind:
        sentences.append(
            f"A step of {_eps(report)} tells nothing about {blind} of {len(report.rows)} gradients: its own error is "
            f"as large as they are. The verdict is that of the check's own steps: {verdict_line(report)}."
        )
    elif report.eps is not None and report.difference != "central" and report.rows and report.verdict == "pass":
        sentences.append(
            f"{_count(report)}, as far as a step of {_eps(report)} can tell (± is the step's own error). "
            "Without --eps the check is far sharper."
        )
    elif report.eps is not None:
        sentences.append(_sentence(verdict_line(report)) + ".")
    if report.verdict == "fail" and more:
        sentences.append(more)
    odd = len(report.rows) - report.count("pass")
    if most is not None and listing and odd > most and len(report.rows) > MANY and not full and not report.against:
        sentences.append(f"The first {most} of {odd:,} that did not pass are listed; --full lists all.")
    sentences += [*coverage_sentences(report, source), *points_sentences(report, lambda r: _where(r, precision))]
    sentences += report.notes
    headline = f"{printable(source)}   {_headline(report, precision, expected_first)}"
    return Page(headline, tables, sentences, fault_opening(report), title)


def settled(report: Report) -> bool:
    """Whether all gradients are right, or what float64 lost of them was given by the user."""
    return all(row.verdict == "pass" or report.answered(row) for row in report.rows)


def _lost(report: Report, precision: Precision) -> list[str]:
    """Which numbers backprop itself did not keep, where expected ones were judged."""
    lost = [c for c in report.expected if c.reliable is not None]
    if not lost:
        return []
    shown = [f"{component_name(c.key, c.index)} = {precision.show(c.got)}" for c in lost[:3]]
    more = ", ..." if len(lost) > len(shown) else ""
    return [f"Float64 has lost backprop's own {', '.join(shown)}{more}: what was expected is judged by 50 digits."]


def _blind(report: Report) -> int:
    """How many gradients are smaller than the error of the step that the user chose."""
    if report.eps is None:
        return 0
    return sum(
        row.numerical - row.numerical != 0 or (row.backprop != 0 and not row.bound < abs(row.backprop))
        for row in report.rows
        if row.backprop - row.backprop == 0 and (row.left is None or row.left == row.right)
    )


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


def gradient_tables(
    report: Report, precision: Precision, full: bool, failures: bool = False, most: int | None = None
) -> list[Table]:
    """A row for each component or, where there are many, for each parameter, and one for each that did not pass (the
    first `most` of these).

    With `failures` only the latter.
    """
    odd = [row for row in report.rows if row.verdict != "pass"]
    if report.against and report.eps is None:
        whole = full or len(report.rows) <= MANY
        listed = report.rows if whole and not failures else odd
        tables = [against_table(report, listed, precision)] if listed else []
        return tables if whole or failures else [against_summary(report), *tables]
    if most is not None and len(report.rows) > MANY and not full:
        odd = odd[:most]
    if failures:
        return [_components(report, odd, precision)] if odd else []
    if full or len(report.rows) <= MANY:
        return [_components(report, report.rows, precision)]
    return [_summary(report, precision), *([_components(report, odd, precision)] if odd else [])]


def verdict_line(report: Report) -> str:
    """`4 of 4 gradients are right`, or what is wrong or unsure of how many."""
    parts = []
    if report.rows:
        parts.append(_count(report))
    if report.expected:
        wrong, total = report.wrong_expected, len(report.expected)
        parts.append(
            f"{wrong} of {total} expected numbers {_is(wrong)} wrong"
            if wrong
            else f"{total} of {total} expected numbers agree{'s' if total == 1 else ''}"
        )
    return "; ".join(parts) or "nothing was checked"


def _headline(report: Report, precision: Precision, expected_first: bool) -> str:
    line = _finding(report, precision, expected_first)
    if report.size is None:
        return line
    sizes = f"{report.size:,} parameter{'s' if report.size != 1 else ''}"
    return f"{sizes}, {report.of} = {Precision().show(report.loss)}\n{line}"


def _finding(report: Report, precision: Precision, expected_first: bool) -> str:
    if report.eps is None or not report.rows:
        line = verdict_line(report)
        if expected_first and settled(report):
            line = line.rpartition("; ")[2]
        elif report.verdict == "pass" and report.power:
            line += points_clause(report)
            return f"{line} (a mistake above {Precision(1).show(report.power * 100)} % would show)"
        return line + points_clause(report)
    j, e = report.of, _eps(report)
    at = f", with {j} = {precision.show(report.loss)}" if isinstance(report.loss, float) else ""
    if report.difference == "central":
        return f"slope = ({j}(p + {e}) - {j}(p - {e})) / {Precision(10).show(2 * (report.eps or 0))}"
    if report.difference == "forward":
        return f"slope = ({j}(p + {e}) - {j}) / {e}{at}"
    return f"slope = ({j} - {j}(p - {e})) / {e}{at}"


def _count(report: Report) -> str:
    total = len(report.rows)
    failed, unsure = report.count("fail"), report.count("unsure")
    lost = sum(row.reason == "precision" for row in report.rows)
    words = [(failed - lost, "wrong"), (lost, f"lost in {report.dtype}"), (unsure, "not judged")]
    odd = [(count, word) for count, word in words if count]
    of, along = counted(report)
    if not odd:
        if of and report.coverage is not None and report.coverage.differing:
            return f"{total:,} of {of} gradients are right, but a random direction over all is not"
        return f"{total:,} of {of or f'{total:,}'} gradients{along} {_is(total)} right"
    if of:
        parts = [f"{count:,} {word}" for count, word in odd]
        return f"{' and '.join(parts)} of {total:,} gradients that were looked at ({of} in all)"
    if not failed:
        return f"{unsure:,} of {total:,} gradients could not be judged"
    (first, word), rest = odd[0], odd[1:]
    return ", ".join(
        [
            f"{first:,} of {total:,} gradients {_is(first)} {word}",
            *(f"{count:,} {word}" for count, word in rest),
        ]
    )


def _components(report: Report, rows: Sequence[Row], precision: Precision) -> Table:
    stepped = report.eps is not None
    above = stepped and any(row.above is not None for row in rows)
    below = stepped and any(row.below is not None for row in rows)
    failed = any(row.verdict != "pass" for row in rows)
    off = failed or (stepped and report.difference != "central")
    e = _eps(report) if stepped else ""
    # Values that a small step moves differ in their last digits alone, also where the rest is shortened to fit.
    values = precision if not precision.shortened else precision._replace(digits=max(precision.digits, MOVED_DIGITS))
    columns = [Column("gradient", style="cyan")]
    columns += [Column(f"{report.of}(p + {e})", "point")] if above else []
    columns += [Column(f"{report.of}(p - {e})", "point")] if below else []
    columns += [Column("slope" if stepped else "numerical", "point", inner=1), Column(report.judged, "point")]
    columns += [Column("off by", "point")] if off else []
    columns += [VERDICT, NOTE]
    lines = []
    for row in rows:
        cells: list[Cell] = [component_name(f"d{report.of}/d{row.name}", row.index)]
        if above:
            cells.append(values.show(row.above) if row.above is not None else "")
        if below:
            cells.append(values.show(row.below) if row.below is not None else "")
        cells += [_opinion(row, precision), precision.show(row.backprop)]
        if off:
            cells.append(_off(row, stepped))
        cells += [WORDS[row.verdict], row.note]
        lines.append(cells)
    return Table(columns, [lines])


def _summary(report: Report, precision: Precision) -> Table:
    """A row for each parameter: how many of its components are wrong, and the one that is furthest off."""
    names = dict.fromkeys(row.name for row in report.rows)
    columns = [Column("gradient", style="cyan"), Column("wrong", "right"), Column("unsure", "right")]
    columns += [Column("worst at"), VERDICT]
    lines = []
    for name in names:
        rows = [row for row in report.rows if row.name == name]
        wrong = sum(row.verdict == "fail" for row in rows)
        unsure = sum(row.verdict == "unsure" for row in rows)
        odd = [row for row in rows if row.verdict != "pass"]
        worst = max(odd, key=lambda row: abs(row.backprop - row.nearest), default=None)
        place = component_name("", worst.index) if worst is not None else ""
        verdict = "FAIL" if wrong else "unsure" if unsure else "pass"
        lines.append(
            (
                f"d{report.of}/d{name}",
                f"{wrong:,} of {len(rows):,}",
                str(unsure) if unsure else "",
                place,
                verdict,
            )
        )
    columns = [c if any(line[k] for line in lines) else Column("") for k, c in enumerate(columns)]
    return Table(columns, [lines])


def expected_table(expected: Sequence[ExpectedNumber], precision: Precision, opinions: bool = True) -> Table:
    """What was expected beside what there is, and beside the check's own `opinions` where no other table has them."""
    lost = any(c.reliable is not None for c in expected)
    opinions = lost or (opinions and any(c.numerical is not None for c in expected))
    gradients = all("/" in c.key for c in expected)
    columns = [
        Column("gradient" if gradients else "name"),
        Column("expected", "point"),
        Column("backprop", "point"),
        *([Column("numerical", "point", inner=1)] if opinions else []),
        Column("wrong", "right") if any(c.size > 1 for c in expected) else Column(""),
        VERDICT,
    ]
    lines = []
    for c in expected:
        digits = apart(precision, c.yours, c.right) if c.verdict != "pass" else precision
        cells: list[Cell] = [component_name(c.key, c.index), c.text or digits.show(c.yours), digits.show(c.got)]
        if opinions:
            cells.append(_beside(c, digits))
        wrong = f"{c.wrong} of {c.size}" if c.size > 1 else ""
        cells += [wrong, WORDS[c.verdict]]
        lines.append(cells)
    return Table(columns, [lines])


def _beside(c: ExpectedNumber, precision: Precision) -> Cell:
    """The check's own number beside an expected one."""
    if c.reliable is not None:
        return precision.show(c.reliable)
    return plus_minus(c.numerical, c.bound, precision) if c.numerical is not None else ""


def plus_minus(x: float, bound: float | None, precision: Precision) -> Cell:
    """`6 ± 2e-12`, aligned on the point and on the ±; a small bound has one digit."""
    if bound is None or bound - bound != 0:
        return precision.show(x)
    digits = 1 if bound < 1e-6 * max(abs(x), 1e-300) or bound < 1e-9 else 2
    return [[precision.show(x), f"± {Precision(digits).show(bound)}"]]


def _opinion(row: Row, precision: Precision) -> Cell:
    """The independent opinion; on a corner the slopes on either side."""
    if row.left is not None and row.right is not None and row.left != row.right:
        low, high = sorted((row.left, row.right))
        return f"{precision.show(low)} to {precision.show(high)}"
    return plus_minus(row.numerical, row.bound, precision)


def _off(row: Row, stepped: bool) -> Cell:
    """The distance between the two opinions: as a number where a step was given, else in percent of the slope."""
    slope = row.numerical if stepped else row.nearest
    off = abs(row.backprop - slope)
    if off - off != 0 or (row.verdict == "pass" and row.left is not None) or row.reason == "elsewhere":
        return ""
    if stepped:
        return Precision(2).show(off)
    if off == 0 or (row.verdict == "pass" and off <= 3.0 * row.bound):  # as far as anybody can tell
        return "0 %"
    return f"{Precision(2).show(100 * off / abs(slope))} %" if slope else Precision(2).show(off)


def _where(report: Report, precision: Precision) -> list[str]:
    """The operation whose rule is wrong."""
    culprit = report.culprit
    if culprit is None:
        return []
    at = ", ".join(f"{name} = {Precision().show(x)}" for name, x in culprit.at)
    place = culprit.place
    line = f", {place.file}:{place.line}" if place is not None and place.line else ""
    names = ", ".join(name for name, _ in culprit.at)
    what = f"{culprit.operation}({names})" if names else f"{culprit.operation} in {culprit.label}"
    text = f"Where: {what}{line}. {_says(culprit, f'At {at} its' if at else 'Its')}"
    if culprit.diagnosis:
        text += f" {_sentence(culprit.diagnosis)}."
    return [f"{text} Every other operation is right." if culprit.alone else text]


def _unsettled(report: Report) -> list[str]:
    """What would settle the components that could not be judged."""
    names = list(dict.fromkeys(row.name for row in report.rows if row.reason == "unsettled"))
    if not names:
        return []
    shown = " or ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return [f"What could not be judged is neither right nor wrong here; try it with another value of {shown}."]


def _says(culprit: Culprit, its: str) -> str:
    """What a wrong rule says, and what is right: of one entry, or of several that share a corner."""
    show = Precision().show
    if culprit.along:
        shown = [*culprit.along[:ALONG], *(["..."] if len(culprit.along) > ALONG else [])]
        them = f"{', '.join(shown[:-1])} and {shown[-1]}"
        return (
            f"{its} gradients for {them}, which share a corner, come to {show(culprit.says)} where all of them move "
            f"together; the slope of its value is {show(culprit.slope)} that way."
        )
    return f"{its} gradient{_by(culprit)} says {show(culprit.says)}; the slope of its value is {show(culprit.slope)}."


def _by(culprit: Culprit) -> str:
    """For which argument, and which entry of it, where there are several."""
    if culprit.entry:
        return f" for {culprit.argument}[{', '.join(map(str, culprit.entry))}]"
    return f" for {culprit.argument}" if len(culprit.at) != 1 else ""


def _sentence_of(number: ExpectedNumber) -> str:
    """`dE/dw5 (mazur.yaml:18): digits 8 and 9 differ (swapped?)`."""
    place = f" ({_line(number)})" if _line(number) else ""
    expected = number.text or apart(Precision(10), number.yours, number.right).show(number.yours)
    return f"{number.key}{place}: {number.diagnosis or f'expected {expected}, got {exact(number.right)}'}"


def _line(number: ExpectedNumber) -> str:
    place = number.place
    return f"{place.file}:{place.line}" if place is not None and place.line else ""


def _eps(report: Report) -> str:
    return Precision(10).show(report.eps or 0.0)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
