"""Rounding and steps: constant between their jumps, so that their gradients are zero."""

from __future__ import annotations

from functools import partial

from backpropcli.ops import entries
from backpropcli.ops.definition import XP, Elementwise, Value
from backpropcli.ops.entries import FLAT, Entry, one_or_zero, taken

one: Entry = partial(entries.one, group="rounding")

ANY = (-20.75, -1.5, -0.25, 0.0, 0.3, 2.5, 7.75, 1e6)


def trunc(xp: XP, z: Value) -> Value:
    """Towards zero."""
    return xp.where(z > 0, xp.floor(z), xp.ceil(z))


def heaviside(xp: XP, z: Value, h: Value) -> Value:
    """0, h or 1; NaN for NaN."""
    return xp.where(z < 0, 0.0, xp.where(z > 0, 1.0, xp.where(z == 0, h, z)))


OPERATIONS = (
    one("floor", "floor(z)", "the nearest whole number below; its gradient is zero",
        lambda xp, z: xp.floor(z), FLAT, ANY, branch=lambda xp, z: xp.floor(z)),
    one("ceil",  "ceil(z)",  "the nearest whole number above; its gradient is zero",
        lambda xp, z: xp.ceil(z),  FLAT, ANY, branch=lambda xp, z: xp.ceil(z)),
    one("round", "round(z)", "the nearest whole number, the even one of two; its gradient is zero",
        lambda xp, z: xp.round(z), FLAT, ANY, branch=lambda xp, z: xp.round(z), aliases=["rint", "around"]),
    one("trunc", "trunc(z)", "the whole number without the fraction; its gradient is zero",
        trunc,                     FLAT, ANY, branch=trunc, aliases=["fix"]),
    one("step",  "where(z > 0, 1, 0)", "1 where z is positive, else 0; its gradient is zero",
        lambda xp, z: one_or_zero(xp, z > 0), FLAT, ANY, branch=lambda xp, z: z > 0, aliases=["unit_step"]),
    Elementwise(
        "heaviside", "z h", "0 for negative z, 1 for positive z, h at 0; its gradient is zero",
        group="rounding",
        formula="where(z < 0, 0, where(z > 0, 1, h))",
        value=heaviside,
        partials={"z": FLAT, "h": ("where(z == 0, 1, 0)", lambda xp, y, z, h: taken(xp, z == 0))},
        branch=lambda xp, z, h: xp.sign(z),
        samples=[(-2.0, 0.5), (0.0, 0.5), (3.0, 0.5)],
        keywords={"x1": "z", "x2": "h"},
    ),
)
