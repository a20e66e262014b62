"""Functions of entropy and probability, and what is done with signs and parts of numbers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import FLAT, TRANSCENDENTAL, Entry, gaussian, gaussian_share, taken

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Value

one: Entry = partial(entries.one, group="exponentials", nonlinearity=True, work=TRANSCENDENTAL)
two: Entry = partial(entries.two, group="exponentials", work=TRANSCENDENTAL)

UNIT = (1e-300, 1e-9, 0.25, 0.4999999, 0.5, 0.500001, 0.7, 0.75, 1.0 - 1e-9)
INF = float("inf")
PRODUCTS = ((2.0, 3.0), (-1.5, 0.25), (0.0, 0.5), (1e-300, 1e-9), (40.0, 1e6))


def xlogy(xp: XP, a: Value, b: Value) -> Value:
    """The value a · log b, and 0 for a = 0, even where log b is not finite; NaN stays NaN."""
    nothing = xp.logical_and(a == 0, xp.logical_or(b <= 0, b == INF))
    return xp.where(nothing, 0.0, a) * xp.log(xp.where(nothing, 1.0, b))


def xlogy_slope(xp: XP, a: Value, b: Value) -> Value:
    """The slope log b; 0 where both are 0, as PyTorch has it."""
    none = xp.logical_and(a == 0, b <= 0)
    return taken(xp, xp.logical_not(none), xp.log(xp.where(none, 1.0, b)))


def xlog1py(xp: XP, a: Value, b: Value) -> Value:
    """The value a · log(1 + b), and 0 for a = 0, even where the logarithm is not finite; NaN stays NaN."""
    nothing = xp.logical_and(a == 0, xp.logical_or(b <= -1, b == INF))
    return xp.where(nothing, 0.0, a) * xp.log1p(xp.where(nothing, 0.0, b))


def xlog1py_slope(xp: XP, a: Value, b: Value) -> Value:
    """The slope log(1 + b); 0 where a is 0 and b at most -1, as PyTorch has it."""
    none = xp.logical_and(a == 0, b <= -1)
    return taken(xp, xp.logical_not(none), xp.log1p(xp.where(none, 0.0, b)))


def logit(xp: XP, z: Value) -> Value:
    """log(z / (1 - z)); around 1/2, where it is 0, 2 · artanh(2z - 1), whose argument is exact there."""
    middle = xp.abs(z - 0.5) < 0.25
    far = xp.where(middle, 0.75, z)
    return xp.where(middle, 2.0 * xp.arctanh(xp.where(middle, 2.0 * z - 1.0, 0.0)), xp.log(far) - xp.log1p(-far))


def entropy(xp: XP, z: Value) -> Value:
    """-z · log z; 0 at 0, and below it no probability has an entropy."""
    return xp.where(z < 0, -INF, -z * xp.log(xp.where(z > 0, z, xp.where(z == z, 1.0, z))))


def negative(xp: XP, b: Value) -> Value:
    """Whether a number has a minus: -0 too, which only its reciprocal shows."""
    return xp.where(b == 0, xp.divide(1.0, b), b) < 0


def copysign(xp: XP, a: Value, b: Value) -> Value:
    """|a| with the sign of b."""
    size = xp.abs(a)
    return xp.where(negative(xp, b), -size, size)


OPERATIONS = (
    two(
        "xlogy",
        "a * log(b)",
        "a times log(b), and 0 where a is 0: what an entropy needs",
        xlogy,
        (
            ("log(b)", lambda xp, y, a, b: xlogy_slope(xp, a, b)),
            ("a / b", lambda xp, y, a, b: xp.where(a == 0, 0.0, xp.divide(a, b))),
        ),
        PRODUCTS,
        source="scipy.special.xlogy",
    ),
    two(
        "xlog1py",
        "a * log(1 + b)",
        "a times log(1 + b), and 0 where a is 0",
        xlog1py,
        (
            ("log(1 + b)", lambda xp, y, a, b: xlog1py_slope(xp, a, b)),
            ("a / (1 + b)", lambda xp, y, a, b: xp.where(a == 0, 0.0, xp.divide(a, 1.0 + b))),
        ),
        ((2.0, 3.0), (-1.5, -0.25), (0.0, 0.5), (3.0, 1e-300), (40.0, 1e-9)),
        source="scipy.special.xlog1py",
    ),
    one(
        "logit",
        "log(z / (1 - z))",
        "the logarithm of the odds: what sigmoid undoes",
        logit,
        ("1 / (z * (1 - z))", lambda xp, y, z: xp.divide(1.0, z * (1.0 - z))),
        UNIT,
        source="scipy.special.logit",
    ),
    one(
        "entr",
        "-z * log(z)",
        "the entropy of a probability; 0 at 0",
        entropy,
        ("-log(z) - 1", lambda xp, y, z: -xp.log(z) - 1.0),
        (1e-300, 1e-9, 0.25, 0.7, 1.0, 3.0, 40.0),
        source="scipy.special.entr",
    ),
    one(
        "ndtr",
        "(1 + erf(z / sqrt(2))) / 2",
        "how much of the standard normal distribution lies below z",
        gaussian_share,
        ("exp(-z**2 / 2) / sqrt(2 * pi)", lambda xp, y, z: gaussian(xp, z)),
        (-20.0, -6.0, -2.0, -0.5, 0.0, 1e-9, 0.7, 3.0, 9.0),
        source="scipy.special.ndtr",
        probability=True,
    ),
    two(
        "copysign",
        "where(b < 0, -abs(a), abs(a))",
        "the size of a with the sign of b",
        copysign,
        (
            ("where(b < 0, -sign(a), sign(a))", lambda xp, y, a, b: xp.where(negative(xp, b), -xp.sign(a), xp.sign(a))),
            FLAT,
        ),
        ((2.0, 3.0), (-1.5, 0.25), (0.5, -4.0), (-7.0, -1e-9)),
        group="arithmetic",
        work=1.0,
        branch=lambda xp, a, b: xp.sign(a) + xp.where(negative(xp, b), 4.0, 0.0),
        source="numpy.copysign",
    ),
    two(
        "ldexp",
        "a * 2**b",
        "a times 2 to the power of b",
        lambda xp, a, b: a * xp.power(2.0, b),
        (
            ("2**b", lambda xp, y, a, b: xp.power(2.0, b)),
            ("y * log(2)", lambda xp, y, a, b: y * xp.ln2),
        ),
        ((2.0, 3.0), (-1.5, 0.25), (0.0, -4.0), (3.0, -40.0)),
        source="torch.ldexp",
    ),
)
