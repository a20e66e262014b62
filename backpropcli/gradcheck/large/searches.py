"""The search for a step size, for many components side by side in arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpropcli.gradcheck.differences import Kind
from backpropcli.gradcheck.stepsize import StepSearch

Array = Any

ARRAYS = Kind(np.where, np.maximum, np.minimum, np.isfinite, np.logical_not, np.frexp, np.ldexp)
FOUND = ("h", "value", "error", "at", "corner", "cornered", "outside", "done")
"""What a search changes as it goes on."""


def searched(x: Array, noise: Array, goal: float, look: Callable[[Array, Array], tuple[Array, Array]]) -> StepSearch:
    """The searches of all components, run to the end.

    `look` is asked for the losses and corners of those that still go on (their numbers), at their places, (those, 6).
    """
    x = np.asarray(x, float)
    every = StepSearch(x, np.broadcast_to(np.asarray(noise, float), x.shape), goal, xp=ARRAYS)
    for name in FOUND:
        setattr(every, name, np.array(np.broadcast_to(getattr(every, name), x.shape)))
    active = np.arange(len(x))
    while len(active):
        some = part(every, active)
        losses, corners = look(active, np.stack(some.points(), axis=1))
        with np.errstate(all="ignore"):
            some.feed(losses.T, corners)
        for name in FOUND:
            getattr(every, name)[active] = getattr(some, name)
        active = active[~some.done]
    return every


def part(every: StepSearch, active: Array) -> StepSearch:
    """The searches of some components, as far as they have come."""
    some = StepSearch(every.x[active], every.noise[active], every.goal, xp=ARRAYS)
    for name in FOUND:
        setattr(some, name, getattr(every, name)[active])
    return some


def first_places(x: Array) -> Array:
    """Where a search looks first, (components, 6)."""
    return np.stack(StepSearch(x, 0.0, 0.0, xp=ARRAYS).points(), axis=1)
