"""A program as a child process: lines go in, one line comes back for each, and nothing of it is left behind.

A program may stay alive and answer line by line (`stream`), keep its answers until its input ends (`batch`: its output
is not flushed), or end after one answer (`single`). Which one it is shows in its behaviour.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from types import TracebackType
from typing import Any, Literal, NoReturn, Self

from backpropcli.errors import BackpropError, UsageError
from backpropcli.gradcheck.blackbox.child import LONGEST, Child, EndedError, HungError, TooLongError
from backpropcli.safe import printable
from backpropcli.suggest import nearest

TIMEOUT = 10.0
"""Seconds that an answer may take."""
PATIENCE = 1.0
"""Seconds without a first answer, until a second copy is asked whose input ends."""
SHOWN = 200
"""So many characters of what was sent and received are shown."""
SIDE_BY_SIDE = max(1, min(8, os.cpu_count() or 1))
"""So many copies of a program that ends after one answer run at a time."""
BATCH = 500
"""So many lines are sent to a process that answers when its input ends."""
_INTERPRETER = re.compile(r"(?:python[\d.]*|pypy\d*|node|julia|ruby|perl|Rscript|(?:ba|z|da)?sh|env|java|lua)\Z")

Mode = Literal["stream", "batch", "single"]


class ProgramError(BackpropError):
    """A program cannot be started, does not answer, or answers what cannot be read; `ended`: it ended instead."""

    ended = False


class Program:
    """A command that is run without a shell and asked line by line; use it in a `with` statement.

    `timeout` is in seconds, for each answer. `mode` is how it behaves, as far as that is known; `started` counts the
    processes. Raises UsageError for a command that is no command, ProgramError for everything that can go wrong later.
    """

    def __init__(self, command: str, timeout: float = TIMEOUT) -> None:
        self.command = command
        self.words = split(command)
        self.name = called(self.words)
        self.timeout = timeout
        self.mode: Mode = "stream"
        self.started = 0
        self.answered = 0
        self._children: list[Child] = []
        self._asked: deque[str] = deque()
        self._handlers: dict[int, Any] = {}
        self._held = False
        self._signal = 0
        self._leaving = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                    self._handlers[number] = signal.signal(number, self._leave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        self.close()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def close(self) -> None:
        """End every process of it that still runs."""
        while self._children:
            self._end(self._children[-1])

    def answers(self, lines: Iterable[str]) -> Iterator[str]:
        """Its answer to each line, in order, one line each; the lines are taken as they are needed."""
        try:
            yield from self._answers(iter(lines))
        except TooLongError as long:
            raise self.trouble(
                f"{self.name} answers a line of more than {LONGEST >> 20} MB",
                long.sent,
                long.begun,
                "An answer is one line with a number for each parameter, and a line break at its end.",
            ) from None

    def _answers(self, rest: Iterator[str]) -> Iterator[str]:
        if not self.answered:
            for line in rest:
                yield self._counted(self._first(line))
                break
        while True:
            try:
                if self.mode == "single":
                    yield from map(self._counted, self._singly(rest))
                elif self.mode == "batch":
                    yield from map(self._counted, self._together(rest))
                else:
                    child = self._children[-1] if self._children else self._start()
                    yield from map(self._counted, child.talk(rest, self.timeout))
                return
            except HungError as hung:
                self._hung(hung.sent)
            except EndedError as ended:
                if ended.status or not ended.answered or self.mode != "stream":
                    self._ended(ended)
                self.close()
                self.mode = "single" if ended.answered == 1 else "stream"
                rest = chain(ended.unanswered, rest)

    def following(self) -> str:
        """What it has said after its last answer, or says within half a second; for messages."""
        return self._children[-1].peek(0.5) if self._children else ""

    def trouble(self, message: str, sent: str = "", received: str | None = None, hint: str = "") -> ProgramError:
        """An error that shows the command, what was sent and what came back."""
        lines = [f"Command:   {self.command}"]
        lines += [f"Sent:      {clipped(sent)}"] if sent else []
        lines += [f"Received:  {clipped(received) or 'nothing'}"] if received is not None else []
        return ProgramError(message, hint="\n".join([*lines, *([hint] if hint else [])]))

    # How it behaves.

    def _counted(self, answer: str) -> str:
        self.answered += 1
        return answer

    def _start(self) -> Child:
        self._held = True  # a signal between the start of a process and the note of it would leave it behind
        try:
            child = Child(self.words)
            self._children.append(child)
        except OSError as error:
            raise self._no_start(error) from None
        finally:
            self._held = False
        self.started += 1
        if self._signal:
            self._leave(self._signal)
        return child

    def _leave(self, number: int, frame: object = None) -> None:
        """End like an interrupted command, so that the processes are ended too.

        A terminal that is closed sends two signals: the second must not keep us from it.
        """
        self._signal = self._signal or number
        if self._held or self._leaving:
            return
        self._leaving = True
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    def _end(self, child: Child) -> None:
        child.kill()
        self._children.remove(child)

    def _first(self, line: str) -> str:
        """The answer to the first line, and which mode it is."""
        child = self._start()
        try:
            return next(child.talk([line], min(PATIENCE, self.timeout)))
        except EndedError as ended:
            self._ended(ended)
        except HungError:
            pass
        begun = time.monotonic()
        for copies in (2, 1):
            second = self._start()
            found, hung = [], False
            try:
                found = list(second.talk([line] * copies, self.timeout, ends=True))
            except EndedError:
                pass
            except HungError:
                hung = True
            self._end(second)
            if child.peek(0.5 if found else 0.01):
                return child.take()
            if hung:
                break
            if len(found) == copies:
                self.mode = "batch" if copies == 2 else "single"
                self._end(child)
                return found[0]
        if not child.peek(self.timeout - (time.monotonic() - begun)):
            if child.over:  # it only took its time to fail
                self._ended(EndedError(child, child.status(), [line]))
            self._hung(line)
        return child.take()

    def _singly(self, lines: Iterator[str]) -> Iterator[str]:
        """A process for each line, several at a time."""
        running: deque[tuple[Child, Iterator[str]]] = deque()
        while True:
            for line in lines:
                child = self._start()
                running.append((child, child.talk([line], self.timeout, ends=True, now=True)))
                if len(running) == SIDE_BY_SIDE:
                    break
            if not running:
                return
            child, talk = running.popleft()
            yield next(talk)
            self._end(child)

    def _together(self, lines: Iterator[str]) -> Iterator[str]:
        """One process for many lines, whose input ends with them."""
        while batch := list(islice(lines, BATCH)):
            child = self._start()
            yield from child.talk(batch, self.timeout * min(len(batch), 10), ends=True)
            self._end(child)

    # What goes wrong.

    def _hung(self, sent: str) -> NoReturn:
        more = f"--timeout {max(60, 6 * self.timeout):g}"
        raise self.trouble(
            f"{self.name} does not answer: no line came within {self.timeout:g} s",
            sent,
            self._children[-1].partial() if self._children else "",
            "Every line on its stdin is answered by one line on its stdout, which is flushed: std::endl in C++,\n"
            f"fflush(stdout) in C, print(..., flush=True) in Python. If it only needs longer:  {more}"
            + self._said(self._children[-1] if self._children else None),
        )

    def _ended(self, ended: EndedError) -> NoReturn:
        child, status = ended.child, ended.status
        name = self.name
        said = self._said(child)
        hint = said.lstrip("\n")
        if status < 0:
            known = -status in set(signal.Signals)
            what = f"crashed: {signal.Signals(-status).name if known else f'signal {-status}'}"
        elif status:
            what = f"failed: exit status {status}"
        else:
            what = "ended without an answer"
            hint = f"It should answer every line on its stdin with one line of JSON on its stdout.{said}"
        error = self.trouble(f"{name} {what}", ended.sent, child.partial(), hint)
        error.ended = True
        raise error

    @staticmethod
    def _said(child: Child | None) -> str:
        """The last lines on its stderr."""
        lines = child.errors().splitlines()[-6:] if child is not None else []
        return "\nIts stderr:\n" + "\n".join(f"  {printable(line)[:SHOWN]}" for line in lines) if lines else ""

    def _no_start(self, error: OSError) -> ProgramError:
        word = self.words[0]
        base = os.path.basename(word)
        if isinstance(error, FileNotFoundError):
            if os.path.exists(word) and os.path.sep in word:  # the interpreter behind #! is what is missing
                return self.trouble(f"{word} cannot be run: its interpreter, after #!, is not there")
            if os.path.sep not in word and os.path.isfile(word):
                return self.trouble(f"there is no program {word}", hint=f"Did you mean ./{word}?")
            return self.trouble(f"there is no program {word}", hint=_near_program(word))
        if os.path.isdir(word):
            return self.trouble(f"{word} is a folder, not a program")
        ending = os.path.splitext(base)[1]
        instead = {
            ".py": f'Run it with Python:  --program "python {word}"',
            ".c": f"Compile it first:  cc -O2 -o {base[:-2]} {word} -lm",
            ".cpp": f"Compile it first:  c++ -O2 -o {base[:-4]} {word}",
        }.get(ending, f"chmod +x {word}")
        if isinstance(error, PermissionError):
            return self.trouble(f"{word} is not executable", hint=instead)
        why = (error.strerror or str(error)).lower()
        instead = instead if ending in (".py", ".c", ".cpp") else "A script begins with #! and its interpreter."
        return self.trouble(f"{word} cannot be run: {why}", hint=instead)


def split(command: str) -> list[str]:
    """A command's words, as a shell would take them apart; there is no shell."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--program {command}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    if not words or "\0" in command:
        raise UsageError("--program needs a command", hint='Such as --program ./net or --program "python net.py"')
    if shutil.which(words[0]) is None and "=" in words[0] and len(words) > 1:
        raise UsageError(
            f"--program {command}: it is run without a shell, so {words[0]} is no setting",
            hint=f'Put env in front:  --program "env {command}"',
        )
    return words


def called(words: list[str]) -> str:
    """What messages call a program: its first word, or the script that an interpreter runs."""
    if _INTERPRETER.match(os.path.basename(words[0])):
        return next((word for word in words[1:] if os.path.isfile(word)), words[0])
    return words[0]


def clipped(text: str) -> str:
    """The first characters of a text, on one line."""
    text = " ".join(text.split("\n")).strip()
    return printable(text[:SHOWN]) + (f"... ({len(text):,} characters)" if len(text) > SHOWN else "")


def _near_program(word: str) -> str:
    folder = os.path.dirname(word) or "."
    try:
        with os.scandir(folder) as entries:
            runnable = [e.name for e in entries if e.is_file() and os.access(e.path, os.X_OK)]
    except OSError:
        return f"There is no folder {folder} either."
    found = nearest(os.path.basename(word), runnable)
    return f"Did you mean {os.path.join(folder, found)}?" if found else ""
