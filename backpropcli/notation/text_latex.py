"""Text of the terminal's as LaTeX, for a document that inputs it."""

from __future__ import annotations

import unicodedata

_LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi
omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
GREEK = frozenset(_LETTERS.split())
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "·": r"$\cdot$",
    "→": r"$\to$",
    "≈": r"$\approx$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "≠": r"$\ne$",
    "∂": r"$\partial$",
    "±": r"$\pm$",
    "−": "$-$",
    "<": "$<$",
    ">": "$>$",
    "∞": r"$\infty$",
    **{sign: f"$_{k}$" for k, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}
LAST_LATIN = 0x17F
SIGNS = {
    "×": "$\\times$",
    "√": "$\\sqrt{}$",
    "…": "\\dots{}",
    "←": "$\\leftarrow$",
    "–": "-",
    "’": "'",
    "\u2009": " ",
    "\u2002": "\\hspace{.5em}",
    "\u2004": "\\hspace{.33em}",
    "\u2007": "\\hspace{.5em}",
    "\u2008": "\\hspace{.28em}",
}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))


def paragraph(text: str) -> str:
    """One line of text, every sign that LaTeX would act on made harmless."""
    return "".join(SPECIAL[c] if c in SPECIAL else f"$^{{{RAISED[c]}}}$" if c in RAISED else c for c in text)


def printable(text: str) -> str:
    """A paragraph that pdflatex can print: Greek letters as mathematics, signs that its fonts do not have as U+4E2D."""
    plain = "".join(_letter(c) if ord(c) > LAST_LATIN or not c.isprintable() else paragraph(c) for c in text)
    return plain.replace("--", "-{}-")  # no dash


def greek(c: str) -> str | None:
    """What LaTeX calls a Greek letter: `lambda` for λ (which Unicode calls lamda); None for all that is none."""
    alphabet, _, letter = unicodedata.name(c, "").replace("LAMDA", "LAMBDA").partition(" LETTER ")
    command = letter.lower() if alphabet == "GREEK SMALL" else letter.capitalize()
    return command if alphabet in ("GREEK SMALL", "GREEK CAPITAL") and command in GREEK else None


def _letter(c: str) -> str:
    if c in SPECIAL or c in RAISED:
        return paragraph(c)
    if command := greek(c):
        return f"$\\{command}$"
    if c.isspace():
        return SIGNS.get(c, " ")
    return SIGNS.get(c, f"U+{ord(c):04X}")
