"""Which examples train and which are held out: a pure function of how many there are and of a seed.

Random numbers come from PCG64, seeded with `seed` and what they are for (SHA-256), as those of initialisers. An order
is that of random numbers (a stable sort of them), which NumPy keeps from version to version, as it does no shuffle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import SpecError

if TYPE_CHECKING:
    from numpy import intp
    from numpy.typing import NDArray

    Rows = NDArray[intp]
    """Numbers of examples, from 0."""


def split(examples: int, holdout: float | int, seed: int) -> tuple[Rows, Rows]:
    """The examples that train and those that are held out, each in ascending order.

    `holdout` is a share of the examples (a float below 1; rounded to whole examples, half up) or how many (an int); 0
    holds out none. Which ones is drawn by `seed`. Raises SpecError, without a place, where no example would be
    left to train on, or a share is so small that none would be held out.
    """
    import numpy as np

    held = int(holdout * examples + 0.5) if isinstance(holdout, float) else holdout
    if holdout and held == 0:
        hint = "Such as holdout: 0.2, or holdout: 1"
        raise SpecError(f"holdout: {holdout:g} of {examples} examples is none", hint=hint)
    if held >= examples > 0 and held:
        raise SpecError(f"holdout: {held} of {examples} examples leaves none to train on")
    if not held:
        return np.arange(examples), np.arange(0)
    order = shuffled(examples, [seed, number_of("holdout")])
    return np.sort(order[held:]), np.sort(order[:held])


def shuffled(count: int, seeds: list[int]) -> Rows:
    """0 to `count` - 1 in the order that the seeds say."""
    import numpy as np

    return np.argsort(np.random.Generator(np.random.PCG64(seeds)).random(count), kind="stable")


def number_of(purpose: str) -> int:
    """What random numbers are for, as a seed."""
    from hashlib import sha256

    return int.from_bytes(sha256(purpose.encode()).digest()[:8], "big")
