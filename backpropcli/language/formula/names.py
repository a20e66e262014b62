"""The names in a formula: which it uses, and what to say of one that nobody knows."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from backpropcli.errors import FormulaError
from backpropcli.language.formula.tree import Expression, Name, postorder
from backpropcli.ops.definition import Refused
from backpropcli.ops.table import lookup
from backpropcli.ops.table import names as operation_names
from backpropcli.suggest import nearest

WORDS = frozenset(("None", "True", "False", "..."))
"""Names that are values of options, never of the network."""

CONSTANTS = {
    "pi": 3.141592653589793,
    "e": 2.718281828459045,
    "inf": float("inf"),
    "nan": float("nan"),
    "True": 1.0,
    "False": 0.0,
}
"""What these names mean where the network has no such name of its own."""


def names(expression: Expression) -> tuple[str, ...]:
    """The names in a formula, in order of appearance, each once: the network's, and `pi`, `e`, `inf`, `nan`."""
    if type(expression) is Name:
        return () if expression.prefix or expression.name in WORDS else (expression.name,)
    found = {
        part.name: None
        for part in postorder(expression)
        if type(part) is Name and not part.prefix and part.name not in WORDS
    }
    return tuple(found)


def dependencies(expression: Expression, known: Collection[str]) -> tuple[str, ...]:
    """Those of `known` that a formula uses, in order of appearance; FormulaError with its span for an unknown name."""
    used = names(expression)
    strangers = [name for name in used if name not in known]
    if not strangers:
        return used
    for name in strangers:
        if name not in CONSTANTS:
            raise next(
                unknown(part, known)
                for part in postorder(expression)
                if type(part) is Name and part.name == name and not part.prefix
            )
    return tuple(name for name in used if name in known)


def unknown(name: Name, known: Collection[str]) -> FormulaError:
    """The error for a name that is neither the network's nor a constant."""
    word = name.name
    if word == "...":
        error = FormulaError("... has no value", hint="It stands in brackets: x[..., 0].")
    elif word == "None":
        error = FormulaError("None has no value", hint="It is a value of options, as in sum(x, axis=None).")
    elif isinstance(refused := lookup(word), Refused):
        error = FormulaError(refused.reason, hint=refused.hint)
    elif refused is not None:
        error = FormulaError(f"{word} is an operation: it needs its arguments", hint=f"Such as {_example(word)}")
    else:
        error = FormulaError(f"unknown name: {word}", hint=_meant(word, known))
    return error.spanning(name.start, name.end)


def _example(word: str) -> str:
    operation = lookup(word)
    arguments = getattr(operation, "arguments", ("x",))
    return f"{word}({', '.join(arguments)})"


def _meant(word: str, known: Collection[str]) -> str:
    if product := split(word, known):
        return f"Did you mean {' * '.join(product)}?"
    if word in ("π", "Pi", "PI") and "pi" not in known:
        return "Did you mean pi?"
    if hat := _spelled_out(word, known):
        return f"Did you mean {hat}?"
    if "ᵀ" in word and all(part in known for part in word.split("ᵀ") if part):
        return f"Did you mean {word.replace('ᵀ', '.T @ ').removesuffix(' @ ')}?"
    if word[-2:] in ("_i", "_j", "_k") and word[:-2] in known:
        return f"Operations work on whole arrays: write {word[:-2]}, one entry is {word[:-2]}[0]."
    gradient = (word[:1] == "d" and (word[1:] in known or word in ("dJ", "dL", "dE"))) or word.startswith("grad_")
    if not gradient and (near := nearest(word, known)):
        return f"Did you mean {near}?"
    if gradient or word.startswith(("d_", "∂")):
        return "Gradients are worked out for you: a formula says only the value."
    if 0 < len(known) <= 12:
        return f"The names here: {', '.join(known)}"
    return "Write it under inputs, targets, parameters or nodes first."


MARKS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot", "\u0305": "bar"}
"""Accents that mathematics puts over a letter, and how they are spelled."""


def _spelled_out(word: str, known: Collection[str]) -> str:
    """`y_hat` for `ŷ`, where the network has it; else empty."""
    letters = unicodedata.normalize("NFD", word)
    plain = "".join(c for c in letters if c not in MARKS)
    for mark in (MARKS[c] for c in letters if c in MARKS):
        for form in (f"{plain}_{mark}", f"{plain}{mark}"):
            if form in known:
                return form
    return ""


def split(word: str, known: Collection[str]) -> list[str]:
    """The fewest known names that make up `word` side by side (`w1x` is w1, x), with a number first (`2x`); else empty.

    >>> split("w1x", ["w1", "x"])
    ['w1', 'x']
    """
    if len(word) > 60:
        return []
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, piece = best[start], word[start:end]
            if before is None or piece not in known:
                continue
            if best[end] is None or len(before) + 1 < len(best[end] or ()):
                best[end] = [*before, piece]
    return best[-1] or []


def nearest_operation(word: str) -> str:
    """The operation whose name is nearest; empty if none is."""
    return nearest(word, operation_names()) if len(word) > 2 else ""
