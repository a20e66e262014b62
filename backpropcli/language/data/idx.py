"""Arrays in IDX files, as MNIST has them, plain or gzipped; looked at before they are read.

A magic number (two zero bytes, the kind of number, how many axes), the sizes of the axes, and the numbers, all of them
big-endian (LeCun, Cortes and Burges, The MNIST database).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from backpropcli.errors import FileError, LargeFileError
from backpropcli.language.data.columns import LARGEST_TABLE
from backpropcli.language.data.deferred import LARGEST_ARRAY, too_large, waiting
from backpropcli.language.file import reading as files

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

KINDS = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The kinds of numbers by the magic number's third byte."""
WIDTHS = {code: int(kind[-1]) for code, kind in KINDS.items()}
GZIP = b"\x1f\x8b"
_PIECE = 1 << 20


def read_idx(path: str) -> Value:
    """The array of an IDX file as float64, which may wait; FileError for what is none, or is cut off."""
    name = files.shown(path)
    with opened(path) as (pieces, *_):
        shape, code, rest = header(pieces, name)
        wanted = prod(shape) * WIDTHS[code]
        found = len(rest)
        for piece in pieces:
            found += len(piece)
            if found > wanted:
                break
    if found != wanted:
        raise misfit(name, found, wanted, shape)
    return waiting(shape, lambda: _read(path, shape, code))


def misfit(name: str, found: int, wanted: int, shape: Shape) -> FileError:
    """The error for a file that has another number of bytes than its header says."""
    more = f"more than {wanted:,} bytes of numbers" if found > wanted else f"{found:,} bytes of numbers"
    numbers = " x ".join(map(str, shape))
    return FileError(f"{name} has {more}, but its {numbers} numbers take {wanted:,}: it is cut off, or broken")


def _read(path: str, shape: Shape, code: int) -> Value:
    """The numbers themselves, of a file that was looked at before."""
    import numpy as np

    with opened(path) as (pieces, *_):
        again = header(pieces, files.shown(path))
        data = b"".join([again[2], *pieces])
    if (tuple(again[0]), again[1]) != (tuple(shape), code) or len(data) != prod(shape) * WIDTHS[code]:
        raise FileError(f"{files.shown(path)} changed while it was read")
    return np.frombuffer(data, KINDS[code]).astype(np.float64).reshape(shape)


class Opened(NamedTuple):
    """A file's bytes in pieces, unpacked where it is gzipped; the file itself; whether it is."""

    pieces: Iterator[bytes]
    file: BinaryIO
    packed: bool


@contextmanager
def opened(path: str, largest: int = LARGEST_TABLE, unpacked: int = LARGEST_TABLE) -> Iterator[Opened]:
    """A file of at most `largest` bytes, which may unpack to at most `unpacked`."""
    name = files.shown(path)
    with files.opened(path, largest) as file:
        packed = file.read(2) == GZIP
        file.seek(0)
        pieces = _unpacked(file, name, unpacked) if packed else iter(lambda: file.read(_PIECE), b"")
        yield Opened(pieces, file, packed)


def _unpacked(file: BinaryIO, name: str, most: int) -> Iterator[bytes]:
    """The bytes of a gzipped file; no more than a file may have."""
    total = 0
    broken = FileError(f"{name} is not a whole gzip file", hint="Was it downloaded to its end?")
    unpacker = zlib.decompressobj(wbits=31)
    waiting_bytes = file.read(_PIECE)
    while waiting_bytes:
        try:
            piece = unpacker.decompress(waiting_bytes, _PIECE)
        except zlib.error:
            raise broken from None
        total += len(piece)
        if total > most:
            raise FileError(f"{name} is larger than {most // 2**20} MB unpacked")
        if piece:
            yield piece
        if unpacker.eof:
            return
        waiting_bytes = unpacker.unconsumed_tail or file.read(_PIECE)
    while (piece := unpacker.decompress(b"", _PIECE)) and not unpacker.eof:  # what zlib still holds
        yield piece
    if not unpacker.eof:
        raise broken


def header(pieces: Iterator[bytes], name: str, most: int = LARGEST_ARRAY) -> tuple[Shape, int, bytes]:
    """The shape, of at most so many numbers, the kind of number, and the numbers' first bytes."""
    data = _at_least(pieces, b"", 4)
    no_idx = FileError(f"{name} is not an IDX file", hint="MNIST's are such: train-images-idx3-ubyte.gz")
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in KINDS:
        raise no_idx
    axes = data[3]
    if not 1 <= axes <= 32:
        raise no_idx
    data = _at_least(pieces, data, 4 + 4 * axes)
    if len(data) < 4 + 4 * axes:
        raise FileError(f"{name} ends within its header")
    shape = tuple(int.from_bytes(data[4 + 4 * k : 8 + 4 * k], "big") for k in range(axes))
    if message := too_large(shape, most):
        raise LargeFileError(f"{name} with shape {message}")
    if 0 in shape:
        raise FileError(f"{name} holds no numbers")
    return shape, data[2], data[4 + 4 * axes :]


def _at_least(pieces: Iterator[bytes], data: bytes, count: int) -> bytes:
    while len(data) < count and (piece := next(pieces, b"")):
        data += piece
    return data
