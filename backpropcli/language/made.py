"""What is made of layers and losses: formulas that are ours, whose errors point at what they were made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from backpropcli.errors import BackpropError
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

_MADE = ("layers", "loss")
"""Sections whose formulas are ours: an author wrote a layer or a loss function."""


class Copy(NamedTuple):
    """Which use of a block made a parameter or a node: in words, and how the formula was renamed.

    `outermost` is the use in the network itself, and the block's head: ("block1", "block(x)"); None of an argument
    that is a formula of the network's.
    """

    use: str
    outermost: tuple[str, str] | None
    formula: Renamed | None = None


class Renamed(Protocol):
    """A formula with other names than it was written with."""

    def written(self, span: tuple[int, int]) -> tuple[int, int]:
        """Where these characters (start, length) stand in what was written."""


class Turned(NamedTuple):
    """The transposed matrix of what is written."""

    raw: Any


def placed(words: Words, error: BackpropError, name: str, formula: str, path: Key) -> BackpropError:
    """The error of a node's formula with its place."""
    if path[0] in _MADE:  # the formula is ours: say it, and point at what it was made from
        error.message = f"{name} = {formula}: {error.message}"
        error.args = (error.message,)
        error.span = None
    elif (copy := words.copies.get(name)) is not None:
        if error.span is not None and copy.formula is not None:
            error.span = copy.formula.written(error.span)
        error.hint = "\n".join(filter(None, [error.hint, f"This is {name}, of {copy.use}."]))
    return words.placed(error, path)
