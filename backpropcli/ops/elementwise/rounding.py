"""Rounding and steps: constant between their jumps, so that their gradients are zero."""

from __future__ import annotations

from functools import partial

from backpropcli.ops.definition import XP, Elementwise, Value
from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import FLAT, Entry, one_or_zero, taken

one: Entry = partial(entries.one, group="rounding", staircase=True)

ANY = (-20.75, -1.5, -0.25, 0.0, 0.3, 2.5, 7.75, 1e6)


def trunc(xp: XP, z: Value) -> Value:
    """Towards zero."""
    return xp.where(z > 0, xp.floor(z), xp.ceil(z))


def whole_part(xp: XP, z: Value, decimals: Value) -> Value:
    """The whole number, the even one of two, that z is next to once it is shifted by so many decimals."""
    scale = xp.power(10.0, xp.abs(decimals))
    return xp.round(xp.where(decimals > 0, z * scale, xp.divide(z, scale)))


def rounded(xp: XP, z: Value, decimals: Value) -> Value:
    """As NumPy: times a power of 10, rounded, and divided by it again."""
    scale, found = xp.power(10.0, xp.abs(decimals)), whole_part(xp, z, decimals)
    return xp.where(decimals > 0, xp.divide(found, scale), found * scale)


def heaviside(xp: XP, z: Value, h: Value) -> Value:
    """0, h or 1; NaN for NaN."""
    return xp.where(z < 0, 0.0, xp.where(z > 0, 1.0, xp.where(z == 0, h, z)))


OPERATIONS = (
    one(
        "floor",
        "floor(z)",
        "the nearest whole number below; its gradient is zero",
        lambda xp, z: xp.floor(z),
        FLAT,
        ANY,
        branch=lambda xp, z: xp.floor(z),
    ),
    one(
        "ceil",
        "ceil(z)",
        "the nearest whole number above; its gradient is zero",
        lambda xp, z: xp.ceil(z),
        FLAT,
        ANY,
        branch=lambda xp, z: xp.ceil(z),
    ),
    Elementwise(
        "round",
        "z decimals",
        "the nearest number of so many decimals, the even one of two; its gradient is zero",
        group="rounding",
        formula="round(z * 10**decimals) / 10**decimals",
        value=rounded,
        branch=whole_part,
        partials={"z": FLAT, "decimals": FLAT},
        defaults=(0.0,),
        fixed=("decimals",),
        aliases=["rint", "around"],
        samples=[*((z, 0.0) for z in ANY), (1.25, 1.0), (-2.34567, 3.0), (1234.5, -2.0)],
        keywords={"n_digits": "decimals", "a": "z"},
        staircase=True,
    ),
    one(
        "trunc",
        "trunc(z)",
        "the whole number without the fraction; its gradient is zero",
        trunc,
        FLAT,
        ANY,
        branch=trunc,
        aliases=["fix"],
    ),
    one(
        "step",
        "where(z > 0, 1, 0)",
        "1 where z is positive, else 0; its gradient is zero",
        lambda xp, z: one_or_zero(xp, z > 0),
        FLAT,
        ANY,
        branch=lambda xp, z: z > 0,
        aliases=["unit_step"],
        cases="where(z > 0, 1, 0)",
    ),
    Elementwise(
        "heaviside",
        "z h",
        "0 for negative z, 1 for positive z, h at 0; its gradient is zero",
        group="rounding",
        formula="where(z < 0, 0, where(z > 0, 1, h))",
        value=heaviside,
        partials={"z": FLAT, "h": ("where(z == 0, 1, 0)", lambda xp, y, z, h: taken(xp, z == 0))},
        branch=lambda xp, z, h: xp.sign(z),
        samples=[(-2.0, 0.5), (0.0, 0.5), (3.0, 0.5)],
        keywords={"x1": "z", "x2": "h"},
        staircase=True,
    ),
)
