"""`backprop count`: what the gradients cost."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import Annotated

import typer

from backpropcli.commands.options import Network, Output, Word, announce, command, complete_names, one_file

FORMATS = ("table", "json", "markdown")


@command
def count(
    network: Network,
    output: Output,
    of: Annotated[
        Word,
        typer.Option(
            metavar="NODE", help="The gradients of this node by what it depends on.", autocompletion=complete_names
        ),
    ] = None,
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
    to = output.destination(*FORMATS)
    file = one_file(network, "count")
    net = network.read(file)
    announce(network, file, net.source, to)
    found = net.count(of)
    from backpropcli.report.count_table import count_json, count_table

    if to.format == "json":
        to.write(count_json(found, net.source))
    elif to.format == "markdown":
        from backpropcli.render.markdown import any_markdown

        to.write(any_markdown(count_table(found, net.source)))
    else:
        to.write_table(count_table(found, net.source, to.width))
    return 0
