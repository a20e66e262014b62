"""Text for a drawing: how wide it is, names with their index set low, formulas broken into lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from math import sqrt
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Run", "broken", "clean", "escape", "quoteattr", "runs", "tspans", "width"]

NARROW = set("iljI.,:;|!'()[]ftr·⁻¹")
THIN = "\u2009"
"""The space around a product's point, narrower than that around a sum's sign."""
SPACES = {THIN: 0.14, "\u2002": 0.55, "\u2004": 0.42, "\u2007": 0.64, "\u2008": 0.42}
WIDE = set("mwMWQO@%&—")
SUBSCRIPT = 0.7
"""Size of an index, as a part of the text's."""
DROP = 0.22
"""How far an index stands below the line, as a part of the text's size."""
RISE = 0.36
"""How far a power stands above it."""
MOST_DEPTH = 8
"""Brackets deep times two: a formula is not cut further inside."""
BREAK_AFTER, SLACK, FLAT = 26, 8, 6
"""A formula is broken into lines of about so many signs, longer ones where they are more than `FLAT` times as many; one
that is a little longer stays whole."""
MOST_SIGNS = 4_000
"""Of a formula that is longer than this its middle is left out: it would be a page of its own."""
LONGEST_NAME = 36
"""A longer name is shortened in its middle inside a formula."""

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_NAME = re.compile(rf"[^\W\d{RAISED}](?:[^\W{RAISED}]|…)*(?:\[\d+\])?(?:\.\d+)?")
_ROW = re.compile(r"(.*\D)\[(\d+)\](\.\d+)?")
"""A row of what runs through time, h[3], or a step inside its formula."""
_INDEXED = re.compile(r"([^\W\d_]+)_?(\d\w*(?:\.\d+)?)|([^\W\d_]+)_(\w+(?:\.\d+)?)|([^\W\d]\w*?)(\.\d+)")
_WORDS = re.compile(r"_[^\W_]*_\w*[^\W\d_]{2}|_[^\W_]*[^\W\d_]{2}[^\W_]*_")
"""Words behind the first underscore and the second: no index, but a name in words."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Run(NamedTuple):
    """A piece of a line: `style` is "name" (italic), "index" (small and low), "power" (small and high) or "" (upright).

    Names in a power are of the style "name power".
    """

    text: str
    style: str


def clean(text: str) -> str:
    """Text without the signs that XML cannot hold."""
    return _NOT_XML.sub("�", text)


def width(text: str, size: float) -> float:
    """About how wide a text is, rather too much than too little: widths of a wide serif fount, in `size`'s unit."""
    total = 0.0
    for sign in text:
        if sign in NARROW:
            total += 0.42
        elif sign in WIDE:
            total += 1.0
        elif sign.isdigit():
            total += 0.64
        elif sign == " ":
            total += 0.33
        elif sign in SPACES:
            total += SPACES[sign]
        elif unicodedata.east_asian_width(sign) in "WF":
            total += 1.05
        elif unicodedata.combining(sign):
            continue
        elif sign.isupper():
            total += 0.82
        else:
            total += 0.66
    return total * size


def run_width(line: Collection[Run], size: float) -> float:
    """About how wide a line of runs is."""
    return sum(width(run.text, size * SUBSCRIPT if _shift(run.style) else size) for run in line)


def _shift(style: str) -> float:
    """How far a run stands below the line, as a part of the text's size."""
    return DROP if style == "index" else -RISE if style.endswith("power") else 0.0


def number(text: str) -> str:
    """A number as print has it, with a true minus sign: `−0.5`, `∞`. The page's script does the same."""
    return text.replace("-", "−").replace("Infinity", "∞")


def name_runs(name: str) -> Iterator[Run]:
    """A name, its index set low: w1, net_h1, W_1_2, h[3]; one of another build, or of many words, stays as it is.

    The number of a step inside a formula, as of J.2, is no index: J2 may be another name.
    """
    if row := _ROW.fullmatch(name):
        yield from (Run(row[1], "name"), Run(row[2], "index"), *([Run(row[3], "")] if row[3] else []))
        return
    found = _INDEXED.fullmatch(name)
    if not found or _WORDS.search(name):
        yield Run(name, "name")
        return
    base, index = [part for part in found.groups() if part is not None]
    yield Run(base, "name")
    index, dot, step = index.partition(".")
    if index.strip("_"):
        yield Run(index.strip("_").replace("_", ","), "index")
    if dot:
        yield Run(dot + step, "")


def runs(text: str, names: Collection[str]) -> list[Run]:
    """A line of text in which the network's names are set as names, and powers are raised: `2**(a + b)`."""
    result: list[Run] = []
    while (found := _raised(text)) is not None:
        start, end, inside = found
        result.extend(_named(text[:start], names))
        for run in _named(inside, names):
            named = run.style in ("name", "index")
            result.append(Run(run.text, "name power" if named else "power"))
        text = text[end:]
    return [*result, *_named(text, names)]


def _raised(text: str) -> tuple[int, int, str] | None:
    """Where a line's first power with `**` begins and ends, and the exponent without its parentheses."""
    start = text.find("**")
    if start < 0:
        return None
    depth, plain = 0, re.compile(r"[^\W\d]\w*\(|[\w.]+").match(text, start + 2)
    for k in range(start + 2, len(text)):
        depth += (text[k] in "([") - (text[k] in ")]")
        if not depth and text[k] in ")]":
            inside = text[start + 2 : k + 1]
            return start, k + 1, inside[1:-1] if text[start + 2] == "(" else inside
        if depth <= 0 and (plain is None or k + 1 >= plain.end()) and text[k + 1 : k + 2] != "(":
            break
    return (start, plain.end(), plain[0]) if plain and not plain[0].endswith("(") else None


def _named(text: str, names: Collection[str]) -> list[Run]:
    result: list[Run] = []
    last = 0
    for found in _NAME.finditer(text):
        name = found.group()
        name = name if name in names else name.partition("[")[0]  # of an array that is indexed the name alone
        end = found.start() + len(name)
        if name in names and text[end : end + 1] != "(":
            if found.start() > last:
                result.append(Run(text[last : found.start()], ""))
            result.extend(name_runs(name))
            last = end
    if last < len(text):
        result.append(Run(text[last:], ""))
    return result


def tspans(line: Collection[Run], size: float) -> str:
    """Runs as markup inside a text element of this size; the line ends where it began, on its base line.

    A thin space is a distance, not a sign: many founts have none, and take a wide one from another.
    """
    parts = []
    low, apart = 0.0, 0.0
    for run in line:
        for k, text in enumerate(run.text.split(THIN)):
            apart += SPACES[THIN] * size if k else 0.0
            if not text:
                continue
            shift, low = _shift(run.style) - low, _shift(run.style)
            places = f' dx="{apart:.4g}"' if apart else ""
            places += f' dy="{shift * size:.4g}"' if shift else ""
            places += f' font-size="{size * SUBSCRIPT:.4g}"' if low else ""
            kind = f' class="{run.style}"' if run.style else ""
            apart = 0.0
            text = escape(clean(text))
            parts.append(f"<tspan{kind}{places}>{text}</tspan>" if kind or places else text)
    return "".join(parts)


def broken(text: str, limit: int = BREAK_AFTER, slack: int = SLACK) -> list[str]:
    """A formula in lines of about `limit` signs, broken where it binds least.

    Nothing is left out of it but the middle of one that would fill a page; a line is longer where it cannot be broken.
    Without `slack` no other is.
    """
    if len(text) <= limit + slack:
        return [text]
    if slack:
        limit = max(limit, round(sqrt(FLAT * len(text)) * 0.9))
    pieces = list(_pieces(text, limit))
    if len(text) > MOST_SIGNS:
        pieces = [*_first(pieces), " …", *reversed(list(_first(pieces[::-1])))]
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > limit:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece.lstrip())
        else:
            lines[-1] += piece
    return lines


def _first(pieces: Sequence[str]) -> Iterator[str]:
    """The first of them, as many as go into half of the longest formula."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MOST_SIGNS // 2:
            return
        yield piece


def _pieces(text: str, limit: int) -> Iterator[str]:
    """A formula in pieces that stay together: cut at its sums, only where these are long at its products, and so on."""
    waiting = [(text, 0)]
    while waiting:
        piece, level = waiting.pop()
        cuts = _cuts(piece, level)
        if len(piece) <= limit or level > MOST_DEPTH:
            yield piece
        else:
            parts = [piece[a:b] for a, b in zip([0, *cuts], [*cuts, len(piece)], strict=True)]
            waiting.extend((part, level + 1) for part in reversed(parts))


def _cuts(text: str, level: int) -> list[int]:
    """Where a formula is cut: in front of the sums (products, at odd levels) `level // 2` brackets deep."""
    depth, result = 0, []
    signs = " */@·" if level % 2 else "+-−&|<>=≤≥≠"
    for k, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if depth == level // 2 and 0 < k < len(text) - 2:
            if sign == " " and text[k + 1] in signs and text[k + 2] in " =":
                result.append(k)
            elif sign == " " and text[k - 1] == ",":
                result.append(k + 1)
    return result
