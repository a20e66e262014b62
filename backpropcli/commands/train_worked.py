"""`backprop train --steps`: every update worked out, in the forms in which it can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record

if TYPE_CHECKING:
    from backpropcli.commands.options import Numbers
    from backpropcli.explanation.update import Before
    from backpropcli.render.document import Section
    from backpropcli.render.output import Destination
    from backpropcli.train.descent import Descent, Looked


class Worked(Record):
    """Every update worked out: `look` at each before it is made, then `close`."""

    what = "train --steps"
    because = " is a worked text, and"
    instead = "\nThe numbers alone:  backprop train --format json (or csv)"

    def __init__(self, descent: Descent, numbers: Numbers) -> None:
        if not descent.training.optimizer.update:
            name = descent.training.optimizer.name
            raise UsageError(f"--steps: {name} has no rules that could be worked out entry by entry")
        self.descent, self.numbers, self.ended = descent, numbers, 0
        self.updates: list[tuple[Before, float | None]] = []

    @property
    def status(self) -> int:
        """That of the training's end."""
        return self.ended

    def look(self, looked: Looked) -> None:
        """Keep what an update is made from; its loss is what the update before has come to, on the same examples."""
        from backpropcli.explanation.update import Before
        from backpropcli.train.parameters import values_of

        descent = self.descent
        self._arrived(looked.loss)
        slopes = values_of(descent.feed.parts, looked.batch.repeated.gradient)
        state = {name: list(values) for name, values in descent.stepper.state.items()}
        now = values_of(descent.feed.parts, descent.flat)
        number, epoch = looked.number, looked.batch.epoch
        self.updates.append((Before(number, epoch, descent.total, descent.of, now, slopes, state, looked.loss), None))

    def _arrived(self, loss: float) -> None:
        if self.updates and self.descent.feed.batch is None:
            self.updates[-1] = self.updates[-1][0], loss

    def close(self, status: int) -> None:
        """All updates are made."""
        self.ended = status
        last = self.descent.next() if self.descent.feed.batch is None else None
        if last is not None:
            self._arrived(last.loss)

    def sections(self, to: Destination) -> list[list[Section]]:
        """One update after the other."""
        from backpropcli.explanation.update import worked

        precision, full = self.numbers.precision(), self.numbers.full
        training = self.descent.training
        return [
            list(worked(training, before, after, precision, ascii=to.ascii, full=full))
            for before, after in self.updates
        ]
