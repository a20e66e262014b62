"""Which files are meant: names as typed, and patterns (`nets/*.yaml`) that no shell has expanded."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable

from backpropcli.errors import FileError

ENDINGS = (".yaml", ".yml", ".json")
"""What networks are written in: other files that a pattern matches are passed over."""


def is_pattern(word: str) -> bool:
    """Whether a word stands for several files: it has a wildcard, and no file is called just so."""
    wild = "*" in word or "?" in word or ("[" in word and word.lower().endswith(ENDINGS))
    return wild and not os.path.lexists(word)


def matching(words: Iterable[str]) -> list[str]:
    """The files that words and patterns name (`**` stands for folders in folders), in order, each once.

    Raises FileError for a folder, and for a pattern that matches nothing. Whether a file that is named exists shows
    when it is read.
    """
    files: dict[str, None] = {}
    for word in words:
        if os.path.isdir(word):
            pattern = os.path.join(word, "*.yaml")
            raise FileError(f"{word} is a folder, not a file", hint=f"The networks in it:  backprop check '{pattern}'")
        if not is_pattern(word):
            files[word] = None
            continue
        found = sorted(f for f in glob.glob(word, recursive=True) if f.lower().endswith(ENDINGS) and os.path.isfile(f))
        if not found:
            raise FileError(f"nothing matches {word}", hint=_near_folder(word))
        files.update(dict.fromkeys(found))
    return list(files)


def _near_folder(pattern: str) -> str:
    """What may have been meant by a pattern that matches nothing."""
    folder = os.path.dirname(pattern)
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    if folder and not os.path.isdir(folder):
        return f"There is no folder {folder}."
    return "Networks end in .yaml, .yml or .json; ** stands for folders in folders: '**/*.yaml'"
