"""Files as text: read within bounds, decoded as UTF-8, and refused in one clear sentence where that fails."""

from __future__ import annotations

import codecs
import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

from backpropcli.errors import BackpropError, FileError, LargeFileError, Place
from backpropcli.reads import remember
from backpropcli.safe import file_name
from backpropcli.suggest import nearest

LARGEST = 64 * 1024 * 1024
"""The largest spec that is read, in bytes."""

BATCH = 1 << 20
"""How many bytes of a data file are read at a time."""
LONGEST_LINE = 16 * 1024 * 1024

STDIN = "-"
PATIENCE = 5.0
"""How many seconds a pipe is given until somebody writes into it."""
_TERMINAL = ("/dev/stdin", "/dev/fd/0", "/dev/tty", "/dev/null")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def shown(path: str) -> str:
    """The name that messages and tables give a file: its path as typed, `stdin` for `-`."""
    return "stdin" if path == STDIN else file_name(path)


def read_text(path: str, largest: int = LARGEST) -> str:
    """The text of a file, or of stdin where `path` is `-`; FileError where it cannot be had."""
    return decode(read_bytes(path, largest), shown(path))


def read_bytes(path: str, largest: int = LARGEST) -> bytes:
    """The bytes of a file or of stdin, never more than `largest`."""
    name = shown(path)
    try:
        if path == STDIN:
            if sys.stdin is None:
                raise FileError("standard input is closed: there is nothing to read")
            data = _up_to(sys.stdin.buffer, largest + 1, BATCH)
            _remember_stdin()
        else:
            status = os.stat(path)
            remember(status, path)
            if stat.S_ISDIR(status.st_mode):
                raise FileError(f"{name} is a folder, not a file")
            if status.st_size > largest:
                raise _too_large(name, largest)
            if stat.S_ISFIFO(status.st_mode):
                data = _from_pipe(path, name, largest + 1)
            elif stat.S_ISREG(status.st_mode) or path in _TERMINAL:
                with open(path, "rb") as file:
                    data = _up_to(file, largest + 1, status.st_size + 1)
            else:
                raise FileError(f"{name} is a device or a socket, not a file")
    except FileNotFoundError:
        raise FileError(f"there is no file {name}", hint=_near_file(path)) from None
    except NotADirectoryError:
        raise FileError(f"there is no file {name}: part of its path is a file, not a folder") from None
    except PermissionError:
        raise FileError(f"{name} cannot be read: permission denied") from None
    except ValueError:  # a NUL in the path
        raise FileError(f"{name} is not a file name") from None
    except OSError as error:
        raise FileError(f"{name} cannot be read: {error.strerror or error}") from None
    if len(data) > largest:
        raise _too_large(name, largest)
    return data


def _up_to(file: BinaryIO, most: int, first: int) -> bytes:
    """At most so many bytes of a file, asking for the `first` at once: a buffer for `most` may be half a gigabyte."""
    pieces = []
    while most > 0 and (piece := file.read(min(most, max(first, BATCH)))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def _remember_stdin() -> None:
    """`- < net.yaml` reads net.yaml too."""
    with suppress(OSError, ValueError):  # no file behind it, as in a test
        remember(os.fstat(sys.stdin.fileno()), "standard input")


def _from_pipe(path: str, name: str, most: int) -> bytes:
    """What a pipe has to say, such as the shell's <(...): as slowly as its writer likes, once there is one."""
    import select
    import time

    pieces, size, written = [], 0, False
    late = time.monotonic() + PATIENCE
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # without it, opening waits for a writer that may never come
    try:
        while size < most:
            try:
                piece = os.read(pipe, min(most - size, 1 << 20))
            except BlockingIOError:  # there is a writer, with nothing to say yet
                written = True
                select.select([pipe], [], [])
                continue
            if piece:
                pieces.append(piece)
                size += len(piece)
            elif pieces or written:
                break
            elif time.monotonic() > late:
                hint = f"Waited {PATIENCE:g} seconds for it."
                raise FileError(f"{name} is a pipe that nothing writes into", hint=hint)
            else:
                time.sleep(0.02)
    finally:
        os.close(pipe)
    return b"".join(pieces)


@contextmanager
def opened(path: str, largest: int) -> Iterator[BinaryIO]:
    """A data file, open for reading: a plain file of no more than `largest` bytes, never a device or a pipe."""
    name = shown(path)
    try:
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe is not waited for
        except ValueError:  # a NUL in the path
            raise FileError(f"{name} is not a file name") from None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or a pipe"
                raise FileError(f"{name} is {kind}, not a file")
            if status.st_size > largest:
                raise _too_large(name, largest)
            remember(status, path)
            with open(handle, "rb", closefd=False) as file:
                yield file
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise FileError(f"there is no file {name}", hint=_near_file(path)) from None
    except OSError as error:
        raise FileError(f"{name} cannot be read: {(error.strerror or str(error)).lower()}") from None


def lines_of(path: str, largest: int) -> Iterator[list[str]]:
    """The lines of a data file, a batch at a time; FileError where it is no text in UTF-8."""
    with opened(path, largest) as file:
        name = shown(path)
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        rest, first = "", True
        while True:
            data = file.read(BATCH)
            if first and _is_utf16(data):
                raise FileError(f"{name} is saved as UTF-16", hint="Save it as UTF-8.")
            first = False
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError:
                raise FileError(f"{name} is not a text file in UTF-8", hint="Save the file as UTF-8.") from None
            if _CONTROL.search(text):
                raise FileError(f"{name} is not a text file")
            text = rest + text
            held = "\r" if data and text.endswith("\r") else ""  # perhaps half of a line's end
            *lines, rest = text.removesuffix(held).replace("\r\n", "\n").replace("\r", "\n").split("\n")
            rest += held
            if len(rest) > LONGEST_LINE:
                raise FileError(f"{name} has a line of more than {LONGEST_LINE // 2**20} MB")
            if lines:
                yield lines
            if not data:
                break
        if rest:
            yield [rest]


def inside(path: str, folder: str, allowed: Sequence[str]) -> str:
    """A data file that a spec names, seen from where we are.

    FileError where it is neither in the spec's folder (or below) nor in one that is `allowed`, links followed.
    """
    where = os.path.join(folder, path)
    try:
        real = os.path.realpath(where)
        roots = [os.path.realpath(root) for root in (folder or os.curdir, *allowed)]
    except ValueError:  # a NUL in the path
        raise FileError(f"{shown(path)} is not a file name") from None
    if any(os.path.commonpath((real, root)) == root for root in roots):
        return where
    there = os.path.dirname(where) or os.curdir
    link = " leads" if os.path.islink(where) else " is"
    raise FileError(
        f"{shown(path)}{link} outside the network's own folder",
        hint=f"If you trust this network with it:  --allow-files {shown(there)}",
    )


@contextmanager
def unquoted() -> Iterator[None]:
    """Errors about a file that is no spec say where in it something is wrong, and show no more than numbers."""
    try:
        yield
    except BackpropError as error:
        if error.place is not None:
            error.place = error.place.bare()
        raise


def _too_large(name: str, largest: int) -> FileError:
    return LargeFileError(f"{name} is larger than {largest // 2**20} MB")


def _near_file(path: str) -> str:
    folder = os.path.dirname(path) or "."
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for _, entry in zip(range(2000), entries, strict=False)]
    except OSError:
        return f"There is no folder {folder} either." if not os.path.isdir(folder) else ""
    found = nearest(os.path.basename(path), names)
    return f"Did you mean {os.path.join(os.path.dirname(path), found)}?" if found else ""


def decode(data: bytes, name: str) -> str:
    """UTF-8 bytes as text, without the mark that some editors put in front; FileError for anything else."""
    if _is_utf16(data):
        raise FileError(f"{name} is saved as UTF-16", hint="Save it as UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error.start, name) from None
    return checked(text, name)


def _is_utf16(data: bytes) -> bool:
    zeros = [byte == 0 for byte in data[:4]]
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") or zeros in ([False, True] * 2, [True, False] * 2)


def composed(text: str) -> str:
    """`text` with every letter and its accent as one character (NFC): é is é, however it was typed."""
    if text.isascii():
        return text
    import unicodedata

    return unicodedata.normalize("NFC", text)


def checked(text: str, name: str) -> str:
    """A text without control characters, as it is: a binary file is refused here."""
    bad = _CONTROL.search(text)
    if bad is None:
        return text
    if bad[0] == "\0":
        raise FileError(f"{name} is not a text file")
    raise FileError(
        f"a control character (U+{ord(bad[0]):04X}) is in the text", place_at(text, bad.start(), 1, name), "Delete it."
    )


def _not_utf8(data: bytes, start: int, name: str) -> FileError:
    line_start = data.rfind(b"\n", 0, start) + 1
    end = data.find(b"\n", start)
    line = data[line_start : end if end >= 0 else len(data)][:2000].decode("latin-1")
    if _CONTROL.search(line):
        return FileError(f"{name} is not a text file")
    column = len(data[line_start:start].decode("utf-8", "replace"))
    place = Place(name, data.count(b"\n", 0, start) + 1, column + 1, "")
    byte = data[start]
    letter = f" ({bytes([byte]).decode('latin-1')} in Latin-1)" if byte >= 0xA0 else ""
    return FileError(f"byte 0x{byte:02X}{letter} is not UTF-8", place, "Save the file as UTF-8.")


def place_at(text: str, start: int, length: int, name: str) -> Place:
    """The place of `length` characters from index `start`, kept to their first line."""
    start = min(max(start, 0), len(text))
    left = text.rfind("\n", 0, start) + 1
    right = text.find("\n", start)
    line = text[left : right if right >= 0 else len(text)].rstrip("\r")
    column = start - left
    return Place(name, text.count("\n", 0, start) + 1, column + 1, line, max(1, min(length, len(line) - column)))
