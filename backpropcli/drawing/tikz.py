"""A drawing as TikZ, for a LaTeX document with the packages tikz (with its library svg.path) and xcolor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.drawing.arrangement import CAPTION, arranged
from backpropcli.drawing.shapes import Circle, Group, Line, Path, Rect, Sheet
from backpropcli.drawing.svg_text import THIN, Run, clean
from backpropcli.notation.text_latex import printable

if TYPE_CHECKING:
    from backpropcli.drawing.drawing import Drawing
    from backpropcli.render.output import Destination

POINT = 0.75
"""A pixel in points."""
PREAMBLE = (
    "\\usepackage{tikz}\n\\usetikzlibrary{svg.path}\n"
    "\\definecolor{value}{HTML}{1A4F9C}\n\\definecolor{gradient}{HTML}{B3341A}\n"
)
LEAN = 0.94
"""TeX's small sizes run wider than the fonts that the boxes were measured with."""
FRAMES = {
    "parameter": "draw=blue!35!gray,fill=blue!5",
    "input": "draw=gray,fill=gray!7",
    "target": "draw=gray,fill=gray!7",
}
ANCHORS = {"middle": "base", "end": "base east", "start": "base west"}


def picture(found: Drawing, to: Destination) -> Iterator[str]:
    """A drawing as a document for pdflatex whose one page is as large as it is."""
    sheet = arranged(found.shown, found.title)
    width, height = sheet.width * POINT, sheet.height * POINT
    yield (
        "\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n"
        "\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}\n"
        f"\\usepackage[paperwidth={width:.0f}bp,paperheight={height:.0f}bp,margin=0bp]{{geometry}}\n"
        f"{PREAMBLE}\\pagestyle{{empty}}\n\\setlength{{\\parindent}}{{0pt}}\n\\begin{{document}}\n\\centering\\vspace*{{\\fill}}\n"
    )
    yield from tikz(sheet, width)
    yield "\\vspace*{\\fill}\n\\end{document}\n"


def tikz(sheet: Sheet, widest: float) -> Iterator[str]:
    """The picture, `widest` points wide at most, line by line."""
    size = min(POINT, widest / round(sheet.width))
    yield f"\\begin{{tikzpicture}}[x={size:.4f}pt,y={-size:.4f}pt,line width=.5pt]\n"
    writer = _Writer(size, sheet.left, sheet.top)
    for shape in sheet.shapes:
        if isinstance(shape, Group):
            kind = next((word for word in shape.kind.split() if word in FRAMES), "")
            for inner in shape.shapes:
                yield writer.shape(inner, kind)
        else:
            yield writer.shape(shape)
    if sheet.legend:
        legend = " ".join(f"\\textcolor{{{kind}}}{{{writer.runs(runs, CAPTION)}}}" for kind, runs in sheet.legend)
        yield writer.node(legend, sheet.left, tenth(sheet.height - sheet.left), CAPTION, "start")
    yield "\\end{tikzpicture}\n"


class _Writer:
    """Writes shapes at their places, `size` points a pixel."""

    def __init__(self, size: float, left: float, top: float) -> None:
        self.size, self.left, self.top = size, left, top

    def shape(self, shape: Path | Rect | Circle | Line, kind: str = "") -> str:
        """One shape; `kind` is that of the node that it is part of."""
        size = self.size
        match shape:
            case Path(route=route):
                style = {"head": "fill", "line dots": "draw,dotted"}.get(shape.kind, "draw")
                place = f"shift={{({self.left:g},{self.top:g})}},scale={size:.4f},yscale=-1"
                return f"\\path[{style},{place}] svg {{{_apart(route)}}};\n"
            case Rect():
                x, y = self.at(shape.left, shape.top)
                across, down = tenth(shape.width), tenth(shape.height)
                frame = f"{FRAMES.get(kind, 'draw,fill=white')},rounded corners={shape.corner * size:.2f}pt"
                return f"\\path[{frame}] ({x:g},{y:g}) rectangle ({x + across:g},{y + down:g});\n"
            case Circle():
                x, y = self.at(shape.x, shape.y)
                return f"\\path[draw,fill=white] ({x:g},{y:g}) circle[radius={shape.radius * size:.2f}pt];\n"
            case Line():
                x, y = self.at(shape.x, shape.y)
                return self.node(self.runs(shape.runs, shape.size), x, y, shape.size, shape.anchor)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A place on the whole sheet, in tenths of a pixel."""
        return tenth(x) + self.left, tenth(y) + self.top

    def font(self, pixels: float) -> float:
        """A size of text in points."""
        return pixels * self.size * LEAN

    def node(self, text: str, x: float, y: float, pixels: float, anchor: str) -> str:
        """A line of text."""
        font = self.font(pixels)
        return (
            f"\\node[anchor={ANCHORS[anchor]},inner sep=0pt,"
            f"font=\\fontsize{{{font:.2f}}}{{{font:.2f}}}\\selectfont] at ({x:g},{y:g}) {{{text}}};\n"
        )

    def runs(self, runs: Sequence[Run], pixels: float) -> str:
        """Names in italics, indices low, numbers in their colour, blanks as a line; thin spaces are left out."""
        font = self.font(pixels)
        return "".join(_run(part, run.style, font) for run in runs for part in run.text.split(THIN) if part)


def tenth(x: float) -> float:
    """Rounded as SVG has it."""
    return float(f"{x:.1f}")


def _apart(route: str) -> str:
    """A path's text with a space between its numbers."""
    return re.sub(r"([A-Za-z])", r" \1 ", route).strip()


def _run(text: str, style: str, font: float) -> str:
    inner = printable(clean(text)).replace(r"\_\_", r"\rule{1.5em}{.4pt}")
    small = f"\\fontsize{{{0.7 * font:.2f}}}{{{font:.2f}}}\\selectfont"
    match style:
        case "index":
            return f"\\raisebox{{-.22em}}{{{small} {inner}}}"
        case "power" | "name power":
            raised = f"\\textit{{{inner}}}" if style == "name power" else inner
            return f"\\raisebox{{.36em}}{{{small} {raised}}}"
        case "name":
            return f"\\textit{{{inner}}}"
        case "value" | "gradient" as colour:
            return f"\\textcolor{{{colour}}}{{{inner}}}"
    return inner
