"""The rows of an array that stays in its file: read when they are wanted, and never from a file that has changed.

Rows are read, not mapped: a mapped file that is cut short ends the process (SIGBUS), and what was touched of it counts
as the process's own memory. Here a short file is a short read, which is an error like any other.
"""

from __future__ import annotations

import hashlib
import os
import weakref
from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import FileError

if TYPE_CHECKING:
    from backpropcli.language.training.split import Rows
    from backpropcli.ops.shape import Shape

DENSE = 2
"""Rows that make up at least one in so many of those between them are read together with the others."""
PIECE = 1 << 20
"""How many bytes are read at a time where all are read."""


class Handle:
    """An open file, known to messages as `name`; closed when nothing uses it any more.

    `changes` says whether another program may write to it, as it may not to a temporary file without a name.
    """

    def __init__(self, number: int, name: str, changes: bool = True) -> None:
        self.number, self.name = number, name
        self.size, self._moment = self._state()
        self._changes = changes
        weakref.finalize(self, os.close, number)

    def _state(self) -> tuple[int, int]:
        state = os.fstat(self.number)
        return state.st_size, state.st_mtime_ns

    def check(self) -> None:
        """FileError where the file is not what it was when it was opened."""
        if not self._changes or (now := self._state()) == (self.size, self._moment):
            return
        what = f"{self.name} was cut short" if now[0] < self.size else f"{self.name} changed"
        raise FileError(
            f"{what} while it was read: it had {self.size:,} bytes, and has {now[0]:,}",
            hint="A large file is read batch by batch: leave it alone until the training is over.",
        )

    def into(self, place: memoryview, offset: int) -> None:
        """Fill a place with the bytes that stand from `offset` on."""
        try:
            while place:
                if hasattr(os, "preadv"):
                    found = os.preadv(self.number, [place], offset)
                else:  # not on every system
                    os.lseek(self.number, offset, os.SEEK_SET)
                    data = os.read(self.number, len(place))
                    found = len(data)
                    place[:found] = data
                if not found:
                    self.check()
                    raise FileError(f"{self.name} ends at byte {offset:,}, before its last number")
                place, offset = place[found:], offset + found
        except OSError as error:
            raise FileError(f"{self.name} cannot be read: {(error.strerror or str(error)).lower()}") from None


class FileRows:
    """An array of this `shape` and `dtype` (NumPy's word for it), row after row from byte `offset` of a file on."""

    def __init__(self, handle: Handle, offset: int, dtype: Any, shape: Shape) -> None:
        import numpy as np

        self.handle, self.offset, self.dtype, self.shape = handle, offset, np.dtype(dtype), shape
        self.width = prod(shape[1:]) * self.dtype.itemsize
        wanted = offset + shape[0] * self.width
        if handle.size < wanted:
            raise FileError(
                f"{handle.name} has {handle.size:,} bytes, but its numbers end at {wanted:,}: it is cut off, or broken"
            )
        self._digest = b""

    def reshaped(self, shape: Shape) -> FileRows:
        """The same numbers in another shape."""
        return FileRows(self.handle, self.offset, self.dtype, shape)

    def take(self, rows: Rows) -> Any:
        """These rows, in this order, as float64."""
        import numpy as np

        self.handle.check()
        if not len(rows):
            return np.empty((0, *self.shape[1:]))
        first, count = int(rows.min()), int(rows.max()) - int(rows.min()) + 1
        if count <= DENSE * len(rows):
            span = self._empty(count)
            self.handle.into(_bytes(span), self.offset + first * self.width)
            found = span[rows - first]
        else:
            found = self._empty(len(rows))
            place = _bytes(found)
            for k, row in enumerate(rows.tolist()):
                self.handle.into(place[k * self.width : (k + 1) * self.width], self.offset + row * self.width)
        return found.astype(np.float64, copy=False)

    def _empty(self, count: int) -> Any:
        import numpy as np

        return np.empty((count, *self.shape[1:]), self.dtype)

    def digest(self) -> bytes:
        """A hash of the numbers as they are stored; the file is read for it once."""
        if not self._digest:
            self.handle.check()
            found, end = hashlib.sha256(repr((self.dtype.str, self.shape)).encode()), self.offset
            left = self.shape[0] * self.width
            while left:
                piece = bytearray(min(PIECE, left))
                self.handle.into(memoryview(piece), end)
                found.update(piece)
                left, end = left - len(piece), end + len(piece)
            self._digest = found.digest()
        return self._digest


def _bytes(array: Any) -> memoryview:
    """An array's own bytes, to be written into."""
    import numpy as np

    return memoryview(array.reshape(-1).view(np.uint8))
