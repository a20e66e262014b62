"""Signals that ask a long command to end: what it has is saved first, and its exit status says which it was."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

ASKING = {"SIGINT": "stopped", "SIGTERM": "asked to end", "SIGHUP": "left by its terminal"}
"""The signals, and what is said of them."""


class Endings:
    """While it stands (`with Endings() as endings`), a signal is remembered instead of ending the program.

    A second Ctrl-C does end it at once.
    """

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Endings:
        for name in ASKING:
            number = getattr(signal, name, None)
            try:
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays as it was asked
                    self._before[number] = signal.signal(number, self._asked)
            except ValueError:  # only the main thread may
                break
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _asked(self, number: int, _: FrameType | None) -> None:
        if self.number and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.number = number

    @property
    def words(self) -> str:
        """What happened: `stopped`; of an interruption the program itself says the rest."""
        return ASKING[signal.Signals(self.number).name]

    @property
    def status(self) -> int:
        """The exit status, as shells have it: 130, 143 or 129."""
        return 128 + self.number
