"""A drawing of ours as TikZ, for a LaTeX document: the SVG that `drawing.svg` writes, element by element.

What SVG has beyond that is not known here. The document needs the packages tikz (with its library svg.path) and xcolor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from backpropcli.notation.text_latex import printable

SPACE = "{http://www.w3.org/2000/svg}"
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


def tikz(svg: str, widest: float) -> Iterator[str]:
    """The picture, `widest` points wide at most, line by line."""
    root = ElementTree.fromstring(svg)
    size = min(POINT, widest / float(root.attrib["width"]))
    yield f"\\begin{{tikzpicture}}[x={size:.4f}pt,y={-size:.4f}pt,line width=.5pt]\n"
    for element in root:
        if element.tag == f"{SPACE}g":
            x, y = map(float, re.findall(r"[-\d.]+", element.get("transform", "0 0")))
            for child in element:
                yield from _element(child, (x, y), size, "")
        elif element.tag == f"{SPACE}text":
            yield from _element(element, (0.0, 0.0), size, "")
    yield "\\end{tikzpicture}\n"


def _element(element: ElementTree.Element, at: tuple[float, float], size: float, kind: str) -> Iterator[str]:
    tag, get = element.tag.removeprefix(SPACE), element.attrib.get

    def number(name: str) -> float:
        return float(get(name, "0"))

    if tag == "g":
        words = get("class", "").split()
        kind = next((word for word in words if word in FRAMES), kind)
        for child in element:
            yield from _element(child, at, size, kind)
    elif tag == "path":
        style = "fill" if get("class") == "head" else "draw,dotted" if "dots" in get("class", "") else "draw"
        place = f"shift={{({at[0]:g},{at[1]:g})}},scale={size:.4f},yscale=-1"
        yield f"\\path[{style},{place}] svg {{{_signed(get('d', ''))}}};\n"
    elif tag == "rect":
        x, y = number("x") + at[0], number("y") + at[1]
        across, down, corner = number("width"), number("height"), number("rx") * size
        frame = FRAMES.get(kind, "draw,fill=white")
        yield f"\\path[{frame},rounded corners={corner:.2f}pt] ({x:g},{y:g}) rectangle ({x + across:g},{y + down:g});\n"
    elif tag == "circle":
        x, y, radius = number("cx") + at[0], number("cy") + at[1], number("r") * size
        yield f"\\path[draw,fill=white] ({x:g},{y:g}) circle[radius={radius:.2f}pt];\n"
    elif tag == "text":
        x, y, font = number("x") + at[0], number("y") + at[1], number("font-size") * size * LEAN
        yield (
            f"\\node[anchor={ANCHORS[get('text-anchor', 'start')]},inner sep=0pt,"
            f"font=\\fontsize{{{font:.2f}}}{{{font:.2f}}}\\selectfont] at ({x:g},{y:g}) {{{_line(element, font)}}};\n"
        )


def _signed(path: str) -> str:
    """A path's text with a space between its numbers."""
    return re.sub(r"([A-Za-z])", r" \1 ", path).strip()


def _line(element: ElementTree.Element, font: float) -> str:
    """A line of text with its tspans: names in italics, indices low, numbers in their colour, blanks as a line."""
    text = _text(element.text)
    for child in element:
        inner = _line(child, font)
        match child.get("class"):
            case "index":
                text += f"\\raisebox{{-.22em}}{{\\fontsize{{{0.7 * font:.2f}}}{{{font:.2f}}}\\selectfont {inner}}}"
            case "power" | "name power" as kind:
                raised = f"\\textit{{{inner}}}" if "name" in kind else inner
                text += f"\\raisebox{{.36em}}{{\\fontsize{{{0.7 * font:.2f}}}{{{font:.2f}}}\\selectfont {raised}}}"
            case "name":
                text += f"\\textit{{{inner}}}"
            case "value" | "gradient" as colour:
                text += f"\\textcolor{{{colour}}}{{{inner}}}"
            case _:
                text += inner
        text += _text(child.tail)
    return text


def _text(text: str | None) -> str:
    return printable(text or "").replace(r"\_\_", r"\rule{1.5em}{.4pt}")
