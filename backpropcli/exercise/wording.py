"""How formulas and numbers stand in the sentences of an exercise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.formula import typeset

if TYPE_CHECKING:
    from backpropcli.derivation.terms import Term
    from backpropcli.derivation.worked import Worked
    from backpropcli.language.formula.tree import Expression

NEGATIVE = re.compile(r"\A(-\d[\d.]*(?:e-?\d+)?)(?![\d.])")
SHAPE = re.compile(r"\(\d+,(?:\d+(?:,\d+)*)?\)")
LETTERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def stage_text(worked: Worked, term: Term) -> str:
    """The stage that a term comes through, as `t2 = w2 · a1`."""
    return f"{term.through.name} = {worked.formula(term.through).text}"


def text_of(worked: Worked, part: Expression) -> str:
    """A part of a formula as it is shown."""
    return typeset(part, worked.style, arrays=worked.arrays)


def summed(parts: Sequence[str | None]) -> str:
    """Terms with plus signs between them; one that begins with a negative number has brackets round that."""
    known = [part for part in parts if part]
    return " + ".join([*known[:1], *(NEGATIVE.sub(r"(\1)", part) for part in known[1:])])


def in_numbers(text: str | None) -> str | None:
    """A formula with numbers put in; None where long arrays stand in it as their shapes, which helps nobody."""
    return None if text is None or SHAPE.search(text) else text


def bracketed(number: str) -> str:
    """A number inside a formula: a negative one has brackets."""
    return f"({number})" if number.startswith("-") else number


def in_letters(digits: int) -> str:
    """A small number as a word."""
    return LETTERS[min(digits, len(LETTERS) - 1)]


def listed(names: Sequence[str]) -> str:
    """`z1`, `z1 and b1`, `z1, b1 and w2`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def plural(word: str, many: int) -> str:
    """A noun in the number that it has."""
    return word if many == 1 else f"{word}s"


def steps_inside(steps: Sequence[str], node: str) -> str:
    """`J.2 and J.3 are steps inside J = (a2 - y)² / 2`; `node` is the whole equation."""
    return f"{listed(steps)} {'are steps' if len(steps) > 1 else 'is a step'} inside {node}."
