"""Formulas as HTML: `w1 · x` with its subscript, `dJ/dw1` with its d upright, powers raised; all else escaped."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import escape

OPEN, CLOSE = "\ue000", "\ue001"
"""Around a place in a formula where a number will stand (see `lesson`): handed on as it is."""
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
PLAIN = str.maketrans(RAISED, "0123456789−")
NAME = rf"(?![{RAISED}])[^\W\d_](?:(?![{RAISED}])\w)*(?:\.\d+)?"
TOKEN = re.compile(
    rf"(?P<place>{OPEN}[^{CLOSE}]*{CLOSE})"
    rf"|(?<![\w.])(?P<sign>[d∂])(?P<of>{NAME})/(?P=sign)(?P<by>{NAME})"
    rf"|(?<![\w.])(?P<name>{NAME})(?P<call>'*[₀-₉]*(?=\(|\s*=(?!=)))?"
    rf"|(?P<raised>[{RAISED}]+)"
    r"|(?P<minus>(?<=\s)-(?=\s))"
    r"|(?P<rest>.)",
    re.DOTALL,
)


MINUS = re.compile(rf"(?<!\w)-(?!&gt;)|-(?=[\d.{OPEN}])")
"""A hyphen that is a minus sign: neither inside a word nor part of an arrow."""


def minus(html: str) -> str:
    """The same with true minus signs.

    >>> minus("where(a &gt; 0, -a, 1e-5) one-hot ij-&gt;i")
    'where(a &gt; 0, −a, 1e−5) one-hot ij-&gt;i'
    """
    return MINUS.sub("−", html)


def mathematics(text: str, names: Collection[str] | None = None) -> str:
    """A typeset formula (`a2·(1 - a2)²`) as HTML: nothing in it can be markup.

    Where `names` are given, other words (`spread over`) are words, not variables.

    >>> mathematics("dJ/dw1 · x²")
    'd<i>J</i>/d<i>w</i><sub>1</sub> · <i>x</i><sup>2</sup>'
    """
    return "".join(_token(found, names) for found in TOKEN.finditer(text))


def _token(found: re.Match[str], names: Collection[str] | None) -> str:
    match found.lastgroup:
        case "place":
            return found["place"]
        case "by":
            return f"{found['sign']}{variable(found['of'])}/{found['sign']}{variable(found['by'])}"
        case "call" if names is None or found["name"] not in names or "'" in found["call"]:
            return escape(found["name"] + found["call"], quote=False)
        case "call":  # a product: y(1 - y)
            return variable(found["name"])
        case "name":
            return variable(found["name"]) if names is None or found["name"] in names else escape(found["name"])
        case "raised":
            return f"<sup>{found['raised'].translate(PLAIN)}</sup>"
        case "minus":
            return "−"
    return escape(found.group(), quote=False)


def variable(name: str) -> str:
    """A name in italics, what follows its first underscore, or the digits at its end, as a subscript.

    >>> variable("net_h1"), variable("a2.1")
    ('<i>net</i><sub>h1</sub>', '<i>a</i><sub>2</sub>.1')
    """
    whole, dot, step = name.partition(".")
    letters, low, under = whole.partition("_")
    if not low:
        letters = whole.rstrip("0123456789")
        under = whole[len(letters) :]
    if not letters or (low and not under):
        letters, under = whole, ""
    return f"<i>{escape(letters)}</i>" + (f"<sub>{escape(under)}</sub>" if under else "") + dot + step
