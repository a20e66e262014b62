"""Characters that no formula has, and those that are set high."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError
from backpropcli.language.formula.hints import suggested
from backpropcli.language.formula.meant.signs import SUBSCRIPTS, SUPERSCRIPTS

if TYPE_CHECKING:
    from backpropcli.language.formula.meant.context import Context


def superscript(token: str, start: int, base: str) -> FormulaError:
    """A power, or a transpose, that is set high."""
    sign = re.match(f"[{''.join(SUPERSCRIPTS)}]*", token)[0]  # type: ignore[index]  # it may be empty, but matches
    raised = "".join(SUPERSCRIPTS[c] for c in sign)
    if "T" in raised:
        error = FormulaError(f"{sign} is not an operator here", hint=f"Transposed is {base}.T")
    else:
        power = f"{base}**{raised}" if raised.strip("+-") else f"{base}**2"
        error = FormulaError(f"{sign} is not an operator here; a power is **: {power}")
    return error.spanning(start, start + len(sign))


def strange_character(at: Context) -> FormulaError:
    """A token with a character that no formula has."""
    token, start = at.token, at.starts[at.i]
    for k, c in enumerate(token):
        if c in SUPERSCRIPTS and k:
            return superscript(token[k:], start + k, token[:k])
    plain = token.translate(SUBSCRIPTS)
    if plain != token:
        return at.error("names have plain digits", suggested(plain))
    c = next((c for c in token if not c.isidentifier() and not c.isdecimal()), token[0])
    message, hint = next(words(c) for fits, words in CHARACTERS if fits(c))
    where = start + token.index(c)
    return FormulaError(message, hint=hint).spanning(where, where + 1)


def _fraction(c: str) -> tuple[str, str]:
    fraction = unicodedata.normalize("NFKD", c).replace("\u2044", "/")
    return f"{c} is not a number here", suggested(fraction)


def _invisible(c: str) -> tuple[str, str]:
    name = unicodedata.name(c, "").lower()
    what = f"U+{ord(c):04X}" + (f" ({name})" if name else "")
    return f"an invisible character stands here: {what}", "Delete it, or type the formula again."


def _strange(c: str) -> tuple[str, str]:
    name = "" if c.isascii() else f" ({unicodedata.name(c, f'U+{ord(c):04X}').lower()})"
    return f"{c} has no place in a formula{name}", ""


def _seen(c: str) -> bool:
    return c.isprintable() and unicodedata.category(c) not in ("Cf", "Mn", "Me")


CHARACTERS: tuple[tuple[Callable[[str], bool], Callable[[str], tuple[str, str]]], ...] = (
    (
        lambda c: c in "“”„‟″‘’‚‛′«»",
        lambda c: (f"{c} is a printer's quote", "Straight quotes are \" and '; a formula seldom needs any."),
    ),
    (lambda c: c in "½⅓¼¾⅔⅕⅛", _fraction),
    (lambda c: c in ",，", lambda c: (f"{c} is not a comma here", "Write ,")),
    (lambda c: not _seen(c), _invisible),
    (lambda c: True, _strange),
)
"""A character that no formula has: the message about it, and what to write."""
