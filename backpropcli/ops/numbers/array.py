"""NumPy, in float64 or float32: the numbers of every graph that is not scalar, and of a scalar graph's odd cases.

Every result keeps the namespace's dtype, as long as the arguments do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from backpropcli.ops.numbers.quiet import hush
from backpropcli.ops.numbers.scalar import CONSTANTS

MANY = 4096
"""From this many entries on, choosing by bits beats `np.where`, whose branches mispredict."""

TYPED = "asarray zeros ones full arange eye linspace"
"""NumPy's functions that need to be told the dtype."""
AS_THEY_ARE = """
    exp expm1 log log1p log2 log10 sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh
    sqrt cbrt square abs sign floor ceil hypot divide fmod maximum minimum logical_and logical_or logical_not
    sum prod cumsum cumprod max min argmax matmul transpose swapaxes moveaxis reshape concatenate stack broadcast_to
    expand_dims squeeze tile flip einsum zeros_like
"""
"""NumPy's functions that keep their arguments' dtype."""


def power(x: Any, n: Any) -> Any:
    """x**n; NaN for a negative base with a fractional exponent. The operator knows short ways for 2 and 0.5."""
    return x**n if isinstance(x, np.ndarray) else np.power(x, n)


def entrywise(function: Callable[[float], float]) -> Callable[[np.dtype[Any], Any], Any]:
    """A function from `math`, for arrays: NumPy has no erf. About 60 ns an entry."""

    def on_array(dtype: np.dtype[Any], z: Any) -> Any:
        z = np.asarray(z)
        return np.fromiter(map(function, z.ravel().tolist()), dtype, z.size).reshape(z.shape)[()]

    return on_array


def where(dtype: np.dtype[Any], condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`, in this dtype (np.where(c, 1.0, 0.0) alone would be float64)."""
    if isinstance(condition, np.ndarray) and condition.size >= MANY:
        return choose(dtype, condition, a, b)
    return np.where(condition, a, b).astype(dtype, copy=False)[()]


def choose(dtype: np.dtype[Any], condition: Any, a: Any, b: Any) -> Any:
    """The same for many entries, without branching: b's bits, changed into a's where the condition holds."""
    one_and_zero = type(a) is float and type(b) is float and a == 1.0 and b == 0.0
    if one_and_zero:
        return condition.astype(dtype)
    bits = np.dtype(f"i{dtype.itemsize}")
    a, b = np.asarray(a, dtype).view(bits), np.asarray(b, dtype).view(bits)
    holds = np.negative(condition.view(np.int8))  # -1, all bits set, where the condition holds
    if not a.ndim and a == 0:
        return (~holds & b).view(dtype)
    if not b.ndim and b == 0:
        return (holds & a).view(dtype)
    return (b ^ (holds & (a ^ b))).view(dtype)


def argsort(z: Any) -> Any:
    """The order of the entries along the last axis, equal ones as they come."""
    return np.argsort(z, axis=-1, kind="stable")


def row_max(a: Any) -> Any:
    """The largest entry along the last axis, which is kept: NumPy finds where it stands twice as fast as what it is."""
    return at_row_max(a, a)


def at_row_max(a: Any, b: Any) -> Any:
    """The entries of b where a is largest along the last axis, which is kept; the first of those in a tie."""
    return np.take_along_axis(b, np.argmax(a, axis=-1)[..., None], axis=-1)


def row_dot(a: Any, b: Any) -> Any:
    """The sum of products along the last axis, which is kept, without the products' array."""
    return np.einsum("...i,...i->...", a, b)[..., None]


def solve(a: Any, b: Any) -> Any:
    """The x of a @ x = b, for stacks of matrices; NaN for a singular one, where NumPy would give up on all of them."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        if a.ndim == 2:
            return np.full(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + b.shape[-2:], np.nan, b.dtype)
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = np.broadcast_to(a, lead + a.shape[-2:]), np.broadcast_to(b, lead + b.shape[-2:])
        return np.stack([solve(one, other) for one, other in zip(a, b, strict=True)])


@cache
def namespace(dtype: str = "float64") -> SimpleNamespace:
    """The namespace of this dtype, `float64` or `float32`; made once."""
    kind = np.dtype(dtype)
    typed: dict[str, Any] = {name: partial(getattr(np, name), dtype=kind) for name in TYPED.split()}
    untyped: dict[str, Any] = {name: getattr(np, name) for name in AS_THEY_ARE.split()}
    return SimpleNamespace(
        name=dtype,
        raises=False,
        **typed,
        **untyped,
        dtype=kind,
        number=kind.type,
        add_at=np.add.at,
        round=np.rint,
        power=power,
        where=partial(where, kind),
        whole=partial(np.asarray, dtype=np.float64),
        argsort=argsort,
        row_max=row_max,
        at_row_max=at_row_max,
        row_dot=row_dot,
        solve=solve,
        det=np.linalg.det,
        erf=partial(entrywise(math.erf), kind),
        erfc=partial(entrywise(math.erfc), kind),
        **CONSTANTS,
    )


xp = namespace()

# glibc gives large blocks back to the kernel as soon as they are freed, and every run then pays a page fault for each
# 4 kB of every array: a third of a dense network's time. Its threshold rises to the largest block ever freed, up to
# 32 MiB; this one is never touched, so it costs no memory.
np.empty(4_000_000)

hush()
