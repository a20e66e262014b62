"""`backprop run`: every node's value and gradient."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backpropcli.commands.options import (
    Expand,
    Network,
    Numbers,
    Output,
    Word,
    Words,
    announce,
    command,
    complete_names,
    complete_quantities,
    listed,
    one_file,
)
from backpropcli.errors import UsageError
from backpropcli.notation.numbers import Precision, exact, nested
from backpropcli.render.output import Destination
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.api import Network as Network_
    from backpropcli.api import Trace
    from backpropcli.report.run_rows import Result

FORMATS = ("table", "json", "csv", "markdown")
DTYPES = ("float64", "float32")


@command
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
        typer.Option(
            metavar="NODE", help="Differentiate this node instead of the loss.", autocompletion=complete_names
        ),
    ] = None,
    only: Annotated[
        Words, typer.Option(metavar="NAME...", help="Show only these rows.", autocompletion=complete_names)
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Gradients of inputs and targets too.")] = False,
    expand: Expand = False,
    steps: Annotated[bool, typer.Option("--steps", help="Show both passes worked out.")] = False,
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
      backprop run --example lecture
      backprop run -i x=3 -p w=2 -n "y = w*x" -n "J = (y - 5)**2"

    """
    to = output.destination(*FORMATS)
    precision = numbers.precision()
    wanted = _quantities(get)
    _can_be_said(to, steps, bool(wanted))
    if dtype is not None and dtype not in DTYPES:
        raise UsageError(f"--dtype {dtype}: expected float64 or float32{did_you_mean(dtype, DTYPES)}")
    if forward and (of or upstream):
        raise UsageError(f"--forward computes no gradients, and {'--of' if of else '--upstream'} is about them")
    file = one_file(network, "run", names=only is not None or _cut_by_the_shell(network))
    net = network.read(file)
    one_file(network, "run", names=only is not None)
    announce(network, file, net.source, to)
    # `listed` gives None only for None.
    shown = [net.node(name) for name in listed([*only, *network.names])] if only else None  # type: ignore[union-attr]
    node, at = _entry(of)
    if at and upstream:
        raise UsageError(f"--of {of} is one number, whose upstream gradient is 1: --upstream has no place beside it")
    trace = net.run(
        node,
        at=at,
        upstream=_numbers(upstream),
        dtype=dtype or "float64",  # type: ignore[arg-type]  # the engine refuses others
        everything=all,
        forward=forward or (bool(wanted) and of is None and net.spec.loss is None),
    )
    for text in net.notes:
        to.note(f"note: {text}")
    if wanted:
        found_numbers = {q.text: q.find(trace) for q in wanted}
        if to.format == "json":
            from backpropcli.render.json import anything

            to.write([anything(found_numbers) + "\n"])
        else:
            show = precision.show if numbers.chosen else exact
            to.write([f"{nested(found_numbers[q.text], show)}\n" for q in wanted])
        _tell_lost(trace, net, all, precision, to)
        return 0
    if steps:
        from backpropcli.explanation.steps import steps as worked

        lines = worked(
            trace, net.source, precision, to.width, ascii=to.ascii, everything=all, expand=expand, title=net.spec.title
        )
        fence = ["```text\n"] if to.format == "markdown" else []
        to.write([*fence, *(f"{line}\n" for line in lines), *(["```\n"] if fence else [])])
        _tell_lost(trace, net, all, precision, to)
        return 0
    from backpropcli.report.run_rows import result

    marks, messages = _not_finite(trace)
    found = result(trace, net.source, net.spec.title, shown, expand, marks)
    if at:
        found = found.of_entry(at)
    _print(found, precision, to, numbers)
    for text in messages:
        to.note(text)
    if not messages:
        _tell_lost(trace, net, all, precision, to)
    return 0


def _tell_lost(trace: "Trace", net: "Network_", everything: bool, precision: Precision, to: Destination) -> None:
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


def _print(found: "Result", precision: Precision, to: Destination, numbers: Numbers) -> None:
    """Hand the result to the view of its format."""
    if to.format == "json":
        from backpropcli.report.json import run_json

        to.write(run_json(found))
    elif to.format == "csv":
        from backpropcli.report.csv import run_csv

        to.write(run_csv(found))
    elif to.format == "markdown":
        from backpropcli.report.markdown import run_markdown
        from backpropcli.report.run_table import heading

        to.write(run_markdown(found, precision, heading(found, precision, titled=False)))
    else:
        from backpropcli.report.run_table import fitted

        to.write_table(fitted(found, precision, to.width, numbers.full, numbers.chosen))


def _can_be_said(to: Destination, steps: bool, get: bool) -> None:
    """UsageError where a format has no place for what was asked."""
    if steps and to.format in ("json", "csv"):
        raise UsageError(
            f"run --steps is text, and has no {to.format}",
            hint=f"The numbers alone:  backprop run --format {to.format}\n"
            "The text in a file:  --steps -o steps.txt or -o steps.md",
        )
    if get and to.format in ("csv", "markdown"):
        raise UsageError(
            f"run --get prints bare numbers, and has no {to.format}", hint="As an object:  --get J --format json"
        )


def _entry(of: str | None) -> tuple[str | None, tuple[int, ...]]:
    """The node of `--of z1[0]`, and which entry of it."""
    if of is None or "[" not in of:
        return of, ()
    from backpropcli.commands.quantity import read

    found = read(of, "--of")
    if found.of is not None:
        raise UsageError(f"--of {of}: expected a node or one entry of it, such as z1[0]")
    return found.name, found.place


def _quantities(words: list[str] | None) -> list[Any]:
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


def _cut_by_the_shell(network: Network) -> bool:
    """Whether a formula or value fell apart at its spaces: its own option knows best what to say."""
    return any(word.startswith("=") for word in network.names)


def _not_finite(trace: "Trace") -> tuple[dict[str, str], list[str]]:
    """Marks for the table and messages for stderr where NaN or infinity arises."""
    from backpropcli.report.nonfinite import described

    return described(trace)
