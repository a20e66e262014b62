"""`backprop quiz`: the exercise in the terminal, marked as it is answered; or printed, with its key."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
import os
import random
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from backpropcli import api
from backpropcli.commands.command import command
from backpropcli.commands.options import Expand, Network, Numbers, Word, node_option
from backpropcli.commands.worksheet import Printed
from backpropcli.errors import UsageError
from backpropcli.formats.registry import of_ending
from backpropcli.notation.numbers import read_count
from backpropcli.render.output import Destination, is_terminal, terminal_width
from backpropcli.render.writing import write_file

if TYPE_CHECKING:
    from backpropcli.exercise.session import Session

LARGEST_SEED = 999_999_999


class Which(NamedTuple):
    """Which questions, with which numbers."""

    only: Annotated[Word, typer.Option(metavar="KIND", help="values or gradients.")] = None
    seed: Annotated[Word, typer.Option(metavar="N", help="Other nice numbers, those no. N.")] = None
    fresh: Annotated[bool, typer.Option("--fresh", help="Other nice numbers every time.")] = False

    def chosen(self) -> int | None:
        """The seed that was given, or drawn; None for the network's own numbers."""
        if self.fresh and self.seed is not None:
            raise UsageError("--fresh and --seed together", hint="--fresh draws a number, --seed chooses it.")
        return random.randrange(1, 1_000_000) if self.fresh else read_count("--seed", self.seed, most=LARGEST_SEED)


class Marked(NamedTuple):
    """Where the score and the answers go, and whose they are."""

    result: Annotated[Word, typer.Option(metavar="FILE", help="Write the score and the answers as JSON.")] = None
    student: Annotated[Word, typer.Option(metavar="NAME", help="Who it is, for --result.")] = None

    def fit(self, force: bool, files: list[str]) -> None:
        """UsageError where the result would take the place of another file."""
        if self.result is None:
            if force:
                raise UsageError("--force is for --worksheet and --result")
            return
        other = of_ending(self.result)
        if other is not None and other.name != "json":
            raise UsageError(f"--result {self.result}: a result is JSON, not {other.name}", hint="End it in .json.")
        if os.path.isfile(self.result) and not force:
            raise UsageError(f"{self.result} is there already", hint="Replace it:  --force, or name another file.")
        if any(os.path.realpath(self.result) == os.path.realpath(file) for file in files):
            raise UsageError(f"--result {self.result} is the network itself", hint="Name another file.")


@command()
def quiz(
    network: Network,
    numbers: Numbers,
    which: Which,
    marked: Marked,
    printed: Printed,
    every: Annotated[
        bool, typer.Option("--every", help="Every blank of a large network, not the 60 nearest to the loss.")
    ] = False,
    expand: Expand = False,
    of: Annotated[Word, node_option("Differentiate this node instead of the loss.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages beside the quiz.")] = False,
) -> int:
    """The exercise: every value left to right, then every gradient right to left.

    Answers are numbers or expressions (6, 2*3, 1/3). One of up to three digits
    is given as it is; of a longer one three digits are enough, or as many as
    are asked for. h gives a hint (there are three), s shows the
    answer and goes on, q stops. A script may answer through standard input.
    The exit status is 0 when it has ended, however well, 2 if it could not start.

    Examples:
      backprop quiz
      backprop quiz net.yaml --only gradients --seed 101
      backprop quiz --example lecture --student 101 --result 101.json
      backprop quiz net.yaml --worksheet homework.md --students 101,102,103

    """
    chosen = which.chosen()
    to = Destination(quiet=quiet)
    if printed.wanted:
        if marked.result is not None or marked.student is not None:
            raise UsageError("--worksheet and --result or --student together", hint="A worksheet is not marked here.")
        net = api.Network(network.open("quiz", None)).unrolled()
        printed.write(
            net, to, of=of, only=which.only, seed=chosen, precision=numbers.precision(), every=every, expand=expand
        )
        return 0
    marked.fit(printed.force, network.files)
    if "-" in network.files:
        raise UsageError("the network and the answers cannot both come from standard input", hint="Name a file.")
    net = api.Network(network.open("quiz", to)).unrolled()
    asked = net.quiz(
        of, only=which.only, seed=chosen, precision=numbers.precision(), ascii=to.ascii, every=every, expand=expand
    )
    from backpropcli.exercise.session import Session

    hold(Session(asked), to, marked)
    return 0


def hold(session: "Session", to: Destination, marked: Marked) -> None:
    """The quiz from its opening to its score, which an interrupted one has too."""

    def save() -> None:
        if marked.result is not None:
            write_file(marked.result, [session.result(marked.student)])

    save()  # before the work, not after it, a folder turns out to be missing

    def finish(before: str) -> None:
        to.write([f"{before}\n{session.closing()}"])
        save()
        if marked.result is not None:
            to.note(f"wrote {marked.result}")

    try:
        ended = ask(session, to, save)
    except KeyboardInterrupt:
        finish("\n")
        raise
    finish("" if ended else "\n")


def ask(session: "Session", to: Destination, save: Callable[[], None]) -> bool:
    """Ask until it is over; False where the input ended first. After each answer `save` is called: no signal that ends
    the program loses what was answered before it."""
    to.write([session.opening()])
    echoed = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    width = terminal_width(sys.stdout) if os.environ.get("TERM") != "dumb" else None
    while not session.over:
        to.write([session.prompt()])
        line = read_line()
        if line is None:
            return False
        told = session.take(line, echoed, width)
        save()
        to.write([told], moves=True)
    return True


def read_line() -> str | None:
    """A line typed or piped; None at the end of the input, which may not be there at all."""
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        return "?\ufffd"
    except (OSError, ValueError, AttributeError):
        return None
    return line if line else None
