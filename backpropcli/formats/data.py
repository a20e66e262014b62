"""Results as data for other programs, JSON and CSV: records spell their own, a piece at a time, as they may be long."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.render.output import Destination


def json(found: Iterable[str], to: Destination) -> Iterable[str]:
    """JSON, see `render.json`."""
    return found


def csv(found: Iterable[str], to: Destination) -> Iterable[str]:
    """CSV, see `render.csv`."""
    return found
