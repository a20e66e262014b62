"""A trace drawn in any of the forms that there are."""

from __future__ import annotations

from backpropcli.drawing.model import picture
from backpropcli.engine import Trace
from backpropcli.notation.numbers import Precision


def drawing(
    trace: Trace,
    form: str,
    *,
    level: str = "nodes",
    blank: bool = False,
    expand: bool = False,
    full: bool = False,
    ascii: bool = False,
    width: int | None = None,
    precision: Precision | None = None,
    title: str = "",
    coloured: bool = False,
) -> str:
    """The drawing as text: for a terminal (`ascii`, `coloured`), as SVG (`title`), DOT or Mermaid.

    `width` is in columns for a terminal, in pixels as SVG.
    """
    shown = picture(trace, precision, blank=blank, level=level, expand=expand, full=full)
    if form == "svg":
        from backpropcli.drawing.svg import drawn

        return drawn(shown, title=title, widest=width)
    if form == "dot":
        from backpropcli.drawing.dot import dot

        return "".join(dot(shown))
    if form == "mermaid":
        from backpropcli.drawing.mermaid import mermaid

        return "".join(mermaid(shown))
    from backpropcli.drawing.terminal import terminal_graph

    return "".join(f"{line}\n" for line in terminal_graph(shown, width, ascii, coloured))
