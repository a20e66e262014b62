"""The one place that opens files for writing: whole or not at all, through drafts that nobody can guess or replace."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import IO, Any

from backpropcli.errors import FileError, UsageError
from backpropcli.reads import read_as
from backpropcli.safe import leaving

ENDING_SIGNALS = ("SIGTERM", "SIGHUP")
"""Signals that end a program without a word: its drafts go first."""


class Drafts:
    """Files written beside their places (`with Drafts() as drafts`), which take those places all together, or never.

    A draft's name is new and cannot be guessed, and it is opened only if nothing has that name (O_EXCL): a link that
    somebody laid there is not followed. Whatever happens before `publish`, an exception or a signal, removes them.
    """

    def __init__(self) -> None:
        self._drafts: list[tuple[str, str]] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Drafts:
        for name in ENDING_SIGNALS:
            number = getattr(signal, name, None)
            try:
                if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                    self._before[number] = signal.signal(number, self._ended)
            except ValueError:  # only the main thread may
                break
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._remove()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ended(self, number: int, _: FrameType | None) -> None:
        """A signal that would have ended the program: it does, once the drafts are gone."""
        self._remove()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _remove(self) -> None:
        for draft, _ in self._drafts:
            with suppress(OSError):
                os.unlink(draft)
        self._drafts.clear()

    def add(self, path: str, content: Iterable[str] | bytes, raw: bool = False) -> None:
        """Write the draft of one file; OSError or FileError where it cannot be. `raw`: see `leaving`."""
        target = os.path.realpath(path)
        mode = os.stat(target).st_mode & 0o7777 if os.path.exists(target) else None
        if mode is not None and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "Permission denied")
        folder, name = os.path.split(target)
        draft = os.path.join(folder, f".{name[:100]}.{os.urandom(8).hex()}.tmp")
        self._drafts.append((draft, target))
        exclusive = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(draft, exclusive, 0o666)
        with open(handle, "wb") as file:
            _fill(file, content, raw)
            if mode is not None:
                os.chmod(draft, mode)

    def publish(self) -> None:
        """Every draft takes its place."""
        while self._drafts:
            draft, target = self._drafts[0]
            os.replace(draft, target)
            del self._drafts[0]


def _fill(file: IO[bytes], content: Iterable[str] | bytes, raw: bool) -> None:
    """Write text in UTF-8, made safe on the way, or bytes as they are."""
    if isinstance(content, bytes):
        file.write(content)
    else:
        file.writelines(part.encode("utf-8", "backslashreplace") for part in leaving(content, raw=raw))


def write_file(path: str, content: Iterable[str] | bytes, raw: bool = False) -> None:
    """Write a file whole or not at all. Devices and pipes are written directly; a file that was read is refused."""
    if os.path.isdir(path):
        raise FileError(f"-o {path} is a folder, not a file", hint=f"Write -o {os.path.join(path, 'result.json')}")
    refuse_what_was_read(path)
    try:
        if is_special(path):
            with open(path, "wb") as file:
                _fill(file, content, raw)
            return
        with Drafts() as drafts:
            drafts.add(path, content, raw)
            drafts.publish()
    except OSError as error:
        if not (error.errno == errno.EPIPE and is_special(path)):
            raise FileError(f"{path} cannot be written: {reason(error)}", hint=_folder_hint(path)) from error


def refuse_unwritable(option: str, path: str) -> None:
    """FileError, before long work, where its end could not be written: to a folder, over what was read, not allowed."""
    if os.path.isdir(path):
        inside = os.path.join(path, "run" + os.path.splitext(path)[1])
        raise FileError(f"{option} {path} is a folder, not a file", hint=f"Write {option} {inside}")
    refuse_what_was_read(path)
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileError(f"{path} cannot be written: there is no folder {os.path.dirname(path) or folder}")
    if not os.access(target if os.path.exists(target) else folder, os.W_OK):
        raise FileError(f"{path} cannot be written: permission denied")


def refuse_same(files: Sequence[tuple[str, str | None]]) -> None:
    """UsageError where two options, each with its file, name the same one, through whatever link or spelling."""
    seen: dict[str, str] = {}
    for option, path in files:
        if path is None or is_special(path):
            continue
        before = seen.setdefault(os.path.realpath(path), option)
        if before != option:
            raise UsageError(f"{before} and {option} name the same file, {path}", hint="Each wants a file of its own.")


def sweep(path: str) -> None:
    """Remove the drafts of a file that a killed program has left beside it."""
    folder, name = os.path.split(os.path.realpath(path))
    draft = re.compile(rf"\.{re.escape(name[:100])}\.[0-9a-f]{{16}}\.tmp")
    with suppress(OSError):
        for found in os.listdir(folder):
            if draft.fullmatch(found):
                os.unlink(os.path.join(folder, found))


def opened_to_append(path: str, keep: int = 0) -> int:
    """A file descriptor behind the first `keep` bytes of a file, whose others are dropped; OSError where it cannot be.

    For rows that come one by one, each in one write: what has been written stays, however the program ends.
    """
    refuse_what_was_read(path)
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
    if not is_special(path):
        os.ftruncate(file, keep)
        os.lseek(file, keep, os.SEEK_SET)
    return file


def write_files(files: Sequence[tuple[str, str]], force: bool = False, hint: str = "") -> None:
    """Write several files (their names and texts), all of them or none.

    Raises FileError, with `hint`, where one is there already, unless `force`.
    """
    for path, _ in files:
        refuse_what_was_read(path)
    there = [path for path, _ in files if os.path.lexists(path)]
    if there and not force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise FileError(f"{there[0]}{more} {'are' if more else 'is'} there already, and nothing was written", hint=hint)
    path = ""
    try:
        with Drafts() as drafts:
            for path, text in files:
                if os.path.isdir(path):
                    raise FileError(f"{path} is a folder, not a file")
                drafts.add(path, [text])
            drafts.publish()
    except OSError as error:
        raise FileError(f"{path} cannot be written: {reason(error)}", hint=_folder_hint(path)) from error


def refuse_what_was_read(path: str) -> None:
    """FileError where `path`, through whatever link or spelling, is a file that this run has read."""
    name = read_as(path)
    if name is not None and not is_special(path):
        same = "was read" if os.path.normpath(name) == os.path.normpath(path) else f"is {name}, which was read"
        raise FileError(f"{path} {same}: it is not written over", hint="Name another file for the output.")


def reason(error: OSError) -> str:
    """Why the system refused, in lower case: `permission denied`."""
    text = error.strerror or type(error).__name__
    return text[:1].lower() + text[1:]


def _folder_hint(path: str) -> str:
    folder = os.path.dirname(path)
    return f"There is no folder {folder}." if folder and not os.path.isdir(folder) else ""


def is_special(path: str) -> bool:
    """Whether a path is a device or a pipe, such as /dev/stdout, which cannot be replaced."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
