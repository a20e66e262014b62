"""What `backprop check` prints of several files: a line for each, the worst first, and a sentence that counts them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision
from backpropcli.render.table import Column, Table
from backpropcli.report.check_page import MARGIN
from backpropcli.report.check_table import STYLES, WORDS
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.gradcheck.files import Checked, Finding

COUNTED = {"bug": "stopped by a bug", "error": "not checked", "fail": "wrong", "unsure": "unsure", "pass": "right"}
"""How the closing sentence calls the verdicts, the worst first."""
LONGEST = 60
"""An error's first line is cut here: its whole block stands on stderr."""


def checks_table(files: Sequence[Checked], failures: bool = False, planned: int = 0) -> Table:
    """A line for each file: how many of its gradients are wrong (or unsure), its verdict, and its weakest place.

    `failures` leaves out the files that passed. `planned` files were to be checked, where fewer were.
    """
    lines = []
    for checked in files:
        if failures and checked.verdict == "pass":
            continue
        word = WORDS.get(checked.verdict, checked.verdict)
        lines.append((printable(checked.source), _counts(checked), word, worst(checked)))
    columns = [
        Column("file", style="cyan"),
        Column("gradients"),
        Column("verdict", styles={**STYLES, "error": "bold red", "bug": "bold red"}),
        Column("worst", elastic=True),
    ]
    return Table(columns, [lines], footers=closing(files, planned))


def closing(files: Sequence[Checked], planned: int = 0) -> list[str]:
    """`1 wrong, 1 unsure, 2 right in 4 files. Alone: backprop check nets/attention.yaml`, in two lines if long."""
    counts = {word: sum(f.verdict == verdict for f in files) for verdict, word in COUNTED.items()}
    parts = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count) or "none checked"
    size = f"{len(files):,} file{'s' if len(files) != 1 else ''}"
    if planned > len(files):
        size = f"{len(files):,} of {planned:,} files (interrupted)"
    odd = next((f.source for f in files if f.verdict in ("fail", "unsure")), None)
    lines = [f"{parts} in {size}.", *([f"Alone: backprop check {quoted(odd)}"] if odd is not None else [])]
    whole = " ".join(lines)
    return [whole] if len(whole) <= MARGIN else lines


def worst(checked: Checked) -> str:
    """What is worst about a file, in a few words: `dJ/dWq[3, 1]: sign`."""
    if checked.error is not None:
        line = printable(str(checked.error).partition("\n")[0] or type(checked.error).__name__)
        place = getattr(checked.error, "place", None)
        if place is not None and place.line and place.file == checked.source:
            line = f"line {place.line}: {line}"
        return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
    found = checked.findings()
    if found:
        first = next((f for f in found if f.verdict == "fail"), found[0])
        return f"{first.key}: {short(first)}"
    return _passed(checked)


def short(found: Finding) -> str:
    """What is wrong with a gradient, or with an expected number, in a few words."""
    show = Precision().show
    if found.whose == "expected":
        return f"expected {show(found.got)}, got {show(found.right)}"
    if found.verdict == "unsure":
        if found.whose == "theirs":
            return found.note
        known = f"± {Precision(1).show(found.bound)}" if found.bound < float("inf") else "no slope to be had"
        return f"{known}, try another {found.name}"
    return found.slip or found.note


def _passed(checked: Checked) -> str:
    """How sure a file that passed is: a corner, what it cannot see."""
    report, row = checked.report, checked.weakest()
    if report is None or (row is None and not report.rows):
        return "the expected numbers agree"
    if row is None:
        return "every gradient is 0"
    key = f"d{report.of}/d{row.label}"
    return f"{key}: {row.note}" if row.reason else f"{key}: sees mistakes > {Precision(1).show(row.sees or 0.0)}"


def _counts(checked: Checked) -> str:
    """`2 of 96`: how many gradients are wrong or, where none is, unsure."""
    report = checked.report
    if report is None or not report.rows:
        return ""
    if (theirs := report.external) is not None:
        return f"{theirs.wrong or theirs.unsure:,} of {theirs.size:,}"
    return f"{report.count('fail') or report.count('unsure'):,} of {len(report.rows):,}"


def quoted(word: str) -> str:
    """A file's name as a shell takes it."""
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else "'" + word.replace("'", "'\\''") + "'"
