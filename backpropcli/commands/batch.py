"""`backprop check` of several files: each in turn, whatever becomes of the others, then one report."""

from typing import TYPE_CHECKING

from backpropcli import api
from backpropcli.commands.checking import Printer, Question
from backpropcli.commands.options import announce, no_file
from backpropcli.errors import BackpropError, UsageError
from backpropcli.render.output import error_message
from backpropcli.render.progress import Progress
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.gradcheck import Checked


def check_several(question: Question, printer: Printer) -> int:
    """Every file's check, and what came of all; the exit status is the first that applies of 70, 2, 1, 3, 0.

    Interrupted, it prints what was done until then (a file that was to be written is not).
    """
    network, files = question.network, list(question.network.files)
    if network.names and question.what.only is None:
        raise no_file(network.names[0], "check")
    if network.example is not None and files:
        raise UsageError(f"--example {network.example} and {files[0]} together", hint="Give one of them.")
    done: list[Checked] = []
    try:
        with Progress(files, printer.to.quiet) as progress:
            if not files:
                name = network.example or ("the command line" if network.node or network.layer else "net.yaml")
                done.append(api.check_file(name, lambda _: question.read(None), question.ask))
                if done[0].report is not None:
                    announce(network, None, done[0].source, printer.to)
            for checked in api.check_files(files, read=question.read, ask=question.ask):
                done.append(checked)
                progress.advance()
    except KeyboardInterrupt:
        if done and printer.to.path is None:
            print_files(done, printer, len(files))
        raise
    return print_files(done, printer, len(files))


def print_files(done: "list[Checked]", printer: Printer, planned: int) -> int:
    """The errors' blocks on stderr, the report where it goes; the exit status."""
    summary = api.sum_up(done)
    for checked in summary.files:
        if checked.error is not None:
            error_message(block(checked.source, checked.error), printer.to.color)
    printer.files(summary, planned)
    return summary.status


def block(source: str, error: Exception) -> str:
    """An error's block, with the file's name in it."""
    if not isinstance(error, BackpropError):
        from backpropcli.render.bug import bug

        return f"{source}: {bug(error)}"
    text, name = str(error), printable(source)
    return text if name in text else f"{name}: {text}"
