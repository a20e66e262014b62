"""A limit to the time that SymPy computes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TooSlow(BaseException):
    """The time is over. Not an Exception, so that SymPy does not catch it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TooSlow when this process has computed for so many seconds, however busy the machine is.

    In the main thread, where the system has such a clock; elsewhere there is no limit.
    """
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable or seconds == float("inf"):
        yield
        return

    def over(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, max(seconds, 1e-3))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
