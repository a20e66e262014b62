"""Expressions made short, and written in the language of the spec."""

from __future__ import annotations

import re

from backpropcli.symbolic.compose import size_of
from backpropcli.symbolic.words import Formula, sympy

READABLE = 150
"""A formula of more subexpressions than these is not shown: nobody would read it."""
TIDIED = 600
"""Larger ones are not simplified."""
MOST_FIGURES = 20
"""A fraction of more figures than these is written as a decimal."""


def tidy(e: Formula) -> Formula:
    """The shortest form of an expression, products before sums: factorised, simplified, or as it is."""
    library = sympy()
    found = [e]
    size = size_of(e, TIDIED)
    if size > TIDIED:
        return e
    found.append(library.factor_terms(e))
    if not e.has(library.Float) and size <= TIDIED // 2:
        plain = e.is_rational_function()
        found.append(library.factor(e) if plain else library.factor_terms(library.cancel(e)))
        if size <= READABLE // 2:
            found.append(library.simplify(e))
    return min(found, key=lambda one: (library.count_ops(one) - 2 * bool(one.is_Mul or one.is_Pow), len(str(one))))


def text(e: Formula) -> str:
    """An expression in the language of the spec: `w2*x*(a2 - y)`."""
    renamed = {
        "asin": "arcsin",
        "acos": "arccos",
        "atan": "arctan",
        "atan2": "arctan2",
        "asinh": "arcsinh",
        "acosh": "arccosh",
        "atanh": "arctanh",
        "ceiling": "ceil",
        "Abs": "abs",
    }
    library = sympy()
    long = {n: library.Float(n, 15) for n in e.atoms(library.Rational) if len(str(n)) > MOST_FIGURES}
    written = str(library.sstr(e.xreplace(long), full_prec=False))
    if isinstance(e, library.Eq | library.Ne):
        sign = "==" if isinstance(e, library.Eq) else "!="
        written = f" {sign} ".join(str(library.sstr(side, full_prec=False)) for side in e.args)
    written = re.sub(r"(?<=\d)\.0(?=e)", "", written)  # 1.0e-6
    return re.sub(r"\b[A-Za-z]\w*(?=\()", lambda m: renamed.get(m[0], m[0]), written)
