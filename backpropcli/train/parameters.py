"""The parameters by name, out of the flat vector in which they are moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.engine.repeated import Piece
    from backpropcli.ops.definition import Value


def values_of(parts: Mapping[str, Piece], flat: Any) -> dict[str, Value]:
    """A float or an array of its own for each; `flat` has the parameters, or their gradients."""
    found: dict[str, Value] = {}
    for name, part in parts.items():
        piece = flat[part.slice]
        found[name] = piece.reshape(part.shape).astype("float64") if part.shape else float(piece[0])
    return found
