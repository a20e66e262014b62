"""Numbers that come in a stream and are too many to hold: they wait in a temporary file that has no name."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import Any

from backpropcli.errors import FileError
from backpropcli.language.data.rows import Handle


class Spill:
    """A temporary file: `add` bytes, then `handle()`. It is gone when nobody uses it any more, whatever happens.

    `name` is the file that they come from, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._number: int = self._tried(_unnamed)
        weakref.finalize(self, os.close, self._number)

    def add(self, data: Any) -> None:
        """More bytes, or an array's."""
        left = memoryview(data).cast("B")
        while left:
            left = left[self._tried(lambda left=left: os.write(self._number, left)) :]

    def handle(self) -> Handle:
        """What was added, to be read."""
        return Handle(os.dup(self._number), self.name, changes=False)

    def _tried(self, what: Any) -> Any:
        try:
            return what()
        except OSError as error:
            where, why = tempfile.gettempdir(), (error.strerror or str(error)).lower()
            raise FileError(
                f"the numbers of {self.name} cannot wait in {where}: {why}",
                hint="They are too many to hold. TMPDIR=/another/folder says where there is room.",
            ) from None


def _unnamed() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
