"""Trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import TRANSCENDENTAL, Entry

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Body, Value

one: Entry = partial(entries.one, group="trigonometry", nonlinearity=True, work=TRANSCENDENTAL, underflows=False)
two: Entry = partial(entries.two, group="trigonometry", work=TRANSCENDENTAL, underflows=False)

ANGLES = (-20.0, -2.0, -1e-9, 0.0, 0.5, 1.5, 3.0, 100.0)
WIDE = (-350.0, -20.0, -1.0, 0.0, 1e-9, 0.5, 3.0, 20.0, 350.0)
UNIT = (-0.9999999, -0.5, 0.0, 1e-9, 0.7, 0.9999999)


def sech_squared(xp: XP, z: Value) -> Value:
    """1 - tanh(z)² as 4e / (1 + e)² with e = exp(-2|z|): 1 - y² has lost every digit at z = 20."""
    e = xp.exp(-2.0 * xp.abs(z))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


def from_one(xp: XP, z: Value) -> Value:
    """1 - z², without cancelling near 1."""
    return (1.0 - z) * (1.0 + z)


def turned(xp: XP, function: Body, z: Value) -> Value:
    """Sin or cos of πz by what z has beyond the nearest whole number, which is exact: πz alone is rounded."""
    whole = xp.round(z)
    return (1.0 - 2.0 * (whole - 2.0 * xp.floor(0.5 * whole))) * function((z - whole) * xp.pi)


def sinc(xp: XP, z: Value) -> Value:
    """The quotient sin(πz) / (πz), and its limit 1 at 0."""
    safe = xp.where(z == 0, 1.0, z)
    return xp.where(z == 0, 1.0, turned(xp, xp.sin, safe) / (safe * xp.pi))


def sinc_slope(xp: XP, y: Value, z: Value) -> Value:
    """(cos(πz) - y) / z; near 0, where that cancels, its series."""
    t = xp.pi * z
    near = xp.abs(t) < 0.5
    s = xp.where(near, t, 0.0)
    s = s * s
    series = -1 / 3 + s * (1 / 30 + s * (-1 / 840 + s * (1 / 45360 + s * (-1 / 3991680 + s / 518918400))))
    safe = xp.where(near, 1.0, z)
    return xp.where(
        near, t * xp.pi * (series - s * s * s * s * s * s / 93405312000), (turned(xp, xp.cos, safe) - y) / safe
    )


OPERATIONS = (
    one(
        "sin",
        "sin(z)",
        "the sine; angles are in radians",
        lambda xp, z: xp.sin(z),
        ("cos(z)", lambda xp, y, z: xp.cos(z)),
        ANGLES,
        latex=r"\sin",
        activation=True,
    ),
    one(
        "cos",
        "cos(z)",
        "the cosine; angles are in radians",
        lambda xp, z: xp.cos(z),
        ("-sin(z)", lambda xp, y, z: -xp.sin(z)),
        ANGLES,
        latex=r"\cos",
    ),
    one(
        "tan",
        "tan(z)",
        "the tangent; angles are in radians",
        lambda xp, z: xp.tan(z),
        ("1 + y**2", lambda xp, y, z: 1.0 + y * y),
        ANGLES,
        latex=r"\tan",
    ),
    one(
        "arcsin",
        "arcsin(z)",
        "the angle whose sine is z",
        lambda xp, z: xp.arcsin(z),
        ("1 / sqrt(1 - z**2)", lambda xp, y, z: xp.divide(1.0, xp.sqrt(from_one(xp, z)))),
        UNIT,
        aliases=["asin"],
        latex=r"\arcsin",
    ),
    one(
        "arccos",
        "arccos(z)",
        "the angle whose cosine is z",
        lambda xp, z: xp.arccos(z),
        ("-1 / sqrt(1 - z**2)", lambda xp, y, z: xp.divide(-1.0, xp.sqrt(from_one(xp, z)))),
        UNIT,
        aliases=["acos"],
        latex=r"\arccos",
    ),
    one(
        "arctan",
        "arctan(z)",
        "the angle whose tangent is z",
        lambda xp, z: xp.arctan(z),
        ("1 / (1 + z**2)", lambda xp, y, z: 1.0 / (1.0 + z * z)),
        WIDE,
        aliases=["atan"],
        latex=r"\arctan",
    ),
    two(
        "arctan2",
        "arctan2(a, b)",
        "the angle of the point at width b and height a; it jumps where b < 0 and a is 0",
        lambda xp, a, b: xp.arctan2(a, b),
        (
            ("b / (a**2 + b**2)", lambda xp, y, a, b: xp.divide(b, a * a + b * b)),
            ("-a / (a**2 + b**2)", lambda xp, y, a, b: xp.divide(-a, a * a + b * b)),
        ),
        ((1.0, 2.0), (-0.5, 3.0), (2.0, -1.0), (-3.0, -0.25), (1e-9, 5.0), (7.0, 0.0)),
        branch=lambda xp, a, b: xp.logical_and(a < 0, b < 0),
        aliases=["atan2"],
    ),
    one(
        "sinh",
        "sinh(z)",
        "the hyperbolic sine",
        lambda xp, z: xp.sinh(z),
        ("cosh(z)", lambda xp, y, z: xp.cosh(z)),
        WIDE,
        latex=r"\sinh",
    ),
    one(
        "cosh",
        "cosh(z)",
        "the hyperbolic cosine",
        lambda xp, z: xp.cosh(z),
        ("sinh(z)", lambda xp, y, z: xp.sinh(z)),
        WIDE,
        latex=r"\cosh",
    ),
    one(
        "tanh",
        "tanh(z)",
        "the hyperbolic tangent: an S from -1 to 1",
        lambda xp, z: xp.tanh(z),
        ("1 - y**2", lambda xp, y, z: sech_squared(xp, z)),
        WIDE,
        activation=True,
        latex=r"\tanh",
        probability=False,
    ),
    one(
        "arcsinh",
        "arcsinh(z)",
        "the number whose hyperbolic sine is z",
        lambda xp, z: xp.arcsinh(z),
        ("1 / sqrt(z**2 + 1)", lambda xp, y, z: 1.0 / xp.hypot(1.0, z)),
        WIDE,
        aliases=["asinh"],
    ),
    one(
        "arccosh",
        "arccosh(z)",
        "the number from 0 up whose hyperbolic cosine is z",
        lambda xp, z: xp.arccosh(z),
        ("1 / sqrt(z**2 - 1)", lambda xp, y, z: xp.divide(1.0, xp.sqrt((z - 1.0) * (z + 1.0)))),
        (1.0009765625, 2.0, 20.0, 1e6),
        aliases=["acosh"],
    ),
    one(
        "arctanh",
        "arctanh(z)",
        "the number whose hyperbolic tangent is z",
        lambda xp, z: xp.arctanh(z),
        ("1 / (1 - z**2)", lambda xp, y, z: xp.divide(1.0, from_one(xp, z))),
        UNIT,
        aliases=["atanh"],
    ),
    one(
        "sinc",
        "where(z == 0, 1, sin(pi * z) / (pi * z))",
        "sin(pi*z) / (pi*z), and 1 at 0",
        sinc,
        ("where(z == 0, 0, (cos(pi * z) - y) / z)", sinc_slope),
        (-2.3, -0.15, 0.0, 0.03, 0.16, 0.7, 1.4),
    ),
    one(
        "radians",
        "z * pi / 180",
        "degrees turned into radians",
        lambda xp, z: z * (xp.pi / 180),
        ("pi / 180", lambda xp, y, z: xp.pi / 180),
        ANGLES,
        aliases=["deg2rad"],
    ),
    one(
        "degrees",
        "z * 180 / pi",
        "radians turned into degrees",
        lambda xp, z: z * (180 / xp.pi),
        ("180 / pi", lambda xp, y, z: 180 / xp.pi),
        ANGLES,
        aliases=["rad2deg"],
    ),
)
