"""Did you mean: the nearest of the names that there are."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MOST = 10_000
"""How many names are looked through: a network may have a million."""


def nearest(word: str, names: Iterable[str]) -> str:
    """The name that `word` may be a slip for: other capitals first, then the most similar; empty if none is near.

    >>> nearest("W_1", ["w1", "W1", "b1"])
    'W1'
    """
    from difflib import get_close_matches  # costs a little to import, and is needed only when something is wrong

    known = list(islice(names, MOST))
    plain = {bare(name).casefold(): name for name in reversed(known)}
    plain.update({bare(name): name for name in reversed(known)})
    for form in (bare(word), bare(word).casefold()):
        if form in plain:
            return plain[form]
    apart = 1 if len(word) <= 3 else 2  # foo is no slip for floor
    close = [name for name in known if abs(len(name) - len(word)) <= apart]
    swapped = [name for name in close if len(word) > 3 and sorted(name) == sorted(word)]  # tahn is tanh before tan
    if swapped:
        return swapped[0]
    found = get_close_matches(word[:60], close, 1, 0.75 if len(word) > 3 else 0.6 if len(word) > 2 else 0.5)
    return found[0] if found else ""


def bare(word: str) -> str:
    """A word without what is easily forgotten in it."""
    return word.replace("_", "").replace("-", "")


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`. Did you mean w1?`, to stand behind a message; empty where no name is near."""
    name = nearest(word, names)
    return f". Did you mean {name}?" if name else ""
