"""What is wrong with a recurrence, and in the formula of which key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.errors import BackpropError


class MisplacedError(Exception):
    """An error in the formula of a key."""

    def __init__(self, key: str, error: BackpropError) -> None:
        super().__init__(key)
        self.key = key
        self.error = error
