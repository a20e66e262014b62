"""What each update runs on: the whole training part, or a batch of its examples; and what is held out beside it."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine import Plan
from backpropcli.engine.repeated import Piece, Repeated
from backpropcli.errors import MemoryNeededError, SpecError
from backpropcli.language.data.kept import fewer, taken
from backpropcli.ops.shape import show_shape
from backpropcli.train.health import Parted
from backpropcli.train.measured import Measured, mean

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language import Spec
    from backpropcli.language.training.training import Training
    from backpropcli.ops.definition import Value

PART = 2_000_000
"""About how many numbers a part has (16 MB), where all examples at once would be more than the network may have."""
SAME = 1e-9
"""What differs by less, relatively, over a part and over its two halves, is a mean over examples."""


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
        self.parted: Parted | None = None
        """What was measured in parts though it is no mean over examples."""
        if training.batch is not None or training.holdout or training.examples is not None:
            self._divide()
        self._first: Repeated | None = None
        self._sizes: dict[int, Planned] = {}
        self._whole: Batch | None = None
        self._parts: dict[bool, int] = {}
        if self.batch is None:
            planned, data = self._planned(self.rows)
            self._whole = Batch(planned, 0, True, 1, data)
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
            error.place = self.spec.setting("holdout")
            raise
        self.spec = self.spec.standardised(self.rows, self.training.holdout, self.training.seed).holding(self.names)
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
        """What update `number` (from 1) runs on, its data in place, and its random masks."""
        batch = self._at(number)
        batch.repeated.draw(number - 1 if self.training.optimizer.update else 0)  # a search wants one function
        return batch

    def _at(self, number: int) -> Batch:
        if self._whole is not None:
            return Batch(self._whole.planned, number - 1, True, 1, self._whole.data)
        from backpropcli.train.batches import batch_at

        assert self.batch is not None
        taken = batch_at(number, len(self.rows), self.batch, self.training.seed, self.training.shuffle)
        rows = self.rows[taken.rows]
        planned, data = self._sized(rows)
        return Batch(planned, taken.epoch, taken.last, len(rows), data)

    def measure(self, held: bool = False) -> Measured:
        """The loss and the metrics over the training part, or over what is held out, with the parameters of now.

        Over all at once where that takes no more numbers than the network may have; in parts beyond, whose mean it is
        then, each weighted by its examples. That is the same where a formula is a mean over examples; `parted` has
        what is not.
        """
        if self._whole is not None and not held:
            return self._look(self._whole.repeated)
        rows = self.held_rows if held else self.rows
        size = self._part(held, rows)
        if size < len(rows) and self.parted is None:
            self.parted = self._not_means(rows[:size], -(-len(rows) // size))
        return self._over(rows, size)

    def _over(self, rows: Any, size: int) -> Measured:
        """Measured over these, so many at a time."""
        some = [rows[k : k + size] for k in range(0, len(rows), size)]
        return mean([(len(part), self._look(self._sized(part)[0].repeated)) for part in some])

    def _part(self, held: bool, rows: Any) -> int:
        """How many examples are measured at a time: all of them, or about so many that they have PART numbers."""
        if held not in self._parts:
            size = len(rows)
            if self._numbers(rows) > self.spec.most:
                while size > (self.batch or 1) and self._numbers(rows[:size]) > min(PART, self.spec.most):
                    size = -(-size // 2)
            self._parts[held] = size
        return self._parts[held]

    def _numbers(self, rows: Any) -> int:
        """How many numbers these examples take."""
        return self._lowered(rows, inf).graph.numbers

    def _not_means(self, rows: Any, parts: int) -> Parted | None:
        """What comes to another number over halves than over the whole."""
        sizes = set(self._sizes)
        whole, halves = self._over(rows, len(rows)), self._over(rows, -(-len(rows) // 2))
        for size in set(self._sizes) - sizes:
            del self._sizes[size]
        found = [self.of] if _differ(whole.loss, halves.loss) else []
        found += [name for name in whole.metrics if _differ(whole.metrics[name], halves.metrics[name])]
        return Parted(tuple(found), parts)

    def _look(self, repeated: Repeated) -> Measured:
        repeated.draw(None)
        loss = repeated.forward()
        return Measured(loss, self.metrics(repeated))

    def metrics(self, repeated: Repeated) -> dict[str, float]:
        """The metrics of the last run."""
        return {name: float(repeated.value(name)) for name in self.training.metrics}

    def _sized(self, rows: Any) -> tuple[Planned, Mapping[str, Value]]:
        """The plan for so many examples, with these in place; and they themselves."""
        size = len(rows)
        if size not in self._sizes:
            self._sizes[size], data = self._planned(rows)
            return self._sizes[size], data
        data = self._cut(rows)
        self._sizes[size].repeated.give(data)
        return self._sizes[size], data

    def _planned(self, rows: Any) -> tuple[Planned, Mapping[str, Value]]:
        """A plan for these examples, over the parameters of the first one; nothing is read before it is judged."""
        spec = self._affordable(rows)
        data = self._cut(rows)
        values = {**self.spec.values, **data}
        for name in self.training.metrics:
            if shape := spec.graph.shape(name):
                message = f"{name} has shape {show_shape(shape)}, and a metric is one number"
                raise SpecError(message, spec.setting("metrics", name), "Write mean(...) or sum(...) around it.")
        flat = self._first.flat if self._first is not None else None
        made = Repeated(Plan(spec.graph, self.dtype), self.of, spec.graph.names("parameter"), values, flat)
        self._first = self._first or made
        return Planned(made, spec.graph), data

    def _affordable(self, rows: Any) -> Spec:
        """The network for these examples; SpecError where it is larger than it may be."""
        try:
            return self._lowered(rows, self.spec.most)
        except MemoryNeededError as error:
            if self._first is None and len(rows) > 1:
                error.hint = f"{error.hint}\nA smaller batch than {len(rows):,} takes less: batch: {len(rows) // 2}"
            raise

    def _lowered(self, rows: Any, most: float) -> Spec:
        """The network for these examples, of no more than so many numbers, with its metrics."""
        data = {name: fewer(self.spec.values[name], rows) for name in self.names}
        metrics = self.training.metrics
        return self.spec.again(data, metrics, most=most) if data or metrics else self.spec

    def _cut(self, rows: Any) -> dict[str, Value]:
        """The data of these examples."""
        return {name: taken(self.spec.values[name], rows) for name in self.names}


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > SAME * max(abs(a), abs(b))
