"""Descent: the loss is looked at, the optimiser moves the parameters, and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, nan
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.engine import Plan
from backpropcli.engine import run as engine_run
from backpropcli.errors import SpecError
from backpropcli.train.feed import Batch, Feed
from backpropcli.train.health import Diverged, Finding, dead_units, diverged, uneven_layers, unreached
from backpropcli.train.measured import Measured, Update
from backpropcli.train.optimizer import Stepper
from backpropcli.train.parameters import values_of
from backpropcli.train.stopping import Reason, Stopping

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.language import Spec
    from backpropcli.language.training.training import Training
    from backpropcli.ops.definition import Value
    from backpropcli.train.searched import Searched

UPDATES = 100
"""How many updates there are where nothing is said."""


class Epoch:
    """The mean loss of an epoch so far, each batch weighted by its examples."""

    def __init__(self) -> None:
        self.total, self.count = 0.0, 0
        self.mean = nan
        """Of the last epoch that came to its end."""

    def add(self, loss: float, count: int) -> None:
        """One more batch."""
        self.total += count * loss
        self.count += count

    def close(self) -> float:
        """The mean; the next epoch begins."""
        self.mean = self.total / self.count
        self.total, self.count = 0.0, 0
        return self.mean


class Looked(NamedTuple):
    """What an update is made from: its number, its batch, in whose plan the gradients stand, and the loss there."""

    number: int
    batch: Batch
    loss: float
    lr: float


class Descent:
    """A training, update by update: `for update in descent`; or by hand, `look()` and then `move()`.

    `number` counts the updates made; `reason` says why it ended, and is empty until it has. All that the future
    depends on is the parameters (`flat`), the optimiser's state, `number`, `stopping` and `epoch`.
    """

    def __init__(self, spec: Spec, of: str, training: Training, dtype: str = "float64") -> None:
        self.spec, self.of, self.training, self.dtype = spec, of, training, dtype
        if not spec.graph.names("parameter"):
            hint = "What is to be learned stands in  parameters: {w: 2}"
            raise SpecError("this network has no parameters: there is nothing to train", spec.place(("nodes",)), hint)
        self.feed = Feed(spec, of, training, dtype)
        self.flat = self.feed.flat
        self.total = self._total()
        self.search = self._search()
        self.stepper = self.search or Stepper(training, len(self.flat), dtype, self.total)
        self.stopping = Stopping(training.until)
        self.epoch = Epoch()
        self.number = 0
        self.reason: Reason = ""
        self.diverged: Diverged | None = None
        self.fingerprint: Mapping[str, str] = {}
        """What a checkpoint knows it by: see `checkpoint.fingerprint`."""

    def _search(self) -> Searched | None:
        """The search for a step, where the optimiser has no rules."""
        if self.training.optimizer.update:
            return None
        from backpropcli.train.searched import Searched

        try:
            return Searched(self.training, self.feed.at(1).repeated, self.feed.batch)
        except SpecError as error:
            error.place = self.spec.setting("optimizer")
            raise

    def _total(self) -> int:
        """How many updates there will be, if nothing ends them before."""
        training = self.training
        if training.epochs is not None:
            return training.epochs * self.feed.updates
        return training.updates if training.updates is not None else UPDATES

    def __iter__(self) -> Iterator[Update]:
        while (looked := self.look()) is not None:
            yield self.move(looked)

    def look(self) -> Looked | None:
        """The loss and the gradients before the next update; None where there is none, and `reason` says why."""
        if self.reason:
            return None
        if self.number >= self.total:
            self.reason = "updates"
            return None
        batch = self.feed.at(self.number + 1)
        loss = batch.repeated.run()
        if not batch.repeated.finite:
            self.reason = "diverged"
            self.diverged = diverged(self._trace(batch), self.number + 1)
        elif self.feed.batch is None:
            self.reason = self.stopping.before(loss)
        lr = self.stepper.learning_rate(self.number + 1, batch.epoch)
        if not self.reason and not 0.0 <= lr < inf:
            self.reason = "diverged"
            self.diverged = Diverged(self.number + 1, None, lr)
        if self.search is not None and not self.reason:
            self.reason = "" if self.search.find() else "converged"
            batch.repeated.run()
        return None if self.reason else Looked(self.number + 1, batch, loss, lr)

    def move(self, looked: Looked) -> Update:
        """Move the parameters, and see what came of it."""
        number, batch, loss, lr = looked
        metrics = self.feed.metrics(batch.repeated) if self.training.metrics else {}
        self.stepper.update(self.flat, batch.repeated.gradient, number, lr)
        self.number = number
        self.epoch.add(loss, batch.examples)
        held = self._ended() if batch.last else None
        return Update(number, batch.epoch, lr, loss, metrics, held)

    def _ended(self) -> Measured | None:
        """What the end of an epoch shows: the held-out examples, and whether it is time to stop."""
        mean = self.epoch.close()
        held = self.feed.measure(held=True) if self.feed.holds_out else None
        if self.feed.batch is not None:
            self.reason = self.stopping.before(mean)
        self.reason = self.reason or self.stopping.watch(held.loss if held is not None else mean)
        return held

    def parameters(self) -> dict[str, Value]:
        """The parameters of now, by name."""
        return values_of(self.feed.parts, self.flat)

    def measured(self) -> tuple[Measured, Measured | None]:
        """The loss and the metrics over the training part, and over what is held out, with the parameters of now."""
        return self.feed.measure(), self.feed.measure(held=True) if self.feed.holds_out else None

    def next(self) -> Update | None:
        """What the update after the last one would see, without a learning rate: how a log ends."""
        if self.reason == "diverged":
            return None
        batch = self.feed.at(self.number + 1)
        loss = batch.repeated.forward()
        return Update(self.number + 1, batch.epoch, None, loss, self.feed.metrics(batch.repeated))

    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the gradients of the next update, as far as figures tell."""
        if self.diverged is not None:
            return (self.diverged,)
        trace = self._trace(self.feed.at(self.number + 1))
        uneven, parted = uneven_layers(trace), self.feed.parted
        found = [
            *unreached(trace),
            *dead_units(trace),
            uneven,
            parted if parted is not None and parted.names else None,
        ]
        return tuple(one for one in found if one is not None)

    def _trace(self, batch: Batch) -> Trace:
        """A batch's run with everything kept, with the parameters of now."""
        data = {**self.feed.spec.values, **batch.data, **self.parameters()}
        return engine_run(Plan(batch.planned.graph, self.dtype), data, self.of)
