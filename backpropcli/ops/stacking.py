"""Stacked copies: one pass over many versions of a network, each value with a leading axis, or none where all agree.

Operations count their axes from the right, so a leading axis disturbs none of them; what remains to be done is to line
up arguments of different rank, and to give a structural operation all its arguments alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Body, Value
    from backpropcli.ops.shape import Shape


def copies(value: Value, rank: int) -> tuple[int, ...]:
    """The leading axis of a value whose own rank is `rank`: `(K,)` where it is stacked, `()` where it is not."""
    shape: tuple[int, ...] = getattr(value, "shape", ())
    return shape[: len(shape) - rank]


def lifted(body: Body, ranks: Sequence[int]) -> Body:
    """An elementwise body whose arguments differ in rank: stacked ones are reshaped so that their own axes meet."""
    widest = max(ranks)

    def run(xp: XP, *values: Value) -> Value:
        return body(xp, *[align(v, rank, widest) for v, rank in zip(values, ranks, strict=True)])

    return run


def align(value: Value, rank: int, widest: int) -> Value:
    """A stacked value of shape (K, *own) as (K, 1, ..., 1, *own), with `widest` axes behind K."""
    lead = copies(value, rank)
    if not lead or rank == widest:
        return value
    return value.reshape(lead + (1,) * (widest - rank) + value.shape[len(lead) :])


def together(body: Body, shapes: Sequence[Shape]) -> Body:
    """A structural body over arguments of which only some are stacked: the others are spread over the same copies."""

    def run(xp: XP, *values: Value) -> Value:
        return body(xp, *spread(xp, values, shapes))

    return run


def spread(xp: XP, values: Sequence[Value], shapes: Sequence[Shape]) -> list[Value]:
    """The values, all with the same leading axis if one of them has it (a view, not a copy)."""
    leads = [copies(v, len(s)) for v, s in zip(values, shapes, strict=True)]
    lead = max(leads, key=len)
    return [
        v if own == lead else xp.broadcast_to(v, lead + shape)
        for v, own, shape in zip(values, leads, shapes, strict=True)
    ]
