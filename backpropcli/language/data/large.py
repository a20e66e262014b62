"""Files of many numbers, for a training with batches: what stands row after row in a file stays there, what does not
(text, packed, column after column) is read once, in a stream, into a temporary file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import FileError
from backpropcli.language.data import idx, numpy_files
from backpropcli.language.data.columns import LARGEST_TABLE, blocks_of
from backpropcli.language.data.deferred import LARGEST_ARRAY, LARGEST_KEPT
from backpropcli.language.data.kept import BLOCK, LARGE, Stored
from backpropcli.language.data.rows import PIECE, FileRows, Handle
from backpropcli.language.data.spill import Spill
from backpropcli.language.file import reading as files

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

LARGEST_FILE = 8 * LARGEST_KEPT
"""The largest file whose numbers are kept, in bytes."""
PACKED = 20
"""A packed file may unpack to so many times its size, or to LARGEST_TABLE: data do not pack better."""


def large(kind: str, path: str, options: Mapping[str, Any]) -> Value | None:
    """The array of a file, kept, where it is large; None where it is not, and is read as any other."""
    try:
        small = os.path.getsize(path) <= PIECE // 64
    except (OSError, ValueError):
        small = True  # what is wrong with it is said where it is read
    return None if small else READERS[kind](path, options)


def _csv(path: str, options: Mapping[str, Any]) -> Value | None:
    import numpy as np

    if os.path.getsize(path) < 2 * LARGE:  # a number has a digit and what separates it from the next
        return None
    columns, name = options.get("columns"), files.shown(path)
    held: list[Any] = []
    spill: Spill | None = None
    rows = width = count = 0
    single = False
    for table, block in blocks_of(path, columns, options.get("skip", 0), LARGEST_FILE):
        rows, width = rows + len(block), block.shape[1]
        count, single = count + block.size, table.single(columns)
        _judged(name, (rows, width))
        held.append(np.ascontiguousarray(block))
        if count > LARGE:
            spill = spill or Spill(name)
            _move(held, spill)
    shape = (rows,) if single else (rows, width)
    if spill is None:
        return np.concatenate(held).reshape(shape)
    return Stored(FileRows(spill.handle(), 0, np.float64, shape))


def _move(held: list[Any], spill: Spill) -> None:
    for block in held:
        spill.add(block)
    held.clear()


def _idx(path: str, options: Mapping[str, Any]) -> Value | None:
    name = files.shown(path)
    size = os.path.getsize(path)
    with idx.opened(path, LARGEST_FILE, max(LARGEST_TABLE, PACKED * size)) as (pieces, file, packed):
        shape, code, first = idx.header(pieces, name, LARGEST_KEPT)
        if prod(shape) <= LARGE:
            return None
        _judged(name, shape)
        wanted = prod(shape) * idx.WIDTHS[code]
        offset = 4 + 4 * len(shape)
        if packed:
            handle, offset = _spilled(chain([first], pieces), name, wanted), 0
        else:
            handle = Handle(os.dup(file.fileno()), name)
        if handle.size - offset != wanted:
            raise idx.misfit(name, handle.size - offset, wanted, shape)
        return Stored(FileRows(handle, offset, idx.KINDS[code], shape))


def _npy(path: str, options: Mapping[str, Any]) -> Value | None:
    name = files.shown(path)
    with files.opened(path, LARGEST_FILE) as file:
        return _numpy(name, file, Handle(os.dup(file.fileno()), name))


def _npz(path: str, options: Mapping[str, Any]) -> Value | None:
    name = files.shown(path)
    with ExitStack() as stack:
        file = stack.enter_context(files.opened(path, LARGEST_FILE))
        archive = stack.enter_context(numpy_files.archived(file, name))
        array = archive.chosen(options.get("array"))
        label = f"{name}: {array}"
        stored = archive.stands(array, file)
        if stored is not None:
            file.seek(stored.start)
            return _numpy(label, file, Handle(os.dup(file.fileno()), name), stored.stop)
        with archive.opened(array) as member:
            found = numpy_files.header(member, label, LARGEST_KEPT)
            if prod(found.shape) <= LARGE:
                return None
            _judged(label, found.shape)
            wanted = prod(found.shape) * found.dtype.itemsize
            if wanted > max(LARGEST_TABLE, PACKED * os.path.getsize(path)):
                raise FileError(f"{label} unpacks to {wanted:,} bytes, too many for the size of its file")
            handle = _spilled(iter(lambda: _piece(member, label), b""), label, wanted)
        return Stored(_in_rows(handle, 0, found))


def _numpy(label: str, file: Any, handle: Handle, end: int | None = None) -> Stored | None:
    """An array in NumPy's format, whose header is next in the file, and whose numbers stop before byte `end`."""
    found = numpy_files.header(file, label, LARGEST_KEPT)
    if prod(found.shape) <= LARGE:
        return None
    _judged(label, found.shape)
    offset = file.tell()
    if end is not None and offset + prod(found.shape) * found.dtype.itemsize > end:
        raise FileError(f"{label} has more numbers by its header than the archive holds")
    return Stored(_in_rows(handle, offset, found))


def _in_rows(handle: Handle, offset: int, found: numpy_files.Header) -> FileRows:
    """The rows of an array; one that is stored column after column (Fortran's order) is written anew."""
    import numpy as np

    if not found.fortran or len(found.shape) < 2:
        return FileRows(handle, offset, found.dtype, found.shape)
    columns, shape = prod(found.shape[1:]), found.shape
    stored = FileRows(handle, offset, found.dtype, (columns, shape[0]))
    spill, step, size = Spill(handle.name), max(1, BLOCK // columns), found.dtype.itemsize
    for start in range(0, shape[0], step):
        block: Any = np.empty((columns, min(step, shape[0] - start)), found.dtype)
        place = memoryview(block.reshape(-1).view(np.uint8))
        wide = block.shape[1] * size
        for k in range(columns):
            handle.into(place[k * wide : (k + 1) * wide], offset + k * stored.width + start * size)
        spill.add(np.ascontiguousarray(block.reshape(*shape[:0:-1], -1).T))
    handle.check()
    return FileRows(spill.handle(), 0, found.dtype, shape)


def _piece(member: Any, label: str) -> bytes:
    try:
        piece: bytes = member.read(PIECE)
    except Exception as error:  # a broken archive: zlib, zipfile, struct, ... each raise their own
        raise FileError(f"{label} cannot be read as a NumPy array") from error
    return piece


def _spilled(pieces: Iterable[bytes], name: str, wanted: int) -> Handle:
    """What is unpacked, in a temporary file; no more of it than is wanted, and a little."""
    spill, found = Spill(name), 0
    for piece in pieces:
        spill.add(piece)
        found += len(piece)
        if found > wanted:
            break
    return spill.handle()


def _judged(name: str, shape: Shape) -> None:
    """The order in which examples come is held, so there may not be any number of them."""
    if shape[0] > LARGEST_ARRAY or prod(shape) > LARGEST_KEPT:
        raise FileError(f"{name} is too large: {shape[0]:,} rows and {prod(shape):,} numbers")


READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Value | None]] = {
    "csv": _csv,
    "idx": _idx,
    "npy": _npy,
    "npz": _npz,
}
"""How each kind of file is read."""
