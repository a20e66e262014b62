"""One child process in a group of its own: what is sent and what is said, without ever waiting for ever."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress

WINDOW = 64
"""So many lines may be on their way, unanswered."""
CHUNK = 1 << 16
LONGEST = 1 << 26
"""A line of more bytes than this is no answer: no program has so many numbers that its check would end."""
KEPT = 4000
"""So much of its stderr is kept, from the end."""
GRACE = 2.0
"""Seconds between the end of its output and its own end."""


class EndedError(Exception):
    """The process ended (with `status`, negative for a signal) before it answered; `unanswered` lines remain."""

    def __init__(self, child: Child, status: int, unanswered: list[str]) -> None:
        super().__init__(status)
        self.child = child
        self.status = status
        self.unanswered = unanswered
        self.answered = child.answered

    @property
    def sent(self) -> str:
        """The line that it was to answer."""
        return self.unanswered[0] if self.unanswered else ""


class TooLongError(Exception):
    """The answer to the line `sent` is longer than any answer can be; what has come of it is `begun`."""

    def __init__(self, sent: str, begun: str) -> None:
        super().__init__(sent)
        self.sent = sent
        self.begun = begun


class HungError(Exception):
    """No answer came in time to the line `sent`."""

    def __init__(self, sent: str) -> None:
        super().__init__(sent)
        self.sent = sent


class Child:
    """A running process. Raises OSError where it cannot be started."""

    def __init__(self, words: list[str]) -> None:
        pipe = subprocess.PIPE
        settings = {**os.environ, "PYTHONUNBUFFERED": "1"}  # one slip less to make: Python flushes every print
        self._process = subprocess.Popen(
            words, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True, env=settings
        )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._in, self._out, self._err = process.stdin, process.stdout, process.stderr
        self._selector = selectors.DefaultSelector()
        for stream in (self._out, self._err):
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ)
        os.set_blocking(self._in.fileno(), False)
        self._writing = False
        self._ends = False
        self._to_write = bytearray()
        self._unread = bytearray()
        self._lines: deque[str] = deque()
        self._said = bytearray()
        self.over = False
        """Whether its output has ended."""
        self._too_long = False
        self._abandoned = False
        self.answered = 0

    def talk(self, lines: Iterable[str], timeout: float, ends: bool = False, now: bool = False) -> Iterator[str]:
        """The answer to each line, as they come; `ends`: the last line ends its input. `now`: write before asked.

        Raises EndedError and HungError.
        """
        rest, asked, done = iter(lines), deque[str](), False
        if now:
            asked.extend(rest)
            self._offer(asked, ends)
            done = True
        return self._talk(rest, asked, done, timeout, ends)

    def _talk(self, rest: Iterator[str], asked: deque[str], done: bool, timeout: float, ends: bool) -> Iterator[str]:
        deadline = time.monotonic() + timeout
        while True:
            fresh = []
            while not done and (ends or len(asked) < WINDOW) and len(self._to_write) < CHUNK:
                line = next(rest, None)
                if line is None:
                    done = True
                    break
                asked.append(line)
                fresh.append(line)
            self._offer(fresh, ends and done)
            if done and not asked:
                return
            if self._lines:
                asked.popleft()
                yield self.take()
                deadline = time.monotonic() + timeout
                continue
            if self._too_long:
                raise TooLongError(asked[0], self.partial())
            if self.over:
                raise EndedError(self, self.status(), list(asked))
            left = deadline - time.monotonic()
            if left <= 0:
                raise HungError(asked[0])
            self._pump(left)

    def take(self) -> str:
        """The next line that it has said."""
        self.answered += 1
        return self._lines.popleft()

    def peek(self, seconds: float) -> str:
        """The next line that it has said or says within so many seconds; empty where there is none."""
        deadline = time.monotonic() + seconds
        while not self._lines and not self.over and not self._too_long and (left := deadline - time.monotonic()) > 0:
            self._pump(left)
        return self._lines[0] if self._lines else ""

    def partial(self) -> str:
        """What it has said since its last whole line."""
        return self._unread.decode("utf-8", "replace")

    def errors(self) -> str:
        """The end of what it said on stderr."""
        deadline = time.monotonic() + 0.2
        while self._err in self._selector.get_map() and self.over and time.monotonic() < deadline:
            self._pump(0.05)
        return self._said.decode("utf-8", "replace")

    def kill(self) -> None:
        """End it and all that it started: the whole group."""
        if self._process.returncode is None:  # not waited for yet, so that its number is still its own
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        for stream in (self._in, self._out, self._err):
            with suppress(OSError):
                stream.close()

    # Bytes.

    def _offer(self, lines: Iterable[str], end: bool) -> None:
        """Take lines to be written, and write what the pipe has room for."""
        for line in lines:
            self._to_write += line.encode() + b"\n"
        self._ends = end
        self._write()

    def _write(self) -> None:
        if self._in.closed:
            return
        try:
            while self._to_write:
                written = os.write(self._in.fileno(), self._to_write[:CHUNK])
                del self._to_write[:written]
        except BlockingIOError:
            pass
        except OSError:  # it does not read any more: what it says, or its end, tells the rest
            self._to_write.clear()
        wanted = bool(self._to_write)
        if wanted != self._writing:
            self._writing = wanted
            if wanted:
                self._selector.register(self._in, selectors.EVENT_WRITE)
            else:
                self._selector.unregister(self._in)
        if self._ends and not wanted:
            self._in.close()

    def _pump(self, seconds: float) -> None:
        """Wait until something can be read or written, and do it."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._in:
                self._write()
                continue
            try:
                data = os.read(key.fd, CHUNK)
            except BlockingIOError:
                continue
            if key.fileobj is self._err:
                self._said += data
                del self._said[:-KEPT]
            else:
                self._heard(data)
            if not data:
                self._selector.unregister(key.fileobj)

    def _heard(self, data: bytes) -> None:
        if self._too_long:
            return
        seen = len(self._unread)
        self._unread += data
        if not data:
            self.over = True
        if b"\n" in data or not data:
            end = self._unread.rfind(b"\n", seen) if data else -1
            whole = bytes(self._unread[: end if data else None]).split(b"\n")
            del self._unread[: end + 1 if data else None]
            self._lines.extend(text for line in whole if (text := line.decode("utf-8", "replace").strip()))
        if len(self._unread) > LONGEST:
            self._too_long = True
            del self._unread[CHUNK:]

    def status(self) -> int:
        """Its exit status, once its output is over; what closes its output and lives on is ended."""
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline:
            # WNOWAIT leaves it a zombie, so that its group can still be ended under its number.
            if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                break
            time.sleep(0.005)
        else:
            self._abandoned = True
        if self._err in self._selector.get_map():
            self._pump(0.05)
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        return 0 if self._abandoned else status
