r"""A worksheet as a LaTeX document for pdflatex and standard packages: formulas as mathematics, the graph as TikZ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpropcli.drawing.arrangement import arranged
from backpropcli.drawing.tikz import PREAMBLE, tikz
from backpropcli.exercise.sheet import BLANK, PAPER, Entry, Part
from backpropcli.notation import maths
from backpropcli.notation.formula_latex import LINEAR, MOST_COLUMNS, latex_number, mathematics
from backpropcli.notation.text_latex import printable
from backpropcli.render.latex import LINE, breakable, rows, seen

if TYPE_CHECKING:
    from backpropcli.drawing.model import Picture

TEXT_WIDTH = 455.0
"""In points: A4 less 25 mm on both sides."""
MOST_ROWS = 16
"""A matrix of more rows is written as a list, as is one of more columns than a vector has in a line."""
MATRIX = re.compile(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}")
BREAKS = r" \+ | \\cdot | \\odot | \\, | / |/(?!d|\\partial)|\\ (?=\\text)"
"""Before which signs a line may be broken: not at the slash of a derivative."""
WRITTEN = 14
"""About so many signs of a line are left to write in."""


def latex(title: str, parts: Sequence[Part]) -> str:
    """A sheet as a LaTeX document."""
    text = (
        "\\documentclass[11pt,a4paper]{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n"
        "\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}\n"
        f"\\usepackage{{amsmath}}\n\\setcounter{{MaxMatrixCols}}{{64}}\n\\usepackage[margin=25mm]{{geometry}}\n{PREAMBLE}\\pagestyle{{empty}}\n"
        f"\\begin{{document}}\n\\section*{{{printable(title)}}}\n"
    )
    for part in parts:
        command = "subsection" if part.level == 2 else "subsubsection"
        text += f"\n\\{command}*{{{printable(part.heading)}}}\n" if part.heading else ""
        given = "$, $".join(f"{_set(maths.name(name))} = {told(value)}" for name, value in part.given)
        text += f"\n{{\\raggedright\\noindent Given: ${given}$\\par}}\n" if given else ""
        text += "".join(f"\n\\noindent {printable(line)}\n" for line in part.lines)
        text += _picture(part.picture) if part.picture is not None else ""
        if part.entries:
            kind = "enumerate" if part.numbered else "itemize"
            text += f"\\begin{{{kind}}}\n" + "".join(map(_item, part.entries)) + f"\\end{{{kind}}}\n"
    return text + "\\end{document}\n"


def told(value: str) -> str:
    r"""A given number or array; one too wide or too high for a matrix as a list whose lines may break."""
    rows = value.strip("[]").split("] [")
    if len(rows) <= MOST_ROWS and all(len(row.split()) <= MOST_COLUMNS for row in rows):
        return latex_number(value)
    inside = [r"[" + r",\allowbreak\ ".join(map(latex_number, row.split())) + "]" for row in rows]
    return inside[0] if len(inside) == 1 else "[" + r",\allowbreak\ ".join(inside) + "]"


def _picture(picture: Picture) -> str:
    drawn = tikz(arranged(picture, widest=PAPER), TEXT_WIDTH)
    return "\n\\medskip\\noindent\n" + "".join(drawn) + "\n\\medskip\n"


def _item(entry: Entry) -> str:
    blank = entry.answer == BLANK
    line = rf"\underline{{\hspace{{{3 if len(entry.sides) > 1 else 7}cm}}}}"
    answer = line if blank else rf"\mathbf{{{_set(maths.number(entry.answer))}}}"
    remark = f"({printable(entry.remark)})" if entry.remark else ""
    sides = list(map(_set, entry.sides))
    if width(" = ".join([*sides, "" if blank else answer])) + WRITTEN * blank <= LINE:
        together = " = ".join(sides)
        whole = rf"\item ${together} = {{}}${line}" if blank else rf"\item ${together} = {answer}$"
        return whole + (rf"\quad{remark}" if remark else "") + "\n"
    name, *rest = sides
    lines = [
        rf"&\quad {row}" if k else f"&= {row}" for side in rest for k, row in enumerate(rows(side, width, _broken))
    ]
    written = "".join(rf"{row} \\ " for row in lines)
    after = rf" \\ {remark}" if remark else ""
    return rf"\item $\begin{{aligned}}[t] {name} {written}&= {answer} \end{{aligned}}${after}" + "\n"


def _broken(side: str, deep: int) -> list[str]:
    rows = [""]
    for part in breakable(side, BREAKS, deep):
        if rows[-1] and width(rows[-1] + part) > LINE:
            rows.append("")
        rows[-1] += part
    return [row.lstrip() for row in rows]


def width(tex: str) -> int:
    """About how many signs wide a formula is: a matrix is as wide as its longest row."""
    return seen(MATRIX.sub(lambda found: max(found[1].split(r"\\"), key=len).replace("&", "~~~") + "()", tex))


def _set(side: str) -> str:
    return mathematics(side, LINEAR)
