"""`backprop draw`: what the computation graph looks like."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
import os
from typing import Annotated

import typer

from backpropcli import api
from backpropcli.commands.command import OUTPUT, command
from backpropcli.commands.options import Color, Expand, Network, Numbers, Quiet, Word, node_option, one_of
from backpropcli.drawing.drawing import Drawing
from backpropcli.errors import UsageError
from backpropcli.formats.registry import deliver, destination
from backpropcli.notation.numbers import read_count

PIXELS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf")
LEVELS = ("nodes", "layers", "times", "blocks")
LEAST, MOST_WIDTH = {"terminal": 20, "svg": 200}, 100_000
"""The least `--width` of each format that has one, and the most of all."""
DIGITS = 4
"""Significant digits in a drawing, unless others are asked for."""


@command(Drawing)
def draw(
    network: Network,
    numbers: Numbers,
    of: Annotated[Word, node_option("Gradients of this node instead of the loss.")] = None,
    level: Annotated[
        Word,
        typer.Option(
            metavar="LEVEL",
            help="nodes (the default), layers (shapes, like nodes in one box), times (h[0], h[1], ...), "
            "blocks (a box each).",
        ),
    ] = None,
    blank: Annotated[bool, typer.Option("--blank", help="Blanks for what is to be worked out: an exercise.")] = False,
    expand: Expand = False,
    all: Annotated[bool, typer.Option("--all", help="Gradients of inputs and targets too.")] = False,
    ascii: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII signs in the terminal.")] = False,
    format: Word = None,
    output: Annotated[
        Word,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write a file: .svg, .dot, .mmd, .tex or .txt.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    width: Annotated[
        Word,
        typer.Option(metavar="N", help="No wider: columns in the terminal, pixels as SVG.", rich_help_panel=OUTPUT),
    ] = None,
    color: Color = None,
    quiet: Quiet = False,
) -> int:
    """The computation graph as a picture.

    Left to right: values on the way out, gradients on the way back. In the terminal, or as SVG, DOT, Mermaid or TikZ.

    Examples:
      backprop draw
      backprop draw net.yaml --blank
      backprop draw net.yaml -o net.svg
      backprop draw net.yaml -o net.svg --width 800
      backprop draw net.yaml -o net.dot
      backprop draw net.yaml -o net.tex
      backprop draw net.yaml --level layers
      backprop draw --example lecture --ascii
      backprop draw net.yaml --format mermaid

    """
    _refuse_pixels(output)
    to = destination(Drawing, output, format, color, quiet)
    one_of("--level", level, LEVELS)
    if expand and level in ("layers", "blocks"):
        raise UsageError(f"--expand and --level {level} together", hint="One shows more, the other less: give one.")
    if ascii and to.format != "terminal":
        raise UsageError(f"--ascii is for the terminal, and this is {to.format}")
    room = _width(width, to.format)
    net = api.Network(network.open("draw", to))
    net = net.unrolled() if expand or level == "times" else net
    if of is not None:
        _refuse_data(of, {node.name: node.kind for node in net.graph.nodes.values()})
    drawing = Drawing(
        net.run(of, everything=all, forward=of is None and net.spec.loss is None),
        level=level or "nodes",
        blank=blank,
        expand=expand,
        full=numbers.full,
        ascii=ascii or to.ascii,
        width=room or (to.width if to.format == "terminal" else None),
        precision=numbers.precision(DIGITS),
        title=net.spec.title or net.source,
        coloured=to.coloured,
    )
    return deliver(drawing, to)


def _width(text: str | None, form: str) -> int | None:
    """How wide the drawing may be."""
    if text is not None and form not in LEAST:
        raise UsageError(f"--width is for the terminal and SVG, and this is {form}")
    return read_count("--width", text, LEAST.get(form, 0), MOST_WIDTH)


def _refuse_data(of: str, kinds: dict[str, str]) -> None:
    """Say that there is nothing to draw of a datum: no node leads to it."""
    nodes = [name for name, kind in kinds.items() if kind == "node"]
    if kinds.get(of, "node") != "node" and nodes:
        article = "an" if kinds[of] == "input" else "a"
        raise UsageError(
            f"--of {of}: {of} is {article} {kinds[of]}; no gradient comes back from it",
            hint=f"Name what is worked out: --of {nodes[-1]}",
        )


def _refuse_pixels(path: str | None) -> None:
    """Say how to come to a PNG or a PDF, which other programs make from what there is."""
    stem, ending = os.path.splitext(path or "")
    if ending.lower() in PIXELS and not os.path.isdir(path or ""):
        raise UsageError(
            f"-o {path}: no {ending[1:].upper()} is drawn here",
            hint=f"Write {stem}.svg, which every browser and word processor shows. By Graphviz:\n"
            f"  backprop draw -o {stem}.dot\n  dot -T{ending[1:].lower()} {stem}.dot -o {path}",
        )
