"""Signs and words that people write in formulas, and what stands for them here."""

from __future__ import annotations

import re

SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀ", [*"0123456789", "-", "+", "T"], strict=True))
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
OPERATORS = {
    "∙": "*",
    "•": "*",
    "∗": "*",
    "⁎": "*",
    "＊": "*",
    "⊙": "*",
    "∘": "*",
    "⨯": "*",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "／": "/",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "－": "-",
    "＋": "+",
    "⩽": "<=",
    "⩾": ">=",
    "∧": "&",
    "∨": "|",
    "&&": "&",
    "||": "|",
    "=>": ">=",
}
"""Signs that look like an operator: which one."""
CALLED = {"⊗": "outer({left}, {right})"}
"""Operators of mathematics that are functions here."""

_WITHOUT_LATEX = "Write it as NumPy, without LaTeX: (a - y)**2 / 2."
_BRACKETS = ("{ } are not brackets here", "Group with ( ), index with [ ].")
_ARROW = "Write only the value, without names or arrows."
_QUOTE = ("this quote is never closed", "Quotes stand around the text of an option, as in einsum('ij,jk->ik', a, b).")
SIGNS = {
    "!": ("! is not an operator here", "There is no factorial; write it out as a number."),
    "?": ("? is not an operator here", "A choice is where(condition, a, b)."),
    ":": (": has no place here", "A slice stands in brackets, x[1:3]; a choice is where(condition, a, b)."),
    ";": ("; has no place here", "One formula a node: give each its own name and line."),
    "√": ("√ is not an operator here", "A square root is sqrt({right})."),
    "∛": ("∛ is not an operator here", "A cube root is cbrt({right})."),
    "∑": ("∑ is not an operator here", "A sum over an array is sum(x)."),
    "Σ": ("Σ is not an operator here", "A sum over an array is sum(x)."),
    "∏": ("∏ is not an operator here", "A product over an array is prod(x)."),
    "∞": ("∞ is not a number here", "Infinity is written inf."),
    "∂": ("∂ has no place in a formula", "Derivatives are worked out for you: write only the value."),
    "∇": ("∇ has no place in a formula", "Gradients are worked out for you: write only the value."),
    "$": ("$ has no place in a formula", _WITHOUT_LATEX),
    "\\": ("\\ has no place in a formula", _WITHOUT_LATEX),
    "`": ("` has no place in a formula", "Write the formula without back-quotes."),
    "#": ("# has no place in a formula", "A comment begins with a space and # outside the quotes."),
    "{": _BRACKETS,
    "}": _BRACKETS,
    "->": ("-> has no place in a formula", _ARROW),
    "→": ("→ has no place in a formula", _ARROW),
    "'": _QUOTE,
    '"': _QUOTE,
}
"""Other signs: why not, and what to write; {right} is the operand behind it."""

_CHOICE = "A choice is where(condition, a, b)."
_LOOP = "Operations work on whole arrays: sum(x * w), without a loop."
WORDS = {
    "and": "Both of two conditions: (a > 0) & (b > 0).",
    "or": "One of two conditions: (a > 0) | (b > 0).",
    "not": "The opposite of a condition: ~(a > 0).",
    "if": _CHOICE,
    "else": _CHOICE,
    "for": _LOOP,
    "while": _LOOP,
    "in": "Write it out with == and |, or give a name that is not a word of Python.",
    "is": "Equal is ==.",
    "lambda": "Call it lam, or say what a function is under functions:.",
    "return": "Write only the value.",
    "import": "Operations need no import: exp(z), not np.exp(z), though both work.",
    "def": "Say what a function is under functions:, as in g(z): maximum(0, z).",
}
"""Words of Python: what to write instead."""
NEVER_NAMES = frozenset(("and", "or", "not", "if", "else", "for", "while", "return", "import", "def", "is"))
"""Those that nobody means as a name."""
BETWEEN = frozenset(("and", "or", "not", "if", "else", "for", "in", "is", "while", "lambda"))
"""Those that stand between two operands."""

MISSING = "an operator is missing between these"
INVERSE = re.compile(r"(?<!\w)[A-Z]\w*\s*\^\s*[{(]?-1\}?(?!\d)")
"""Of a number it is one over it, of a matrix its inverse: which of them is meant, a formula alone does not say."""
