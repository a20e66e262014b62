"""A check as JUnit XML, which CI servers read: a suite for each file, a case for each parameter's gradient.

Components of a gradient are judged together, so a case has no time of its own: the time of its file is shared out
evenly, and sums are right. What could not be judged is an `<error>`, as the check does not pass then (status 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.notation.numbers import Precision
from backpropcli.report.files_table import short

if TYPE_CHECKING:
    from backpropcli.gradcheck.files import Checked, Finding

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Case(NamedTuple):
    """One `<testcase>`: `kind` is failure, error, or empty where it passed."""

    name: str
    kind: str = ""
    type: str = ""
    message: str = ""
    text: str = ""


def checks(found: Any, to: object) -> Iterator[str]:
    """Checked files, as the registry of formats asks for them."""
    return junit(found.summary.files, found.failures)


def junit(files: Sequence[Checked], failures: bool = False) -> Iterator[str]:
    """The whole document; `failures` leaves out files that passed, and cases that did."""
    chosen = [checked for checked in files if not (failures and checked.verdict == "pass")]
    suites = [(checked, [case for case in cases(checked) if case.kind or not failures]) for checked in chosen]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    everything = [case for _, found in suites for case in found]
    seconds = sum(checked.seconds for checked, _ in suites)
    yield f'<testsuites name="backprop check" {_counts(everything)} time="{seconds:.6f}">\n'
    for checked, found in suites:
        yield f'  <testsuite name={attribute(checked.source)} {_counts(found)} skipped="0" '
        yield f'time="{checked.seconds:.6f}">\n'
        classname = attribute(re.sub(r"^(\./)+|\.(yaml|yml|json)$", "", checked.source).replace("/", "."))
        each = checked.seconds / max(len(found), 1)
        for case in found:
            yield from _case(case, classname, each)
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def cases(checked: Checked) -> list[Case]:
    """The cases of a file: its parameters, its expected numbers, external gradients; an error is one too."""
    report = checked.report
    if report is None:
        text = str(checked.error)
        return [Case("check", "error", checked.verdict, text.partition("\n")[0], text)]
    found = {(f.whose, f.key if f.whose == "expected" else f.name): f for f in checked.findings()}
    result = []
    for name in dict.fromkeys(row.name for row in report.rows):
        key = f"d{report.of}/d{name}"
        odd = found.get(("backprop", name))
        result.append(_odd(key, odd, _components(checked, name)) if odd else Case(key))
    for number in report.expected:
        key = f"{number.key}[{', '.join(map(str, number.index))}]" if number.index else number.key
        odd = found.get(("expected", key)) if number.verdict != "pass" else None
        result.append(_odd(f"expect {number.key}", odd, odd.note) if odd else Case(f"expect {number.key}"))
    for compared in report.external.gradients if report.external is not None else ():
        odd = found.get(("theirs", compared.name))
        key = f"theirs d{report.of}/d{compared.name}"
        result.append(_odd(key, odd, f"{odd.count} of {odd.size}") if odd else Case(key))
    return result


def _odd(name: str, found: Finding, text: str) -> Case:
    kind = "failure" if found.verdict == "fail" else "error"
    where = f"{found.place.file}:{found.place.line}" if found.place is not None and found.place.line else ""
    type_ = "unsure" if found.verdict == "unsure" else "expected" if found.whose == "expected" else "gradient"
    return Case(name, kind, type_, f"{found.key}: {short(found)}", "\n".join(filter(None, (where, text))))


def _components(checked: Checked, name: str) -> str:
    """Every component of a parameter that did not pass, a line each, with both numbers in full."""
    report = checked.report
    assert report is not None
    show = Precision(10).show
    lines = [
        f"d{report.of}/d{row.label}: backprop {show(row.backprop)}, numerical {show(row.numerical)} "
        f"± {Precision(1).show(row.bound)}{f' ({row.note})' if row.note else ''}"
        for row in report.rows
        if row.name == name and row.verdict != "pass"
    ]
    return "\n".join(lines)


def _counts(found: Iterable[Case]) -> str:
    kinds = [case.kind for case in found]
    return f'tests="{len(kinds)}" failures="{kinds.count("failure")}" errors="{kinds.count("error")}"'


def _case(case: Case, classname: str, seconds: float) -> Iterator[str]:
    head = f'    <testcase name={attribute(case.name)} classname={classname} time="{seconds:.6f}"'
    if not case.kind:
        yield f"{head}/>\n"
        return
    yield f"{head}>\n      <{case.kind} type={attribute(case.type)} message={attribute(case.message)}>"
    yield f"{escaped(case.text)}</{case.kind}>\n    </testcase>\n"


def escaped(text: str) -> str:
    """Text as XML: the three signs that mean something, and no character that XML cannot hold."""
    text = _FORBIDDEN.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def attribute(text: str) -> str:
    """Text as an attribute's value, in quotes; white space is kept."""
    text = escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{text}"'
