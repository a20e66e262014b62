"""What can go wrong, in one tree: every error knows its reason, its place and what to write instead.

BackpropError            exit status 2: the command line, a file or the spec is wrong
├── UsageError           the command line
├── FileError            a file that cannot be read or written
│   └── LargeFileError   one that is too large to be read whole
└── SpecError            the words of a network
    ├── FormulaError     a formula that cannot be read
    └── OperationError   an operation that does not fit its arguments (shapes, options)
        └── MemoryNeededError   more numbers than a network may have
"""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from backpropcli.safe import printable

_NUMBERS = re.compile(r"""[\s{]*(?:"[\w./-]{1,40}"\s*:)?(?:[-+\d.,eE\s\[\]{}]|nan|inf|null|infinity)*\Z""", re.I)
WIDEST_LINE = 120
"""A source line longer than this is shown as a window around its caret."""


class Place(NamedTuple):
    """Where something stands: a file's line and column (both from 1), or a flag (line 0).

    `text` is the whole source line, `length` how many characters the caret underlines.
    """

    file: str
    line: int = 0
    column: int = 0
    text: str = ""
    length: int = 1

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"

    def shifted(self, offset: int, length: int) -> Place:
        """The same line, `offset` characters further to the right."""
        return self._replace(column=self.column + offset, length=length)

    def bare(self) -> Place:
        """The same place without its line, unless that is just numbers: what else is in a file may be a secret."""
        return self if _NUMBERS.match(self.text) else self._replace(text="")

    def excerpt(self) -> list[str]:
        """The source line and the caret line under it; empty where the text is not known."""
        if not self.text.strip():
            return []
        text, start = printable(self.text.rstrip("\r\n")), max(self.column - 1, 0)
        if len(text) > WIDEST_LINE:
            left = max(0, start - WIDEST_LINE // 3)
            piece = text[left : left + WIDEST_LINE]
            text = ("…" if left else "") + piece + ("…" if left + WIDEST_LINE < len(text) else "")
            start += bool(left) - left
        number = str(self.line) if self.line else ""
        lines = [f"{number} | {text}".lstrip() if number else f"| {text}"]
        if self.column:
            carets = "^" * max(1, min(self.length, len(text) - start))
            lines.append(f"{' ' * len(number)}{' ' if number else ''}| {' ' * start}{carets}")
        return lines


class BackpropError(Exception):
    """Something the user can put right: `message` says what is wrong, `place` where, `hint` what to write instead."""

    status = 2

    def __init__(self, message: str, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint
        self.span: tuple[int, int] | None = None
        """Where in a formula it is wrong, (start, length), until the caller who knows the formula's place sets it."""

    def at(self, place: Place | None) -> Self:
        """The same error with its place, unless it already knows a better one."""
        if self.place is None:
            self.place = place
        return self

    def spanning(self, start: int, end: int) -> Self:
        """The same error, narrowed to these characters of the formula unless it is narrower already."""
        if self.span is None:
            self.span = (start, max(end - start, 1))
        return self

    def __str__(self) -> str:
        lines = [printable(self.message)]
        if self.place is not None:
            lines.append(f"  {printable(str(self.place))}")
            lines += [f"  {line}" for line in self.place.excerpt()]
        lines += [f"  {printable(line)}" for line in self.hint.splitlines()]
        return "\n".join(lines)


class UsageError(BackpropError):
    """The command line is wrong: an option, its value, or a combination of them."""


class FileError(BackpropError):
    """A file is missing, unreadable, too large, of the wrong kind, or cannot be written."""


class LargeFileError(FileError):
    """A file, or an array in it, is larger than what is read whole."""


class SpecError(BackpropError):
    """The words of a network are wrong."""


class FormulaError(SpecError):
    """A formula cannot be read, or means nothing in this network."""


class OperationError(SpecError):
    """An operation does not fit its arguments: their number, their shapes or its options."""


class MemoryNeededError(OperationError):
    """The arrays of a network would hold more numbers than they may."""
