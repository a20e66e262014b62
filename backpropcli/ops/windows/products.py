"""The three products of a convolution: filters slid along an array, laid out over it, and paired with its windows.

`o` speaks of the long array (`batch`, `channels`, with `slides` along its last axes), of the short one (`batch`,
`filters`, and the places of every slide), and of the weight between them, (filters, channels / groups, *kernel). Each
product is linear in both that it takes, and its two gradients are the other two.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from backpropcli.ops.definition import Options
from backpropcli.ops.stacked import leading, shape_of
from backpropcli.ops.windows.framing import columns, gathered
from backpropcli.ops.windows.slide import offsets

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Value
    from backpropcli.ops.shape import Shape
    from backpropcli.ops.windows.slide import Slide


BLOCK = 300_000
"""So many numbers are copied side by side at a time: they stay in the processor's cache."""
MANY = 16
"""So many entries of a window along its last axis, over all channels, are worth a matrix product of their own."""


def planned(slides: tuple[Slide, ...], batch: Shape, channels: int, weight: Shape, groups: int) -> Options:
    """What the products need to know.

    `o.inner` slides, the last ones, have the entries of their windows copied side by side; the entries along the axes
    before (`o.outer`) are gone through one after the other, each with a matrix product: less is copied.
    """
    places = tuple(s.places for s in slides)
    whole = len(slides) == 1 or weight[1] * weight[-1] < MANY
    outer, inner = ((), slides) if whole else (slides[:-1], slides[-1:])
    return Options(
        count=len(slides),
        slides=slides,
        outer=outer,
        inner=inner,
        offsets=[where for _, where in offsets(outer)],
        batch=batch,
        examples=prod(batch),
        copied=channels
        * prod(s.kernel for s in inner)
        * prod(max(s.framed, s.steps) for s in outer)
        * prod(s.places for s in inner),
        channels=channels,
        filters=weight[0],
        groups=groups,
        weight=weight,
        row=prod(s.kernel for s in inner),
        window=prod(weight[2:]),
        places=prod(places),
        long=(*batch, channels, *(s.size for s in slides)),
        short=(*batch, weight[0], *places),
    )


def slid(xp: XP, o: Options, x: Value, weight: Value) -> Value:
    """From the long array to the short one: at every place each filter times the window there, added up."""
    parts = [_slid(xp, o, part, weight) for part in _blocks(xp, o, x, o.long)]
    y = parts[0] if len(parts) == 1 else xp.concatenate(parts, axis=0)
    return xp.reshape(y, leading(xp, x, len(o.long)) + o.short)


def _slid(xp: XP, o: Options, x: Value, weight: Value) -> Value:
    rows = columns(xp, o.slides, o.inner, x)
    y: Value = None
    for k, where in enumerate(o.offsets):
        product = xp.matmul(_filters(xp, o, weight, k), _windows(xp, o, rows, where))
        if y is None:
            y = product
        else:
            y += product
    return y


def laid(xp: XP, o: Options, z: Value, weight: Value) -> Value:
    """From the short array to the long one: each entry times its filter, added up where these overlap."""
    parts = [_laid(xp, o, part, weight) for part in _blocks(xp, o, z, o.short)]
    x = parts[0] if len(parts) == 1 else xp.concatenate(parts, axis=0)
    return xp.reshape(x, leading(xp, z, len(o.short)) + o.long)


def _laid(xp: XP, o: Options, z: Value, weight: Value) -> Value:
    right, parts = _rows(xp, o, z), []
    front = shape_of(z)[: -o.count - 1]
    for k in range(len(o.offsets)):
        part = xp.matmul(xp.swapaxes(_filters(xp, o, weight, k), -1, -2), right)
        parts.append(xp.reshape(part, (*front, o.channels, o.row, *o.short[-o.count :])))
    return gathered(xp, o.slides, o.inner, parts, o.offsets)


def paired(xp: XP, o: Options, x: Value, z: Value) -> Value:
    """From both to the weight: every window of the long array times the short one's entry there, added up."""
    parts = zip(_blocks(xp, o, x, o.long), _blocks(xp, o, z, o.short), strict=True)
    return sum(_paired(xp, o, *part) for part in parts)


def _paired(xp: XP, o: Options, x: Value, z: Value) -> Value:
    lead = leading(xp, x, o.count + 2)
    rows, left, found = columns(xp, o.slides, o.inner, x), _rows(xp, o, z), []
    for where in o.offsets:
        products = xp.matmul(left, xp.swapaxes(_windows(xp, o, rows, where), -1, -2))
        found.append(xp.reshape(xp.sum(products, axis=-4), (*lead, *o.weight[:2], o.row)))
    whole = found[0] if len(found) == 1 else xp.stack(found, axis=-2)
    return xp.reshape(whole, lead + o.weight)


def _blocks(xp: XP, o: Options, a: Value, own: Shape) -> list[Value]:
    """The array, of its own shape `own`, with an axis of examples; of many examples some at a time.

    Stacked copies stay together, and a plain array alone is cut.
    """
    lead = leading(xp, a, len(own))
    a = xp.reshape(a, (*lead, o.examples, *own[-o.count - 1 :]))
    size = max(1, BLOCK // max(o.copied, 1))
    if lead or size >= o.examples:
        return [a]
    return [a[k : k + size] for k in range(0, o.examples, size)]


def _windows(xp: XP, o: Options, rows: Value, where: tuple[slice, ...]) -> Value:
    """What stands at one of the offsets of every window: (..., examples, groups, entries of a row, places)."""
    front = shape_of(rows)[: -o.count - 2]
    part = rows[(..., *where, *(slice(None),) * len(o.inner))]
    return xp.reshape(part, (*front, o.groups, o.weight[1] * o.row, o.places))


def _filters(xp: XP, o: Options, weight: Value, k: int) -> Value:
    """At one of the offsets, the filters as rows: (..., 1, groups, filters of a group, entries of a row)."""
    lead = leading(xp, weight, len(o.weight))
    if len(o.offsets) > 1:
        weight = xp.reshape(weight, (*lead, *o.weight[:2], len(o.offsets), o.row))[..., k, :]
    return xp.reshape(weight, (*lead, 1, o.groups, o.filters // o.groups, o.weight[1] * o.row))


def _rows(xp: XP, o: Options, z: Value) -> Value:
    """The short array with a row for every filter: (..., examples, groups, filters of a group, places)."""
    return xp.reshape(z, (*shape_of(z)[: -o.count - 1], o.groups, o.filters // o.groups, o.places))
