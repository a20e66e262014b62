"""The metrics of a training: formulas by name, each a column of the log."""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from backpropcli.language.file.schema import formula_text

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

PATH: Key = ("train", "metrics")
LOGGED = ("update", "epoch", "lr", "loss")
"""Columns that every log has."""
HELD_OUT = "held_out_"
"""How the columns of what is held out begin."""


def metrics(words: Words, raw: Any) -> dict[str, str]:
    """The section `metrics:`. Raises SpecError, with its place, for a name that cannot be one, or is taken."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise words.error("metrics have names", PATH, "Such as metrics: {accuracy: mean(argmax(z, axis=1) == y)}")
    for name, value in raw.items():
        _named(words, str(name), value)
    return {name: formula_text(words, name, value, (*PATH, name)) for name, value in raw.items()}


def _named(words: Words, name: str, value: Any) -> None:
    """Refuse what is no name, and a name of the log's own columns."""
    path = (*PATH, name)
    if not name.isidentifier() or iskeyword(name):
        from backpropcli.language.file.meant import bad_name

        raise bad_name(words, name, path, value)
    if name in LOGGED or name.startswith(HELD_OUT):
        message = f"a metric cannot be called {name}: a training's log has a column of that name"
        raise words.error(message, path, "Give it another name.", key=True)
