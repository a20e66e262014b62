"""Mathematics and words as a terminal shows them, which keep what they are made of, so that any writer can set them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from backpropcli.language.formula.tree import Expression, Index, Name, Number
from backpropcli.notation.formula import Style, factor, typeset
from backpropcli.notation.numbers import component_name, gradient_name, local_name


class Formula(NamedTuple):
    """One expression; a product of two of its `arrays` is elementwise, and `numbers` stand in the place of names.

    `factor`: it is part of a product, and of an elementwise one where it is `starred`.
    """

    expression: Expression
    arrays: Collection[str] = ()
    numbers: Mapping[str, str] = {}
    factor: bool = False
    starred: bool = False

    def written(self, style: Style) -> str:
        """The same in any style."""
        if self.factor:
            return factor(self.expression, style, numbers=self.numbers, arrays=self.arrays, starred=self.starred)
        return typeset(self.expression, style, numbers=self.numbers, arrays=self.arrays)


class Derivative(NamedTuple):
    """The derivative of one name or entry with respect to another; of one formula alone where it is `local`."""

    of: Expression
    by: Expression
    local: bool = False


Source = Formula | Derivative | tuple[str, ...]
"""What a piece of mathematics is made of: one of these, or pieces (`Maths`, `Said`) with signs between them."""
ELEMENTWISE = " ⊙ "
"""The sign between two arrays that are multiplied entry by entry, where a terminal has a star."""


class Maths(str):
    """A piece of mathematics as it stands in a terminal; `source` is what it is made of."""

    source: Source

    def __new__(cls, text: str, source: Source) -> Self:
        """The text, and what says the same to other writers."""
        made = super().__new__(cls, text)
        made.source = source
        return made


class Said(str):
    """Words as they stand in a terminal, mathematics among them; `parts` are one and the other."""

    parts: tuple[str, ...]

    def __new__(cls, *parts: str) -> Self:
        """Words and mathematics, one after the other."""
        made = super().__new__(cls, "".join(parts))
        made.parts = parts
        return made


def spelled(*parts: str) -> Maths:
    """Pieces of mathematics and the signs between them, as one: `spelled(a, " = ", b)`."""
    return Maths("".join(parts), parts)


def joined(sign: str, parts: Sequence[str]) -> Maths:
    """Pieces with a sign between each two."""
    if len(parts) == 1 and isinstance(parts[0], Maths):
        return parts[0]
    return spelled(*[piece for k, part in enumerate(parts) for piece in ([sign] * bool(k) + [part])])


def together(remarks: Iterable[str]) -> Said:
    """Remarks, those that are empty left out: `a; b`."""
    parts = [piece for remark in remarks if remark for piece in ("; ", remark)]
    return Said(*parts[1:])


def padded(maths: Maths, width: int) -> Maths:
    """The same in so many columns of a terminal."""
    return Maths(maths.ljust(width), maths.source)


def name(label: str, place: Sequence[int] = ()) -> Maths:
    """`w1`, or an entry, `W1[0, 2]`."""
    return Maths(component_name(label, tuple(place)), Formula(entry(label, place)))


def gradient(of: str, label: str, place: Sequence[int] = (), at: Sequence[int] = ()) -> Maths:
    """`dJ/dw1`, `dJ/dW1[0, 2]`; with `at`, the gradient of an entry: `da1[1]/dW1[0, 2]`."""
    text = gradient_name(component_name(of, tuple(at)), component_name(label, tuple(place)))
    return Maths(text, Derivative(entry(of, at), entry(label, place)))


def local(style: Style, of: str, label: str, place: Sequence[int] = (), at: Sequence[int] = ()) -> Maths:
    """`∂t1/∂w1`, `∂a1[1]/∂z1[1]`: how fast one formula moves with one thing that it uses."""
    text = local_name(component_name(of, tuple(at)), component_name(label, tuple(place)))
    return Maths(typeset(Name(text), style), Derivative(entry(of, at), entry(label, place), local=True))


def entry(label: str, place: Sequence[int]) -> Expression:
    """A name, or an entry of it, as a formula."""
    return Index(Name(label), tuple(Number(float(k), str(k)) for k in place)) if place else Name(label)


def number(text: str) -> Maths:
    """A number, or a small array, as the tables print it."""
    return Maths(text, Formula(Number(0.0, text)))


def inside(text: str) -> Maths:
    """A number inside a product: in parentheses where it is negative."""
    return Maths(f"({text})", ("(", number(text), ")")) if text.startswith("-") else number(text)


def formula(
    expression: Expression,
    style: Style,
    arrays: Collection[str] = (),
    numbers: Mapping[str, str] | None = None,
    tight: bool = False,
) -> Maths:
    """A whole formula; `numbers` (as text) stand in the place of names; `tight` without blanks around `/`."""
    text = typeset(expression, style, arrays=arrays, numbers=numbers, tight=tight)
    return Maths(text, Formula(expression, arrays, numbers or {}))


def condition(expression: Expression, style: Style) -> Maths:
    """What has to hold; equality as people write it."""
    said = formula(expression, style)
    return Maths(said.replace(" == ", " = "), said.source)


def factor_of(
    expression: Expression,
    style: Style,
    arrays: Collection[str] = (),
    numbers: Mapping[str, str] | None = None,
    starred: bool = False,
) -> Maths:
    """A formula as a factor of a product: a sum, or one with a sign in front, is in parentheses.

    `starred`: that product is elementwise.
    """
    text = factor(expression, style, arrays=arrays, numbers=numbers, starred=starred)
    return Maths(text, Formula(expression, arrays, numbers or {}, True, starred))


def times(style: Style, left: Maths, right: Maths, starred: bool = False) -> Maths:
    """A product of two pieces, elementwise where it is `starred`."""
    if starred:
        return Maths(f"{left} * {right}", (left, ELEMENTWISE, right))
    return spelled(left, f" {style.times} ", right)


def listed(parts: Sequence[str]) -> list[str]:
    """`a, b and c`, in pieces."""
    found: list[str] = []
    for k, part in enumerate(parts):
        found += [", " if k < len(parts) - 1 else " and "] * bool(k) + [part]
    return found
