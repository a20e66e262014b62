"""The three products of a convolution: filters slid along an array, laid out over it, and paired with its windows.

`o` speaks of the long array (`batch`, `channels`, with `slides` along its last axes), of the short one (`batch`,
`filters`, and the places of every slide), and of the weight between them, (filters, channels / groups, *kernel). Each
product is linear in both that it takes, and its two gradients are the other two.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from backpropcli.ops.definition import Options
from backpropcli.ops.stacked import leading
from backpropcli.ops.windows.framing import columns, gathered

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Value
    from backpropcli.ops.shape import Shape
    from backpropcli.ops.windows.slide import Slide


def planned(slides: tuple[Slide, ...], batch: Shape, channels: int, weight: Shape, groups: int) -> Options:
    """What the products need to know."""
    places = tuple(s.places for s in slides)
    return Options(
        slides=slides,
        batch=batch,
        examples=prod(batch),
        channels=channels,
        filters=weight[0],
        groups=groups,
        weight=weight,
        entries=prod(weight[1:]),
        window=prod(weight[2:]),
        places=prod(places),
        long=(*batch, channels, *(s.size for s in slides)),
        short=(*batch, weight[0], *places),
    )


def slid(xp: XP, o: Options, x: Value, weight: Value) -> Value:
    """From the long array to the short one: at every place each filter times the window there, added up."""
    y = xp.matmul(_filters(xp, o, weight), _windows(xp, o, x))
    return xp.reshape(y, leading(xp, x, len(o.long)) + o.short)


def laid(xp: XP, o: Options, z: Value, weight: Value) -> Value:
    """From the short array to the long one: each entry times its filter, added up where these overlap."""
    lead = leading(xp, z, len(o.short))
    parts = xp.matmul(xp.swapaxes(_filters(xp, o, weight), -1, -2), _rows(xp, o, z))
    return gathered(xp, o.slides, xp.reshape(parts, (*lead, *o.batch, o.channels, o.window, o.places)))


def paired(xp: XP, o: Options, x: Value, z: Value) -> Value:
    """From both to the weight: every window of the long array times the short one's entry there, added up."""
    products = xp.matmul(_rows(xp, o, z), xp.swapaxes(_windows(xp, o, x), -1, -2))
    return xp.reshape(xp.sum(products, axis=-4), leading(xp, x, len(o.long)) + o.weight)


def _windows(xp: XP, o: Options, x: Value) -> Value:
    """Every window of every example as a column: (..., examples, groups, entries of a filter, places)."""
    lead = leading(xp, x, len(o.long))
    return xp.reshape(columns(xp, o.slides, x), (*lead, o.examples, o.groups, o.entries, o.places))


def _filters(xp: XP, o: Options, weight: Value) -> Value:
    """The filters as rows: (..., 1, groups, filters of a group, entries of a filter)."""
    lead = leading(xp, weight, len(o.weight))
    return xp.reshape(weight, (*lead, 1, o.groups, o.filters // o.groups, o.entries))


def _rows(xp: XP, o: Options, z: Value) -> Value:
    """The short array with a row for every filter: (..., examples, groups, filters of a group, places)."""
    lead = leading(xp, z, len(o.short))
    return xp.reshape(z, (*lead, o.examples, o.groups, o.filters // o.groups, o.places))
