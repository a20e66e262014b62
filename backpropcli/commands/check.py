"""`backprop check`: whether the gradients are right."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import Annotated

import typer

from backpropcli.commands.checking import FORMATS, How, Printer, Question, Theirs, What
from backpropcli.commands.external import Outside
from backpropcli.commands.options import Network, Numbers, Output, announce, command, one_file
from backpropcli.commands.selftest import Itself
from backpropcli.errors import UsageError
from backpropcli.render.bar import Bar

FOR_FILES = ("junit", "github")
"""Formats that have a place for a file that could not be checked."""


@command
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
      backprop check *.yaml --failures
      backprop check *.yaml -o report.xml
      backprop check --example lecture --format json

    """
    printer = Printer(output.destination(*FORMATS), numbers, failures)
    numbers.precision()
    if itself.given:
        itself.fit(network, theirs.gradients or outside.program, how.eps)
    alone(how, theirs.gradients, itself)
    if itself.sweep:
        return itself.plot(network, what, how, numbers, output)
    if outside.given:
        return outside.check(network, what, how.arguments(), theirs, printer)
    network = network.spread(names=what.only is not None)
    theirs.fit(network.files)
    question = Question(network, what, {**how.arguments(), **itself.arguments()}, theirs)
    if len(network.files) > 1 or printer.to.format in FOR_FILES:
        from backpropcli.commands.batch import check_several

        return check_several(question, printer)
    return check_one(question, printer)


def alone(how: How, theirs: str | None, itself: Itself) -> None:
    """UsageError where further points, or a number format, belong to a question that is not asked."""
    for option, given in (("--points", how.points), ("--dtype", how.dtype)):
        if given is not None and itself.sweep:
            raise UsageError(f"--sweep and {option} together", hint="A sweep is of one gradient, at one point.")
        if given is not None and theirs is not None:
            raise UsageError(f"{option} and --gradients together", hint=f"{option} is about backprop's own gradients.")


def check_one(question: Question, printer: Printer) -> int:
    """The check of one network, in full; its exit status."""
    network, what = question.network, question.what
    file = one_file(network, "check", names=what.only is not None or any(w.startswith("=") for w in network.names))
    net = question.read(file)
    one_file(network, "check", names=what.only is not None)
    announce(network, file, net.source, printer.to)
    with Bar(printer.to.quiet) as bar:
        report = question.ask(net, progress=bar.update, partial=True)
    for text in report.shapes:
        printer.to.note(f"note: {text}")
    printer.report(report, net.source, bool(what.expect), net.spec.title)
    return int(report.status)
