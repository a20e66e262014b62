"""`backprop nudge`: what happens when one number moves a little."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import Annotated

import typer

from backpropcli.commands.options import (
    Network,
    Numbers,
    Output,
    Word,
    Words,
    announce,
    command,
    complete_names,
    one_file,
)
from backpropcli.commands.quantity import read
from backpropcli.errors import UsageError
from backpropcli.notation.numbers import read_number

FORMATS = ("table", "json", "csv", "markdown")
NAMES = ("NAME", "which number to move: a parameter, an input, a node, or an entry, 'W1[0,2]'")


@command
def nudge(
    network: Network,
    numbers: Numbers,
    output: Output,
    eps: Annotated[
        Words, typer.Option(metavar="STEP", help="How far to move it, 0.001 if not said. Repeatable.")
    ] = None,
    of: Annotated[
        Word,
        typer.Option(metavar="NODE", help="Watch this node instead of the loss.", autocompletion=complete_names),
    ] = None,
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
    to = output.destination(*FORMATS)
    steps = [read_number("--eps", text) for text in eps or ["0.001"]]
    if len(network.names) != 1:
        got = f", and got {len(network.names)}: {' '.join(network.names)}" if network.names else ""
        raise UsageError(f"nudge takes one name{got}", hint="Such as  backprop nudge w1")
    file = one_file(network, "nudge", names=True)
    wanted = read(network.names[0], "nudge")
    if wanted.of is not None:
        raise UsageError(f"nudge {wanted.text}: a nudge moves a value, such as {wanted.name}")
    net = network.read(file)
    announce(network, file, net.source, to)
    if of is not None:
        net.node(of)
    found = [net.nudge(wanted.name, step, wanted.place, of=of) for step in steps]
    from backpropcli.report.nudge_table import digits, entries_table, nudge_csv, nudge_json, nudge_table, sweep_table

    if to.format == "json":
        to.write(nudge_json(found, net.source))
        return 0
    if to.format == "csv":
        to.write(nudge_csv(found))
        return 0
    precision = numbers.precision(digits(found))
    if len(found) == 1:
        full = numbers.full or to.width is None
        table = nudge_table(found[0], net.source, precision, full, to.width)
        if to.width is not None and table.layout(to.width).width > to.width:
            table = entries_table(found[0], net.source, precision, full, to.width)
    else:
        table = sweep_table(found, net.source, precision, to.width)
    if to.format == "markdown":
        from backpropcli.render.markdown import any_markdown

        to.write(any_markdown(table))
    else:
        to.write_table(table)
    return 0
