"""A network as a file that every command reads, and its parameters as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.render.output import Destination


def network(found: Iterable[str], to: Destination) -> Iterable[str]:
    """YAML, or JSON where the network's own file is."""
    return found


def arrays(found: Mapping[str, Any], to: Destination) -> bytes:
    """NPZ, see `render.npz`."""
    from backpropcli.render.npz import npz

    return npz(found)
