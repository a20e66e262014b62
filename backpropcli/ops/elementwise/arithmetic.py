"""Arithmetic: sums, products, quotients, sizes, signs, and the choice between two numbers."""

from __future__ import annotations

from functools import partial

from backpropcli.ops.definition import UNIT_SLOPE, XP, Elementwise, Value
from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import FLAT, Entry, taken

one: Entry = partial(entries.one, group="arithmetic")
two: Entry = partial(entries.two, group="arithmetic")

INF = float("inf")
LARGEST = 1.7976931348623157e308
ANY = (-3.0, -0.5, 0.0, 1e-9, 0.7, 20.0, 1e6)
PAIRS = ((2.0, 3.0), (-0.5, 4.0), (1e6, -1e-6), (-7.0, -0.25), (0.0, 2.0))
TIES = ((1.5, 1.5), (0.0, 0.0))


def larger(xp: XP, a: Value, b: Value) -> Value:
    """1 where a is the larger one, 0 where b is, and half for a tie: d maximum / da."""
    return xp.where(a > b, 1.0, xp.where(a < b, xp.nothing, 0.5))


def order(xp: XP, a: Value, b: Value) -> Value:
    """Which of two numbers is the larger one: -1, 0 or 1."""
    return xp.where(a > b, 1.0, xp.where(a < b, -1.0, 0.0))


def first_number(xp: XP, a: Value, b: Value, larger: bool) -> Value:
    """Which of two numbers fmax (or fmin) is: 1 for a, 0 for b, half for a tie; a NaN is not looked at."""
    wins, loses = (a > b, a < b) if larger else (a < b, a > b)
    above = xp.where(wins, 1.0, xp.where(loses, xp.nothing, 0.5))
    return xp.where(a == a, xp.where(b == b, above, 1.0), xp.nothing)


def fmax(xp: XP, a: Value, b: Value) -> Value:
    """The larger one; where one of them is NaN, the other."""
    return xp.where(a == a, xp.where(b == b, xp.maximum(a, b), a), b)


def fmin(xp: XP, a: Value, b: Value) -> Value:
    """The smaller one; where one of them is NaN, the other."""
    return xp.where(a == a, xp.where(b == b, xp.minimum(a, b), a), b)


def inside(xp: XP, z: Value, low: Value, high: Value) -> Value:
    """Where clip lets z through: between the bounds, both included, as in PyTorch."""
    return xp.logical_and(z >= low, z <= high)


def hypot_slope(xp: XP, y: Value, a: Value) -> Value:
    """The slope a / y; 0 at the corner (0, 0), the middle of the slopes there."""
    return xp.divide(a, xp.where(y == 0, 1.0, y))


OPERATIONS = (
    one(
        "identity",
        "z",
        "the same value",
        lambda xp, z: z,
        ("1", UNIT_SLOPE),
        ANY,
        aliases=["positive"],
        abroad="The unit matrix is eye(n).",
    ),
    one(
        "stop_gradient",
        "stop_gradient(z)",
        "the same value as a constant: nothing flows back through it",
        lambda xp, z: z,
        FLAT,
        ANY,
        aliases=["detach"],
        stops=True,
    ),
    one(
        "negative",
        "-z",
        "the opposite",
        lambda xp, z: -z,
        ("-1", lambda xp, y, z: -1.0),
        ANY,
        aliases=["neg"],
        prefix="-",
    ),
    two(
        "add",
        "a + b",
        "the sum",
        lambda xp, a, b: a + b,
        (("1", UNIT_SLOPE), ("1", UNIT_SLOPE)),
        PAIRS,
        infix="+",
        commutative=True,
    ),
    two(
        "subtract",
        "a - b",
        "the difference",
        lambda xp, a, b: a - b,
        (("1", UNIT_SLOPE), ("-1", lambda xp, y, a, b: -1.0)),
        PAIRS,
        infix="-",
        aliases=["sub"],
    ),
    two(
        "multiply",
        "a * b",
        "the product",
        lambda xp, a, b: a * b,
        (("b", lambda xp, y, a, b: b), ("a", lambda xp, y, a, b: a)),
        PAIRS,
        infix="*",
        aliases=["mul"],
        commutative=True,
    ),
    two(
        "divide",
        "a / b",
        "the quotient",
        lambda xp, a, b: xp.divide(a, b),
        (("1 / b", lambda xp, y, a, b: xp.divide(1.0, b)), ("-a / b**2", lambda xp, y, a, b: -xp.divide(y, b))),
        PAIRS,
        infix="/",
        aliases=["true_divide", "div"],
    ),
    one(
        "reciprocal",
        "1 / z",
        "one over z",
        lambda xp, z: xp.divide(1.0, z),
        ("-1 / z**2", lambda xp, y, z: -y * y),
        (-3.0, -1e-6, 0.25, 7.0, 1e6),
    ),
    one(
        "absolute",
        "abs(z)",
        "the size without the sign; the slope at 0 is taken as 0",
        lambda xp, z: xp.abs(z),
        ("sign(z)", lambda xp, y, z: xp.sign(z)),
        ANY,
        branch=lambda xp, z: xp.sign(z),
        aliases=["abs", "fabs"],
    ),
    one(
        "sign",
        "sign(z)",
        "-1, 0 or 1; its gradient is zero",
        lambda xp, z: xp.sign(z),
        FLAT,
        ANY,
        branch=lambda xp, z: xp.sign(z),
        aliases=["sgn"],
        staircase=True,
        cases="where(z > 0, 1, where(z < 0, -1, 0))",
    ),
    two(
        "hypot",
        "sqrt(a**2 + b**2)",
        "the longest side of a right triangle; its slopes at (0, 0) are taken as 0",
        lambda xp, a, b: xp.hypot(a, b),
        (("a / y", lambda xp, y, a, b: hypot_slope(xp, y, a)), ("b / y", lambda xp, y, a, b: hypot_slope(xp, y, b))),
        (*PAIRS, (1e200, 1e200)),
        branch=lambda xp, a, b: xp.logical_and(a == 0, b == 0),
        commutative=True,
    ),
    two(
        "maximum",
        "where(a > b, a, b)",
        "the larger of two values; where they are equal, each gets half the gradient",
        lambda xp, a, b: xp.maximum(a, b),
        (
            ("where(a > b, 1, where(a < b, 0, 1/2))", lambda xp, y, a, b: larger(xp, a, b)),
            ("where(b > a, 1, where(b < a, 0, 1/2))", lambda xp, y, a, b: larger(xp, b, a)),
        ),
        (*PAIRS, *TIES),
        branch=order,
        chosen=dict.fromkeys("ab", "the larger"),
        latex=r"\max",
    ),
    two(
        "minimum",
        "where(a < b, a, b)",
        "the smaller of two values; where they are equal, each gets half the gradient",
        lambda xp, a, b: xp.minimum(a, b),
        (
            ("where(a < b, 1, where(a > b, 0, 1/2))", lambda xp, y, a, b: larger(xp, b, a)),
            ("where(b < a, 1, where(b > a, 0, 1/2))", lambda xp, y, a, b: larger(xp, a, b)),
        ),
        (*PAIRS, *TIES),
        branch=order,
        chosen=dict.fromkeys("ab", "the smaller"),
        latex=r"\min",
    ),
    two(
        "fmax",
        "where(a > b, a, b)",
        "the larger of two values; where one of them is NaN, the other",
        fmax,
        (
            ("where(a > b, 1, where(a < b, 0, 1/2))", lambda xp, y, a, b: first_number(xp, a, b, True)),
            ("where(b > a, 1, where(b < a, 0, 1/2))", lambda xp, y, a, b: first_number(xp, b, a, True)),
        ),
        (*PAIRS, *TIES),
        branch=order,
        chosen=dict.fromkeys("ab", "the larger"),
    ),
    two(
        "fmin",
        "where(a < b, a, b)",
        "the smaller of two values; where one of them is NaN, the other",
        fmin,
        (
            ("where(a < b, 1, where(a > b, 0, 1/2))", lambda xp, y, a, b: first_number(xp, a, b, False)),
            ("where(b < a, 1, where(b > a, 0, 1/2))", lambda xp, y, a, b: first_number(xp, b, a, False)),
        ),
        (*PAIRS, *TIES),
        branch=order,
        chosen=dict.fromkeys("ab", "the smaller"),
    ),
    Elementwise(
        "nan_to_num",
        "z nan posinf neginf",
        "the same value, with numbers in place of NaN and infinities",
        group="arithmetic",
        formula="z",
        value=lambda xp, z, nan, posinf, neginf: xp.where(
            z == z, xp.where(z == INF, posinf, xp.where(z == -INF, neginf, z)), nan
        ),
        partials={
            "z": ("1", lambda xp, y, z, nan, posinf, neginf: taken(xp, xp.abs(z) < INF)),
            "nan": ("0", lambda xp, y, z, nan, posinf, neginf: taken(xp, z != z)),
            "posinf": ("0", lambda xp, y, z, nan, posinf, neginf: taken(xp, z == INF)),
            "neginf": ("0", lambda xp, y, z, nan, posinf, neginf: taken(xp, z == -INF)),
        },
        defaults=(0.0, LARGEST, -LARGEST),
        samples=[(0.5, 0.0, 1.0, -1.0), (-4.0, 2.0, 1e9, -1e9)],
        keywords={"x": "z"},
    ),
    Elementwise(
        "clip",
        "z low high",
        "z kept between low and high; the slope at a bound is taken as 1",
        group="arithmetic",
        defaults=(-INF, INF),
        formula="minimum(maximum(z, low), high)",
        value=lambda xp, z, low, high: xp.minimum(xp.maximum(z, low), high),
        partials={
            "z": (
                "where((low <= z) & (z <= high), 1, 0)",
                lambda xp, y, z, low, high: taken(xp, inside(xp, z, low, high)),
            ),
            "low": (
                "where((z < low) & (low <= high), 1, 0)",
                lambda xp, y, z, low, high: taken(xp, xp.logical_and(z < low, low <= high)),
            ),
            "high": (
                "where(maximum(z, low) > high, 1, 0)",
                lambda xp, y, z, low, high: taken(xp, xp.maximum(z, low) > high),
            ),
        },
        branch=lambda xp, z, low, high: xp.where(z < low, -1.0, xp.where(z > high, 1.0, 0.0)),
        chosen={"z": "between the bounds", "low": "the bound that holds", "high": "the bound that holds"},
        samples=[(0.5, -1.0, 1.0), (-4.0, -1.0, 1.0), (7.0, -1.0, 1.0), (1.0, -1.0, 1.0), (0.5, 3.0, 2.0)],
        aliases=["clamp"],
        keywords={"a_min": "low", "a_max": "high", "min": "low", "max": "high"},
    ),
    Elementwise(
        "where",
        "condition a b",
        "a where the condition holds (is not 0), else b",
        group="arithmetic",
        formula="where(condition, a, b)",
        value=lambda xp, condition, a, b: xp.where(condition != 0, a, b),
        partials={
            "condition": FLAT,
            "a": ("where(condition, 1, 0)", lambda xp, y, condition, a, b: taken(xp, condition != 0)),
            "b": ("where(condition, 0, 1)", lambda xp, y, condition, a, b: taken(xp, condition == 0)),
        },
        branch=lambda xp, condition, a, b: condition != 0,
        selects=True,
        samples=[(1.0, 2.0, 3.0), (0.0, 2.0, 3.0), (-0.5, 20.0, -7.0)],
        keywords={"x": "a", "y": "b"},
    ),
)
