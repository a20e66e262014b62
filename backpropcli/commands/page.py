"""`backprop page`: one self-contained HTML page, a lesson or an exercise."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from backpropcli import api
from backpropcli.commands.command import command
from backpropcli.commands.options import Expand, Network, Numbers, Word, node_option
from backpropcli.errors import FileError, UsageError
from backpropcli.formats.registry import Record, deliver, formats_of
from backpropcli.notation.numbers import read_count
from backpropcli.render.output import Destination, is_terminal
from backpropcli.render.writing import is_special

if TYPE_CHECKING:
    from backpropcli.page.page import Page

LARGEST_SEED = 999_999_999


class Lesson(Record):
    """A page, which may be an exercise."""

    what = "page"

    def __init__(self, made: "Page") -> None:
        self.made = made

    def page(self, to: Destination) -> str:
        """The page."""
        return self.made.html


@command(Lesson)
def page(
    network: Network,
    numbers: Numbers,
    exercise: Annotated[bool, typer.Option("--exercise", help="Blanks to fill in, marked, with hints.")] = False,
    seed: Annotated[Word, typer.Option(metavar="N", help="Other nice numbers for the exercise.")] = None,
    expand: Expand = False,
    of: Annotated[
        Word,
        node_option("Differentiate this node instead of the loss."),
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Gradients of inputs and targets too.")] = False,
    output: Annotated[
        Word, typer.Option("--output", "-o", metavar="FILE", help="The page to write, as net.html.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> int:
    """One HTML page: step through both passes, or fill in the blanks.

    The page needs no network: open it from disk, or put it into a course.
    Its fields and sliders change the inputs and the parameters, and everything
    is computed again in the page. An exercise has no answers in its source.

    A script finds a field by its name (w1), a blank too (dJ/dw1), and a number
    by data-value-of or data-gradient-of, all digits in data-number: backprop help teacher.

    Examples:
      backprop page -o net.html
      backprop page net.yaml -o lesson.html --exercise
      backprop page net.yaml -o homework.html --exercise --seed 101
      backprop page net.yaml -o steps.html --expand
      backprop page --example lecture -o lecture.html

    """
    if seed is not None and not exercise:
        raise UsageError("--seed chooses the numbers of an exercise", hint="backprop page --exercise --seed " + seed)
    chosen = read_count("--seed", seed, most=LARGEST_SEED)
    to = _destination(output, network.files, quiet)
    net = api.Network(network.open("page", None)).unrolled()
    made = net.page(of, exercise=exercise, seed=chosen, everything=all, expand=expand, precision=numbers.precision())
    deliver(Lesson(made), to)
    if output is not None:
        to.note(_wrote(output, made))
    return 0


def _destination(output: str | None, files: list[str], quiet: bool) -> Destination:
    """Where the page goes: a file, as a rule; UsageError, or FileError, where that can be none."""
    file = files[0] if files else ""
    plainly = f"backprop page {file}".rstrip()
    (html,) = formats_of(Lesson)
    if output is None and is_terminal(sys.stdout):
        raise UsageError("a page is a file: say which", hint=f"{plainly} -o net.html")
    if output == "-":
        raise UsageError("-o -: without -o the page goes to standard output", hint=plainly)
    if output is not None and os.path.isdir(output):
        inside = os.path.join(output, "net.html")
        raise FileError(f"-o {output} is a folder, not a file", hint=f"Write -o {inside}")
    if output is not None and not output.lower().endswith(html.endings) and not is_special(output):
        raise UsageError(f"-o {output}: a page ends in .html. Did you mean -o {os.path.splitext(output)[0]}.html?")
    return Destination(output, html.name, quiet=quiet, raw=html.raw)


def _wrote(output: str, made: "Page") -> str:
    """`wrote lesson.html (one file, 61 kB, needs no network): 18 blanks`."""
    text = f"wrote {output} (one file, {max(round(made.size / 1000), 1)} kB, needs no network)"
    if made.blanks:
        text += f": {made.blanks} {'blank' if made.blanks == 1 else 'blanks'}"
        if made.beyond:
            text += f", the nearest to the loss; {made.beyond} more are not asked for"
    if made.left_out:
        names = ", ".join(made.left_out[:4]) + (", ..." if len(made.left_out) > 4 else ".")
        text += f"\nGiven, not asked for, as not finite: {names} Other numbers: --seed 1"
    if not made.live:
        text += "\nThis network is too large to be computed in a page: its numbers stand still."
    return text
