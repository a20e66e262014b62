"""Text of the terminal's as LaTeX, for a document that inputs it."""

from __future__ import annotations

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "·": r"$\cdot$", "→": r"$\to$", "≈": r"$\approx$",
    "≤": r"$\le$", "≥": r"$\ge$", "≠": r"$\ne$", "∂": r"$\partial$", "±": r"$\pm$", "−": "$-$", "<": "$<$", ">": "$>$",
}  # fmt: skip
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))


def paragraph(text: str) -> str:
    """One line of text, every sign that LaTeX would act on made harmless."""
    return "".join(SPECIAL[c] if c in SPECIAL else f"$^{{{RAISED[c]}}}$" if c in RAISED else c for c in text)
