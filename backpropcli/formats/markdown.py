"""Results as Markdown (GitHub's), to paste into a worksheet or an issue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.render.markdown import any_markdown
from backpropcli.render.markdown import markdown as of_document

if TYPE_CHECKING:
    from backpropcli.formats.text import Block
    from backpropcli.render.document import Section
    from backpropcli.render.output import Destination
    from backpropcli.render.table import Table


def markdown(found: Iterable[str], to: Destination) -> Iterable[str]:
    """What is Markdown already."""
    return found


def tables(found: Sequence[Table], to: Destination) -> Iterator[str]:
    """The tables, each with its headline and its sentences."""
    for table in found:
        yield from any_markdown(table)


def sections(found: Sequence[Iterable[Section]], to: Destination) -> Iterator[str]:
    """Explanations, one after the other."""
    for document in found:
        yield from of_document(document)


def blocks(found: Iterable[Block], to: Destination) -> Iterator[str]:
    """Text set in columns, as code."""
    between = ""
    for block in found:
        yield f"{between}```{block.language}\n"
        yield from block.chunks
        yield "```\n"
        between = "\n"
