"""Numbers from expressions, to as many digits as asked for, by mpmath: no code is generated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.symbolic.arrays import entries, shape_of, symbols
from backpropcli.symbolic.words import Formula, SymbolicError

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value

DIGITS = 30
"""Enough to tell numbers that are equal from those that rounding has made alike."""


def evaluate(formula: Formula, values: Mapping[str, Value], digits: int = 50) -> Any:
    """The number that a formula is at these values (by name, as the graph has them), as an mpf of so many digits.

    An array of formulas gives an object array of mpf. NaN where there is no real number.
    """
    from backpropcli.ops.numbers.precise import mp

    with mp.workdps(digits):
        known = {}
        for name, value in values.items():
            for symbol_, number in zip(entries(symbols(name, shape_of(value))), entries(value), strict=True):
                known[symbol_] = mp.mpf(float(number))
        memo: dict[Any, Any] = {}
        found = [number_of(entry, known, memo) for entry in entries(formula)]
        if not shape_of(formula):
            return found[0]
        import numpy as np

        return np.array(found, object).reshape(shape_of(formula))


def number_of_digits(e: Formula, known: Mapping[Any, Any]) -> Any:
    """An expression's number, worked out with many digits."""
    from backpropcli.ops.numbers.precise import mp

    with mp.workdps(DIGITS):
        return number_of(e, known, {})


def inside_out(e: Any, done: Mapping[Any, Any]) -> Iterator[Any]:
    """Every subexpression that is not done yet, parts before the whole, each once."""
    waiting: list[tuple[Any, bool]] = [(e, False)]
    while waiting:
        part, ready = waiting.pop()
        if part in done:
            continue
        if ready:
            yield part
        else:
            waiting.append((part, True))
            waiting.extend((p, False) for p in part.args)


def number_of(e: Any, known: Any, memo: dict[Any, Any]) -> Any:
    """An expression's number, from those of its symbols, in mpmath's current precision; NaN where it is not real."""
    from backpropcli.ops.numbers.precise import mp

    for part in inside_out(e, memo):
        if part.is_Symbol:
            memo[part] = known[part]
            continue
        values = [memo[p] for p in part.args]
        try:
            found = _worked_out(part, values)
        except (ValueError, ArithmeticError):
            found = mp.nan
        memo[part] = mp.nan if isinstance(found, mp.mpc) else found
    return memo[e]


def _worked_out(e: Any, values: list[Any]) -> Any:
    from backpropcli.ops.numbers.precise import mp

    if e.is_Rational:
        return mp.mpf(int(e.p)) / int(e.q)
    if e.is_Float:
        return mp.make_mpf(e._mpf_)
    name = type(e).__name__
    if name in CONNECTIVES:
        return CONNECTIVES[name](values)
    if name == "Pow" and values[0] == 0 and values[1] < 0:
        return mp.inf
    return getattr(mp, FUNCTIONS[name])(*values) if name in FUNCTIONS else _constants(name)


def _constants(name: str) -> Any:
    from backpropcli.ops.numbers.precise import mp

    known = {
        "Pi": +mp.pi,
        "Exp1": +mp.e,
        "Infinity": mp.inf,
        "NegativeInfinity": -mp.inf,
        "NaN": mp.nan,
        "ComplexInfinity": mp.nan,
        "ImaginaryUnit": mp.nan,
    }
    if name not in known:
        raise SymbolicError(f"{name} has no number here")
    return known[name]


def _product(values: Sequence[Any]) -> Any:
    found = values[0]
    for value in values[1:]:
        found = found * value
    return found


CONNECTIVES: Mapping[str, Callable[[list[Any]], Any]] = {
    "Add": sum,
    "Mul": _product,
    "Choice": lambda v: v[1] if v[0] else v[2],
    "StrictGreaterThan": lambda v: v[0] > v[1],
    "GreaterThan": lambda v: v[0] >= v[1],
    "StrictLessThan": lambda v: v[0] < v[1],
    "LessThan": lambda v: v[0] <= v[1],
    "Equality": lambda v: v[0] == v[1],
    "Unequality": lambda v: v[0] != v[1],
    "And": all,
    "Or": any,
    "Not": lambda v: not v[0],
    "BooleanTrue": lambda v: True,
    "BooleanFalse": lambda v: False,
}
SAME_NAME = "exp log sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf floor sign"
FUNCTIONS = {
    "Pow": "power",
    "Abs": "fabs",
    "ceiling": "ceil",
    "round": "nint",
    "atan2": "atan2",
    "stop_gradient": "convert",
    **{name: name for name in SAME_NAME.split()},
}
