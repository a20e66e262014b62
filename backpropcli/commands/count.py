"""`backprop count`: what the gradients cost."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from backpropcli import api
from backpropcli.commands.command import command
from backpropcli.commands.options import Network, Output, Word, node_option
from backpropcli.formats.registry import Record, deliver
from backpropcli.render.output import Destination

if TYPE_CHECKING:
    from backpropcli.engine.cost import Cost
    from backpropcli.render.table import Table


class Count(Record):
    """What both ways to gradients cost in one network."""

    what = "count"

    def __init__(self, cost: "Cost", source: str) -> None:
        self.cost, self.source = cost, source

    def tables(self, to: Destination) -> "list[Table]":
        """Both ways side by side."""
        from backpropcli.report.count_table import count_table

        return [count_table(self.cost, self.source, to.width if to.format == "table" else None)]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.count/1`."""
        from backpropcli.report.count_table import count_json

        return count_json(self.cost, self.source)


@command(Count)
def count(
    network: Network,
    output: Output,
    of: Annotated[Word, node_option("The gradients of this node by what it depends on.")] = None,
) -> int:
    """What did the gradients cost? One backward pass against nudging each parameter.

    N is the number of nodes, P that of parameters (every entry of an array is one). Nudging each parameter computes
    all nodes again for each of them; backpropagation works out every gradient once. `numbers` counts what is really
    computed, and the times are measured here and now. With very few parameters nudging may win, and that is said.

    Examples:
      backprop count
      backprop count net.yaml
      backprop count --example lecture --format json

    """
    to = output.to(Count)
    net = api.Network(network.open("count", to))
    return deliver(Count(net.count(of), net.source), to)
