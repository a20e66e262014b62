"""The tables of the grammar: operators and how tightly they bind, and words that are no names of a network."""

from __future__ import annotations

import keyword

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

WORDS = frozenset(("None", "True", "False", "..."))
"""Names that are values of options, never of the network."""

CONSTANTS = {
    "pi": 3.141592653589793,
    "e": 2.718281828459045,
    "inf": float("inf"),
    "nan": float("nan"),
    "True": 1.0,
    "False": 0.0,
}
"""What these names mean where the network has no such name of its own."""
MODULES = frozenset(
    (
        "np",
        "numpy",
        "jnp",
        "jax",
        "math",
        "torch",
        "F",
        "nn",
        "tf",
        "cp",
        "cupy",
        "keras",
        "K",
        "scipy",
        "special",
        "linalg",
        "functional",
        "lax",
        "lib",
        "stride_tricks",
    )
)
"""Names in front of a dot that are dropped, unless they are names of the network."""

TYPES = frozenset(("float", "int", "bool"))
"""Types of numbers by Python's names, where a type is asked for."""
TYPED = frozenset(("astype", "to", "type"))
"""Methods whose argument is a type."""

RESERVED = frozenset(keyword.kwlist) - {"None", "True", "False"}
"""Words of Python, which cannot be names."""
