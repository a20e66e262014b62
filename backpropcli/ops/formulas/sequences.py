"""Sequences of vectors, and what they fall into: the arguments of every attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import OperationError
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

VASWANI = "Vaswani et al. 2017, arXiv:1706.03762"


def sequences(shapes: Mapping[str, Shape]) -> list[Shape]:
    """The shapes of queries, keys and values. Raises OperationError where one of them is no sequence."""
    for name, shape in shapes.items():
        if len(shape) < 2:
            raise OperationError(
                f"{name} has the shape {show_shape(shape)}: it needs a row for each position, (T, features)",
                hint="Or a batch of them, (N, T, features).",
            )
    return list(shapes.values())


def divided(features: int, heads: int, name: str, option: str = "heads") -> None:
    """Raise OperationError where features do not fall into heads."""
    if heads < 1 or features % heads:
        fitting = [h for h in range(1, features + 1) if features % h == 0]
        raise OperationError(
            f"{option}={heads} does not divide the {features} features of {name}",
            hint=f"It can be {', '.join(map(str, fitting[:12]))}." if fitting else "",
        )
