"""Formulas in hints: what is suggested has been read by our own parser, or it is not suggested."""

from __future__ import annotations

from collections.abc import Container

from backpropcli.errors import FormulaError
from backpropcli.language.formula.parser import parse

LONGEST_SHOWN = 100
"""A longer formula is not written out in a hint."""


def reads(text: str, known: Container[str] = ()) -> bool:
    """Whether our own parser reads a formula."""
    try:
        parse(text, known)
    except FormulaError:
        return False
    return True


def suggested(text: str, said: str = "Write {}", otherwise: str = "") -> str:
    """A hint with a formula in it, or `otherwise` where the formula cannot be read or is too long."""
    return said.format(text) if len(text) <= LONGEST_SHOWN and reads(text) else otherwise
