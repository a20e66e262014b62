"""Where everything in a document stands: the characters of every value and of its key, found in one walk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.language.file.reading import composed

if TYPE_CHECKING:
    from backpropcli.language.file.document import Document
    from backpropcli.language.file.places import Key


class Span(NamedTuple):
    """The characters of a value, from `start` to before `end`, and of its key where it has one."""

    start: int
    end: int
    key: tuple[int, int] | None = None


class _Level(NamedTuple):
    """A list or a mapping that is open: where it began, its own key, and whether it is a mapping."""

    start: int
    key: tuple[int, int] | None
    mapping: bool


def spans(document: Document) -> dict[Key, Span]:
    """The span of every value by its path; what ends a block is trimmed: blank lines and comments belong to nobody."""
    text = document.whole
    found: dict[Key, Span] = {}
    levels: list[_Level] = []
    here: list[str | int] = []
    key: tuple[int, int] | None = None
    awaits = False
    for mark in document.marks():
        if mark.kind in ("}", "]"):
            level = levels.pop()
            here.pop()
            flow = text[level.start : level.start + 1] in ("{", "[")
            end = mark.end if flow else _trimmed(text, level.start, mark.end)
            found[tuple(here)] = Span(level.start, end, level.key)
        elif awaits:
            here[-1], key, awaits = composed(mark.text), (mark.start, mark.end), False
            continue
        elif mark.kind == "scalar":
            end = _closed(text, mark.start) if text[mark.start] == "[" and mark.text == "0" else mark.end
            found[tuple(here)] = Span(mark.start, mark.start + len(text[mark.start : end].rstrip()), key)
        else:
            levels.append(_Level(mark.start, key, mark.kind == "{"))
            here.append("" if mark.kind == "{" else 0)
            key, awaits = None, mark.kind == "{"
            continue
        key = None
        if levels:
            awaits = levels[-1].mapping
            last = here[-1]
            if not awaits and isinstance(last, int):
                here[-1] = last + 1
    return found


def _trimmed(text: str, start: int, end: int) -> int:
    """The end of a block, without the blank lines and comments behind it."""
    while True:
        end = start + len(text[start:end].rstrip())
        line = text.rfind("\n", 0, end) + 1
        if line <= start or not text[line:end].lstrip().startswith("#"):
            break
        end = line
    # A comment behind the last value of the block belongs to its line, not to the value.
    comment = (
        re.search(r"\s+#[^\n]*\Z", text[line:end]) if "'" not in text[line:end] and '"' not in text[line:end] else None
    )
    return line + comment.start() if comment is not None and line + comment.start() > start else end


def _closed(text: str, start: int) -> int:
    """The end of a list of numbers that begins here."""
    depth = 0
    for bracket in re.finditer(r"[\[\]]", text[start:]):
        depth += 1 if bracket[0] == "[" else -1
        if not depth:
            return start + bracket.end()
    return len(text)
