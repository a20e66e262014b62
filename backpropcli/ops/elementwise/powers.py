"""Powers and roots."""

from __future__ import annotations

from functools import partial

from backpropcli.ops.definition import XP, Elementwise, Value
from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import TRANSCENDENTAL, Entry

one: Entry = partial(entries.one, group="powers", work=TRANSCENDENTAL)

ROOTS = (1e-12, 0.25, 2.0, 9.0, 1e6)


def power_by_base(xp: XP, y: Value, x: Value, n: Value) -> Value:
    """The slope n · xⁿ⁻¹, and 0 for n = 0 even at x = 0, where 0 · 0⁻¹ would be NaN."""
    return n * xp.power(x, xp.where(n == 0, 0.0, n - 1))


def power_by_exponent(xp: XP, y: Value, x: Value, n: Value) -> Value:
    """The slope y · log x: NaN for x < 0, and at x = 0 its limit 0 (for n > 0), where 0 · log 0 would be NaN."""
    return y * xp.log(xp.where(x == 0, 1.0, x))


OPERATIONS = (
    Elementwise(
        "power",
        "x n",
        "x to the power of n",
        group="powers",
        formula="x**n",
        value=lambda xp, x, n: xp.power(x, n),
        partials={"x": ("n * x**(n - 1)", power_by_base), "n": ("y * log(x)", power_by_exponent)},
        samples=[
            (2.0, 3.0),
            (7.0, 0.5),
            (0.3, -2.0),
            (1.5, 40.0),
            (1e-3, 1e-3),
            (-2.0, 3.0),
            (-1.5, -2.0),
            (3.0, 0.0),
            (0.0, 1.0),
            (0.0, 2.0),
            (0.0, 2.5),
            (0.0, 0.0),
            (-4.0, 0.0),
            (1.0000001, 1e6),
        ],
        infix="**",
        aliases=["pow", "float_power"],
        work=TRANSCENDENTAL,
    ),
    one(
        "square",
        "z**2",
        "z times z",
        lambda xp, z: xp.square(z),
        ("2 * z", lambda xp, y, z: 2.0 * z),
        (-20.0, -0.5, 0.0, 1e-8, 3.0, 1e6),
        activation=True,
    ),
    one(
        "sqrt",
        "sqrt(z)",
        "the square root; its slope at 0 is infinite",
        lambda xp, z: xp.sqrt(z),
        ("1 / (2 * y)", lambda xp, y, z: xp.divide(0.5, y)),
        ROOTS,
        elementary=True,
    ),
    one(
        "rsqrt",
        "1 / sqrt(z)",
        "one over the square root",
        lambda xp, z: xp.divide(1.0, xp.sqrt(z)),
        ("-1 / (2 * z**(3/2))", lambda xp, y, z: xp.divide(-0.5 * y, z)),
        ROOTS,
    ),
    one(
        "cbrt",
        "sign(z) * abs(z)**(1/3)",
        "the cube root, of negative numbers too; its slope at 0 is infinite",
        lambda xp, z: xp.cbrt(z),
        ("1 / (3 * y**2)", lambda xp, y, z: xp.divide(1 / 3, y * y)),
        (-27.0, -1e-9, 0.125, 2.0, 1e6),
    ),
)
