"""The way that a few numbers go through a training."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.train.descent import Descent

Name = tuple[str, tuple[int, ...]]
"""A parameter, and the index of an entry of it."""


def path(descent: Descent, names: Sequence[Name]) -> list[tuple[float, ...]]:
    """Their values before the first update and after each one, to the training's end."""
    places = [_place(descent, *name) for name in names]
    found = [_values(descent, places)]
    for _ in descent:
        found.append(_values(descent, places))
    return found


def _place(descent: Descent, name: str, index: tuple[int, ...]) -> int:
    """Where an entry is among all parameters, one after the other."""
    part = descent.feed.parts[name]
    strides = [prod(part.shape[k + 1 :]) for k in range(len(part.shape))]
    return int(part.slice.start) + sum(k * stride for k, stride in zip(index, strides, strict=True))


def _values(descent: Descent, places: Sequence[int]) -> tuple[float, ...]:
    return tuple(float(descent.flat[place]) for place in places)
