"""`backprop check` of several files: each in turn, whatever becomes of the others, then one report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backpropcli.api.checks import check_file, sum_up
from backpropcli.commands.check_records import Files
from backpropcli.commands.files import no_file
from backpropcli.errors import BackpropError, UsageError
from backpropcli.formats.registry import deliver
from backpropcli.render.output import Destination, error_message
from backpropcli.render.progress import Progress
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.api.network import Network
    from backpropcli.commands.options import Network as Words
    from backpropcli.gradcheck import Checked, Report


def check_several(
    words: Words,
    named: bool,
    read: Callable[[str | None], Network],
    ask: Callable[[Network], Report],
    failures: bool,
    to: Destination,
) -> int:
    """Every file's check, and what came of all; the exit status is the first that applies of 70, 2, 1, 3, 0.

    `read` and `ask` say how a network is read and checked; `named`: words that are no files are gradients' names.
    Interrupted, it prints what was done until then (a file that was to be written is not).
    """
    files = list(words.files)
    if words.names and not named:
        raise no_file(words.names[0], "check")
    if words.example is not None and files:
        raise UsageError(f"--example {words.example} and {files[0]} together", hint="Give one of them.")
    done: list[Checked] = []
    try:
        with Progress(files, to.quiet) as progress:
            if not files:
                name = words.example or ("the command line" if words.node or words.layer else "net.yaml")
                done.append(check_file(name, lambda _: read(None), ask))
                if done[0].report is not None:
                    words.announce(None, done[0].source, to)
            for file in files:
                done.append(check_file(file, read, ask))
                progress.advance()
    except KeyboardInterrupt:
        if done and to.path is None:
            _print(done, failures, len(files), to)
        raise
    return _print(done, failures, len(files), to)


def _print(done: list[Checked], failures: bool, planned: int, to: Destination) -> int:
    """The errors' blocks on stderr, the report where it goes; the exit status."""
    summary = sum_up(done)
    for checked in summary.files:
        if checked.error is not None:
            error_message(block(checked.source, checked.error), to.color)
    return deliver(Files(summary, failures, planned), to)


def block(source: str, error: Exception) -> str:
    """An error's block, with the file's name in it."""
    if not isinstance(error, BackpropError):
        from backpropcli.render.bug import bug

        return f"{source}: {bug(error)}"
    text, name = str(error), printable(source)
    return text if name in text else f"{name}: {text}"
