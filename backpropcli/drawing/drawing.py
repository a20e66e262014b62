"""A trace as a drawing: what is drawn, and how, for every form that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.drawing.picture import picture
from backpropcli.formats.registry import Record

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.notation.numbers import Precision
    from backpropcli.render.output import Destination


class Drawing(Record):
    """What a trace's graph looks like.

    `width` is in columns for a terminal, in pixels as SVG; `ascii` and `coloured` are for a terminal, `title` for SVG.
    """

    what = "draw"

    def __init__(
        self,
        trace: Trace,
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
    ) -> None:
        self.shown = picture(trace, precision, blank=blank, level=level, expand=expand, full=full)
        self.title, self.width, self.ascii, self.coloured = title, width, ascii, coloured

    def picture(self, to: Destination) -> Drawing:
        """The drawing itself, which the writers of pictures take."""
        return self
