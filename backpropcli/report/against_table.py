"""Independent opinions side by side: a column for each oracle, and a sentence where one could not judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision, component_name
from backpropcli.render.table import Cell, Column, Table

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.report import Opinion, Row

STYLES = {"pass": "green", "FAIL": "bold red", "unsure": "yellow"}
WORDS = {"pass": "pass", "fail": "FAIL", "unsure": "unsure"}


def against_table(report: Report, rows: Sequence[Row], precision: Precision) -> Table:
    """A row for each component: backprop's gradient, and what each oracle says of it."""
    columns = [Column("gradient", style="cyan"), Column("backprop", "point")]
    columns += [Column(oracle, "point", styles={"unsure": "yellow"}) for oracle in report.against]
    columns += [Column("verdict", styles=STYLES), Column("", elastic=True, style="dim")]
    lines = []
    for row in rows:
        cells: list[Cell] = [component_name(f"d{report.of}/d{row.name}", row.index), precision.show(row.backprop)]
        cells += [precision.show(o.value) if o.verdict != "unsure" else "unsure" for o in row.opinions]
        lines.append([*cells, WORDS[row.verdict], row.note])
    return Table(columns, [lines])


def against_summary(report: Report) -> Table:
    """A row for each parameter: how far each oracle is from backprop where it is furthest, relative to the larger."""
    columns = [Column("gradient", style="cyan"), Column("wrong", "right")]
    columns += [Column(f"{oracle}, off by", "point") for oracle in report.against]
    columns += [Column("verdict", styles=STYLES)]
    lines = []
    for name in dict.fromkeys(row.name for row in report.rows):
        rows = [row for row in report.rows if row.name == name]
        wrong = sum(row.verdict == "fail" for row in rows)
        cells: list[Cell] = [f"d{report.of}/d{name}", f"{wrong:,} of {len(rows):,}"]
        for k in range(len(report.against)):
            off = [_apart(row.backprop, row.opinions[k].value) for row in rows if row.opinions[k].verdict != "unsure"]
            cells.append(Precision(1).show(max(off)) if off else "unsure")
        verdict = "FAIL" if wrong else "unsure" if any(row.verdict == "unsure" for row in rows) else "pass"
        lines.append([*cells, verdict])
    return Table(columns, [lines])


def against_sentences(report: Report) -> list[str]:
    """How well the oracles agree with each other, and why some could not judge."""
    if not report.against or not report.rows:
        return []
    found = []
    opinions = [[o for o in row.opinions if o.verdict != "unsure"] for row in report.rows]
    gaps = [_apart(a.value, b.value) for one in opinions for a in one for b in one]
    if len(report.against) > 1 and any(len(one) > 1 for one in opinions):
        everywhere = all(o.verdict != "unsure" for row in report.rows for o in row.opinions)
        who = "The oracles" if everywhere else "Where they can judge, the oracles"
        found.append(f"{who} agree with each other to {_size(max(gaps))}.")
    whys: dict[tuple[str, str], list[str]] = {}
    for row in report.rows:
        for o in row.opinions:
            if o.verdict == "unsure":
                whys.setdefault((o.oracle, o.why), []).append(component_name(f"d{report.of}/d{row.name}", row.index))
    for (oracle, why), names in whys.items():
        all_ = "any gradient" if len(names) == len(report.rows) and len(names) > 1 else _some(names)
        found.append(f"{oracle} cannot judge {all_}: {why}.")
    return found


def opinion_fields(opinions: Sequence[Opinion]) -> dict[str, dict[str, object]]:
    """The opinions of a row for JSON, by oracle."""
    return {o.oracle: {"value": o.value, "error": o.error, "verdict": o.verdict, "why": o.why} for o in opinions}


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2:,} others"


def _size(gap: float) -> str:
    return f"{Precision(1).show(gap)} (relative)" if gap else "the last digit"


def _apart(a: float, b: float) -> float:
    """The distance of two numbers, relative to the larger."""
    return abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0
