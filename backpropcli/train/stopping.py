"""When a training ends before its last update: a loss is reached, nothing gets better, the time is up."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from backpropcli.language.training.training import Until

Reason = Literal["", "updates", "loss", "patience", "time", "diverged", "stopped", "converged"]
"""Why a training ended; empty while it has not. `stopped` is a signal or the caller, `converged` an L-BFGS's word."""


class Stopping:
    """What the settings of `until` see. Losses are told in order; `best` and `since` are what a checkpoint keeps."""

    def __init__(self, until: Until) -> None:
        self.until = until
        self.best = math.inf
        self.since = 0
        self.start = time.monotonic()

    def before(self, loss: float) -> Reason:
        """Whether the loss before an update (or over an epoch) is small enough, or the time is up."""
        limit, seconds = self.until.loss, self.until.time
        if limit is not None and loss <= limit:
            return "loss"
        if seconds is not None and time.monotonic() - self.start >= seconds:
            return "time"
        return ""

    def over(self, mean: float) -> Reason:
        """Whether it had ended already when it was saved; `mean` is the loss of the epoch before, where that counts."""
        patience, limit = self.until.patience, self.until.loss
        if patience is not None and self.since >= patience:
            return "patience"
        return "loss" if limit is not None and mean <= limit else ""

    def watch(self, loss: float) -> Reason:
        """Whether the watched loss, which is told once an update or an epoch, has stopped falling."""
        if self.until.patience is None:
            return ""
        if loss < self.best:
            self.best, self.since = loss, 0
            return ""
        self.since += 1
        return "patience" if self.since >= self.until.patience else ""
