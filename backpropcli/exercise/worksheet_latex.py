r"""A worksheet as a LaTeX document for pdflatex and standard packages: formulas as mathematics, the graph as TikZ."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backpropcli.drawing.model import Picture
from backpropcli.drawing.svg import drawn
from backpropcli.drawing.tikz import PREAMBLE, tikz
from backpropcli.exercise.worksheet import BLANK, PAPER, Entry, Part
from backpropcli.notation.formula_latex import function_command, latex_name, latex_number
from backpropcli.notation.text_latex import RAISED, printable

TEXT_WIDTH = 455.0
"""In points: A4 less 25 mm on both sides."""
CHARACTER, ROOM = 5.8, 415.0
"""About how wide a sign of the terminal's formula gets, and how wide a line of it may be, in points."""
MOST_COLUMNS, MOST_ROWS = 8, 16
"""A matrix of more columns or rows is written as a list."""
BREAKS, DEEPEST = (" + ", " * ", " · ", " @ ", "/"), 4
"""Before which signs a line may be broken, and between how many brackets at most."""
_NUMBER = r"-?\d[\d.]*(?:e-?\d+)?"
MATRIX = re.compile(rf"(?<![\w\]])\[+{_NUMBER}(?: {_NUMBER}|\]+ \[+{_NUMBER})*\]+")
TOKEN = re.compile(
    MATRIX.pattern + r"|\.m?T\b|(?P<sign>[d∂])[^\W\d]\w*(?:\.\d+)?/(?P=sign)[^\W\d]\w*(?:\.\d+)?|'[₀-₉]*"
    r"|\d+(?:\.\d+)?(?:e[-+]?\d+)?|[^\W\d][^\W⁰¹²³⁴⁵⁶⁷⁸⁹]*(?:\.\d+)?|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|.",
    re.DOTALL,
)
OPERATORS = {
    "·": r" \cdot ",
    "*": r" \odot ",
    "@": r" \, ",
    "−": "-",
    "≤": r" \le ",
    "≥": r" \ge ",
    "≠": r" \ne ",
    " ": " ",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r" \wedge ",
    "#": r"\#",
    "_": r"\_",
    "^": r"\hat{}",
    "~": r"\sim ",
    "$": r"\$",
    "\\": r"\backslash ",
    ",": ",\\,",
    "→": r" \to ",
}
DERIVATIVES = {"d": "d", "∂": r"\partial "}
"""The sign of a gradient, and of a local derivative."""
RISEN = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


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
        given = "$, $".join(f"{math(name)} = {told(value)}" for name, value in part.given)
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
        return math(value)
    inside = [r"[" + r",\allowbreak\ ".join(map(latex_number, row.split())) + "]" for row in rows]
    return inside[0] if len(inside) == 1 else "[" + r",\allowbreak\ ".join(inside) + "]"


def _array(text: str) -> str:
    r"""A matrix; a long vector in lines, as a tuple that goes on."""
    numbers = text.strip("[]").split()
    if text.startswith("[[") or len(numbers) <= MOST_COLUMNS:
        return latex_number(text)
    rows = [numbers[k : k + MOST_COLUMNS - 2] for k in range(0, len(numbers), MOST_COLUMNS - 2)]
    lines = r",\\ ".join(r",\; ".join(map(latex_number, row)) for row in rows)
    return rf"\left(\begin{{array}}{{@{{}}l@{{}}}} {lines} \end{{array}}\right)"


def _picture(picture: Picture) -> str:
    svg = drawn(picture, ids=False, widest=PAPER)
    return "\n\\medskip\\noindent\n" + "".join(tikz(svg, TEXT_WIDTH)) + "\n\\medskip\n"


def _item(entry: Entry) -> str:
    blank = entry.answer == BLANK
    line = rf"\underline{{\hspace{{{3 if len(entry.sides) > 1 else 7}cm}}}}"
    answer = line if blank else rf"\mathbf{{{math(entry.answer)}}}"
    remark = f"({printable(entry.remark)})" if entry.remark else ""
    if width(" = ".join((*entry.sides, "" if blank else entry.answer))) + 80 * blank <= ROOM:
        sides = " = ".join(map(math, entry.sides))
        whole = rf"\item ${sides} = {{}}${line}" if blank else rf"\item ${sides} = {answer}$"
        return whole + (rf"\quad{remark}" if remark else "") + "\n"
    name, *rest = entry.sides
    rows = [row for side in rest for row in broken(side)]
    written = "".join(rf"{row} \\ " for row in rows)
    after = rf" \\ {remark}" if remark else ""
    return rf"\item $\begin{{aligned}}[t] {math(name)} {written}&= {answer} \end{{aligned}}${after}" + "\n"


def width(text: str) -> float:
    """About how wide a formula gets, in points: a matrix is as wide as its longest row, with room between numbers."""
    rows = MATRIX.sub(lambda found: max(found[0].split("] ["), key=len).replace(" ", "   "), text)
    return CHARACTER * len(rows)


def broken(side: str) -> list[str]:
    """A side of an equation as rows that fit on the paper: `&= ...`, and what is carried over."""
    rows = [side]
    for deep in range(DEEPEST):  # outside brackets where that is enough
        rows = [part for row in rows for part in (_rows(row, deep) if width(row) > ROOM else [row])]
    return [(r"&\quad" if k else "&= ") + math(row) for k, row in enumerate(rows)]


def _rows(side: str, deep: int) -> list[str]:
    """The same in rows, broken before signs that have at most so many brackets round them."""
    pieces, depth, start = [], 0, 0
    for k, sign in enumerate(side):
        depth += (sign in "([") - (sign in ")]")
        if depth <= deep and side.startswith(BREAKS, k):
            pieces.append(side[start:k])
            start = k
    rows, row = [], ""
    for piece in [*pieces, side[start:]]:
        if row and width(row + piece) > ROOM:
            rows.append(row)
            row = ""
        row += piece
    return [*rows, row]


def math(text: str) -> str:
    r"""The terminal's formula in mathematics mode: `dJ/dt2 · a1` as `dJ/dt_2 \cdot a_1`.

    Words in it, as in `dJ/dt spread over z`, stay words; `[[1 2] [3 4]]` is a matrix, and `W.T` has a raised T.
    """
    tokens, depth, result = [found.group() for found in TOKEN.finditer(text)], 0, []
    for k, token in enumerate(tokens):
        depth += (token == "[") - (token == "]")
        if _is_word(tokens, k):
            result.append(rf"\text{{{token}}}")
        elif token == " " and (_is_word(tokens, k - 1) or _is_word(tokens, k + 1)):
            result.append(r"\ ")
        else:
            result.append(r"\;" if token == " " and depth else _token(token))
    return "".join(result)


def _is_word(tokens: Sequence[str], k: int) -> bool:
    """Whether a token is a word of the language: beside another name, or after a number, with just a space between."""
    if not 0 <= k < len(tokens) or not re.fullmatch("[a-z]{2,}", tokens[k]) or tokens[k + 1 : k + 2] == ["("]:
        return False
    before = tokens[k - 2] if k >= 2 and tokens[k - 1] == " " else ""
    after = tokens[k + 2] if tokens[k + 1 : k + 2] == [" "] and len(tokens) > k + 2 else ""
    return bool(re.match(r"\w", before) or re.match(r"[^\W\d]", after))


def _token(token: str) -> str:
    first = token[0]
    if token in (".T", ".mT"):
        return r"^{\top}"
    if first == "[" and len(token) > 1:
        return _array(" ".join(token.split()))
    if first == "'":
        return "'" + (f"_{{{token[1:].translate(RISEN)}}}" if token[1:] else "")
    if first in DERIVATIVES and f"/{first}" in token:
        above, below = token[1:].split(f"/{first}")
        sign = DERIVATIVES[first]
        return f"{sign}{_name(above)}/{sign}{_name(below)}"
    if first.isdigit() and first.isascii():
        mantissa, _, power = token.partition("e")
        return mantissa + (rf" \cdot 10^{{{int(power)}}}" if power else "")
    if first in RAISED:
        return f"^{{{''.join(RAISED[c] for c in token)}}}"
    if first.isalpha() or first == "_":
        text = _name(token)
        return f"{{{text.rstrip()}}} " if "^" in text else text  # a step J^{(1)} may be squared
    if first in OPERATORS:
        return OPERATORS[first]
    return first if first.isascii() else rf"\mbox{{{printable(first)}}}"


def _name(name: str) -> str:
    if command := function_command(name):
        return command + " "
    if name.isascii():
        return latex_name(name) + " "
    base, _, index = name.partition("_")
    below = rf"\mathrm{{{index.replace('_', ', ')}}}" if index.isascii() else rf"\mbox{{{printable(index)}}}"
    return rf"\mbox{{{printable(base)}}}" + (f"_{{{below}}}" if index else "") + " "
