"""The operators of formulas, and how tightly each binds its operands: as in Python."""

from __future__ import annotations

COMPARISON, OR, AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 9)
"""From loosest to tightest; a sign binds more tightly than a product, and less than the power behind it."""
BINDING = {
    "<": COMPARISON,
    "<=": COMPARISON,
    ">": COMPARISON,
    ">=": COMPARISON,
    "==": COMPARISON,
    "!=": COMPARISON,
    "|": OR,
    "&": AND,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "@": PRODUCT,
    "%": PRODUCT,
    "//": PRODUCT,
    "**": POWER,
}
"""How tightly each operator binds."""
