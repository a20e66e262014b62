"""`backprop check`: whether the gradients are right."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import TYPE_CHECKING, Annotated

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
    listed,
    one_file,
)
from backpropcli.errors import UsageError
from backpropcli.suggest import did_you_mean
from backpropcli.views.numbers import Precision, read_number
from backpropcli.views.output import Destination, render

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report

FORMATS = ("table", "json", "csv", "markdown")
DIFFERENCES = ("central", "forward", "backward")


@command
def check(
    network: Network,
    numbers: Numbers,
    output: Output,
    eps: Annotated[
        Word, typer.Option(metavar="STEP", help="One plain difference with this step, as 0.001, shown in full.")
    ] = None,
    difference: Annotated[
        Word, typer.Option(metavar="KIND", help="central (the default), forward or backward.")
    ] = None,
    expect: Annotated[
        Words, typer.Option(metavar="NAME=VALUE", help="Your own answer, as dJ/dw1=18. Repeatable.")
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Gradients of inputs and targets too.")] = False,
    only: Annotated[
        Words, typer.Option(metavar="NAME...", help="Check only these.", autocompletion=complete_names)
    ] = None,
    of: Annotated[
        Word,
        typer.Option(
            metavar="NODE", help="Differentiate this node instead of the loss.", autocompletion=complete_names
        ),
    ] = None,
) -> int:
    """Are the gradients right? Compares every one with finite differences.

    Exit status: 0 all right, 1 something is wrong, 2 it could not be checked at all, 3 some could not be judged.

    Examples:
      backprop check
      backprop check net.yaml --eps 0.001 --difference forward
      backprop check net.yaml --expect dJ/dw1=6
      backprop check net.yaml --format json
      backprop check --example lecture --quiet

    """
    to = output.destination(*FORMATS)
    precision = numbers.precision(10)
    step = read_number("--eps", eps) if eps is not None else None
    if step is not None and step <= 0:
        raise UsageError(f"--eps {eps}: a step is greater than 0, such as --eps 0.001")
    if difference is not None and difference not in DIFFERENCES:
        near = did_you_mean(difference, DIFFERENCES)
        raise UsageError(f"--difference {difference}: expected central, forward or backward{near}")
    file = one_file(network, "check", names=only is not None or any(w.startswith("=") for w in network.names))
    net = network.read(file, expect=tuple(expect or ()))
    one_file(network, "check", names=only is not None)
    announce(network, file, net.source, to)
    names = [net.node(name) for name in listed([*only, *network.names]) or ()] if only else None
    if of is not None:
        net.node(of)
    report = net.check(of, eps=step, difference=difference or "central", everything=all, names=names)  # type: ignore[arg-type]
    if to.format == "json":
        from backpropcli.views.json import check_json

        to.write(check_json(report, net.source))
    elif to.format == "csv":
        from backpropcli.views.csv import check_csv

        to.write(check_csv(report))
    else:
        _print(report, net.source, to, numbers, precision, bool(expect))
    return int(report.status)


def _print(
    report: "Report", source: str, to: Destination, numbers: Numbers, precision: Precision, asked: bool
) -> None:
    """Hand the report to the view of its format; `asked`: numbers were expected on the command line."""
    from backpropcli.views.check_table import check_page, check_tables

    tables = check_tables(check_page(report, source, precision, numbers.full, asked))
    if to.format == "markdown":
        from backpropcli.views.markdown import any_markdown

        to.write("".join(any_markdown(table)) for table in tables)
    else:
        to.write(["\n".join(render(table, to.width, to.coloured) for table in tables)])
