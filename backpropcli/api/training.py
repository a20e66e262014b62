"""Training from Python: `net.train(lr=0.1, updates=100)`, and `net.descent(...)` for every update by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from backpropcli.api.computation import Computation, Dtype, known
from backpropcli.engine import Plan
from backpropcli.engine import run as engine_run
from backpropcli.errors import SpecError
from backpropcli.language.training.training import Until
from backpropcli.ops.numbers.quiet import quietly

if TYPE_CHECKING:
    from backpropcli.language.training.training import Training
    from backpropcli.ops.definition import Value
    from backpropcli.train.descent import Descent, Looked
    from backpropcli.train.health import Finding
    from backpropcli.train.measured import Update
    from backpropcli.train.outcome import Outcome


class Settings(TypedDict, total=False):
    """The settings of `train:` under the same names; what is not given is as the network's file says."""

    optimizer: str | Mapping[str, Any]
    lr: float
    schedule: str | Mapping[str, Any]
    updates: int
    epochs: int
    batch: int
    shuffle: bool
    seed: int
    holdout: float | int
    until: Mapping[str, float]
    clip: Mapping[str, float]
    weight_decay: float
    metrics: Mapping[str, str]
    examples: list[str]


class Step:
    """One update as it was made: its `number` (from 1), `loss`, `parameters` and `gradients` before the move.

    `values` are those of every node, computed when they are asked for.
    """

    def __init__(self, descent: Descent, looked: Looked) -> None:
        from backpropcli.train.parameters import values_of

        self.number = looked.number
        self.epoch = looked.batch.epoch
        self.loss = looked.loss
        self.parameters: dict[str, Value] = descent.parameters()
        self.gradients: dict[str, Value] = values_of(descent.feed.parts, looked.batch.repeated.gradient)
        self._descent = descent
        self._batch = looked.batch
        self._values: dict[str, Value] | None = None

    @property
    def values(self) -> dict[str, Value]:
        """The value of everything that has a name, before the move."""
        if self._values is None:
            graph = self._batch.planned.graph
            data = {**self._descent.feed.spec.values, **self._batch.data, **self.parameters}
            trace = engine_run(Plan(graph, self._descent.dtype), data, None)
            self._values = {name: trace.value(name) for name in graph.nodes}
        return self._values

    def __repr__(self) -> str:
        return f"<update {self.number}: loss {self.loss}>"


class Run:
    """What came of a training: `before` and `after` (losses), `updates`, `reason`, `history`, the `network` trained."""

    def __init__(self, outcome: Outcome, history: list[Update], network: Any) -> None:
        self.outcome = outcome
        self.history = history
        self.network = network

    @property
    def before(self) -> float:
        """The loss before the first update."""
        return self.outcome.before.loss

    @property
    def after(self) -> float:
        """The loss after the last one."""
        return self.outcome.after.loss

    @property
    def updates(self) -> int:
        """How many updates were made."""
        return self.outcome.updates

    @property
    def reason(self) -> str:
        """Why it ended: `updates`, `loss`, `patience`, `time`, `diverged`, `converged`, `stopped`."""
        return self.outcome.reason

    @property
    def parameters(self) -> dict[str, Value]:
        """The parameters after the last update."""
        return {moved.name: moved.after for moved in self.outcome.parameters}

    @property
    def losses(self) -> list[float]:
        """The loss that each update saw before it moved the parameters."""
        return [update.loss for update in self.history]

    def __repr__(self) -> str:
        return f"<training of {self.outcome.source}: {self.updates} updates, {self.before} to {self.after}>"


class Session:
    """A training under way: the command and `train` make its updates, and ask it for the outcome."""

    def __init__(self, network: Trainable, training: Training, of: str, dtype: Dtype) -> None:
        from backpropcli.train.descent import Descent
        from backpropcli.train.outcome import start

        self.network = network
        self.descent = Descent(network.spec, of, training, known(dtype))
        self._start = start(self.descent)
        self._time = time.monotonic()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What looks wrong before the first update of this run."""
        return self._start.findings

    def outcome(self) -> Outcome:
        """How it stands now."""
        from backpropcli.train.outcome import outcome

        return outcome(self.descent, self.network.source, self._start, time.monotonic() - self._time)

    @property
    def parameters(self) -> dict[str, Value]:
        """The parameters of now."""
        return self.descent.parameters()

    def trained(self) -> Trainable:
        """The network with the parameters of now."""
        return self.network.with_parameters(self.parameters)


@quietly
class Trainable(Computation):
    """A network whose parameters can be moved along their gradients."""

    def with_parameters(self, values: Mapping[str, Value]) -> Self:
        """The same network with other values of its parameters."""
        spec = copy(self.spec)
        spec.values = {**spec.values, **values}
        return type(self)(spec)

    def after(self, updates: int) -> Self:
        """The network after so many updates of its own training (`train:`), whatever else would end it before.

        What its file expects is about its start, and left out. Raises SpecError where a number is not finite then.
        """
        from backpropcli.train.descent import Descent

        training = self.training()._replace(updates=updates, epochs=None, until=Until())
        descent = Descent(self.spec, self.loss, training)
        for _ in descent:
            pass
        if descent.reason == "diverged":
            raise SpecError(f"{self.source}: after {descent.number} of {updates} updates a number is not finite")
        trained = self.with_parameters(descent.parameters())
        trained.spec.expect = self.spec.flagged_expectations
        return trained

    def training(self, **settings: Unpack[Settings]) -> Training:
        """The settings of a training: those of `train:`, these over them, and the defaults. Raises SpecError."""
        from backpropcli.language.training.read import training

        return training(self.spec, settings)

    def session(self, training: Training, of: str | None = None, dtype: Dtype = "float64") -> Session:
        """A training, ready to begin."""
        return Session(self, training, self.target(of), dtype)

    def train(self, *, of: str | None = None, dtype: Dtype = "float64", **settings: Unpack[Settings]) -> Run:
        """Train: the outcome, with the trained network; this one stays as it is.

        The settings are those of a file's `train:`, over what that says: `optimizer` (a name, or one with settings,
        `{"adam": {"beta1": 0.8}}`), `lr`, `schedule`, `weight_decay`; `updates` or `epochs`; `batch` (examples an
        update), `shuffle`, `seed`, `holdout` (a part of the examples, or how many), `examples` (which inputs have
        them); `until` (`{"loss": 0.01, "patience": 5, "time": 60}`), `clip` (`{"norm": 1}` or `{"value": 1}`);
        `metrics` (formulas by name). `of` is trained instead of the loss. Raises SpecError for what does not fit.

        >>> run = net.train(optimizer="adam", lr=0.1, updates=100)  # doctest: +SKIP
        >>> run.after, run.network.run().gradient("w1")  # doctest: +SKIP
        """
        session = self.session(self.training(**settings), of, dtype)
        history = list(session.descent)
        return Run(session.outcome(), history, session.trained())

    def descent(
        self, *, of: str | None = None, dtype: Dtype = "float64", **settings: Unpack[Settings]
    ) -> Iterator[Step]:
        """Every update by itself: what it saw before it moved the parameters. The settings are those of `train`.

        >>> for step in net.descent(lr=0.5, updates=3):  # doctest: +SKIP
        ...     print(step.number, step.loss, step.gradients["w1"])
        """
        return self._steps(self._begun(of, dtype, settings))

    def _steps(self, descent: Descent) -> Iterator[Step]:
        while (looked := descent.look()) is not None:
            step = Step(descent, looked)
            descent.move(looked)
            yield step
