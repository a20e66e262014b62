"""What is made of layers and losses: formulas that are ours, whose errors point at what they were made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from backpropcli.errors import BackpropError
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

_MADE = ("layers", "loss")
"""Sections whose formulas are ours: an author wrote a layer or a loss function."""


class Turned(NamedTuple):
    """The transposed matrix of what is written."""

    raw: Any


def placed(words: Words, error: BackpropError, name: str, formula: str, path: Key) -> BackpropError:
    """The error of a node's formula with its place."""
    if path[0] in _MADE:  # the formula is ours: say it, and point at what it was made from
        error.message = f"{name} = {formula}: {error.message}"
        error.args = (error.message,)
        error.span = None
    return words.placed(error, path)
