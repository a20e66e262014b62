"""Formulas as people write them: the tree, or an error that says what was probably meant."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError
from backpropcli.language.formula.parser import UnreadableError, parse

if TYPE_CHECKING:
    from backpropcli.language.formula.tree import Expression


def read_formula(text: str, known: Container[str] = ()) -> Expression:
    """The tree of a formula that somebody wrote, as `parse` gives it; its FormulaError says what to write instead."""
    try:
        return parse(text, known)
    except FormulaError as error:
        from backpropcli.language.formula.meant.habits import (
            in_words,  # most formulas are right, and do not wait for it
        )
        from backpropcli.language.formula.meant.repair import looked_over

        told = in_words(error) if isinstance(error, UnreadableError) else error
        raise looked_over(told, text, known) from None
