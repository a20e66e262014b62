"""The words of a network before they mean anything: sections of plain data, and the place of each."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, Place, SpecError
from backpropcli.language.file.places import Key, within
from backpropcli.language.file.reading import inside

if TYPE_CHECKING:
    from backpropcli.language.file.document import Document
    from backpropcli.language.made import Copy


class Words:
    """`sections` by name, as written in a document and changed by flags; `place` knows where each value is written.

    `source` is what tables call the network; `folder` is where the paths in it start, and what they stay in, but for
    the folders that are `allowed` too. `read` is how many bytes its files have.
    """

    __slots__ = (
        "_document",
        "_elsewhere",
        "_flags",
        "allowed",
        "batches",
        "copies",
        "files",
        "folder",
        "read",
        "sections",
        "source",
        "standardised",
    )

    def __init__(
        self, source: str, document: Document | None = None, folder: str = "", allowed: Sequence[str] = ()
    ) -> None:
        self.source = source
        self.folder = folder
        self.allowed = allowed
        self.read = len(document) if document is not None else 0
        self.sections: dict[str, Any] = {}
        self.standardised: dict[str, tuple[Any, Any]] = {}
        """The arrays that are standardised, by name, with the holdout and the seed that said which rows count."""
        self.files: list[str] = []
        """The data files that the document names, as it names them."""
        self.copies: dict[str, Copy] = {}
        """Which use of a block made a name, where one did."""
        self.batches = False
        """Whether a batch of the examples is computed at a time, and never all of them."""
        self._document = document
        self._flags: dict[Key, tuple[str, str, int]] = {}
        self._elsewhere: dict[Key, Callable[[], Place | None]] = {}

    def replace(self, path: Key, value: Any, flag: str, text: str, offset: int = 0) -> None:
        """Take `value` for what stands at (section, name), from a flag's text; the value starts at `offset` in it."""
        section, name = path
        part = self.sections.setdefault(str(section), [] if isinstance(name, int) else {})
        if isinstance(part, list):
            part.append(value)
        else:
            part[name] = value
        self.mark(path, flag, text, offset)

    def mark(self, path: Key, flag: str, text: str, offset: int = 0) -> None:
        """Remember that what stands at `path` comes from a flag's text."""
        self._flags[path] = (flag, text, offset)

    def stands(self, path: Key, locate: Callable[[], Place | None]) -> None:
        """Remember that the value at `path` comes from another file, where `locate` finds it."""
        self._elsewhere[path] = locate

    @property
    def document(self) -> Document | None:
        """The document that they were read from."""
        return self._document

    def flagged(self, *sections: str) -> str:
        """The first flag that changed one of these sections; empty where none did."""
        return next((flag for path, (flag, _, _) in self._flags.items() if path[0] in sections), "")

    def from_flag(self, path: Key) -> bool:
        """Whether a flag gave what stands at `path`."""
        return any(path[:depth] in self._flags for depth in (1, 2))

    def place(self, path: Key, span: tuple[int, int] | None = None, key: bool = False) -> Place | None:
        """Where the value at `path` is written; `span` (start, length) narrows it, `key` means its name instead.

        None where it stands nowhere: behind an empty key.
        """
        if path[:1] == ("",):
            return None
        for depth in (2, 1):
            if path[:depth] in self._elsewhere:
                return self._elsewhere[path[:depth]]()
            if len(path) >= depth and path[:depth] in self._flags:
                flag, text, offset = self._flags[path[:depth]]
                said = text[offset:]
                inner = next((part for part in reversed(path[depth:]) if isinstance(part, str)), "")
                setting = re.search(rf"(?<!\w){re.escape(inner)}\s*=\s*", text) if inner else None
                if setting is not None:
                    end = setting.end() + len(re.match(r"[^,()\[\]]*", text[setting.end() :])[0])  # type: ignore[index]
                    start, stop = (setting.start(), setting.start() + len(inner)) if key else (setting.end(), end)
                    return Place(flag, 0, start + 1, text, max(stop - start, 1))
                if key:
                    return Place(flag, 0, 1, text, max(offset - 1, 1))
                narrowed = within(said, said, span) if span is not None and len(path) == depth else None
                start, length = narrowed or (0, len(said))
                return Place(flag, 0, offset + start + 1, text, max(length, 1))
        return self._document.place(path, span, key) if self._document is not None else None

    def text(self, path: Key) -> str:
        """The scalar at `path` as it is written."""
        if path[:2] in self._flags:
            _, text, offset = self._flags[path[:2]]
            return text[offset:].strip() if len(path) == 2 else ""
        return self._document.text(path) if self._document is not None else ""

    def error(self, message: str, path: Key, hint: str = "", *, key: bool = False) -> SpecError:
        """A SpecError at `path`."""
        return SpecError(message, self.place(path, key=key), hint)

    def placed(self, error: BackpropError, path: Key) -> BackpropError:
        """An error with the place of `path`, narrowed to the error's span, unless it has one."""
        if error.place is None:
            error.place = self.place(path, error.span)
        return error

    def file(self, path: str, key: Key) -> str:
        """A data file named at `key`, seen from where we are; FileError where a spec may not read it.

        What somebody types on the command line is their own will: a flag may name any file.
        """
        flagged = self.from_flag(key)
        where = os.path.join(self.folder, path) if flagged else inside(path, self.folder, self.allowed)
        if not flagged and path not in self.files:
            self.files.append(path)
        self.counts(where)
        return where

    def astray(self, folder: str) -> list[str]:
        """The data files that the document, were it in this folder, would not find: as it names them."""
        return [
            path
            for path in self.files
            if os.path.realpath(os.path.join(folder, path)) != os.path.realpath(os.path.join(self.folder, path))
        ]

    @property
    def instead(self) -> str:
        """How a training that `train:` describes goes with less memory; empty where it is one already."""
        train = self.sections.get("train")
        if self.batches or not isinstance(train, dict):
            return ""
        batch = train.get("batch")
        if type(batch) is int:
            return f"backprop train  takes {batch:,} examples at a time, and does not hold the others."
        return "backprop train --batch 128  takes so many examples at a time, and does not hold the others."

    def counts(self, file: str) -> None:
        """Remember how large a file of numbers is, by which the network is judged: see `waiting.allowance`."""
        with suppress(OSError):
            self.read += os.path.getsize(file)
