"""A progress bar on stderr for one long check; only in a terminal, and only if it takes a while."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from backpropcli.render.output import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 1.0
"""Seconds after which the bar appears."""
SELDOM = 0.1
"""Seconds between two looks at the terminal."""


class Bar:
    """`checking ━━━━━━━━ 12,000/235,146 0:00:07`; `update` is told how much of how much is done."""

    def __init__(self, quiet: bool = False) -> None:
        self.wanted = not quiet and is_terminal(sys.stderr)
        self.next = time.monotonic() + PATIENCE
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._done = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """So much of so much is done."""
        still, self._done = done == self._done, done
        if not self.wanted or (done % 64 and not still) or time.monotonic() < self.next:
            return
        self.next = time.monotonic() + SELDOM
        if self._bar is None or self._task is None:
            self._start(total)
        assert self._bar is not None
        assert self._task is not None
        self._bar.update(self._task, completed=done, total=total)

    def _start(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("checking"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            transient=True,
        )
        self._task = self._bar.add_task("checking", total=total)
        self._bar.start()
