"""What each update runs on: the whole training part, or a batch of its examples; and what is held out beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine import Plan
from backpropcli.engine.repeated import Piece, Repeated
from backpropcli.errors import SpecError
from backpropcli.ops.shape import show_shape
from backpropcli.train.measured import Measured, mean

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language import Spec
    from backpropcli.language.training.training import Training
    from backpropcli.ops.definition import Value

MOST_AT_ONCE = 10_000
"""More examples than these are measured in parts, whose mean is told."""


class Planned(NamedTuple):
    """A plan for so many examples, and the graph that it is of."""

    repeated: Repeated
    graph: Graph


class Batch(NamedTuple):
    """What one update runs on: so many `examples` (1 where nothing counts them), the `last` of its `epoch` or not.

    `data` are the inputs and targets that have examples, cut to these.
    """

    planned: Planned
    epoch: int
    last: bool
    examples: int
    data: Mapping[str, Value]

    @property
    def repeated(self) -> Repeated:
        """The plan, which has the data, and after a run the values and gradients."""
        return self.planned.repeated


class Feed:
    """The data of a training: its examples divided, and a plan for each size of a batch, over the same parameters.

    `names` are the inputs and targets that have examples along their first axis; none where nothing asks for that.
    `flat` are the parameters, one after the other, and `parts` where each of them stands.
    """

    def __init__(self, spec: Spec, of: str, training: Training, dtype: str = "float64") -> None:
        self.spec, self.of, self.training, self.dtype = spec, of, training, dtype
        self.names: tuple[str, ...] = ()
        self.rows: Any = None
        self.held_rows: Any = None
        self.batch: int | None = None
        if training.batch is not None or training.holdout or training.examples is not None:
            self._divide()
        self._first: Repeated | None = None
        self._sizes: dict[int, Planned] = {}
        self._whole: Batch | None = None
        if self.batch is None:
            data = self._cut(self.rows)
            self._whole = Batch(self._planned(data), 0, True, 1, data)
        else:
            self._sized(self.rows[: self.batch])
        assert self._first is not None
        self.flat: Any = self._first.flat
        self.parts: Mapping[str, Piece] = self._first.parts

    def _divide(self) -> None:
        """Find the examples, and which of them are held out."""
        from backpropcli.train.batches import split
        from backpropcli.train.examples import found_examples

        self.names, count = found_examples(self.spec, self.training)
        try:
            self.rows, self.held_rows = split(count, self.training.holdout, self.training.seed)
        except SpecError as error:
            error.place = self.spec.place(("train", "holdout"))
            raise
        self.spec = self.spec.standardised(self.rows, self.training.holdout, self.training.seed)
        wanted = self.training.batch
        self.batch = wanted if wanted is not None and wanted < len(self.rows) else None

    @property
    def holds_out(self) -> bool:
        """Whether some examples are held out."""
        return self.held_rows is not None and len(self.held_rows) > 0

    @property
    def updates(self) -> int:
        """How many updates an epoch has."""
        return 1 if self.batch is None else -(-len(self.rows) // self.batch)

    def at(self, number: int) -> Batch:
        """What update `number` (from 1) runs on, its data in place."""
        if self._whole is not None:
            return self._whole._replace(epoch=number - 1)
        from backpropcli.train.batches import batch_at

        assert self.batch is not None
        taken = batch_at(number, len(self.rows), self.batch, self.training.seed, self.training.shuffle)
        rows = self.rows[taken.rows]
        data = self._cut(rows)
        return Batch(self._sized(rows, data), taken.epoch, taken.last, len(rows), data)

    def measure(self, held: bool = False) -> Measured:
        """The loss and the metrics over the training part, or over what is held out, with the parameters of now."""
        if self._whole is not None and not held:
            return self._look(self._whole.repeated)
        rows = self.held_rows if held else self.rows
        starts = range(0, len(rows), MOST_AT_ONCE)
        some = [rows[k : k + MOST_AT_ONCE] for k in starts]
        return mean([(len(part), self._look(self._sized(part).repeated)) for part in some])

    def _look(self, repeated: Repeated) -> Measured:
        loss = repeated.forward()
        return Measured(loss, self.metrics(repeated))

    def metrics(self, repeated: Repeated) -> dict[str, float]:
        """The metrics of the last run."""
        return {name: float(repeated.value(name)) for name in self.training.metrics}

    def _sized(self, rows: Any, data: Mapping[str, Value] | None = None) -> Planned:
        """The plan for so many examples, with these in place."""
        data = self._cut(rows) if data is None else data
        size = len(rows)
        if size in self._sizes:
            self._sizes[size].repeated.give(data)
        else:
            self._sizes[size] = self._planned(data)
        return self._sizes[size]

    def _planned(self, data: Mapping[str, Value]) -> Planned:
        """A plan for this data, over the parameters of the first one."""
        values = {**self.spec.values, **data}
        spec = self.spec.again(data, self.training.metrics) if data or self.training.metrics else self.spec
        for name in self.training.metrics:
            if shape := spec.graph.shape(name):
                message = f"{name} has shape {show_shape(shape)}, and a metric is one number"
                raise SpecError(
                    message, spec.place(("train", "metrics", name)), "Write mean(...) or sum(...) around it."
                )
        flat = self._first.flat if self._first is not None else None
        made = Repeated(Plan(spec.graph, self.dtype), self.of, spec.graph.names("parameter"), values, flat)
        self._first = self._first or made
        return Planned(made, spec.graph)

    def _cut(self, rows: Any) -> dict[str, Value]:
        """The data of these examples."""
        return {name: self.spec.values[name][rows] for name in self.names}
