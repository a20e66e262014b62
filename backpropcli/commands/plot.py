"""`backprop plot`: the loss as a curve or a map."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from typing import Annotated

import typer

from backpropcli import api
from backpropcli.commands.command import OUTPUT, command
from backpropcli.commands.options import Network, Output, Word, Words, listed, node_option, one_of
from backpropcli.commands.quantity import Quantity, read
from backpropcli.errors import UsageError
from backpropcli.formats.registry import deliver
from backpropcli.notation.numbers import Precision, read_count, read_number
from backpropcli.plotting.plot import Plot

NAMES = ("[NAME]...", "what the loss is plotted against: a parameter or an input, or an entry, 'W1[0,2]'; one or two")
SCALES = ("linear", "log")
LEAST, MOST = 30, 120
"""Columns of a plot in the terminal."""


@command(Plot, takes=NAMES)
def plot(
    network: Network,
    output: Output,
    low: Annotated[
        Words, typer.Option("--from", metavar="A", help="Where the axis begins; of a map, two: --from 0,-1.")
    ] = None,
    high: Annotated[
        Words, typer.Option("--to", metavar="B", help="Where it ends. Without: as far as the loss takes to bend.")
    ] = None,
    of: Annotated[Word, node_option("Plot this node instead of the loss.")] = None,
    scale: Annotated[Word, typer.Option(metavar="SCALE", help="Of the loss: linear (the default) or log.")] = None,
    digits: Annotated[Word, typer.Option(metavar="N", help="Significant digits of the numbers in words.")] = None,
    ascii: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII signs in the terminal.")] = False,
    width: Annotated[
        Word, typer.Option(metavar="N", help="No wider, in columns of the terminal.", rich_help_panel=OUTPUT)
    ] = None,
) -> int:
    """The loss as a picture: along one number, or over two.

    Along one number: the curve, the point where it is now, and the tangent there, whose slope is the gradient. Over
    two: lines of equal loss, and the negative gradient. In the terminal, or through matplotlib as SVG, PNG or PDF.

    Examples:
      backprop plot w1
      backprop plot net.yaml w1 --from -1 --to 4
      backprop plot net.yaml w1 w2
      backprop plot net.yaml w1 w2 --scale log
      backprop plot --example lecture w1 --ascii
      backprop plot net.yaml w1 --format csv

    """
    to = output.to(Plot)
    one_of("--scale", scale, SCALES)
    if to.format not in ("terminal", "markdown") and (ascii or width):
        raise UsageError(f"{'--ascii' if ascii else '--width'} is for the terminal, and this is {to.format}")
    columns = read_count("--width", width, LEAST, MOST)
    precision = Precision(read_count("--digits", digits, 1) or 6)
    wanted = _numbers(network.names)
    ranges = list(zip(_ends("--from", low, len(wanted)), _ends("--to", high, len(wanted)), strict=True))
    net = api.Network(network.open("plot", to, names=True))
    found = net.plot(
        *((q.name, q.place) for q in wanted),
        of=of,
        ranges=ranges,
        scale=scale or "linear",  # type: ignore[arg-type]  # one of the two
        precision=precision,
        ascii=ascii,
        width=columns,
    )
    return deliver(found, to)


def _numbers(names: list[str]) -> list[Quantity]:
    """What the loss is plotted against."""
    if not 1 <= len(names) <= 2:
        got = f", and got {len(names)}: {' '.join(names[:4])}" if names else ""
        raise UsageError(f"plot takes one name, or two for a map{got}", hint="Such as  backprop plot w1")
    wanted = [read(name, "plot") for name in names]
    for quantity in wanted:
        if quantity.of is not None:
            raise UsageError(
                f"plot {quantity.text}: a plot is against a value",
                hint=f"Such as  backprop plot {quantity.name}  whose tangent has the slope {quantity.text}",
            )
    return wanted


def _ends(option: str, words: Words, count: int) -> list[float | None]:
    """One end of each axis, as it was said; None for all where nothing was."""
    found = [read_number(option, word) for word in listed(words) or ()]
    if found and len(found) != count:
        axes = "one axis" if count == 1 else "two axes"
        example = "0" if count == 1 else "0,-1"
        raise UsageError(f"{option} has {len(found)} numbers for {axes}", hint=f"Such as  {option} {example}")
    return list(found) or [None] * count
