"""What was measured with the parameters at one moment: the loss, and the metrics, over some examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Measured(NamedTuple):
    """A loss, and metrics by name."""

    loss: float
    metrics: Mapping[str, float]


class Losses:
    """The losses of a training, one after the other; of a long one every second, fourth, ... is kept."""

    MOST = 4_096

    def __init__(self) -> None:
        self.kept: list[float] = []
        self._stride = 1
        self._number = 0

    def add(self, loss: float) -> None:
        """One more loss."""
        if self._number % self._stride == 0:
            self.kept.append(loss)
            if len(self.kept) == self.MOST:
                del self.kept[1::2]
                self._stride *= 2
        self._number += 1


def means(losses: Sequence[float], epoch: int) -> list[float]:
    """The losses of batches as a curve that can be read: means of an epoch's, or of fewer where there are few epochs.

    At least 20 of them where there are so many losses, at most 120.
    """
    count = len(losses)
    size = max(min(epoch, count // 20), -(-count // 120), 1)
    return [sum(losses[k : k + size]) / len(losses[k : k + size]) for k in range(0, count, size)]


class Update(NamedTuple):
    """One update: what it saw before it moved the parameters, and what was measured at the end of an epoch.

    `number` counts from 1, `epoch` from 0. `loss` and `metrics` are those of the update's examples, with the parameters
    before the move; `lr` is its learning rate, None where nothing was moved. `held` is measured on what is held out,
    after the move; None between epochs, and where nothing is.
    """

    number: int
    epoch: int
    lr: float | None
    loss: float
    metrics: Mapping[str, float] = {}
    held: Measured | None = None


def mean(parts: list[tuple[int, Measured]]) -> Measured:
    """The mean of what was measured on several parts of the examples, each weighted by how many it has."""
    if len(parts) == 1:
        return parts[0][1]
    total = sum(count for count, _ in parts)
    loss = sum(count * found.loss for count, found in parts) / total
    names = parts[0][1].metrics
    return Measured(loss, {n: sum(count * found.metrics[n] for count, found in parts) / total for n in names})
