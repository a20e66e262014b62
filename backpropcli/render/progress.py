"""How far a long command is, in one line on stderr that is gone when it is done; only in a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from backpropcli.render.output import is_terminal, terminal_width
from backpropcli.safe import printable

PATIENCE = 0.3
"""Seconds after which the line appears."""
CLEAR = "\r\x1b[K"


class Progress:
    """`3 of 40: nets/lstm.yaml`, while the work on each of `names` is going on."""

    def __init__(self, names: Sequence[str], quiet: bool = False) -> None:
        self.names = names
        self.done = 0
        self.wanted = not quiet and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self.shown = False
        self.start = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.shown:
            self._write(CLEAR)

    def advance(self) -> None:
        """One more is done."""
        self.done += 1
        if self.wanted and self.done < len(self.names) and time.monotonic() - self.start > PATIENCE:
            line = f"{self.done + 1} of {len(self.names)}: {printable(self.names[self.done])}"
            self._write(CLEAR + line[: (terminal_width(sys.stderr) or 80) - 1])
            self.shown = True

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody is watching any more
            self.wanted = self.shown = False
