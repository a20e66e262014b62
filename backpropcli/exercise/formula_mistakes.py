"""What may be worked out in the place of a formula: a part of it, another sign, the wrong way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from backpropcli.language.formula.tree import Binary, Call, Expression, Number, Unary, postorder

OTHER_SIGNS = {"+": "*-", "*": "+/", "-": "+", "/": "*-"}
ON = {"*": "Multiply it by {1}.", "/": "Divide it by {1}.", "+": "Add {1}.", "-": "Take away {1}."}
EITHER_WAY = "*+"
BY_TWO = {"/": "Halve it.", "**": "Square it."}
ELSE = "That is not yet all of the formula."
"""What is to be done with a part: of what stands in front of a sign, of products and sums also behind it."""
DONE = {"+": "added", "*": "multiplied", "-": "subtracted", "/": "divided"}


class Attempt(NamedTuple):
    """A wrong value that a formula's learner may come to, and what is said to it.

    `formula` gives it; `kind` is "turned" (the wrong way round), "part" (of the formula) or "other" (another sign).
    `words` have `{0}` for the formula and `{1}` for `next_part`, what is to be done with it. `within` are the places,
    among all attempts, of the larger parts that this one is inside.
    """

    kind: Literal["turned", "part", "other"]
    formula: Expression
    words: str
    next_part: Expression | None = None
    within: tuple[int, ...] = ()

    def said(self, write: Callable[[Expression], str]) -> str:
        """What is said, with formulas as `write` puts them."""
        return self.words.format(write(self.formula), "" if self.next_part is None else write(self.next_part))


def attempts(formula: Expression) -> list[Attempt]:
    """What may be worked out wrongly instead of a formula."""
    found = list(_attempts(formula))
    parts = {k: {id(part) for part in postorder(one.formula)[:-1]} for k, one in enumerate(found) if one.kind == "part"}
    return [
        one._replace(within=tuple(k for k, inside in parts.items() if id(one.formula) in inside))
        if one.kind == "part"
        else one
        for one in found
    ]


def meant(found: Sequence[int], tried: Sequence[Attempt]) -> Attempt | None:
    """The attempt that is meant where those at these places give an answer: the largest part, else the only one."""
    parts = [k for k in found if tried[k].kind == "part" and not set(tried[k].within) & set(found)]
    left = parts or [k for k in found if tried[k].kind != "part"]
    return tried[left[0]] if len(left) == 1 else None


def _attempts(formula: Expression) -> Iterator[Attempt]:
    if isinstance(formula, Binary) and formula.sign in ("-", "/"):
        turned = Binary(formula.sign, formula.right, formula.left)
        yield Attempt("turned", turned, "that is {0}, the wrong way round.")
    for part in postorder(formula)[:-1]:
        if not isinstance(part, Number):
            words, following = _next(formula, part)
            yield Attempt("part", part, "that is {0}. " + words, following)
    if isinstance(formula, Binary):
        for sign in OTHER_SIGNS.get(formula.sign, ""):
            other = Binary(sign, formula.left, formula.right)
            yield Attempt("other", other, f"that is {{0}}. Here they are {DONE[formula.sign]}.")


def _next(formula: Expression, part: Expression) -> tuple[str, Expression | None]:
    """What is to be done with a part of a formula as a sentence, such as `Halve it.`, with `{1}` for another part."""
    for parent in postorder(formula):
        if any(inner is part for inner in parent.parts()):
            return _step_on(parent, part) or (ELSE, None)
    return ELSE, None


def _step_on(parent: Expression, part: Expression) -> tuple[str, Expression | None] | None:
    """What is done next with a part, by what it stands in."""
    match parent:
        case Binary(sign=sign, left=left, right=Number(value=2.0)) if left is part and sign in BY_TWO:
            return BY_TWO[sign], None
        case Binary(sign=sign, left=left, right=right) if sign in ON and (left is part or sign in EITHER_WAY):
            return ON[sign], right if left is part else left
        case Unary(sign="-"):
            return "Change its sign.", None
        case Call(name=name, arguments=(_,)):
            return f"Take its {name}.", None
    return None
