"""Which examples an update takes: shuffled, held out and cut into batches, as pure functions of seed, epoch and update.

Nothing is remembered from one update to the next, so a training goes on from any update as if it had never stopped.
Random numbers come from PCG64, seeded with `seed` and what they are for (SHA-256), as those of initialisers. An order
is that of random numbers (a stable sort of them), which NumPy keeps from version to version, as it does no shuffle.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import SpecError

if TYPE_CHECKING:
    from numpy import intp
    from numpy.typing import NDArray

    Rows = NDArray[intp]
    """Numbers of examples, from 0."""


class Taken(NamedTuple):
    """What one update takes: its epoch (from 0), its examples' positions among those that train, in the order in which
    they come, and whether it is the `last` update of its epoch."""

    epoch: int
    rows: Rows
    last: bool


def split(examples: int, holdout: float | int, seed: int) -> tuple[Rows, Rows]:
    """The examples that train and those that are held out, each in ascending order.

    `holdout` is a share of the examples (a float below 1; rounded to whole examples, half up) or how many (an int); 0
    holds out none. Which ones is drawn by `seed`. Raises SpecError, without a place, where no example would be
    left to train on, or a share is so small that none would be held out.
    """
    import numpy as np

    held = int(holdout * examples + 0.5) if isinstance(holdout, float) else holdout
    if holdout and held == 0:
        raise SpecError(
            f"holdout: {holdout:g} of {examples} examples is none", hint="Such as holdout: 0.2, or holdout: 1"
        )
    if held >= examples > 0 and held:
        raise SpecError(f"holdout: {held} of {examples} examples leaves none to train on")
    if not held:
        return np.arange(examples), np.arange(0)
    shuffled = _shuffled(examples, [seed, _number_of("holdout")])
    return np.sort(shuffled[held:]), np.sort(shuffled[:held])


@lru_cache(maxsize=4)
def order(seed: int, epoch: int, examples: int) -> Rows:
    """The order of this epoch (from 0): 0 to `examples` - 1, shuffled; a pure function of its arguments."""
    result = _shuffled(examples, [seed, _number_of("shuffle"), epoch])
    result.flags.writeable = False  # it is handed out again
    return result


def batch_at(t: int, examples: int, batch: int, seed: int = 0, shuffle: bool = True) -> Taken:
    """What update t (from 1) takes of so many examples, `batch` at a time, whichever was asked for before.

    The last batch of an epoch has what is left, as with PyTorch's DataLoader.
    """
    import numpy as np

    epoch, number = divmod(t - 1, -(-examples // batch))
    rows = order(seed, epoch, examples) if shuffle else np.arange(examples)
    end = (number + 1) * batch
    return Taken(epoch, rows[end - batch : end], end >= examples)


def _shuffled(count: int, seeds: list[int]) -> Rows:
    import numpy as np

    return np.argsort(np.random.Generator(np.random.PCG64(seeds)).random(count), kind="stable")


def _number_of(purpose: str) -> int:
    from hashlib import sha256

    return int.from_bytes(sha256(purpose.encode()).digest()[:8], "big")
