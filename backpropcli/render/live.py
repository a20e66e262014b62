"""A training while it goes on, on stderr: one line that changes in a terminal, a line now and then in a pipe."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from backpropcli.render.output import is_terminal, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress, TaskID

PATIENCE = 0.5
"""Seconds after which a terminal's line appears."""
SELDOM = 0.1
"""Seconds between two looks at the terminal."""
WIDE = 100
"""Columns of a terminal that has room for a bar."""
NOW_AND_THEN = 10.0
"""Seconds between two lines in a pipe."""


class Live:
    """`update 1,200 of 10,000   J 0.0312   held out 0.041   8,100/s ━━━━━━ 0:00:07`.

    `update` is told how many of how many updates are made, and how to say the rest, which is asked for only when it is
    shown; so that an update costs next to nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.terminal = not quiet and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self.start = time.monotonic()
        self.next = self.start + (PATIENCE if self.terminal else NOW_AND_THEN)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._first: tuple[float, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int, said: Callable[[], str]) -> None:
        """So many of so many updates are made."""
        now = time.monotonic()
        if self._first is None:
            self._first = (now, done)
        if now < self.next or self.quiet:
            return
        self.next = now + (SELDOM if self.terminal else NOW_AND_THEN)
        line = f"{said()}   {self._speed(now, done)}"
        if not self.terminal:
            message(f"update {done:,} of {total:,}   {line}")
            return
        if self._bar is None or self._task is None:
            self._bar, self._task = self._started(total)
        self._bar.update(self._task, completed=done, total=total, said=line)

    def _speed(self, now: float, done: int) -> str:
        assert self._first is not None
        seconds, made = now - self._first[0], done - self._first[1]
        if seconds <= 0 or made <= 0:
            return ""
        rate = made / seconds
        what = "/s" if self.terminal else " updates/s"  # a terminal's line is short
        return f"{rate:,.0f}{what}" if rate >= 10 else f"{rate:.2g}{what}"

    def _started(self, total: int) -> tuple[Progress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        console = Console(file=sys.stderr)
        whole = Column(no_wrap=True, min_width=8)  # where the line is too long, the text is cut, and not the time left
        bar = Progress(
            TextColumn("update {task.completed:,} of {task.total:,}", markup=False),
            TextColumn("{task.fields[said]}", markup=False),
            *([BarColumn(bar_width=16)] if console.width >= WIDE else []),
            TimeRemainingColumn(table_column=whole),
            console=console,
            transient=True,
        )
        task = bar.add_task("training", total=total, said="")
        bar.start()
        return bar, task
