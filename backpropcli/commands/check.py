"""`backprop check`: whether the gradients are right."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backpropcli import api
from backpropcli.commands.check_options import How, Itself, Outside, Theirs, What
from backpropcli.commands.check_records import Checked, Files, Sweeps
from backpropcli.commands.command import command
from backpropcli.commands.options import Network, Numbers, Output, listed
from backpropcli.errors import UsageError
from backpropcli.formats.registry import deliver
from backpropcli.render.bar import Bar

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.render.output import Destination

FOR_FILES = ("junit", "github")
"""Formats that have a place for a file that could not be checked."""


@command(Files, Sweeps)
def check(
    network: Network,
    what: What,
    how: How,
    theirs: Theirs,
    numbers: Numbers,
    output: Output,
    outside: Outside,
    itself: Itself,
    failures: Annotated[
        bool, typer.Option("--failures", help="Print only what is wrong: nothing where all is right.")
    ] = False,
) -> int:
    """Are the gradients right? Compares every one with finite differences.

    Several files, or a pattern in quotes ('nets/**/*.yaml'), get a line each, the worst first.

    Exit status: 0 all right, 1 something is wrong, 2 it could not be checked at all, 3 some could not be judged; over
    several files the first of 2, 1, 3, 0.

    Examples:
      backprop check
      backprop check net.yaml --eps 0.001 --difference forward
      backprop check net.yaml --expect dJ/dw1=6
      backprop check net.yaml --gradients theirs.json --as fc1.weight=w1
      backprop check --program "python net.py"
      backprop check net.yaml --against all
      backprop check net.yaml --fault a1:sign
      backprop check net.yaml --sweep w1
      backprop check net.yaml --sample 500 --seed 7
      backprop check net.yaml --points 20 --dtype float32
      backprop check points.yaml --after-updates 100
      backprop check *.yaml --failures
      backprop check *.yaml -o report.xml
      backprop check --example lecture --format json

    """
    to = output.to(Sweeps if itself.sweep else Files)
    numbers.precision()
    if itself.given:
        itself.fit(network, theirs.gradients or outside.program, how.eps)
    _alone(how, theirs.gradients, itself)
    if itself.sweep:
        return _sweep(network, what, how, numbers, to)
    if how.updates is not None and (outside.given or theirs.gradients is not None):
        other = "--program" if outside.given else "--gradients"
        raise UsageError(f"--after-updates and {other} together", hint="Their gradients are those of their own point.")
    if outside.given:
        from backpropcli.commands.program import check_program

        return check_program(outside, network, what, how.arguments(), theirs, numbers, failures, to)
    network = network.spread(names=what.only is not None)
    theirs.fit(network.files)
    arguments = {**how.arguments(), **itself.arguments()}

    def ask(net: api.Network, **more: Any) -> "Report":
        return _asked(_trained(net, how.updates), network, what, theirs, **arguments, **more)

    expected: dict[str, Any] = {"elsewhere": theirs.gradients is not None, "expect": tuple(what.expect or ())}
    if len(network.files) > 1 or to.format in FOR_FILES:
        from backpropcli.commands.batch import check_several

        return check_several(
            network,
            what.only is not None,
            lambda file: api.Network(network.read(file, **expected)),
            ask,
            failures,
            to,
        )
    net = api.Network(network.open("check", to, names=what.only is not None, **expected))
    if how.updates is not None:
        from backpropcli.report.train_words import point

        to.note(f"note: checked {point(net.training(), how.updates)}")
    with Bar(to.quiet) as bar:
        report = ask(net, progress=bar.update, partial=True)
    for text in report.shapes:
        to.note(f"note: {text}")
    return deliver(Checked(report, net.source, numbers, failures, bool(what.expect), net.spec.title), to)


def _trained(net: api.Network, updates: int | None) -> api.Network:
    """The network after so many updates of its own training."""
    return net if updates is None else net.after(updates)


def _sweep(network: Network, what: What, how: How, numbers: Numbers, to: "Destination") -> int:
    """A sweep for each gradient that was named, or for the first; the exit status."""
    words = listed([*(what.only or ()), *network.names]) or [""]
    difference = how.arguments()["difference"]
    net = _trained(api.Network(network.open("check", to, names=True)), how.updates)
    return deliver(Sweeps([net.sweep(word, what.of, difference=difference) for word in words], net.source, numbers), to)


def _alone(how: How, theirs: str | None, itself: Itself) -> None:
    """UsageError where further points, or a number format, belong to a question that is not asked."""
    for option, given in (("--points", how.points), ("--dtype", how.dtype)):
        if given is not None and itself.sweep:
            raise UsageError(f"--sweep and {option} together", hint="A sweep is of one gradient, at one point.")
        if given is not None and theirs is not None:
            raise UsageError(f"{option} and --gradients together", hint=f"{option} is about backprop's own gradients.")


def _asked(net: api.Network, network: Network, what: What, theirs: Theirs, **arguments: Any) -> "Report":
    """The report on one network; `arguments` are those of its `check`."""
    net = net.unrolled()
    words = what.names(network)
    names = net.each_row(words)
    if theirs.gradients is None:
        return net.check(what.of, names=names, everything=what.all, **arguments)
    return net.check_gradients(
        theirs.gradients,
        what.of,
        renames=network.renames or (),
        allow_missing=theirs.allow_missing,
        names=names,
        **arguments,
    )
