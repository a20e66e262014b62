"""The names that a formula uses, and those that mean something by themselves."""

from __future__ import annotations

import keyword

from backpropcli.language.formula.tree import Expression, Name, postorder

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

RESERVED = frozenset(keyword.kwlist) - {"None", "True", "False"}
"""Words of Python, which cannot be names."""


def names(expression: Expression) -> tuple[str, ...]:
    """The names in a formula, in order of appearance, each once: the network's, and `pi`, `e`, `inf`, `nan`."""
    if type(expression) is Name:
        return () if expression.prefix or expression.name in WORDS else (expression.name,)
    found = {
        part.name: None
        for part in postorder(expression)
        if type(part) is Name and not part.prefix and part.name not in WORDS
    }
    return tuple(found)
