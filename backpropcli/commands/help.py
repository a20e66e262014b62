"""`backprop help`: the guide's chapters, in the terminal."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
import sys
from typing import Annotated

import typer

from backpropcli.commands.table import COMMANDS
from backpropcli.errors import UsageError
from backpropcli.guide import CHAPTERS, chapter, title
from backpropcli.render.output import Destination, known_color, print_all, terminal_width
from backpropcli.suggest import did_you_mean

LIST = """The guide. A chapter is shown by its name, such as  backprop help {first}

{chapters}

A command's options, with examples:  backprop help run, or backprop run --help
"""


def complete_topics(incomplete: str) -> list[str]:
    """Shell completion: chapters, then commands."""
    return [name for name in (*CHAPTERS, *(entry.name for entry in COMMANDS)) if name.startswith(incomplete)]


def help(
    topics: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]",
            show_default=False,
            help="A chapter of the guide, or a command.",
            autocompletion=complete_topics,
        ),
    ] = None,
    color: Annotated[str | None, typer.Option("--color", metavar="WHEN", help="auto, always or never.")] = None,
) -> int:
    """A chapter of the guide, or a command's help.

    Without a topic, the chapters that there are. In a pipe or a file a chapter is its Markdown.

    Examples:
      backprop help
      backprop help learner
      backprop help check
      backprop help language

    """
    if topics and len(topics) > 1:
        raise UsageError(f"help shows one topic, and got {len(topics)}: {', '.join(topics[:3])}")
    to = Destination(color=known_color(color))
    if not topics:
        print_all([_listed()])
        return 0
    text = chapter(_known(topics[0]))
    if to.coloured or to.width is not None:
        from backpropcli.render.chapter import typeset

        text = typeset(text, terminal_width(sys.stdout) or 80, to.coloured)
    print_all([text], raw=True)  # our own text, in which lines for CI servers are told of
    return 0


def _listed() -> str:
    wide = max(map(len, CHAPTERS))
    lines = [f"  {name:<{wide}}   {title(name)}" for name in CHAPTERS]
    return LIST.format(first=CHAPTERS[0], chapters="\n".join(lines))


def _known(topic: str) -> str:
    """The chapter of this name; UsageError, with what was probably meant, where there is none."""
    if topic in CHAPTERS:
        return topic
    near = did_you_mean(topic, [*CHAPTERS, *(entry.name for entry in COMMANDS)])
    raise UsageError(f"no such topic: {topic}{near}", hint=f"The chapters: {', '.join(CHAPTERS)}")
