"""Text made safe where it leaves the program: no stranger's file drives a terminal, a log, a CI server, a spreadsheet.

Everything that is printed or written passes `leaving` (see `render.output` and `render.writing`), which lets no control
character out that is not ours. What one line of a message may hold is `printable`; formats with signs of their own
escape those themselves: CSV's cells by `cell`, Markdown's text by `markdown`, JSON's by `quoted`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

REPLACED = "\ufffd"
"""What stands in place of a character that is not shown."""

CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
"""C0 and C1 without tab and line feed, and what turns the order of letters around or breaks a line unseen."""
_CONTROL = re.compile(f"[{CONTROLS}]")
_COLOUR = r"\x1b\[(?:[0-4];)*(?:[0-4]|22|[39][0-7])?m"
_OURS = re.compile(rf"({_COLOUR})|[{CONTROLS}]")
_MOVES = re.compile(rf"({_COLOUR}|\x1b\[A|\x1b\[[0-9]+C|\x1b\[K|\r)|[{CONTROLS}]")
_COMMAND = re.compile(rf"^((?:\s|{_COLOUR})*):(?=:)", re.M)
_BLANK = re.compile(rf"(?:\s|{_COLOUR})*\Z")
_VSO = re.compile(r"##(?=(?:[A-Za-z]{0,12})\[)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\Z|[-+]?(?:nan|inf)\Z", re.I)


def printable(text: str) -> str:
    """One line of `text`: control characters and line breaks made harmless, one for one; tabs are blanks."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _shown(c) for c in text)


def _shown(c: str) -> str:
    if c == "\t" or c in "\xa0\u2002\u2003\u2004\u2007\u2008\u2009\u202f\u3000":
        return " "
    return REPLACED


def file_name(path: str) -> str:
    """A file's name as text: bytes that are not UTF-8 as `\\xff`, so that any format can hold it."""
    if path.isascii():
        return path
    return re.sub("[\udc80-\udcff]", lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", path)


def leaving(chunks: Iterable[str], *, raw: bool = False, moves: bool = False) -> Iterator[str]:
    """The chunks of an output without what could drive who reads it: every way out of the program goes through here.

    Control characters become �, but for our own colours (and cursor moves, where the session `moves`). A line that a
    CI server would obey (`::error::`, `##[group]`) is broken up, unless the format is `raw`: commands of our own, or a
    page, in which such a line is style.
    """
    ours = _MOVES if moves else _OURS
    blank = True  # whether this line is white space so far
    for text in chunks:
        if _CONTROL.search(text):
            text = ours.sub(lambda found: found[1] or REPLACED, text)
        if not raw:
            if "::" in text:
                text = _COMMAND.sub(r"\1: ", text) if blank else _later_lines(text)
            if "##" in text:
                text = _VSO.sub("# #", text)
            last = text.rpartition("\n")
            blank = (bool(last[1]) or blank) and _BLANK.match(last[2]) is not None
        yield text


def _later_lines(text: str) -> str:
    """The same for a chunk that goes on with a line."""
    first, feed, rest = text.partition("\n")
    return first + feed + _COMMAND.sub(r"\1: ", rest)


def cell(text: str) -> str:
    """A field of a CSV file that no spreadsheet takes for a formula; a number stays one.

    >>> cell("=1+1"), cell("-0.5"), cell("-w*x"), cell("w1")
    ("'=1+1", '-0.5', "'-w*x", 'w1')
    """
    if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.match(text):
        return "'" + text
    return text


def markdown(text: str) -> str:
    """Plain text in Markdown: stars, bars, brackets and backticks mean themselves, and nothing is HTML or a link.

    >>> markdown("<b> [x](y) a|b")
    '\\\\<b> \\\\[x\\\\](y) a\\\\|b'
    """
    text = re.sub(r"([\\`*_|<\[\]]|^>)", r"\\\1", printable(text))
    return re.sub(r"&(?=#?\w+;)", "&amp;", text)


def code(text: str) -> str:
    """Code in Markdown, with the sign that would end it kept harmless."""
    return "`" + printable(text).replace("`", "'") + "`"


def quoted(text: str) -> str:
    """A JSON string; what could drive a terminal or a CI server is escaped, so that the text stays itself."""
    from json.encoder import encode_basestring

    said = encode_basestring(text)
    if not said.isprintable():
        said = "".join(c if c.isprintable() else _escaped(c) for c in said)
    return said.replace("##", "#\\u0023") if "##" in said else said


def _escaped(c: str) -> str:
    point = ord(c)
    if point < 0x10000:
        return f"\\u{point:04x}"
    return f"\\u{0xD800 + (point - 0x10000 >> 10):04x}\\u{0xDC00 + (point - 0x10000 & 0x3FF):04x}"
