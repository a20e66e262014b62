"""What one run of a network computed, with all that a notebook can ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from backpropcli import engine

if TYPE_CHECKING:
    from backpropcli.api.computation import Computation
    from backpropcli.notation.numbers import Precision


class Trace(engine.Trace):
    """What one run computed: `value(name)`, `gradient(name)`, `local(name, argument)`; a notebook shows a table."""

    def __init__(self, network: Computation, trace: engine.Trace) -> None:
        super().__init__(trace.plan, trace.of, trace.slots, trace.gradients, trace.everything, trace.start)
        self.network = network

    def __str__(self) -> str:
        from backpropcli.render.table import plain_text
        from backpropcli.report.run_table import run_table

        return plain_text(run_table(self, self.network.source))

    def draw(
        self,
        form: Literal["terminal", "svg", "dot", "mermaid", "tikz"] = "terminal",
        *,
        level: Literal["nodes", "layers"] = "nodes",
        blank: bool = False,
        expand: bool = False,
        full: bool = False,
        ascii: bool = False,
        width: int | None = None,
        precision: Precision | None = None,
        coloured: bool = False,
    ) -> str:
        """The computation graph as a picture: text for a terminal, SVG, DOT, Mermaid or TikZ (a document for LaTeX).

        It is at most `width` columns or pixels wide.

        `level` "layers" shows shapes, and like nodes in one box; `blank` leaves blanks for what is to be worked out;
        `expand` draws every step inside a formula; `full` shows the numbers of large arrays too. A drawing has four
        significant digits unless `precision` says otherwise. `coloured` writes a terminal's ANSI codes: values and
        gradients in a colour each.
        """
        from backpropcli.drawing.drawing import Drawing
        from backpropcli.formats.registry import destination, text_of

        drawing = Drawing(
            self,
            level=level,
            blank=blank,
            expand=expand,
            full=full,
            ascii=ascii,
            width=width,
            precision=precision,
            title=self.network.spec.title or self.network.source,
            coloured=coloured,
        )
        return text_of(drawing, destination(Drawing, form=form))

    def _repr_html_(self) -> str:
        from backpropcli.render.html_table import html_table
        from backpropcli.report.run_table import run_table

        return html_table(run_table(self, self.network.source))
