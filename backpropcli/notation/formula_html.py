"""Formulas as HTML: names in italics with their subscripts, a gradient's d upright, powers raised, all else escaped."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html import escape
from typing import TYPE_CHECKING

from backpropcli.language.formula.grammar import POWER, SIGN
from backpropcli.notation.formula import Piece, Style, typeset, whole_exponent
from backpropcli.notation.maths import ELEMENTWISE, Derivative, Formula, Maths, Said
from backpropcli.notation.numbers import derivative_parts

if TYPE_CHECKING:
    from backpropcli.language.formula.tree import Expression

OPEN, CLOSE = "\ue000", "\ue001"
"""Around a place in a formula where a number will stand (see `page.worked`)."""
MINUS = re.compile(r"(?<!\w)-(?!&gt;)|-(?=[\d.])")
"""A hyphen that is a minus sign: neither inside a word nor part of an arrow."""


def minus(html: str) -> str:
    """Words that speak of formulas, with true minus signs.

    >>> minus("where(a &gt; 0, -a, 1e-5) one-hot ij-&gt;i")
    'where(a &gt; 0, −a, 1e−5) one-hot ij-&gt;i'
    """
    return MINUS.sub("−", html)


class Html(Style):
    """How the parts of a formula are written in HTML: nothing in it can be markup.

    `names` are those of the network: other words (`True`) are words, not variables. `instead` is what stands in the
    place of a name.

    A place for a number, `⟨7⟩`, may turn out to be negative: where that needs parentheses they become part of the
    place, `⟨(7⟩`, which drops them where the number is positive.
    """

    signs: Mapping[str, str] = {**Style.signs, "-": "−", "<": "&lt;", ">": "&gt;", "&": "&amp;"}

    def __init__(self, names: Collection[str], instead: Mapping[str, str] | None = None) -> None:
        self.names = names
        self.instead = instead or {}

    def name(self, name: str) -> str:
        """A name, or a derivative."""
        if name in self.instead:
            return self.instead[name]
        if parts := derivative_parts(name):
            sign, of, by = parts
            return f"{sign}{variable(of)}/{sign}{variable(by)}"
        return variable(name) if name in self.names else escape(name, quote=False)

    def number(self, text: str) -> Piece:
        """A number, with a true minus sign, or a place for one."""
        if isinstance(text, Maths):  # what a sum is put round
            shown = mathematics(text, self)
            return Piece(shown, shown, super().number(text).binding)
        if _is_place(text):
            return Piece(text, self.wrap(text), SIGN)
        plain = super().number(text)
        return Piece(_plain(plain.first), _plain(plain.inner), plain.binding)

    def quoted(self, text: str) -> str:
        """A text that is an option's value."""
        return escape(super().quoted(text), quote=False)

    def wrap(self, text: str) -> str:
        """In parentheses, which a place has inside."""
        return f"{OPEN}({text[1:]}" if _is_place(text) else super().wrap(text)

    def sign(self, sign: str) -> str:
        """A sign in front of its operand."""
        return self.signs.get(sign, sign)

    def power(self, exponent: Expression, left: Piece, right: Piece) -> Piece:
        """`x²` with its 2 raised, `x**n`."""
        raised = whole_exponent(exponent)
        if raised is None:
            return super().power(exponent, left, right)
        text = f"{self.base(left)}<sup>{_plain(str(raised))}</sup>"
        return Piece(text, text, POWER)


def _is_place(text: str) -> bool:
    """Whether it is the place of one number, and nothing else."""
    return text[:1] == OPEN and text[-1:] == CLOSE and text[1:-1].isdigit()


def _plain(text: str) -> str:
    return escape(text, quote=False).replace("-", "−")


def variable(name: str) -> str:
    """A name in italics, what follows its first underscore, or the digits at its end, as a subscript; a row's number.

    >>> variable("net_h1"), variable("a2.1"), variable("h[3]")
    ('<i>net</i><sub>h1</sub>', '<i>a</i><sub>2</sub>.1', '<i>h</i><sub>3</sub>')
    """
    whole, dot, step = name.partition(".")
    base, bracket, row = whole.rpartition("[")
    if bracket and row[:-1].isdigit() and not base[-1:].isdigit():
        return f"<i>{escape(base)}</i><sub>{row[:-1]}</sub>" + dot + step
    letters, low, under = whole.partition("_")
    if not low:
        letters = whole.rstrip("0123456789")
        under = whole[len(letters) :]
    if not letters or (low and not under):
        letters, under = whole, ""
    return f"<i>{escape(letters)}</i>" + (f"<sub>{escape(under)}</sub>" if under else "") + dot + step


def mathematics(piece: str, style: Html) -> str:
    """A piece of mathematics, or words with mathematics among them, as HTML."""
    if isinstance(piece, Said):
        return "".join(mathematics(part, style) for part in piece.parts)
    if not isinstance(piece, Maths):
        return " * " if piece == ELEMENTWISE else minus(escape(piece, quote=False))
    match piece.source:
        case Formula() as one:
            return one.written(style)
        case Derivative(of=of, by=by, local=local):
            sign = "∂" if local else "d"
            return f"{sign}{typeset(of, style)}/{sign}{typeset(by, style)}"
        case parts:
            return "".join(mathematics(part, style) for part in parts)
