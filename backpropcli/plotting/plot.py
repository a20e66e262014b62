"""A plot: a figure, and how it is to be drawn, for every format that there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record, deliver, destination, text_of

if TYPE_CHECKING:
    from backpropcli.plotting.figure import Figure
    from backpropcli.render.output import Destination


class Plot(Record):
    """What a command or a notebook plots. `width` is in columns of a terminal, `ascii` is for a terminal too."""

    what = "plot"

    def __init__(self, figure: Figure, *, width: int | None = None, ascii: bool = False) -> None:
        self.shown, self.width, self.ascii = figure, width, ascii

    def figure(self, to: Destination) -> Plot:
        """The plot itself, which the writers of figures take."""
        return self

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.plot/1`: the numbers that are plotted."""
        from backpropcli.plotting.data import plot_json

        return plot_json(self.shown)

    def csv(self, to: Destination) -> Iterator[str]:
        """A line for each point of every series."""
        from backpropcli.plotting.data import plot_csv

        return plot_csv(self.shown)

    def markdown(self, to: Destination) -> Iterator[str]:
        """The picture of the terminal, as code."""
        from backpropcli.plotting.terminal import text

        yield "```text\n"
        yield from (f"{line.replace('`', chr(39))}\n" for line in text(self.shown, ascii=self.ascii))
        yield "```\n"

    def text(self, form: Literal["terminal", "svg", "json", "csv", "markdown"] = "terminal") -> str:
        """The plot in one of the formats that are text."""
        return text_of(self, destination(Plot, form=form))

    def save(self, path: str) -> None:
        """Write a file, whole or not at all; its ending chooses the format, as .svg, .png, .pdf, .csv or .txt."""
        deliver(self, destination(Plot, path))

    def __str__(self) -> str:
        return self.text()

    def _repr_svg_(self) -> str | None:
        try:
            return self.text("svg")
        except UsageError:  # without matplotlib a notebook shows the picture of the terminal
            return None

    def _repr_markdown_(self) -> str:
        return self.text("markdown")
