r"""Text that knows its LaTeX: `Maths`, `dJ/dw1` and `\frac{dJ}{dw_1}`; `Said`, words with maths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from backpropcli.language.formula.tree import Expression, Index, Name, Number
from backpropcli.notation.formula import Style, factor, typeset
from backpropcli.notation.formula_latex import latex, latex_derivative, latex_number
from backpropcli.notation.numbers import component_name, gradient_name, local_name
from backpropcli.notation.text_latex import printable

SIGNS = {"·": r"\cdot", "*": r"\cdot", "→": r"\to", "->": r"\to", "≈": r"\approx", "~": r"\approx"}
"""Signs between two pieces of mathematics in LaTeX; others are themselves."""


class Maths(str):
    """A piece of mathematics as it stands in a terminal; `tex` is the same in LaTeX's mathematics mode."""

    tex: str

    def __new__(cls, text: str, tex: str) -> Self:
        """The two twins."""
        made = super().__new__(cls, text)
        made.tex = tex
        return made


class Said(str):
    """Words as they stand in a terminal, mathematics among them; `tex` is the same as LaTeX text."""

    tex: str

    def __new__(cls, *parts: str) -> Self:
        """Words and mathematics, one after the other."""
        made = super().__new__(cls, "".join(parts))
        made.tex = "".join(map(as_tex, parts))
        return made


def as_tex(text: str) -> str:
    """Any of these as LaTeX text; plain words with every sign that LaTeX would act on made harmless."""
    if isinstance(text, Maths):
        return f"${text.tex}$"
    return text.tex if isinstance(text, Said) else printable(text)


def spelled(*parts: str) -> Maths:
    """Pieces of mathematics and the signs between them, as one: `spelled(a, " = ", b)`."""
    tex = "".join(p.tex if isinstance(p, Maths) else f" {SIGNS.get(p.strip(), p.strip())} " for p in parts)
    return Maths("".join(parts), tex)


def joined(sign: str, parts: Sequence[Maths]) -> Maths:
    """Pieces with a sign between each two."""
    return spelled(*[piece for k, part in enumerate(parts) for piece in ([sign] * bool(k) + [part])])


def padded(maths: Maths, width: int) -> Maths:
    """The same in so many columns of a terminal."""
    return Maths(maths.ljust(width), maths.tex)


def name(label: str, place: Sequence[int] = ()) -> Maths:
    """`w1`, or an entry, `W1[0, 2]`."""
    return Maths(component_name(label, tuple(place)), latex(entry(label, place)))


def gradient(of: str, label: str, place: Sequence[int] = (), at: Sequence[int] = ()) -> Maths:
    """`dJ/dw1`, `dJ/dW1[0, 2]`; with `at`, the gradient of an entry: `da1[1]/dW1[0, 2]`."""
    text = gradient_name(component_name(of, tuple(at)), component_name(label, tuple(place)))
    return Maths(text, latex_derivative(latex(entry(of, at)), latex(entry(label, place))))


def local(style: Style, of: str, label: str, place: Sequence[int] = (), at: Sequence[int] = ()) -> Maths:
    """`∂t1/∂w1`, `∂a1[1]/∂z1[1]`: how fast one formula moves with one thing that it uses."""
    text = local_name(component_name(of, tuple(at)), component_name(label, tuple(place)))
    tex = latex_derivative(latex(entry(of, at)), latex(entry(label, place)), local=True)
    return Maths(typeset(Name(text), style), tex)


def entry(label: str, place: Sequence[int]) -> Expression:
    """A name, or an entry of it, as a formula."""
    return Index(Name(label), tuple(Number(float(k), str(k)) for k in place)) if place else Name(label)


def number(text: str) -> Maths:
    """A number, or a small array, as the tables print it."""
    return Maths(text, latex_number(text))


def inside(text: str) -> Maths:
    """A number inside a product: in parentheses where it is negative."""
    tex = latex_number(text)
    return Maths(f"({text})", f"({tex})") if text.startswith("-") else Maths(text, tex)


def formula(expression: Expression, style: Style, arrays: Iterable[str] = (), tight: bool = False) -> Maths:
    """A whole formula; `tight` without blanks around `/`."""
    known = set(arrays)
    return Maths(typeset(expression, style, arrays=known, tight=tight), latex(expression, arrays=known))


def condition(expression: Expression, style: Style) -> Maths:
    """What has to hold; equality as people write it."""
    said = formula(expression, style)
    return Maths(said.replace(" == ", " = "), said.tex)


def factor_of(expression: Expression, style: Style) -> Maths:
    """A formula as a factor of a product of numbers: a sum, or one with a sign in front, is in parentheses."""
    text = factor(expression, style)
    tex = latex(expression)
    wrap = text.startswith("(") and text.endswith(")") and not typeset(expression, style, tight=True).startswith("(")
    return Maths(text, rf"\left({tex}\right)" if wrap else tex)


def listed(parts: Sequence[str]) -> list[str]:
    """`a, b and c`, in pieces."""
    found: list[str] = []
    for k, part in enumerate(parts):
        found += [", " if k < len(parts) - 1 else " and "] * bool(k) + [part]
    return found
