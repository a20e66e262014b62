"""What SymPy knows itself, by our names: functions, comparisons, choices and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from backpropcli.errors import BackpropError

Formula = Any
"""A SymPy expression, or an object array of them."""

SAME_NAME = "exp log sin cos tan sinh cosh tanh erf sqrt"
INVERSES = "arcsin arccos arctan arcsinh arccosh arctanh arctan2"


class SymbolicError(BackpropError):
    """A network, or a part of it, cannot be written as a formula: too large, or no formula is known."""


@cache
def sympy() -> Any:
    """SymPy: imported here and nowhere else, and only when it is needed."""
    import sympy as library  # type: ignore[import-untyped]

    return library


@cache
def primitives() -> dict[str, Any]:
    """The functions and constants from which all other operations come, through their formulas."""

    def flat(name: str, base: Any) -> Any:
        """Constant between its jumps: a derivative of 0, where SymPy leaves one standing."""
        return type(name, (base,), {"fdiff": lambda self, argindex=1: sympy().S.Zero, "is_real": True})

    floor, ceil = flat("floor", sympy().floor), flat("ceiling", sympy().ceiling)
    nearest = flat("round", sympy().Function)
    zero, one = sympy().S.Zero, sympy().S.One

    def compared(relation: str) -> Callable[..., Formula]:
        return lambda a, b: choose(related(relation, a, b), one, zero)

    def joined(connective: Any) -> Callable[..., Formula]:
        return lambda *parts: choose(connective(*map(holds, parts)), one, zero)

    return {
        **{name: getattr(sympy(), name) for name in SAME_NAME.split()},
        **{name: getattr(sympy(), name.replace("arc", "a")) for name in INVERSES.split()},
        "absolute": sympy().Abs,
        "abs": sympy().Abs,
        "floor": floor,
        "ceil": ceil,
        "round": lambda z, d=0: nearest(z * 10 ** floor(d)) / 10 ** floor(d),  # d is a whole number, and no variable
        "stop_gradient": flat("stop_gradient", sympy().Function),
        "trunc": lambda z: choose(related("Gt", z, zero), floor(z), ceil(z)),
        "sign": lambda z: choose(related("Gt", z, zero), one, choose(related("Lt", z, zero), -one, zero)),
        "where": lambda c, a, b: choose(holds(c), a, b),
        "less": compared("Lt"),
        "less_equal": compared("Le"),
        "greater": compared("Gt"),
        "greater_equal": compared("Ge"),
        "equal": compared("Eq"),
        "not_equal": compared("Ne"),
        "logical_and": joined(sympy().And),
        "logical_or": joined(sympy().Or),
        "logical_not": joined(sympy().Not),
        "pi": sympy().pi,
        "e": sympy().E,
        "inf": sympy().oo,
        "nan": sympy().nan,
    }


def number(x: Any) -> Formula:
    """A number as SymPy's: whole ones and short fractions exactly, others as the float they are."""
    if isinstance(x, sympy().Basic):
        return x
    x = float(x)
    if not math.isfinite(x):
        return sympy().nan if x != x else sympy().oo if x > 0 else -sympy().oo
    top, bottom = x.as_integer_ratio()
    return sympy().Rational(top, bottom) if bottom <= 64 else sympy().Float(x, precision=53)


def related(relation: str, a: Formula, b: Formula) -> Any:
    """A comparison, `Gt`, `Le`, `Eq`, ...: true or false of two numbers, else left as it is written."""
    a, b = number(a), number(b)
    return getattr(sympy(), relation)(a, b, evaluate=bool(a.is_number and b.is_number))


@cache
def choice() -> Any:
    """The class of `Choice(condition, a, b)`, which stays as it is written: SymPy's Piecewise rewrites conditions.

    It prints as a Piecewise. Its derivative makes the same choice.
    """
    library = sympy()

    def derivative(self: Any, by: Any) -> Any:
        condition, a, b = self.args
        return choose(condition, a.diff(by), b.diff(by))

    def shown(self: Any, printer: Any) -> str:
        condition, a, b = self.args
        return str(printer.doprint(library.Piecewise((a, condition), (b, True), evaluate=False)))

    members = {"_eval_derivative": derivative, "_sympystr": shown, "_latex": shown}
    return type("Choice", (library.Expr,), {"is_commutative": True, "is_real": True, **members})


def choose(condition: Any, a: Formula, b: Formula) -> Formula:
    """`a` where the condition holds, else `b`."""
    a, b = number(a), number(b)
    if condition in (True, False):
        return a if condition else b
    return a if a == b else choice()(condition, a, b)


def holds(value: Formula) -> Any:
    """The condition that a number is: that of a comparison (1 or 0) again, or that it is not 0."""
    if isinstance(value, sympy().logic.boolalg.Boolean | bool):
        return value
    if isinstance(value, choice()) and value.args[1:] == (1, 0):
        return value.args[0]
    return related("Ne", value, 0)


def symbol(name: str, index: tuple[int, ...] = ()) -> Formula:
    """The real symbol that stands for a number of the network: `w`, `W[0, 1]`."""
    return sympy().Symbol(f"{name}[{', '.join(map(str, index))}]" if index else name, real=True)
