"""Which files this run has read: none of them is ever written over."""

from __future__ import annotations

import os

_READ: dict[tuple[int, int], str] = {}
"""Device and inode, which links and other spellings of a path share, with the name that was read."""


def remember(status: os.stat_result, name: str) -> None:
    """Keep in mind that a file was read, by the name that the user knows it by."""
    _READ.setdefault((status.st_dev, status.st_ino), name)


def read_as(path: str) -> str | None:
    """The name by which the file that `path` leads to was read; None where it was not, or is not there."""
    if not _READ:
        return None
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return _READ.get((status.st_dev, status.st_ino))


def forget() -> None:
    """A new run: nothing has been read yet."""
    _READ.clear()
