"""Guesses at a mistake: what one says, and the one place that keeps a guess that raises from ending a check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeVar

T = TypeVar("T")
"""What guesses are."""


class Explanation(NamedTuple):
    """One mistake that gives their numbers: at which nodes, in words; `rank` sorts the more usual ones first."""

    nodes: tuple[str, ...]
    words: str
    rank: int


def merged(found: Iterable[Explanation]) -> list[Explanation]:
    """Explanations in the same words as one, with all their nodes: a chain cannot tell which of its links it was."""
    result: dict[tuple[str, int], tuple[str, ...]] = {}
    for e in found:
        result[e.words, e.rank] = tuple(dict.fromkeys((*result.get((e.words, e.rank), ()), *e.nodes)))
    return [Explanation(nodes, words, rank) for (words, rank), nodes in result.items()]


def attempted(guesses: Iterable[T]) -> Iterator[T]:
    """The guesses that come before one raises: a guess that raises is no guess, and never ends a check."""
    with suppress(Exception):
        yield from guesses


def number_in(text: str) -> int:
    """The first whole number in a name; 0 where there is none."""
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def numberless(text: str) -> str:
    """A name or formula with every number as #, by which like layers are known."""
    return re.sub(r"\d+", "#", text)
