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
    here: list[str | int] = []
    mappings: list[bool] = []
    awaits_key: list[bool] = []
    key: tuple[int, int] | None = None
    target = list(path)
    opened: int | None = None
    found_key: tuple[int, int] | None = None
    marks = iter(marks)
    for mark in islice(marks, MOST_MARKS):
        kind = mark.kind
        if kind == "}" or kind == "]":
            mappings.pop()
            awaits_key.pop()
            here.pop()
            if opened is not None and len(here) == len(target):
                return Found(opened, mark.end, found_key, None)
            if mappings:
                _advance(mappings, awaits_key, here)
            continue
        if mappings and awaits_key[-1]:
            here[-1] = composed(mark.text)
            key = (mark.start, mark.end)
            awaits_key[-1] = False
            continue
        if opened is None and len(here) == len(target) and here == target:
            found_key = key if mappings and mappings[-1] else None
            if kind == "scalar":
                return Found(mark.start, mark.end, found_key, mark.text)
            opened = mark.start
        if kind == "scalar":
            if mappings:
                _advance(mappings, awaits_key, here)
        else:
            mappings.append(kind == "{")
            awaits_key.append(kind == "{")
            here.append("" if kind == "{" else 0)
    if next(marks, None) is not None:
        raise TooFarError
    return None


def _advance(mappings: list[bool], awaits_key: list[bool], here: list[str | int]) -> None:
    if mappings[-1]:
        awaits_key[-1] = True
    else:
        last = here[-1]
        assert isinstance(last, int)
        here[-1] = last + 1


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
