"""A page of HTML, which `page.page` has put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.render.output import Destination


def page(found: str, to: Destination) -> list[str]:
    """The page as it is."""
    return [found]
