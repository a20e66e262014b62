"""Text for a drawing: how wide it is, names with their index set low, formulas broken into lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Run", "broken", "clean", "escape", "quoteattr", "runs", "tspans", "width"]

NARROW = set("iljI.,:;|!'()[]ftr·⁻¹")
THIN = "\u2009"
"""The space around a product's point, narrower than that around a sum's sign."""
SPACES = {THIN: 0.2, "\u2002": 0.55, "\u2004": 0.42, "\u2007": 0.64, "\u2008": 0.42}
WIDE = set("mwMWQO@%&—")
SUBSCRIPT = 0.7
"""Size of an index, as a part of the text's."""
DROP = 0.22
"""How far an index stands below the line, as a part of the text's size."""
MOST_LINES = 4
MOST_DEPTH = 8
"""Brackets deep times two: a formula is not cut further inside."""
BREAK_AFTER, SLACK = 26, 8
"""A formula is broken into lines of about so many signs; a line may be so much longer where it cannot be broken."""

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_NAME = re.compile(rf"[^\W\d{RAISED}][^\W{RAISED}]*(?:\.\d+)?")
_INDEXED = re.compile(r"([^\W\d_]+)_?(\d\w*(?:\.\d+)?)|([^\W\d_]+)_(\w+(?:\.\d+)?)|([^\W\d]\w*?)(\.\d+)")
_WORDS = re.compile(r"_[^\W_]*_\w*[^\W\d_]{2}|_[^\W_]*[^\W\d_]{2}[^\W_]*_")
"""Words behind the first underscore and the second: no index, but a name in words."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Run(NamedTuple):
    """A piece of a line: `style` is "name" (italic), "index" (small and low) or "" (upright)."""

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
    return sum(width(run.text, size * SUBSCRIPT if run.style == "index" else size) for run in line)


def name_runs(name: str) -> Iterator[Run]:
    """A name, its index set low: w1, net_h1, W_1_2, J.2; a name of another build, or of many words, stays as it is."""
    found = _INDEXED.fullmatch(name)
    if not found or _WORDS.search(name):
        yield Run(name, "name")
        return
    base, index = [part for part in found.groups() if part is not None]
    yield Run(base, "name")
    yield Run(index.strip("._").replace("_", ","), "index")


def runs(text: str, names: Collection[str]) -> list[Run]:
    """A line of text in which the network's names are set as names."""
    result: list[Run] = []
    last = 0
    for found in _NAME.finditer(text):
        if found.group() in names and text[found.end() : found.end() + 1] != "(":
            if found.start() > last:
                result.append(Run(text[last : found.start()], ""))
            result.extend(name_runs(found.group()))
            last = found.end()
    if last < len(text):
        result.append(Run(text[last:], ""))
    return result


def tspans(line: Collection[Run], size: float) -> str:
    """Runs as markup inside a text element of this size; the line ends where it began, on its base line."""
    parts = []
    low = False
    for run in line:
        shift = ""
        if (run.style == "index") != low:
            low = not low
            shift = f' dy="{DROP * size if low else -DROP * size:.4g}"'
        small = f' font-size="{size * SUBSCRIPT:.4g}"' if low else ""
        kind = f' class="{run.style}"' if run.style else ""
        text = escape(clean(run.text))
        parts.append(f"<tspan{kind}{shift}{small}>{text}</tspan>" if kind or shift or small else text)
    return "".join(parts)


def broken(text: str, limit: int = BREAK_AFTER, most: int = MOST_LINES) -> list[str]:
    """A formula in lines of about `limit` signs, broken where it binds least; at most `most` of them.

    What is left over after the last line is an ellipsis: the whole formula belongs in a tooltip.
    """
    lines = [""]
    for piece in _pieces(text, limit) if len(text) > limit + SLACK else [text]:
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > limit:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece.lstrip())
        else:
            lines[-1] += piece
    lines = [line if len(line) <= limit + SLACK else line[: limit + SLACK - 2] + " …" for line in lines]
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][: limit - 2] + " …"]
    return lines


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
