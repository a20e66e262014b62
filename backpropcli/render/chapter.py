"""A chapter of the guide as a terminal shows it: Rich's Markdown, with headings at the left and code as it is."""

from __future__ import annotations

import re
from io import StringIO
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.syntax import Syntax
from rich.text import Text
from rich.theme import Theme

PICTURE = re.compile(r"^!\[.*\n\n", re.M)
"""What a terminal cannot show."""
WIDEST = 100
"""Lines longer than that are hard to read, however wide the terminal."""
THEME = Theme({"markdown.code": "cyan", "markdown.h1": "bold", "markdown.h2": "bold magenta", "markdown.h3": "bold"})


class LeftHeading(Heading):
    """A heading that is not centred."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The heading; a section begins below one more empty line."""
        self.text.justify = "left"
        if self.tag == "h2":
            yield Text("")
        yield self.text


class PlainCode(CodeBlock):
    """Code without a margin: what programs print is up to 80 columns wide, as terminals are."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The code, in the terminal's own colours."""
        yield Syntax(str(self.text).rstrip(), self.lexer_name, theme=self.theme, word_wrap=True)


class Chapter(Markdown):
    """Markdown of the guide."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": LeftHeading,
        "fence": PlainCode,
    }


def typeset(text: str, width: int, coloured: bool) -> str:
    """A chapter's text for a terminal of so many columns, with ANSI codes where `coloured`."""
    out = StringIO()
    console = Console(
        file=out,
        width=min(width, WIDEST),
        force_terminal=coloured,
        color_system="standard" if coloured else None,
        no_color=not coloured,
        legacy_windows=False,
        theme=THEME,
    )
    console.print(Chapter(PICTURE.sub("", text), code_theme="ansi_light", hyperlinks=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
