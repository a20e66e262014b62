"""A check as GitHub's workflow commands: an annotation at the line of each gradient that did not pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError
from backpropcli.notation.numbers import Precision
from backpropcli.report.files_table import short

if TYPE_CHECKING:
    from backpropcli.errors import Place
    from backpropcli.gradcheck.files import Checked, Finding


def checks(found: Any, to: object) -> Iterator[str]:
    """Checked files, as the registry of formats asks for them."""
    return github(found.summary.files)


def github(files: Iterable[Checked]) -> Iterator[str]:
    """`::error file=nets/attention.yaml,line=9,title=dJ/dWq[3%2C 1]::sign: 0.02 for -0.02`, a line each.

    One a parameter (GitHub shows ten of a step), about its worst component; `::warning` where it could not be judged.
    What is right says nothing.
    """
    for checked in files:
        if checked.error is not None:
            title = "bug in backprop" if checked.verdict == "bug" else "not checked"
            place = checked.error.place if isinstance(checked.error, BackpropError) else None
            text = checked.error.message if isinstance(checked.error, BackpropError) else repr(checked.error)
            hint = checked.error.hint if isinstance(checked.error, BackpropError) else ""
            yield annotation("error", checked.source, place, title, f"{text}\n{hint}".strip())
        for found in checked.findings():
            kind = "error" if found.verdict == "fail" else "warning"
            yield annotation(kind, checked.source, found.place, found.key, _says(found))


def annotation(kind: str, source: str, place: Place | None, title: str, text: str) -> str:
    """One workflow command, with its line break."""
    properties = {}
    if place is not None and place.line:
        properties = {"file": _relative(place.file), "line": str(place.line)}
        if place.column and kind == "error" and title == "not checked":
            properties["col"] = str(place.column)
    elif os.path.isfile(source):
        properties = {"file": _relative(source)}
    properties["title"] = title
    shown = ",".join(f"{name}={escaped(value, ':,')}" for name, value in properties.items())
    return f"::{kind} {shown}::{escaped(text)}\n"


def escaped(text: str, more: str = "") -> str:
    """Text with percent signs and line breaks (and in properties, commas and colons) as %25, %0A, ..."""
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _says(found: Finding) -> str:
    show = Precision().show
    if found.whose == "expected":
        text = short(found) + (f" ({found.note})" if found.note else "")
    elif found.verdict == "unsure":
        text = f"could not be judged: {short(found)}"
    elif found.right == found.right:
        text = f"{found.slip or found.note}: {show(found.got)} for {show(found.right)}"
    else:
        text = found.note or found.slip
    more = f" ({found.count} of {found.size} are wrong)" if found.count > 1 and found.verdict == "fail" else ""
    return text + more


def _relative(path: str) -> str:
    """A file's name from the top of the repository, as annotations want it."""
    path = path.removeprefix("./")
    top = os.environ.get("GITHUB_WORKSPACE")
    if not top:
        return path
    inside = os.path.relpath(os.path.abspath(path), top)
    return path if inside.startswith("..") else inside
