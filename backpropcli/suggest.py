"""Did you mean: the nearest of the names that there are."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `word` is most likely a slip of, or None."""
    from difflib import get_close_matches  # costs a little to import, and is needed only when something is wrong

    known = list(names)[:10_000]
    folded = {name.casefold(): name for name in reversed(known)}
    plain = word.casefold().replace("_", "").replace("-", "")
    for name in known:
        if name.casefold().replace("_", "").replace("-", "") == plain:
            return name
    matches = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6 if len(word) > 2 else 0.5)
    return folded[matches[0]] if matches else None


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`. Did you mean w1?`, to stand behind a message; empty where no name is near."""
    name = nearest(word, names)
    return f". Did you mean {name}?" if name else ""
