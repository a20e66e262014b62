"""Exponentials, logarithms and the error function."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import TRANSCENDENTAL, Entry

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Value

one: Entry = partial(entries.one, group="exponentials", nonlinearity=True, work=TRANSCENDENTAL)
two: Entry = partial(entries.two, group="exponentials", work=TRANSCENDENTAL)

WIDE = (-700.0, -40.0, -1.0, -1e-9, 0.0, 0.5, 3.0, 40.0, 700.0)
POSITIVE = (1e-300, 1e-9, 0.5, 1.0, 1.0000001, 3.0, 1e6)


def logaddexp(xp: XP, a: Value, b: Value) -> Value:
    """The value max + log(1 + exp(-|a - b|)): neither exp can overflow."""
    apart = xp.where(a == b, 0.0, a - b)  # and not inf - inf
    return xp.maximum(a, b) + xp.log1p(xp.exp(-xp.abs(apart)))


def share(xp: XP, a: Value, b: Value) -> Value:
    """exp(a) / (exp(a) + exp(b)), from one exp that cannot overflow."""
    e = xp.exp(xp.where(a > b, b - a, a - b))
    return xp.where(a > b, 1.0, e) / (1.0 + e)


def share2(xp: XP, a: Value, b: Value) -> Value:
    """2ᵃ / (2ᵃ + 2ᵇ), from one power that cannot overflow."""
    e = xp.power(2.0, xp.where(a > b, b - a, a - b))
    return xp.where(a > b, 1.0, e) / (1.0 + e)


OPERATIONS = (
    one(
        "exp",
        "exp(z)",
        "e to the power of z",
        lambda xp, z: xp.exp(z),
        ("y", lambda xp, y, z: y),
        WIDE,
        elementary=True,
        latex=r"\exp",
        activation=True,
    ),
    one(
        "expm1",
        "exp(z) - 1",
        "exp(z) - 1, exact for small z",
        lambda xp, z: xp.expm1(z),
        ("exp(z)", lambda xp, y, z: xp.exp(z)),
        WIDE,
    ),
    one(
        "exp2",
        "2**z",
        "2 to the power of z",
        lambda xp, z: xp.power(2.0, z),
        ("y * log(2)", lambda xp, y, z: y * xp.ln2),
        WIDE,
    ),
    one(
        "log",
        "log(z)",
        "the natural logarithm (ln)",
        lambda xp, z: xp.log(z),
        ("1 / z", lambda xp, y, z: xp.divide(1.0, z)),
        POSITIVE,
        elementary=True,
        latex=r"\ln",
    ),
    one(
        "log2",
        "log(z) / log(2)",
        "the logarithm to the base 2",
        lambda xp, z: xp.log2(z),
        ("1 / (z * log(2))", lambda xp, y, z: xp.divide(1.0, z * xp.ln2)),
        POSITIVE,
    ),
    one(
        "log10",
        "log(z) / log(10)",
        "the logarithm to the base 10",
        lambda xp, z: xp.log10(z),
        ("1 / (z * log(10))", lambda xp, y, z: xp.divide(1.0, z * xp.ln10)),
        POSITIVE,
    ),
    one(
        "log1p",
        "log(1 + z)",
        "log(1 + z), exact for small z",
        lambda xp, z: xp.log1p(z),
        ("1 / (1 + z)", lambda xp, y, z: xp.divide(1.0, 1.0 + z)),
        (-0.75, -1e-9, 0.0, 1e-300, 1e-9, 0.5, 3.0, 1e6),
    ),
    two(
        "logaddexp",
        "log(exp(a) + exp(b))",
        "the log of the sum of two exponentials, without overflow",
        logaddexp,
        (("exp(a - y)", lambda xp, y, a, b: share(xp, a, b)), ("exp(b - y)", lambda xp, y, a, b: share(xp, b, a))),
        ((1.0, 2.0), (-0.5, -3.0), (2.0, 2.0), (0.0, -40.0), (700.0, 720.0), (-700.0, 3.0), (1e5, 1e5 + 1)),
    ),
    two(
        "logaddexp2",
        "log(2**a + 2**b) / log(2)",
        "the logarithm to the base 2 of the sum of two powers of 2",
        lambda xp, a, b: xp.maximum(a, b) + xp.log1p(xp.power(2.0, -xp.abs(xp.where(a == b, 0.0, a - b)))) / xp.ln2,
        (("2**(a - y)", lambda xp, y, a, b: share2(xp, a, b)), ("2**(b - y)", lambda xp, y, a, b: share2(xp, b, a))),
        ((1.0, 2.0), (-0.5, -3.0), (2.0, 2.0), (0.0, -40.0), (1000.0, 1020.0), (-1000.0, 3.0)),
    ),
    one(
        "erf",
        "erf(z)",
        "the error function",
        lambda xp, z: xp.erf(z),
        ("2 * exp(-z**2) / sqrt(pi)", lambda xp, y, z: 2.0 / xp.sqrtpi * xp.exp(-z * z)),
        (-20.0, -3.0, -0.5, 0.0, 1e-9, 0.7, 2.0, 6.0),
        elementary=True,
    ),
    one(
        "erfc",
        "1 - erf(z)",
        "1 - erf(z), exact for large z",
        lambda xp, z: xp.erfc(z),
        ("-2 * exp(-z**2) / sqrt(pi)", lambda xp, y, z: -2.0 / xp.sqrtpi * xp.exp(-z * z)),
        (-6.0, -3.0, -0.5, 0.0, 0.7, 2.0, 6.0, 20.0),
    ),
)
