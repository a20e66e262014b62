"""`backprop run`: every node's value and gradient."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backpropcli import api
from backpropcli.commands.command import command
from backpropcli.commands.options import (
    DTYPES,
    Expand,
    Network,
    Numbers,
    Output,
    Word,
    Words,
    complete_names,
    complete_quantities,
    listed,
    node_option,
    one_of,
)
from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record, deliver
from backpropcli.notation.numbers import Precision, exact, nested
from backpropcli.render.output import Destination

if TYPE_CHECKING:
    from backpropcli.commands.quantity import Quantity
    from backpropcli.formats.text import Block
    from backpropcli.render.table import Table
    from backpropcli.report.run_rows import Result


class Nodes(Record):
    """A row for every node."""

    what = "run"

    def __init__(self, result: "Result", numbers: Numbers) -> None:
        self.result, self.numbers = result, numbers

    def tables(self, to: Destination) -> "list[Table]":
        """The table, fitted to a terminal."""
        from backpropcli.report.run_table import fitted

        numbers = self.numbers
        return [fitted(self.result, numbers.precision(), to.width, numbers.full, numbers.chosen)]

    def markdown(self, to: Destination) -> Iterator[str]:
        """Title, heading and table."""
        from backpropcli.report.markdown import run_markdown
        from backpropcli.report.run_table import heading

        precision = self.numbers.precision()
        return run_markdown(self.result, precision, heading(self.result, precision, titled=False))

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.run/1`."""
        from backpropcli.report.json import run_json

        return run_json(self.result)

    def csv(self, to: Destination) -> Iterator[str]:
        """A line for every component."""
        from backpropcli.report.csv import run_csv

        return run_csv(self.result)


class Steps(Record):
    """Both passes worked out."""

    what = "run --steps"
    because = " is text, and"
    instead = "\nThe numbers alone:  backprop run --format json (or csv)"

    def __init__(self, trace: api.Trace, numbers: Numbers, everything: bool, expand: bool) -> None:
        self.trace, self.numbers, self.everything, self.expand = trace, numbers, everything, expand

    def blocks(self, to: Destination) -> "list[Block]":
        """Lines laid out for a terminal, or for 80 columns."""
        from backpropcli.explanation.steps import steps
        from backpropcli.formats.text import Block
        from backpropcli.render.text import text

        document = steps(
            self.trace,
            self.trace.network.source,
            self.numbers.precision(),
            ascii=to.ascii,
            everything=self.everything,
            expand=self.expand,
            full=self.numbers.full,
            title=self.trace.network.spec.title,
        )
        return [Block((f"{line}\n" for line in text(document, to.width)), "text")]


class Lowered(Record):
    """The network in the nodes form."""

    what = "run --lowered"
    because = " is a network, and"
    instead = "\nIts numbers:  backprop run --format json (or csv)"

    def __init__(self, net: api.Network) -> None:
        self.net = net

    def network(self, to: Destination) -> list[str]:
        """A file that every command reads."""
        spec = self.net.spec
        if to.path is not None and (files := spec.astray(os.path.dirname(to.path))):
            from backpropcli.report.train_words import listed

            to.note(f"note: {to.path} stands in another folder than {listed(files)}, which it will not find there")
        return [spec.lowered()]


class Quantities(Record):
    """A few numbers by name."""

    what = "run --get"
    because = " prints bare numbers, and"
    instead = "\nAs an object:  --get J --format json"

    def __init__(self, found: dict[str, Any], numbers: Numbers) -> None:
        self.found, self.numbers = found, numbers

    def bare(self, to: Destination) -> Iterator[str]:
        """A number or an array a line, with all its digits unless others were asked for."""
        show = self.numbers.precision().show if self.numbers.chosen else exact
        return (f"{nested(number, show)}\n" for number in self.found.values())

    def json(self, to: Destination) -> list[str]:
        """An object."""
        from backpropcli.render.json import anything

        return [anything(self.found) + "\n"]


@command(Nodes, Steps, Quantities, Lowered)
def run(
    network: Network,
    numbers: Numbers,
    output: Output,
    get: Annotated[
        Words,
        typer.Option(
            metavar="NAME", help="Print one number, as dJ/dw1, J or W1[0,2].", autocompletion=complete_quantities
        ),
    ] = None,
    of: Annotated[
        Word,
        node_option("Differentiate this node instead of the loss."),
    ] = None,
    only: Annotated[
        Words, typer.Option(metavar="NAME...", help="Show only these rows.", autocompletion=complete_names)
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Gradients of inputs and targets too.")] = False,
    expand: Expand = False,
    steps: Annotated[bool, typer.Option("--steps", help="Show both passes worked out.")] = False,
    lowered: Annotated[
        bool, typer.Option("--lowered", help="Print the network with its layers as nodes, as a file.")
    ] = False,
    forward: Annotated[bool, typer.Option("--forward", help="Values only.")] = False,
    upstream: Annotated[
        Word, typer.Option(metavar="NUMBERS", help="The upstream gradient of a loss that is an array.")
    ] = None,
    dtype: Annotated[Word, typer.Option(metavar="TYPE", help="float64 (the default) or float32.")] = None,
) -> int:
    """Every node's value and gradient.

    One row for every input, target, parameter and node: its value, and how fast the loss grows with it.

    Examples:
      backprop run
      backprop run net.yaml --steps
      backprop run net.yaml --get dJ/dw1
      backprop run net.yaml -p w1=2.001 --get J
      backprop run net.yaml --only w1 w2 --digits 10
      backprop run net.yaml -o net.json
      backprop run --example lecture-layers --lowered
      backprop run --example lecture
      backprop run -i x=3 -p w=2 -n "y = w*x" -n "J = (y - 5)**2"

    """
    if lowered:
        others = {"--get": get, "--of": of, "--only": only, "--steps": steps, "--upstream": upstream}
        return _lowered(network, output, others)
    wanted = _quantities(get)
    to = output.to(Quantities if wanted else Steps if steps else Nodes)
    numbers.precision()
    one_of("--dtype", dtype, DTYPES)
    _check_forward(forward, of, upstream)
    node, at = _entry(of)
    if at and upstream:
        raise UsageError(f"--of {of} is one number, whose upstream gradient is 1: --upstream has no place beside it")
    net = _opened(network, to, only, expand, steps)
    shown = _shown(only, network, net)
    trace = net.run(
        node,
        at=at,
        upstream=_numbers(upstream),
        dtype=dtype or "float64",  # type: ignore[arg-type]  # the engine refuses others
        everything=all,
        forward=forward or _values_alone(wanted, of, net),
    )
    for text in net.notes:
        to.note(f"note: {text}")
    if wanted:
        deliver(Quantities({q.text: q.find(trace) for q in wanted}, numbers), to)
    elif steps:
        deliver(Steps(trace, numbers, all, expand), to)
    elif _nodes(trace, numbers, shown, expand, at, to):
        return 0
    _tell_lost(trace, net, all, numbers.precision(), to)
    return 0


def _check_forward(forward: bool, of: Word, upstream: Word) -> None:
    if forward and (of or upstream):
        raise UsageError(f"--forward computes no gradients, and {'--of' if of else '--upstream'} is about them")


def _lowered(network: Network, output: Output, others: Mapping[str, object]) -> int:
    """Write the network in the nodes form; `others`: options that have no place beside it, with what they say."""
    for option, given in others.items():
        if given:
            raise UsageError(f"--lowered prints a network, and {option} is about its numbers")
    to = output.to(Lowered)
    return deliver(Lowered(api.Network(network.open("run", to))), to)


def _opened(network: Network, to: Destination, only: Words, *steps: bool) -> api.Network:
    """The network; where a flag asks for every step, or for a row such as h[2], each time has a node of its own."""
    net = api.Network(network.open("run", to, names=only is not None))
    asked = listed([*only, *network.names]) or () if only else ()
    rows = any("[" in name and name not in net.graph.nodes for name in asked)
    return net.unrolled() if rows or any(steps) else net


def _shown(only: Words, network: Network, net: api.Network) -> list[str] | None:
    """The rows that --only names, behind it or among the arguments; None for all."""
    return [net.node(name) for name in listed([*only, *network.names]) or ()] if only else None


def _values_alone(wanted: "list[Quantity]", of: str | None, net: api.Network) -> bool:
    """Whether values can be got of a network that leaves open what is differentiated."""
    return bool(wanted) and of is None and net.spec.loss is None


def _nodes(
    trace: api.Trace, numbers: Numbers, shown: Sequence[str] | None, expand: bool, at: tuple[int, ...], to: Destination
) -> bool:
    """Write the rows, with one entry's gradients where there is an `at`; whether NaN or infinity was told of."""
    from backpropcli.report.nonfinite import described
    from backpropcli.report.run_rows import result

    marks, messages = described(trace)
    found = result(trace, trace.network.source, trace.network.spec.title, shown, expand, marks)
    deliver(Nodes(found.of_entry(at) if at else found, numbers), to)
    for text in messages:
        to.note(text)
    return bool(messages)


def _tell_lost(trace: api.Trace, net: api.Network, everything: bool, precision: Precision, to: Destination) -> None:
    """A note on stderr where rounding has spoiled a gradient that was printed."""
    from backpropcli.engine.rounding import reached

    names = [*net.parameters, *(net.graph.names("input", "target") if everything or not net.parameters else ())]
    if to.quiet or not reached(trace, names):
        return
    from backpropcli.gradcheck.precision.warning import spoiled
    from backpropcli.report.precision_words import spoiled_note

    found, lost = spoiled(trace, dict(net.values), names)
    if found:
        to.note(spoiled_note(found, lost, trace.of or "", precision))


def _entry(of: str | None) -> tuple[str | None, tuple[int, ...]]:
    """The node of `--of z1[0]`, and which entry of it."""
    if of is None or "[" not in of:
        return of, ()
    from backpropcli.commands.quantity import read

    found = read(of, "--of")
    if found.of is not None:
        raise UsageError(f"--of {of}: expected a node or one entry of it, such as z1[0]")
    return found.name, found.place


def _quantities(words: list[str] | None) -> "list[Quantity]":
    if words is None:
        return []
    from backpropcli.commands.quantity import read

    return [read(word, slices=True) for word in listed(words) or [""]]


def _numbers(text: str | None) -> Any:
    """The numbers of `--upstream`, as `1,1,1` or `[[1, 0], [0, 1]]`."""
    if text is None:
        return None
    import json

    try:
        value = json.loads(text if "[" in text else f"[{text}]", parse_int=float)
        return float(value[0]) if "[" not in text and len(value) == 1 else value
    except (ValueError, TypeError, RecursionError):
        raise UsageError(
            f"--upstream {text}: expected numbers, such as --upstream 1,1,1 or --upstream [[1,0],[0,1]]"
        ) from None
