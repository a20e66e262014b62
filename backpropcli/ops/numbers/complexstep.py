"""Complex steps: f(x + i·h) = f(x) + i·h·f'(x) for a tiny h, so that a value body alone gives an exact derivative.

Nothing is subtracted, so nothing cancels: at h = 1e-30 the imaginary part over h is the derivative to full precision
(Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions"). Comparisons, `abs`, `max`
and the like decide on the real part; tied arguments share the imaginary part equally.

    z = start(0.5, 1.0)                # at 0.5, in direction 1
    slope(xp.exp(z))                   # 1.6487...
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from backpropcli.ops.numbers import array
from backpropcli.ops.numbers.scalar import CONSTANTS

H = 1e-30
"""The size of the step: its square vanishes beside any number."""
LIFTED = "exp expm1 log log2 log10 sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh sqrt"
"""Smooth functions whose complex form NumPy knows."""
WRAPPED = """
    sum prod cumsum cumprod matmul transpose swapaxes moveaxis reshape concatenate stack broadcast_to
    expand_dims squeeze tile flip einsum zeros ones arange eye linspace zeros_like
"""
"""NumPy's functions that do the right thing with complex numbers as they are."""


class Step(np.ndarray):
    """A complex array whose comparisons look at the real part only (NumPy's own look at the imaginary part too)."""

    def __abs__(self) -> Any:
        return absolute(self)


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: compare(real(a), real(b))


for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Step, f"__{_name}__", _comparison(getattr(operator, _name)))


def asarray(z: Any) -> Any:
    """`z` as a Step: an array of any shape, () included."""
    return z if type(z) is Step else np.asarray(z, complex).view(Step)


def real(z: Any) -> Any:
    """The values, as a plain float64 array."""
    return np.asarray(z).real


def imaginary(z: Any) -> Any:
    """The changes (H times the derivative in the direction), as a plain float64 array."""
    return np.asarray(z).imag


def start(value: Any, direction: Any) -> Any:
    """A value that moves in this direction: value + i·H·direction."""
    return join(np.asarray(value, float), H * np.asarray(direction, float))


def slope(z: Any) -> Any:
    """The derivative along the direction that `start` was given."""
    return imaginary(z) / H


def join(value: Any, change: Any) -> Any:
    """The Step value + i·change; change is NaN where value is (1j * inf would make NaN of more than that)."""
    value, change = np.broadcast_arrays(value, change)
    result = np.empty(value.shape, complex)
    result.real = value
    result.imag = np.where(np.isnan(value), np.nan, change)
    return result.view(Step)


# Elementwise. `lifted` has its derivative from NumPy's complex function; the others from the first-order expansion.


def lifted(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A NumPy function that knows complex numbers; NaN outside its real domain."""
    return lambda z: join(function(real(z)), imaginary(function(np.asarray(z, complex))))


def flat(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that is constant between its jumps."""
    return lambda z: join(function(real(z)), 0.0)


def log1p(z: Any) -> Any:
    """log(1 + z). NumPy's complex one loses the digits of a small z."""
    return join(np.log1p(real(z)), imaginary(z) / (1 + real(z)))


def square(z: Any) -> Any:
    """The product z · z."""
    return join(real(z) * real(z), 2 * real(z) * imaginary(z))


def divide(a: Any, b: Any) -> Any:
    """The quotient. NumPy's complex one makes NaN of a tiny divisor."""
    y = np.divide(real(a), real(b))
    return join(y, (imaginary(a) - y * imaginary(b)) / real(b))


def cbrt(z: Any) -> Any:
    """The cube root: its slope is 1 / (3 y²)."""
    y = np.cbrt(real(z))
    return join(y, imaginary(z) / (3 * y * y))


def absolute(z: Any) -> Any:
    """The real part's size: its slope is the sign."""
    return join(np.abs(real(z)), np.sign(real(z)) * imaginary(z))


def erf(z: Any) -> Any:
    """The error function: its slope is 2/√π · exp(-z²)."""
    x = real(z)
    return join(array.xp.erf(x), 2 / array.xp.sqrtpi * np.exp(-x * x) * imaginary(z))


def erfc(z: Any) -> Any:
    """1 - erf(z), without cancelling."""
    x = real(z)
    return join(array.xp.erfc(x), -2 / array.xp.sqrtpi * np.exp(-x * x) * imaginary(z))


def hypot(a: Any, b: Any) -> Any:
    """√(a² + b²); no slope at (0, 0)."""
    y = np.hypot(real(a), real(b))
    safe = np.where(y == 0, 1.0, y)
    return join(y, real(a) / safe * imaginary(a) + real(b) / safe * imaginary(b))


def arctan2(a: Any, b: Any) -> Any:
    """The angle of the point (b, a)."""
    x, y = real(b), real(a)
    radius = x * x + y * y
    return join(np.arctan2(y, x), x / radius * imaginary(a) - y / radius * imaginary(b))


def power(x: Any, n: Any) -> Any:
    """x**n, to first order in x and in n; a part that does not move adds nothing, even where its slope is NaN."""
    base, exponent = real(x), real(n)
    y = np.power(base, exponent)
    by_base = exponent * np.power(base, np.where(exponent == 0, 0.0, exponent - 1)) * imaginary(x)
    flat = np.where(exponent > 0, 0.0, np.nan)  # 0**n is 0 for n > 0, and jumps at n = 0
    by_exponent = np.where(base == 0, flat, y * np.log(np.where(base == 0, 1.0, base))) * imaginary(n)
    return join(y, np.where(imaginary(x) == 0, 0.0, by_base) + np.where(imaginary(n) == 0, 0.0, by_exponent))


def maximum(a: Any, b: Any) -> Any:
    """The one whose real part is larger; the other one's change, NaN perhaps, does not matter."""
    one, other, tied = imaginary(a), imaginary(b), real(a) == real(b)
    change = np.where(tied, (one + other) / 2, np.where(real(a) > real(b), one, other))
    return join(np.maximum(real(a), real(b)), change)


def minimum(a: Any, b: Any) -> Any:
    """The one whose real part is smaller."""
    return -maximum(-asarray(a), -asarray(b))


def fmod(a: Any, b: Any) -> Any:
    """The remainder with the sign of a: a - n·b, for the whole number n next to a/b towards 0."""
    y = np.fmod(real(a), real(b))
    return join(y, imaginary(a) - np.rint((real(a) - y) / real(b)) * imaginary(b))


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`."""
    return asarray(np.where(condition, a, b))


# Whole arrays.


def extreme(find: Callable[..., Any]) -> Callable[..., Any]:
    """`np.max` or `np.min` by the real part."""

    def by_real_part(z: Any, axis: Any = None, keepdims: bool = False) -> Any:
        best = find(real(z), axis=axis, keepdims=True)
        among = real(z) == best
        change = np.sum(np.where(among, imaginary(z), 0.0), axis=axis, keepdims=keepdims)
        return join(find(real(z), axis=axis, keepdims=keepdims), change / np.sum(among, axis=axis, keepdims=keepdims))

    return by_real_part


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function that handles complex numbers as they are; its result is a Step again."""
    return lambda *arguments, **options: asarray(function(*arguments, **options))


def full(shape: Any, value: Any) -> Any:
    """An array of this value."""
    return asarray(np.full(shape, value, complex))


def solve(a: Any, b: Any) -> Any:
    """The x of a @ x = b, for stacks of matrices: x moves as a⁻¹ (db - da @ x)."""
    x = array.solve(real(a), real(b))
    return join(x, array.solve(real(a), imaginary(b) - imaginary(a) @ x))


def det(a: Any) -> Any:
    """The determinant: it moves as the sum of da times the cofactors."""
    from backpropcli.ops.linear.solving import cofactors

    return join(np.linalg.det(real(a)), np.sum(cofactors(array.xp, real(a)) * imaginary(a), axis=(-2, -1)))


xp = SimpleNamespace(
    name="complex step",
    raises=False,
    **{name: lifted(getattr(np, name)) for name in LIFTED.split()},
    **{name: flat(getattr(np, name)) for name in ("sign", "floor", "ceil")},
    **{name: wrapped(getattr(np, name)) for name in WRAPPED.split()},
    round=flat(np.rint),
    square=square,
    divide=divide,
    fmod=fmod,
    log1p=log1p,
    cbrt=cbrt,
    abs=absolute,
    erf=erf,
    erfc=erfc,
    hypot=hypot,
    arctan2=arctan2,
    power=power,
    maximum=maximum,
    minimum=minimum,
    where=where,
    logical_and=np.logical_and,
    logical_or=np.logical_or,
    logical_not=np.logical_not,
    max=extreme(np.max),
    min=extreme(np.min),
    argmax=lambda z, axis=None: np.argmax(real(z), axis=axis),
    argsort=lambda z: array.argsort(real(z)),
    solve=solve,
    det=det,
    asarray=asarray,
    number=asarray,
    whole=real,
    full=full,
    add_at=np.add.at,
    **CONSTANTS,
)
