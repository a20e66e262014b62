"""Explanations as LaTeX, for a document that inputs them and uses amsmath."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.render.latex import latex

if TYPE_CHECKING:
    from backpropcli.render.document import Section
    from backpropcli.render.output import Destination


def sections(found: Sequence[Iterable[Section]], to: Destination) -> Iterator[str]:
    """Explanations, one after the other."""
    for document in found:
        yield from latex(document)
