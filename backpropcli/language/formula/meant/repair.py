"""A whole formula as it was probably meant: `2x^2 + 3x + 1` is `2*x**2 + 3*x + 1`.

Only for what to suggest: what comes out has been read by our own parser, or nothing is suggested.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import TYPE_CHECKING

from backpropcli.language.formula.hints import LONGEST_SHOWN, reads
from backpropcli.language.formula.meant.rewriting import ATOM, RULES, meant
from backpropcli.language.formula.meant.signs import INVERSE, MISSING
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Name, postorder
from backpropcli.ops.table import lookup

if TYPE_CHECKING:
    from backpropcli.errors import FormulaError

_QUOTIENT = re.compile(r"(\d+\.?\d*|[^\W\d]\w*)\s*[/÷]\s*(\d+\.?\d*)\s*([^\W\d]\w*)")
"""`a/2x`, which may mean a/2 * x or a/(2 * x)."""


def whole(text: str, known: Container[str] = ()) -> tuple[str, int]:
    """The formula as it was probably meant, and in how many places that differs; empty where it cannot be told."""
    if len(text) > LONGEST_SHOWN or _ambiguous(text, known) or INVERSE.search(text):
        return "", 0
    now, count = text.strip(), 0
    for rule in RULES:
        now, changed = rule(now, known)
        count += changed
    now = now.strip()
    return (now, count) if count and sensible(now, known) else ("", 0)


def sensible(text: str, known: Container[str] = ()) -> bool:
    """Whether a formula is read, and no operation stands in it without its arguments."""
    if not reads(text, known):
        return False
    names = [part.name for part in postorder(parse(text, known)) if isinstance(part, Name)]
    return not any(name not in known and meant(name, aliases=False) for name in names)


def looked_over(error: FormulaError, text: str, known: Container[str] = ()) -> FormulaError:
    """The error of a formula, with a hint for the whole of it where more than one thing is wrong or the first token
    misleads: in `tanh x` no `*` is missing.
    """
    missing = error.message == MISSING
    if missing and (doubt := _doubtful(text, known)):
        error.message, error.hint = doubt
        return error
    fixed, count = whole(text, known)
    local = error.hint.removeprefix("Write ").replace(" ", "")
    misled = missing and (not local or not _said(local, fixed))
    if fixed and misled:
        error.message = _instead(text) or MISSING
    if fixed and (misled or count > 1):
        error.hint = f"Write {fixed}"
    return error


def _doubtful(text: str, known: Container[str]) -> tuple[str, str] | None:
    """The message and the hint where nobody knows which of two things is meant."""
    quotient = _QUOTIENT.search(text)
    if quotient and not lookup(quotient[3]):
        a, n, x = quotient.groups()
        return MISSING, f"Write {a}/{n} * {x}, or {a}/({n} * {x}): which of them is meant?"
    if what := _ambiguous(text, known):
        return f"{what} is called with parentheses", f"What belongs to it stands in them: {what}(x)"
    return None


def _said(local: str, fixed: str) -> bool:
    """Whether the whole formula has a product in it: of `W**-1 v` not `1 * v`, whose first factor is a power."""
    return re.search(r"(?<!\*\*)(?<!\*\*-)" + re.escape(local), fixed.replace(" ", "")) is not None


def _ambiguous(text: str, known: Container[str]) -> str:
    """The operation in `sin x^2` or `tanh w*x`, of which nobody knows how far its argument goes; else empty."""
    for found in re.finditer(rf"(?<![\w.])([^\W\d]\w*)\s+-?{ATOM}(?=\s*([^\W\d]\w*|\S))", text):
        called, behind = meant(found[1]), found[2]
        if found[1] in known or not called or behind in "+-−)],<>=&|@":
            continue
        if not meant(behind) and behind != "(":
            return called
    return ""


def _instead(text: str) -> str:
    """What is wrong where two things stand side by side, and no operator is missing between them."""
    if module := re.search(r"\bnn\.[A-Z]\w*", text):
        return f"{module[0]} is a module of PyTorch: here an operation is called by its own name"
    if sign := re.search(r"[Σ∑]", text):
        return f"{sign[0]} is not an operator here"
    called = re.search(rf"([^\W\d]\w*)\s+-?{ATOM}", text)
    return f"{called[1]} is called with parentheses" if called and meant(called[1]) else ""
