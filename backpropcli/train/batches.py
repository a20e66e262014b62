"""Which examples an update takes: shuffled and cut into batches, as pure functions of seed, epoch and update.

Nothing is remembered from one update to the next, so a training goes on from any update as if it had never stopped.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.language.training.split import number_of, shuffled, split

if TYPE_CHECKING:
    from backpropcli.language.training.split import Rows

__all__ = ["Taken", "batch_at", "order", "split"]


class Taken(NamedTuple):
    """What one update takes: its epoch (from 0), its examples' positions among those that train, in the order in which
    they come, and whether it is the `last` update of its epoch."""

    epoch: int
    rows: Rows
    last: bool


@lru_cache(maxsize=4)
def order(seed: int, epoch: int, examples: int) -> Rows:
    """The order of this epoch (from 0): 0 to `examples` - 1, shuffled; a pure function of its arguments."""
    result = shuffled(examples, [seed, number_of("shuffle"), epoch])
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
