"""Results as text, for a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.render.output import Destination, render

if TYPE_CHECKING:
    from backpropcli.render.document import Section
    from backpropcli.render.table import Table


class Block(NamedTuple):
    """Text set in columns, in chunks; Markdown fences it as code of a `language`."""

    chunks: Iterable[str]
    language: str = ""


def tables(found: Sequence[Table], to: Destination) -> Iterator[str]:
    """The tables under each other, an empty line between two."""
    yield "\n".join(render(table, to.width, to.coloured) for table in map(to.spelled, found))


def sections(found: Sequence[Iterable[Section]], to: Destination) -> Iterator[str]:
    """Explanations, one after the other, two empty lines between them."""
    from backpropcli.render.text import text

    for number, document in enumerate(found):
        yield "\n\n" * bool(number)
        yield from (f"{line}\n" for line in text(document, to.width, to.coloured))


def blocks(found: Iterable[Block], to: Destination) -> Iterator[str]:
    """Texts as they are, an empty line between two."""
    for number, block in enumerate(found):
        yield "\n" * bool(number)
        yield from block.chunks


def bare(found: Iterable[str], to: Destination) -> Iterable[str]:
    """Numbers, or whatever stands for itself."""
    return found
