"""The tables of a check: every gradient beside the slope that finite differences see, what was expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, apart, component_name
from backpropcli.render.table import Cell, Column, Table
from backpropcli.report.against_table import against_summary, against_table
from backpropcli.report.check_headline import step_shown

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.report import ExpectedNumber, Row

MANY = 40
"""More components than these are summed up, a row for each parameter; those that did not pass are still listed."""
WORDS = {"pass": "pass", "fail": "FAIL", "unsure": "unsure"}
STYLES = {"pass": "green", "FAIL": "bold red", "unsure": "yellow"}
VERDICT = Column("verdict", styles=STYLES)
NOTE = Column("", elastic=True, style="dim")
MOVED_DIGITS = 8
"""Those of J(p + e) and J(p - e) at the least."""


def gradient_tables(
    report: Report, precision: Precision, full: bool, failures: bool = False, most: int | None = None
) -> list[Table]:
    """A row for each component or, where there are many, for each parameter, and one for each that did not pass (the
    first `most` of these).

    With `failures` only the latter.
    """
    whole, against = full or len(report.rows) <= MANY, bool(report.against) and report.eps is None
    odd = [row for row in report.rows if row.verdict != "pass"]
    if most is not None and not whole and not against:
        odd = odd[:most]
    listed = report.rows if whole and not failures else odd
    make = against_table if against else _components
    tables = [make(report, listed, precision)] if listed else []
    if whole or failures:
        return tables
    return [against_summary(report) if against else _summary(report, precision), *tables]


def _components(report: Report, rows: Sequence[Row], precision: Precision) -> Table:
    stepped = report.eps is not None
    made: list[tuple[Column, Callable[[Row], Cell]]] = [
        (Column("gradient", style="cyan"), lambda row: component_name(f"d{report.of}/d{row.name}", row.index)),
        *(_moved_columns(report, rows, precision) if stepped else []),
        (
            Column("slope" if stepped else "numerical", "point", inner=1),
            lambda row: _opinion(row, precision),
        ),
        (Column(report.judged, "point"), lambda row: precision.show(row.backprop)),
    ]
    if any(row.verdict != "pass" for row in rows) or (stepped and report.difference != "central"):
        made.append((Column("off by", "point"), lambda row: _off(row, stepped)))
    made += [(VERDICT, lambda row: WORDS[row.verdict]), (NOTE, lambda row: row.note)]
    return Table([column for column, _ in made], [[[cell(row) for _, cell in made] for row in rows]])


def _moved_columns(
    report: Report, rows: Sequence[Row], precision: Precision
) -> list[tuple[Column, Callable[[Row], Cell]]]:
    """J(p + e) and J(p - e), where they are known."""
    # Values that a small step moves differ in their last digits alone, also where the rest is shortened to fit.
    values = precision if not precision.shortened else precision._replace(digits=max(precision.digits, MOVED_DIGITS))

    def shown(value: float | None) -> str:
        return values.show(value) if value is not None else ""

    made: list[tuple[Column, Callable[[Row], Cell]]] = []
    if any(row.above is not None for row in rows):
        made.append((Column(f"{report.of}(p + {step_shown(report)})", "point"), lambda row: shown(row.above)))
    if any(row.below is not None for row in rows):
        made.append((Column(f"{report.of}(p - {step_shown(report)})", "point"), lambda row: shown(row.below)))
    return made


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
