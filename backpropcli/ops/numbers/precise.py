"""Fifty digits, from mpmath: what a value or a gradient is, when float64 must be judged.

Numbers are mpf, arrays are NumPy object arrays of them. The context `mp` is our own: more digits for a moment with
`with mp.workdps(400): ...`, and mpmath's global one is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np

mp = mpmath.mp.clone()
mp.dps = 50
NAN, INF = mp.nan, mp.inf

SAME_NAME = "exp expm1 log log1p log10 sin cos tan sinh cosh tanh sqrt sign floor ceil erf erfc"
INVERSES = "arcsin arccos arctan arcsinh arccosh arctanh"
STRUCTURAL = """
    logical_and logical_or logical_not sum prod cumsum max min argmax matmul transpose swapaxes moveaxis reshape
    concatenate stack broadcast_to expand_dims squeeze tile flip einsum
"""
"""NumPy's functions that work on object arrays as they are."""


def entrywise(function: Callable[..., Any], arguments: int = 1) -> Any:
    """A function of mpf, for scalars and arrays; NaN where its answer is complex or there is none."""

    def real(*values: Any) -> Any:
        try:
            result = function(*map(mp.convert, values))
        except (ValueError, ArithmeticError):
            return NAN
        return result if isinstance(result, mp.mpf | mp.constant) else NAN

    ufunc = np.frompyfunc(real, arguments, 1)

    def on_arrays(*values: Any) -> Any:
        with np.errstate(all="ignore"):  # a NaN among the objects makes NumPy warn
            return ufunc(*values)

    return on_arrays


def divide(a: Any, b: Any) -> Any:
    """The quotient; ±inf or NaN over 0, as for floats (mpmath knows no -0)."""
    if b == 0:
        return NAN if a == 0 or a != a else INF * a
    return _quotient(a, b)


def power(x: Any, n: Any) -> Any:
    """The power; inf for 0 to a negative power."""
    return INF if x == 0 and n < 0 else mp.power(x, n)


# Numbers of our own context never raise, as NumPy's do not, also where a body divides with `/`.
_quotient = mp.mpf.__truediv__
mp.mpf.__truediv__ = lambda a, b: divide(a, mp.convert(b))
mp.mpf.__rtruediv__ = lambda b, a: divide(mp.convert(a), b)


def cbrt(z: Any) -> Any:
    """The cube root, of negative numbers too."""
    return mp.sign(z) * mp.cbrt(abs(z))


def maximum(a: Any, b: Any) -> Any:
    """The larger one; NaN if either is."""
    return a if a > b or a != a else b


def minimum(a: Any, b: Any) -> Any:
    """The smaller one; NaN if either is."""
    return a if a < b or a != a else b


number = entrywise(lambda z: z)


def asarray(z: Any) -> Any:
    """`z` as an object array of mpf."""
    return np.asarray(number(np.asarray(z)), object)


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`."""
    return np.where(condition, number(a), number(b))[()]


def made(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function that makes an array of floats or ints; here of mpf."""
    return lambda *arguments, **options: asarray(function(*arguments, **options))


def linspace(start: Any, stop: Any, num: int = 50) -> Any:
    """Evenly spaced numbers, both ends included."""
    return asarray(mp.linspace(start, stop, num) if num > 1 else [start] * num)


xp = SimpleNamespace(
    name="50 digits", raises=False,
    **{name: entrywise(getattr(mp, name)) for name in SAME_NAME.split()},
    **{name: entrywise(getattr(mp, name.replace("arc", "a"))) for name in INVERSES.split()},
    **{name: getattr(np, name) for name in STRUCTURAL.split()},
    **{name: made(getattr(np, name)) for name in ("zeros", "ones", "full", "arange", "eye", "zeros_like")},
    abs=entrywise(mp.fabs), log2=entrywise(lambda z: mp.log(z) / mp.ln2), cbrt=entrywise(cbrt),
    square=entrywise(lambda z: z * z), round=entrywise(mp.nint), arctan2=entrywise(mp.atan2, 2),
    hypot=entrywise(mp.hypot, 2), power=entrywise(power, 2), divide=entrywise(divide, 2),
    maximum=entrywise(maximum, 2), minimum=entrywise(minimum, 2), where=where,
    asarray=asarray, number=number, whole=lambda z: np.asarray(z).astype(float), add_at=np.add.at, linspace=linspace,
    nothing=0.0,
    pi=mp.pi, ln2=mp.ln2, ln10=mp.ln10, sqrt2=mp.sqrt(2), sqrtpi=mp.sqrt(mp.pi),
)
