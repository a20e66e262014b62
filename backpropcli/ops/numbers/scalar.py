"""Plain floats, from `math`: the numbers of a scalar graph.

Where mathematics has no finite answer (1/0, log(0), exp(1000), (-8)**(1/3)) a function here raises ArithmeticError or
ValueError; the caller then runs the same body with NumPy's float64, which answers inf or NaN.
"""

from __future__ import annotations

import math
import operator
from types import SimpleNamespace


def sign(z: float) -> float:
    """-1, 0 or 1; NaN for NaN."""
    return 1.0 if z > 0.0 else -1.0 if z < 0.0 else 0.0 if z == 0.0 else z


def maximum(a: float, b: float) -> float:
    """The larger one; NaN if either is NaN, as in NumPy."""
    return a if a > b or a != a else b


def minimum(a: float, b: float) -> float:
    """The smaller one; NaN if either is NaN, as in NumPy."""
    return a if a < b or a != a else b


def where(condition: bool, a: float, b: float) -> float:
    """`a` where the condition holds, else `b`."""
    return a if condition else b


def square(z: float) -> float:
    """The product z · z: it overflows to inf, where z**2 would raise."""
    return z * z


CONSTANTS = {
    "nothing": 0.0,
    "pi": math.pi,
    "ln2": math.log(2),
    "ln10": math.log(10),
    "sqrt2": math.sqrt(2),
    "sqrtpi": math.sqrt(math.pi),
}
"""Those of every number system in float64: as Python floats, which take the dtype of the array that they meet."""

xp = SimpleNamespace(
    name="scalar",
    raises=True,
    exp=math.exp,
    expm1=math.expm1,
    log=math.log,
    log1p=math.log1p,
    log2=math.log2,
    log10=math.log10,
    sin=math.sin,
    cos=math.cos,
    tan=math.tan,
    arcsin=math.asin,
    arccos=math.acos,
    arctan=math.atan,
    arctan2=math.atan2,
    sinh=math.sinh,
    cosh=math.cosh,
    tanh=math.tanh,
    arcsinh=math.asinh,
    arccosh=math.acosh,
    arctanh=math.atanh,
    sqrt=math.sqrt,
    cbrt=math.cbrt,
    square=square,
    abs=abs,
    sign=sign,
    floor=lambda z: float(math.floor(z)),
    ceil=lambda z: float(math.ceil(z)),
    round=lambda z: float(round(z)),
    erf=math.erf,
    erfc=math.erfc,
    hypot=math.hypot,
    # math.pow, not **: Python's ** answers (-8.0)**(1/3) with a complex number.
    power=math.pow,
    divide=operator.truediv,
    fmod=math.fmod,
    maximum=maximum,
    minimum=minimum,
    where=where,
    logical_and=operator.and_,
    logical_or=operator.or_,
    logical_not=operator.not_,
    number=float,
    **CONSTANTS,
)
