"""`backprop quiz`: the exercise in the terminal, marked as it is answered; or printed, with its key."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
import os
import random
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from backpropcli.commands.options import Expand, Network, Numbers, Word, announce, command, complete_names, one_file
from backpropcli.errors import UsageError
from backpropcli.notation.numbers import read_count
from backpropcli.render.output import Destination, is_terminal, message, terminal_width
from backpropcli.render.writing import write_file, write_files

if TYPE_CHECKING:
    from backpropcli.exercise.session import Session

LARGEST_SEED = 999_999_999
MOST_TOLD = 6
"""More files than these are told in one line."""
SHEETS = (".md", ".tex", ".html")


@command
def quiz(
    network: Network,
    numbers: Numbers,
    only: Annotated[Word, typer.Option(metavar="KIND", help="values or gradients.")] = None,
    seed: Annotated[Word, typer.Option(metavar="N", help="Other nice numbers, those no. N.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Other nice numbers every time.")] = False,
    result: Annotated[Word, typer.Option(metavar="FILE", help="Write the score and the answers as JSON.")] = None,
    student: Annotated[Word, typer.Option(metavar="NAME", help="Who it is, for --result.")] = None,
    worksheet: Annotated[
        Word, typer.Option(metavar="FILE", help="Write it to be printed, with its key: .md, .tex or .html.")
    ] = None,
    students: Annotated[
        Word,
        typer.Option(
            metavar="NAMES",
            help="A worksheet with other numbers for each: 101,102 (one: 101,), how many, as 30, or who had which "
            "before: homework-students.csv.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace worksheets, or a result, that are there.")] = False,
    every: Annotated[
        bool, typer.Option("--every", help="Every blank of a large network, not the 60 nearest to the loss.")
    ] = False,
    expand: Expand = False,
    of: Annotated[
        Word,
        typer.Option(
            metavar="NODE", help="Differentiate this node instead of the loss.", autocompletion=complete_names
        ),
    ] = None,
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
    if fresh and seed is not None:
        raise UsageError("--fresh and --seed together", hint="--fresh draws a number, --seed chooses it.")
    if students is not None and worksheet is None:
        raise UsageError("--students needs --worksheet", hint="backprop quiz --worksheet homework.md --students 30")
    chosen = random.randrange(1, 1_000_000) if fresh else read_count("--seed", seed, most=LARGEST_SEED)
    file = one_file(network, "quiz")
    to = Destination(quiet=quiet)
    if worksheet is not None:
        if result is not None or student is not None:
            raise UsageError("--worksheet and --result or --student together", hint="A worksheet is not marked here.")
        from backpropcli.exercise.students import RESERVED

        sheet = os.path.splitext(worksheet)[1].lower()
        if sheet not in SHEETS:
            raise UsageError(f"--worksheet {worksheet}: its ending chooses the format, .md, .tex or .html")
        net = network.read(file)
        sheets = net.worksheets(
            worksheet,
            students,
            of=of,
            only=only,
            seed=chosen,
            precision=numbers.precision(),
            every=every,
            expand=expand,
            tell=to.note,
            seeds=seeds_of(students),
        )
        if students is not None and students.lower().endswith(".csv"):  # what says so already is not written again
            sheets = [(path, text) for path, text in sheets if os.path.realpath(path) != os.path.realpath(students)]
        write_files(sheets, force, hint=f"Replace them:  --force, or write others:  --worksheet other{sheet}")
        written = [path for path, _ in sheets]
        if len(written) > MOST_TOLD:
            several = [path for path in written if os.path.splitext(path)[0].rpartition("-")[2] not in RESERVED]
            others = " and ".join(written[len(several) :])
            to.note(f"wrote {len(several):,} worksheets, {several[0]} to {several[-1]}, {others}")
            return 0
        for path in written:
            to.note(f"wrote {path}")
        return 0
    if force and result is None:
        raise UsageError("--force is for --worksheet and --result")
    if result is not None and os.path.isfile(result) and not force:
        raise UsageError(f"{result} is there already", hint="Replace it:  --force, or name another file.")
    if result is not None and file is not None and os.path.realpath(result) == os.path.realpath(file):
        raise UsageError(f"--result {result} is the network itself", hint="Name another file.")
    if file == "-":
        raise UsageError("the network and the answers cannot both come from standard input", hint="Name a file.")
    net = network.read(file)
    announce(network, file, net.source, to)
    asked = net.quiz(
        of, only=only, seed=chosen, precision=numbers.precision(), ascii=to.ascii, every=every, expand=expand
    )
    from backpropcli.exercise.session import Session

    session = Session(asked)

    def save() -> None:
        if result is not None:
            write_file(result, [session.result(student)])

    save()  # before the work, not after it, a folder turns out to be missing
    try:
        ended = ask(session, to, save)
    except KeyboardInterrupt:
        finish(session, to, result, student, "\n")
        raise
    finish(session, to, result, student, "" if ended else "\n")
    return 0


def seeds_of(students: str | None) -> dict[str, int] | None:
    """The seeds of a manifest that was written with other worksheets; None where `--students` names no such file."""
    if students is None or not students.lower().endswith(".csv"):
        return None
    from backpropcli.exercise.students import read_manifest
    from backpropcli.language.file.reading import read_text

    return read_manifest(read_text(students), students)


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


def finish(session: "Session", to: Destination, result: str | None, student: str | None, before: str) -> None:
    """Show the score, and write the result."""
    to.write([f"{before}\n{session.closing()}"])
    if result is not None:
        write_file(result, [session.result(student)])
        if not to.quiet:
            message(f"wrote {result}")
