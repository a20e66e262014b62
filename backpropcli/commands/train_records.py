"""What a training has found, and which optimisers there are, in the forms in which it can be written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record, deliver
from backpropcli.reads import read_as
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.api.training import Session
    from backpropcli.commands.options import Numbers
    from backpropcli.explanation.update import Before
    from backpropcli.formats.text import Block
    from backpropcli.language.file.rewriting import Rewritten
    from backpropcli.render.document import Section
    from backpropcli.render.output import Destination
    from backpropcli.render.table import Table
    from backpropcli.report.optimizers import Choice
    from backpropcli.train.descent import Descent, Looked
    from backpropcli.train.health import Finding


def warnings_of(findings: Sequence[Finding], descent: Descent) -> list[str]:
    """Findings in words."""
    from backpropcli.report.train_words import warnings

    return warnings(findings, descent.of, descent.training.lr)


def rewritten(session: Session, parameters: Mapping[str, Any], to: Destination, beside: str = "") -> Rewritten:
    """The network's file with these parameters. UsageError where there is none, or where large ones have no place."""
    found = session.network.spec.rewritten(parameters, os.path.basename(beside))
    if found.arrays and to.path is None:
        raise UsageError("large parameters stand in a file of their own", hint="Say where:  -o trained.yaml")
    return found


class Trained(Record):
    """The loss, the metrics and the parameters before and after; or the network with its new parameters."""

    what = "train"

    def __init__(
        self,
        session: Session,
        numbers: Numbers,
        losses: Sequence[float],
        status: int,
        checkpoint: str | None = None,
    ) -> None:
        self.session, self.numbers, self.losses, self.ended = session, numbers, losses, status
        self.checkpoint = checkpoint
        self.outcome = session.outcome()

    @property
    def status(self) -> int:
        """That of its end."""
        return self.ended

    @property
    def warnings(self) -> list[str]:
        """What looks wrong at the end, in words."""
        return warnings_of(self.outcome.findings[1], self.session.descent)

    @property
    def ending(self) -> str:
        """Why it ended before its last update; empty where it did not, or where a warning says it."""
        from backpropcli.report.train_words import ENDED

        return ENDED[self.outcome.reason]

    def tables(self, to: Destination) -> list[Table]:
        """A row for the loss, each metric and each parameter; in a terminal the loss as a curve."""
        from backpropcli.report.train_table import train_table

        numbers = self.numbers
        found = train_table(self.outcome, numbers.precision(), numbers.full, to.width, numbers.chosen)
        curve = self._curve(to)
        return [found._replace(footers=[*found.footers, *([""] if found.footers and curve else []), *curve])]

    def _curve(self, to: Destination) -> list[str]:
        """How the loss went, where somebody is looking."""
        if to.width is None or len(self.losses) < 3:
            return []
        from backpropcli.plotting.curve import curve
        from backpropcli.train.measured import means

        feed = self.session.descent.feed
        losses = self.losses if feed.batch is None else means(self.losses, feed.updates)
        return curve([*losses, self.outcome.after.loss], min(to.width, 60), ascii=to.ascii)

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.train/1`."""
        from backpropcli.report.train_json import train_json

        return train_json(self.outcome, self.warnings)

    def csv(self, to: Destination) -> Iterator[str]:
        """A line for every number."""
        from backpropcli.report.train_json import train_csv

        return train_csv(self.outcome)

    def arrays(self, to: Destination) -> dict[str, Any]:
        """The parameters by name."""
        return {moved.name: moved.after for moved in self.outcome.parameters}

    def network(self, to: Destination) -> list[str]:
        """The network's file with its new parameters; large ones in an NPZ file beside it."""
        from backpropcli.render.npz import npz
        from backpropcli.render.writing import write_file

        beside = self._beside(to.path or "trained")
        found = rewritten(self.session, self.arrays(to), to, beside)
        if found.arrays:
            write_file(beside, npz(found.arrays))
        if to.path is not None and (files := self.session.network.spec.astray(os.path.dirname(to.path))):
            from backpropcli.report.train_words import listed

            to.note(f"note: {to.path} stands in another folder than {listed(files)}, which it will not find there")
        return [found.text]

    def _beside(self, path: str) -> str:
        """Where large parameters go: neither over the checkpoint, nor over what was read."""
        name, _ = os.path.splitext(path)
        plain = f"{name}.npz"
        checkpoint = self.checkpoint is not None and os.path.realpath(self.checkpoint) == os.path.realpath(plain)
        return f"{name}_parameters.npz" if checkpoint or read_as(plain) is not None else plain

    @property
    def summary(self) -> str:
        """One line: `J: 0.298371 → 0.0000351 after 10,000 updates`."""
        from backpropcli.report.train_words import summary

        return summary(self.outcome, self.numbers.precision())


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
        now = descent.parameters()
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


class Optimizers(Record):
    """All of them, a line each."""

    what = "train --optimizers"

    def __init__(self, chosen: Sequence[Choice]) -> None:
        self.chosen = chosen

    def tables(self, to: Destination) -> list[Table]:
        """A line each."""
        from backpropcli.report.optimizers import optimizers_table

        return [optimizers_table(self.chosen)]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.optimizers/1`."""
        from backpropcli.report.optimizers import optimizers_json

        return optimizers_json(self.chosen)


class OptimizerPages(Record):
    """A few, with all about them."""

    what = "train --optimizers"

    def __init__(self, chosen: Sequence[Choice]) -> None:
        self.chosen = chosen

    def blocks(self, to: Destination) -> list[Block]:
        """A page each."""
        from backpropcli.formats.text import Block
        from backpropcli.report.optimizers import optimizer_page

        pages = ("".join(f"{line}\n" for line in optimizer_page(one)) for one in self.chosen)
        return [Block(["\n".join(pages)])]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.optimizers/1`."""
        return Optimizers(self.chosen).json(to)


def list_optimizers(names: Sequence[str], to: Destination) -> int:
    """Print the list, or the pages of those that are named; the exit status. Raises UsageError for a name of none."""
    from backpropcli.report.optimizers import everything

    return deliver(OptimizerPages([chosen(name) for name in names]) if names else Optimizers(everything()), to)


def chosen(name: str) -> Choice:
    """The optimiser or schedule of this name."""
    from backpropcli.language.training import optimizers, schedules

    known: dict[str, Choice] = {**schedules.NAMED, **optimizers.NAMED}
    if name not in known:
        raise UsageError(
            f"no optimizer or schedule is called {name}{did_you_mean(name, known)}",
            hint="All of them:  backprop train --optimizers",
        )
    return known[name]
