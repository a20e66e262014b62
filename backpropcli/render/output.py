"""Where results go, standard output or a file, and in which format and colour."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterable
from typing import IO, Any, NamedTuple

from backpropcli.errors import FileError, UsageError
from backpropcli.render.table import INDENT, Cell, Table
from backpropcli.render.width import worded
from backpropcli.render.writing import reason, write_file
from backpropcli.safe import leaving

EXCERPT = re.compile(r"\s*\d*\s*\| ")
"""A line of a file, or of carets, in an error."""
COLORS = ("auto", "always", "never")
SIGNS = "─…±◀→·−∂"
"""What the tables print beyond ASCII; a stream that cannot encode them gets ASCII."""
ASCII = str.maketrans(
    {
        "─": "-",
        "…": "...",
        "±": "+-",
        "◀": "<",
        "→": "->",
        "·": "*",
        "−": "-",
        "²": "^2",
        "½": "1/2",
        "∂": "D",
        **{sign: str(k) for k, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    }
)
MOST_COLOURED_ROWS = 2_000
"""Rich takes 0.3 ms a row: longer tables are printed plain."""
MOST_COLOURED_COLUMNS = 2_000
"""Wider ones too."""


class Destination(NamedTuple):
    """What the output options say: `path` is None for standard output, `format` the name of one.

    `raw`: the text was made safe by who wrote it (see `safe.leaving`).
    """

    path: str | None = None
    format: str = "table"
    color: str = "auto"
    quiet: bool = False
    raw: bool = False

    @property
    def width(self) -> int | None:
        """The terminal's width; None for files and pipes, where nothing is cut."""
        return terminal_width(sys.stdout) if self.path is None else None

    @property
    def coloured(self) -> bool:
        """Whether to colour the output; never in a file."""
        return self.path is None and colour_wanted(self.color, sys.stdout)

    @property
    def ascii(self) -> bool:
        """Whether the output cannot show signs beyond ASCII."""
        return self.path is None and not _encodes(sys.stdout, SIGNS)

    def write(self, content: Iterable[str] | bytes, moves: bool = False) -> None:
        """Write text or bytes: a file is written whole or not at all. `moves`: the cursor's moves are ours."""
        if self.path is not None:
            write_file(self.path, content, self.raw)
        elif isinstance(content, bytes):
            print_bytes(content, self.format)
        else:
            print_all(content, self.raw, moves)

    def spelled(self, table: Table) -> Table:
        """A table in the signs that the output has, before its columns are measured."""
        return spelled_out(table, getattr(sys.stdout, "encoding", None) or "ascii") if self.ascii else table

    def note(self, text: str) -> None:
        """A message beside the data, on stderr, unless quiet."""
        if not self.quiet:
            message(text)


def known_color(choice: str | None) -> str:
    """What `--color` says; UsageError for a word that is none of its three."""
    if choice is not None and choice not in COLORS:
        raise UsageError(f"--color {choice}: expected auto, always or never")
    return choice or "auto"


def colour_wanted(choice: str, stream: Any) -> bool:
    """`--color`, else NO_COLOR, else FORCE_COLOR, else whether the stream is a terminal that knows colours."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and is_terminal(stream)


def terminal_width(stream: Any) -> int | None:
    """The columns of the terminal behind a stream (COLUMNS goes before what it says itself); None for a pipe."""
    if not is_terminal(stream):
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def render(table: Table, width: int | None = None, coloured: bool = False) -> str:
    """A table as text that fits `width` as far as it can, with ANSI codes where `coloured`."""
    if not coloured or not table.columns or sum(map(len, table.sections)) > MOST_COLOURED_ROWS:
        return table.text(width)
    from io import StringIO

    from rich.console import Console
    from rich.padding import Padding

    layout = table.layout(width)
    if layout.width > MOST_COLOURED_COLUMNS or layout.overflows:
        return table.text(width)
    text = StringIO()
    console = Console(
        file=text,
        width=max(layout.width, 1),
        force_terminal=True,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    if layout.title:
        head, _, rest = layout.title.partition("   ")
        console.print(f"\x1b[1m{head}\x1b[0m{'   ' + rest if rest else ''}\n", soft_wrap=True)
    console.print(Padding(layout.rich_table(), (0, 0, 0, len(INDENT)), expand=False), crop=False, overflow="ignore")
    if layout.footers:
        console.print("\n" + "\n".join(layout.footers), soft_wrap=True)
    return text.getvalue()


def at_words(text: str, width: int | None) -> str:
    """A message broken at words where a line is wider than the terminal; lines of a file are left as they are."""
    if width is None:
        return text
    return "\n".join(
        part for line in text.split("\n") for part in ([line] if EXCERPT.match(line) else worded(line, width))
    )


def message(text: str) -> None:
    """A line, or a block of them, on stderr, which may be closed; in a terminal it is broken at words."""
    _print_message(at_words(text, terminal_width(sys.stderr)))


def _print_message(text: str) -> None:
    if sys.stderr is None:  # closed: a message is lost, and never stands among the data
        return
    try:
        print("".join(leaving([text])), file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        hush(sys.stderr)


def error_message(text: str, choice: str = "auto") -> None:
    """`error:` and a block of text on stderr; red where it is a terminal that knows colours."""
    red, plain = ("\x1b[1;31m", "\x1b[0m") if colour_wanted(choice, sys.stderr) else ("", "")
    whole = at_words(f"error: {text}", terminal_width(sys.stderr))
    _print_message(f"{red}error:{plain}{whole.removeprefix('error:')}")


def print_all(chunks: Iterable[str], raw: bool = False, moves: bool = False) -> None:
    """Write to standard output; a closed pipe is the reader's business, a full disk an error.

    Where the stream's encoding has no signs beyond ASCII, rules are hyphens and … is three points. `raw`, `moves`: see
    `safe.leaving`.
    """
    stream = sys.stdout
    if stream is None:
        raise FileError("there is no standard output to write to")
    if not _encodes(stream, SIGNS):
        chunks = map(to_ascii, chunks)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    try:
        for chunk in leaving(chunks, raw=raw, moves=moves):
            stream.write(chunk)
        stream.flush()
    except OSError as error:
        hush(stream)
        if error.errno not in (errno.EPIPE, errno.ESHUTDOWN):
            raise FileError(f"the output cannot be written: {reason(error)}") from error


def print_bytes(content: bytes, form: str) -> None:
    """Write bytes to standard output, a file or a pipe: a terminal would take them for signs."""
    stream = sys.stdout
    if is_terminal(stream):
        raise UsageError(f"{form} is no text for a terminal", hint=f"Write a file:  -o plot.{form}")
    try:
        stream.buffer.write(content)
        stream.flush()
    except AttributeError:
        raise FileError(f"standard output takes no {form}", hint=f"Write a file:  -o plot.{form}") from None
    except OSError as error:
        hush(stream)
        if error.errno not in (errno.EPIPE, errno.ESHUTDOWN):
            raise FileError(f"the output cannot be written: {reason(error)}") from error


def to_ascii(text: str) -> str:
    """`text` with ASCII for the tables' signs, columns kept where the space behind a … allows it."""
    return text if text.isascii() else text.replace("…  ", "...").translate(ASCII)


def spelled_out(table: Table, encoding: str) -> Table:
    """A table without signs that an encoding does not have: `\\u03b8` for θ, as wide as it will be printed."""

    def text(cell: str) -> str:
        return cell if cell.isascii() else to_ascii(cell).encode(encoding, "backslashreplace").decode(encoding)

    def spelled(cell: Cell) -> Cell:
        return text(cell) if isinstance(cell, str) else [[text(x) for x in row] for row in cell]

    return table._replace(
        title=text(table.title),
        columns=[column._replace(title=text(column.title)) for column in table.columns],
        sections=[[[spelled(cell) for cell in row] for row in section] for section in table.sections],
    )


def hush(stream: IO[str] | None) -> None:
    """Send what a stream still holds nowhere, so that closing it at exit makes no noise."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        pass


def is_terminal(stream: Any) -> bool:
    """Whether a stream, which may be closed, leads to a terminal."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def _encodes(stream: Any, text: str) -> bool:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if encoding.lower() in ("utf-8", "utf8"):
        return True
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
