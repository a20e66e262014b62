"""`backprop nudge`: what happens when one number moves a little."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from backpropcli import api
from backpropcli.commands.command import command
from backpropcli.commands.options import Network, Numbers, Output, Word, Words, node_option
from backpropcli.commands.quantity import Quantity, read, rows
from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record, deliver
from backpropcli.notation.numbers import read_number
from backpropcli.render.output import Destination

if TYPE_CHECKING:
    from backpropcli.engine.nudge import Nudge
    from backpropcli.render.table import Table

NAME = ("NAME", "which number to move: a parameter, an input, a node, or an entry, 'W1[0,2]'")


class Nudges(Record):
    """One number moved by a step, or by several."""

    what = "nudge"

    def __init__(self, found: "list[Nudge]", source: str, numbers: Numbers) -> None:
        self.found, self.source, self.numbers = found, source, numbers

    def tables(self, to: Destination) -> "list[Table]":
        """What moved, before and after; entry by entry where an array does not fit; several steps, a line each."""
        from backpropcli.report.nudge_table import digits, entries_table, nudge_table, sweep_table

        precision = self.numbers.precision(digits(self.found))
        if len(self.found) > 1:
            return [sweep_table(self.found, self.source, precision, to.width)]
        full = self.numbers.full or to.width is None
        table = nudge_table(self.found[0], self.source, precision, full, to.width)
        if to.width is not None and table.layout(to.width).width > to.width:
            table = entries_table(self.found[0], self.source, precision, full, to.width)
        return [table]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.nudge/1`."""
        from backpropcli.report.nudge_table import nudge_json

        return nudge_json(self.found, self.source)

    def csv(self, to: Destination) -> Iterator[str]:
        """A line for each node and step."""
        from backpropcli.report.nudge_table import nudge_csv

        return nudge_csv(self.found)


@command(Nudges, takes=NAME)
def nudge(
    network: Network,
    numbers: Numbers,
    output: Output,
    eps: Annotated[
        Words, typer.Option(metavar="STEP", help="How far to move it, 0.001 if not said. Repeatable.")
    ] = None,
    of: Annotated[Word, node_option("Watch this node instead of the loss.")] = None,
) -> int:
    """What happens when one number moves a little? Everything downstream, before and after.

    Moves one parameter, input or node by a small step, computes everything downstream again, and puts change / step
    beside the derivative. What feeds a nudged node is left alone.

    Examples:
      backprop nudge w1 --eps 0.001
      backprop nudge net.yaml z2
      backprop nudge w1 --eps 0.1 --eps 0.01 --eps 0.001
      backprop nudge --example lecture w1 --format json

    """
    to = output.to(Nudges)
    steps = [read_number("--eps", text) for text in eps or ["0.001"]]
    wanted = _one(network.names)
    net = api.Network(network.open("nudge", to, names=True)).unrolled()
    if of is not None:
        net.node(of)
    name, place = (rows(net.graph, wanted.name, wanted.place) or [(wanted.name, wanted.place)])[0]
    found = [net.nudge(name, step, place, of=of) for step in steps]
    return deliver(Nudges(found, net.source, numbers), to)


def _one(names: list[str]) -> Quantity:
    """The one value that is to be moved."""
    if len(names) != 1:
        got = f", and got {len(names)}: {' '.join(names)}" if names else ""
        raise UsageError(f"nudge takes one name{got}", hint="Such as  backprop nudge w1")
    wanted = read(names[0], "nudge")
    if wanted.of is not None:
        raise UsageError(f"nudge {wanted.text}: a nudge moves a value, such as {wanted.name}")
    return wanted
