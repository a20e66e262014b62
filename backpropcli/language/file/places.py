"""Where a value stands in a text: one walk along its marks, made only when a place is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal, NamedTuple

from backpropcli.language.file.reading import composed

Key = tuple[str | int, ...]
"""A path into a document: ("nodes", "J"), ("layers", 0, "dense", "b")."""


MOST_MARKS = 500_000
"""So many are looked at: what stands further on is not placed, rather than waited for."""


class TooFarError(Exception):
    """The place is behind more marks than are looked at."""


class Mark(NamedTuple):
    """A piece of a document as it comes by: an opening or closing bracket (or indentation), or a scalar."""

    kind: Literal["{", "}", "[", "]", "scalar"]
    start: int
    end: int
    text: str = ""


class Found(NamedTuple):
    """The characters of a value, of its key, and of what it says (the scalar's text, None for a list or mapping)."""

    start: int
    end: int
    key: tuple[int, int] | None
    text: str | None


def find(marks: Iterable[Mark], path: Key) -> Found | None:
    """Where the value at `path` stands; None where there is none."""
    marks = iter(marks)
    walk = _Walk(path)
    for mark in islice(marks, MOST_MARKS):
        found = walk.pass_by(mark)
        if found is not None:
            return found
    if next(marks, None) is not None:
        raise TooFarError
    return None


class _Walk:
    """A walk along marks: `here` is the path of what comes next, one entry for each bracket that is open."""

    def __init__(self, path: Key) -> None:
        self.target = list(path)
        self.here: list[str | int] = []
        self.mappings: list[bool] = []
        self.awaits_key = False
        self.key: tuple[int, int] | None = None
        self.opened: int | None = None
        """Where the target begins, once it has turned out to be a list or a mapping."""
        self.found_key: tuple[int, int] | None = None

    def pass_by(self, mark: Mark) -> Found | None:
        """Go on by one mark; the target, where it ends there."""
        if mark.kind == "}" or mark.kind == "]":
            return self.close(mark)
        if self.awaits_key:
            self.here[-1], self.key, self.awaits_key = composed(mark.text), (mark.start, mark.end), False
            return None
        if self.opened is None and self.here == self.target:
            self.found_key = self.key if self.mappings and self.mappings[-1] else None
            if mark.kind == "scalar":
                return Found(mark.start, mark.end, self.found_key, mark.text)
            self.opened = mark.start
        if mark.kind == "scalar":
            self.advance()
        else:
            self.awaits_key = mark.kind == "{"
            self.mappings.append(self.awaits_key)
            self.here.append("" if self.awaits_key else 0)
        return None

    def close(self, mark: Mark) -> Found | None:
        """Leave a list or a mapping."""
        self.mappings.pop()
        self.here.pop()
        if self.opened is not None and len(self.here) == len(self.target):
            return Found(self.opened, mark.end, self.found_key, None)
        self.awaits_key = False
        self.advance()
        return None

    def advance(self) -> None:
        """Go on to the next value."""
        if not self.mappings:
            return
        last = self.here[-1]
        if self.mappings[-1]:
            self.awaits_key = True
        elif isinstance(last, int):
            self.here[-1] = last + 1


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s,:{}\[\]"]+')


def json_marks(text: str) -> Iterator[Mark]:
    """The marks of a JSON text (one that `json` has read)."""
    import json

    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "{}[]":
            yield Mark(token, match.start(), match.end())  # type: ignore[arg-type]
        else:
            said = json.loads(token) if token[0] == '"' else token
            yield Mark("scalar", match.start(), match.end(), said)


def within(raw: str, said: str, span: tuple[int, int]) -> tuple[int, int] | None:
    """Where characters `span` (start, length) of what a scalar says stand in its raw text; None where that is unclear.

    Folded lines and indentation differ only in white space, so the characters that are not white space are counted.
    """
    first = 0
    if raw[:1] in ("'", '"'):
        first = 1
    elif raw[:1] in ("|", ">"):
        first = raw.find("\n") + 1
    solid = [index for index in range(first, len(raw)) if not raw[index].isspace()]
    letters = [index for index, letter in enumerate(said) if not letter.isspace()]
    if len(solid) < len(letters) or any(raw[a] != said[b] for a, b in zip(solid, letters, strict=False)):
        return None
    start, end = span[0], span[0] + max(span[1], 1)
    inside = [solid[k] for k, index in enumerate(letters) if start <= index < end]
    if inside:
        return inside[0], inside[-1] + 1 - inside[0]
    last = solid[len(letters) - 1] if letters else first
    return last + 1, 1  # just after the end
