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
    logical_and logical_or logical_not sum prod cumsum cumprod max min argmax matmul transpose swapaxes moveaxis reshape
    concatenate stack broadcast_to expand_dims squeeze tile flip einsum
"""
"""NumPy's functions that work on object arrays as they are."""


def entrywise(function: Callable[..., Any], arguments: int = 1) -> Any:
    """A function of mpf, for scalars and arrays; NaN where its answer is complex or there is none."""

    def real(*values: Any) -> Any:
        try:
            result = function(*map(mp.convert, values))
        except (ValueError, ArithmeticError, MemoryError):  # exp(1e30) has more digits than there is memory
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


def fmod(a: Any, b: Any) -> Any:
    """The remainder with the sign of a (mpmath's has that of b); NaN for b = 0."""
    return mp.sign(a) * (abs(a) % abs(b)) if b != 0 else NAN


number = entrywise(lambda z: z)


def asarray(z: Any) -> Any:
    """`z` as an object array of mpf."""
    return np.asarray(number(np.asarray(z)), object)


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`."""
    return np.where(condition, number(a), number(b))[()]


def argsort(z: Any) -> Any:
    """The order of the entries along the last axis, equal ones as they come."""
    return np.argsort(np.asarray(z), axis=-1, kind="stable")


def eliminated(a: Any, b: Any) -> tuple[Any, Any]:
    """Gauss's elimination with pivots of one matrix, on both sides of a @ x = b; x, and the determinant of a."""
    a, b, size, det = np.array(a, object), np.array(b, object), len(a), mp.mpf(1)
    for k in range(size):
        pivot = max(range(k, size), key=lambda j: abs(a[j, k]))
        if a[pivot, k] == 0:
            return np.full(b.shape, NAN, object), mp.mpf(0)
        if pivot != k:
            a[[k, pivot]], b[[k, pivot]], det = a[[pivot, k]], b[[pivot, k]], -det
        det *= a[k, k]
        for j in range(size):
            if j != k:
                factor = a[j, k] / a[k, k]
                a[j], b[j] = a[j] - factor * a[k], b[j] - factor * b[k]
    return np.array([b[k] / a[k, k] for k in range(size)], object).reshape(b.shape), det


def solve(a: Any, b: Any) -> Any:
    """The x of a @ x = b, for stacks of matrices; NaN for a singular one."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, lead + a.shape[-2:]), np.broadcast_to(b, lead + b.shape[-2:])
    found = np.empty(b.shape, object)
    for index in np.ndindex(lead):
        found[index] = eliminated(a[index], b[index])[0]
    return found


def det(a: Any) -> Any:
    """The determinant of each matrix of a stack."""
    found = np.empty(a.shape[:-2], object)
    for index in np.ndindex(found.shape):
        found[index] = eliminated(a[index], np.zeros((len(a[index]), 0), object))[1]
    return found[()]


def made(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function that makes an array of floats or ints; here of mpf."""
    return lambda *arguments, **options: asarray(function(*arguments, **options))


def linspace(start: Any, stop: Any, num: int = 50) -> Any:
    """Evenly spaced numbers, both ends included."""
    return asarray(mp.linspace(start, stop, num) if num > 1 else [start] * num)


xp = SimpleNamespace(
    name="50 digits",
    raises=False,
    **{name: entrywise(getattr(mp, name)) for name in SAME_NAME.split()},
    **{name: entrywise(getattr(mp, name.replace("arc", "a"))) for name in INVERSES.split()},
    **{name: getattr(np, name) for name in STRUCTURAL.split()},
    **{name: made(getattr(np, name)) for name in ("zeros", "ones", "full", "arange", "eye", "zeros_like")},
    abs=entrywise(mp.fabs),
    log2=entrywise(lambda z: mp.log(z) / mp.ln2),
    cbrt=entrywise(cbrt),
    square=entrywise(lambda z: z * z),
    round=entrywise(mp.nint),
    arctan2=entrywise(mp.atan2, 2),
    hypot=entrywise(mp.hypot, 2),
    power=entrywise(power, 2),
    divide=entrywise(divide, 2),
    fmod=entrywise(fmod, 2),
    maximum=entrywise(maximum, 2),
    minimum=entrywise(minimum, 2),
    where=where,
    argsort=argsort,
    solve=solve,
    det=det,
    asarray=asarray,
    number=number,
    whole=lambda z: np.asarray(z).astype(float),
    add_at=np.add.at,
    linspace=linspace,
    nothing=0.0,
    pi=mp.pi,
    ln2=mp.ln2,
    ln10=mp.ln10,
    sqrt2=mp.sqrt(2),
    sqrtpi=mp.sqrt(mp.pi),
)


def _decimal(z: Any) -> Any:
    return mp.mpf(repr(float(z))) if isinstance(z, float) else mp.convert(z)


written = np.frompyfunc(_decimal, 1, 1)

decimals = SimpleNamespace(
    **{
        **vars(xp),
        "number": written,
        "asarray": lambda z: np.asarray(written(np.asarray(z)), object),
    }
)
"""The same, but a float is the shortest decimal that reads back as it: what somebody wrote, 0.1 and not its float."""
