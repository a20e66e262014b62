"""Every entry of an elementwise rule beside its own value's complex step, in one pass: those that are not confirmed.

What the complex step does not confirm is looked at again at 50 digits, all entries at once; what these do not confirm
either is on a corner, or wrong, and is judged by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.ops.definition import Elementwise

Array = Any
COMPLEX_AGREES = 1e-10
"""A rule and a complex step that differ by less than this (relative) say the same."""
DIGITS_AGREE = 1e-8
"""A rule run at 50 digits and a difference of as many that differ by less than this (relative) say the same."""
MOST = 2000
"""So many entries are looked at with many digits: a second or two."""
DIGITS, STEP = 50, 17
"""The digits, and the place of the step among them."""


def unconfirmed(operation: Elementwise, values: Sequence[Array], moving: Sequence[int]) -> Array:
    """How far each entry's rule is from the slope of its value, (arguments moving, entries): 0 where it is confirmed.

    `values` are the arguments, flat and of one length; `moving` the numbers of those that gradients flow to. What
    could not be told is infinite.
    """
    off = np.stack([beside_complex_steps(operation, values, k) for k in moving])
    doubted = np.flatnonzero((off > 0.0).any(axis=0))
    if 0 < len(doubted) <= MOST:
        some = [v[doubted] for v in values]
        for row, k in enumerate(moving):
            off[row, doubted[beside_digits(operation, some, k)]] = 0.0
    return off


def beside_complex_steps(operation: Elementwise, values: Sequence[Array], k: int) -> Array:
    """The distance of the rule for argument `k` from complex steps, by entry; 0 where there is next to none."""
    from backpropcli.ops.numbers.array import xp
    from backpropcli.ops.numbers.complexstep import slope, start
    from backpropcli.ops.numbers.complexstep import xp as complex_xp

    zero = np.zeros(values[k].shape)
    with quietly(xp):
        y = operation.value(xp, *values)
        says = np.broadcast_to(operation.partials[k](xp, y, *values), zero.shape)
        moved = [start(v, zero + 1.0 if j == k else zero) for j, v in enumerate(values)]
        seen = np.broadcast_to(slope(operation.value(complex_xp, *moved)), zero.shape)
        off = np.abs(says - seen)
        off = np.where(off <= COMPLEX_AGREES * np.maximum(np.abs(says), np.abs(seen)), 0.0, off)
    return np.where(np.isnan(off), np.inf, off)


def beside_digits(operation: Elementwise, values: Sequence[Array], k: int) -> Array:
    """By entry whether the rule for argument `k`, run at 50 digits, is what a central difference of as many sees."""
    from backpropcli.ops.numbers.precise import mp, xp

    with mp.workdps(DIGITS):
        exact = [np.array([mp.mpf(float(x)) for x in v], object) for v in values]
        size = np.array([abs(x) or mp.mpf(1) for x in exact[k]], object)
        h = size * mp.mpf(10) ** -STEP
        ends = [operation.value(xp, *[x + s * h if j == k else x for j, x in enumerate(exact)]) for s in (1, -1)]
        y = operation.value(xp, *exact)
        says = np.broadcast_to(operation.partials[k](xp, y, *exact), h.shape)
        seen = np.broadcast_to((ends[0] - ends[1]) / (2 * h), h.shape)
        sides = np.broadcast_to((ends[0] - 2 * y + ends[1]) / h, h.shape)
        alike = DIGITS_AGREE * np.maximum(np.abs(says), np.abs(seen))
        agree: Array = (np.abs(says - seen) <= alike) & (np.abs(sides) <= alike)
        return agree.astype(bool)


def worst(off: Array, size: Array, values: Sequence[Array], most: int) -> list[int]:
    """The entries to judge one by one, those that matter most first: by what their error does, by its relative size.

    `size` is how large the rule's own number is. Entries of the same values are one.
    """
    doubted = np.flatnonzero(off > 0.0)
    _, first = np.unique(np.stack([v[doubted] for v in values]), axis=1, return_index=True)
    doubted = doubted[np.sort(first)]
    with np.errstate(all="ignore"):
        relative = off[doubted] / size[doubted]
    by_effect = doubted[np.argsort(-off[doubted], kind="stable")]
    by_share = doubted[np.argsort(-np.where(np.isnan(relative), np.inf, relative), kind="stable")]
    mixed = [int(k) for pair in zip(by_effect, by_share, strict=True) for k in pair]
    return list(dict.fromkeys(mixed))[:most]
