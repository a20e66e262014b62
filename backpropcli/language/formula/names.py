"""The names that a formula uses, and those that one word is made of."""

from __future__ import annotations

from collections.abc import Collection

from backpropcli.language.formula.grammar import WORDS
from backpropcli.language.formula.tree import Expression, Name, postorder


def names(expression: Expression) -> tuple[str, ...]:
    """The names in a formula, in order of appearance, each once: the network's, and `pi`, `e`, `inf`, `nan`."""
    if type(expression) is Name:
        return () if expression.prefix or expression.name in WORDS else (expression.name,)
    found = {
        part.name: None
        for part in postorder(expression)
        if type(part) is Name and not part.prefix and part.name not in WORDS
    }
    return tuple(found)


def split(word: str, known: Collection[str]) -> list[str]:
    """The fewest known names that make up `word` side by side (`w1x` is w1, x), with a number first (`2x`); else empty.

    >>> split("w1x", ["w1", "x"])
    ['w1', 'x']
    """
    if len(word) > 60:
        return []
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, piece = best[start], word[start:end]
            if before is None or piece not in known:
                continue
            if best[end] is None or len(before) + 1 < len(best[end] or ()):
                best[end] = [*before, piece]
    return best[-1] or []
