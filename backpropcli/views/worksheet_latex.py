r"""A worksheet as a LaTeX document for pdflatex and standard packages: formulas as mathematics, the graph as TikZ."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backpropcli.views.latex import RAISED, printable
from backpropcli.views.picture import Picture
from backpropcli.views.svg import drawn
from backpropcli.views.tikz import PREAMBLE, tikz
from backpropcli.views.typeset_latex import FUNCTIONS, latex_name
from backpropcli.views.worksheet import BLANK, PAPER, Entry, Part

TEXT_WIDTH = 455.0
"""In points: A4 less 25 mm on both sides."""
TOKEN = re.compile(
    r"d[^\W\d]\w*(?:\.\d+)?/d[^\W\d]\w*(?:\.\d+)?"
    r"|\d+(?:\.\d+)?(?:e[-+]?\d+)?|[^\W\d][^\W⁰¹²³⁴⁵⁶⁷⁸⁹]*(?:\.\d+)?|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|.",
    re.DOTALL,
)
OPERATORS = {
    "·": r" \cdot ", "*": r" \odot ", "@": r" \, ", "−": "-", "≤": r" \le ", "≥": r" \ge ", "≠": r" \ne ", "'": "'",
    " ": " ", "{": r"\{", "}": r"\}", "%": r"\%", "&": r" \wedge ", "#": r"\#", "_": r"\_", "^": r"\hat{}",
    "~": r"\sim ", "$": r"\$", "\\": r"\backslash ", ",": ",\\,", "→": r" \to ",
}  # fmt: skip


def latex(title: str, parts: Sequence[Part]) -> str:
    """A sheet as a LaTeX document."""
    text = (
        "\\documentclass[11pt,a4paper]{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n"
        "\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}\n"
        f"\\usepackage[margin=25mm]{{geometry}}\n{PREAMBLE}\\pagestyle{{empty}}\n"
        f"\\begin{{document}}\n\\section*{{{printable(title)}}}\n"
    )
    for part in parts:
        command = "subsection" if part.level == 2 else "subsubsection"
        text += f"\n\\{command}*{{{printable(part.heading)}}}\n" if part.heading else ""
        given = "$, $".join(f"{math(name)} = {math(value)}" for name, value in part.given)
        text += f"\n\\noindent Given: ${given}$\n" if given else ""
        text += "".join(f"\n\\noindent {printable(line)}\n" for line in part.lines)
        text += _picture(part.picture) if part.picture is not None else ""
        if part.entries:
            kind = "enumerate" if part.numbered else "itemize"
            text += f"\\begin{{{kind}}}\n" + "".join(map(_item, part.entries)) + f"\\end{{{kind}}}\n"
    return text + "\\end{document}\n"


def _picture(picture: Picture) -> str:
    svg = drawn(picture, ids=False, widest=PAPER)
    return "\n\\medskip\\noindent\n" + "".join(tikz(svg, TEXT_WIDTH)) + "\n\\medskip\n"


def _item(entry: Entry) -> str:
    sides = " = ".join(math(side) for side in entry.sides)
    if entry.answer == BLANK:
        return f"\\item ${sides} = {{}}$\\underline{{\\hspace{{{3 if len(entry.sides) > 1 else 7}cm}}}}\n"
    remark = f"\\quad({printable(entry.remark)})" if entry.remark else ""
    return f"\\item ${sides} = \\mathbf{{{math(entry.answer)}}}${remark}\n"


def math(text: str) -> str:
    r"""The terminal's formula in mathematics mode: `dJ/dt2 · a1` as `\partial J/\partial t_2 \cdot a_1`."""
    tokens, depth, result = TOKEN.findall(text), 0, []
    for token in tokens:
        depth += (token == "[") - (token == "]")
        result.append(r"\;" if token == " " and depth else _token(token))
    return "".join(result)


def _token(token: str) -> str:
    first = token[0]
    if "/d" in token and first == "d":
        above, below = token[1:].split("/d")
        return rf"\partial {_name(above)}/\partial {_name(below)}"
    if first.isdigit() and first.isascii():
        mantissa, _, power = token.partition("e")
        return mantissa + (rf" \cdot 10^{{{int(power)}}}" if power else "")
    if first in RAISED:
        return f"^{{{''.join(RAISED[c] for c in token)}}}"
    if first.isalpha() or first == "_":
        return _name(token)
    if first in OPERATORS:
        return OPERATORS[first]
    return first if first.isascii() else rf"\mbox{{{printable(first)}}}"


def _name(name: str) -> str:
    if name in FUNCTIONS:
        return FUNCTIONS[name] + " "
    if name.isascii():
        return latex_name(name) + " "
    base, _, index = name.partition("_")
    below = rf"\mathrm{{{index.replace('_', ', ')}}}" if index.isascii() else rf"\mbox{{{printable(index)}}}"
    return rf"\mbox{{{printable(base)}}}" + (f"_{{{below}}}" if index else "") + " "
