"""Text and tables of the terminal's as LaTeX, for a document that inputs them."""

from __future__ import annotations

from collections.abc import Iterator

from backpropcli.views.table import Cell, Table

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "·": r"$\cdot$", "→": r"$\to$", "≈": r"$\approx$",
    "≤": r"$\le$", "≥": r"$\ge$", "≠": r"$\ne$", "∂": r"$\partial$", "±": r"$\pm$", "−": "$-$", "<": "$<$", ">": "$>$",
}  # fmt: skip
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))


def paragraph(text: str) -> str:
    """One line of text, every sign that LaTeX would act on made harmless."""
    return "".join(SPECIAL[c] if c in SPECIAL else f"$^{{{RAISED[c]}}}$" if c in RAISED else c for c in text)


def tabular(table: Table) -> Iterator[str]:
    """A table: header, rule, rows; the sentences under it as paragraphs."""
    columns = table.columns
    yield f"\\begin{{tabular}}{{{''.join('l' if c.align == 'left' else 'r' for c in columns)}}}\n"
    yield " & ".join(paragraph(c.title) for c in columns) + " \\\\ \\hline\n"
    for section in table.sections:
        for row in section:
            yield " & ".join(paragraph(_flat(cell)) for cell in row) + " \\\\\n"
    yield "\\end{tabular}\n"
    for footer in table.footers:
        yield f"\n{paragraph(footer)}\n"


def _flat(cell: Cell) -> str:
    return cell if isinstance(cell, str) else "; ".join(" ".join(row) for row in cell)
