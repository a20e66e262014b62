"""A training under way: watched, logged, saved now and then, and ended when somebody asks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from backpropcli.commands.endings import Endings
from backpropcli.errors import FileError, UsageError
from backpropcli.notation.numbers import Precision, read_count
from backpropcli.render.live import Live
from backpropcli.render.log import Log
from backpropcli.train.measured import Losses

if TYPE_CHECKING:
    from backpropcli.api.training import Session
    from backpropcli.render.output import Destination
    from backpropcli.train.descent import Looked
    from backpropcli.train.measured import Update

EVERY_SECONDS = 30.0
"""Seconds between two checkpoints, where --every-updates does not say."""
SHORT = Precision(4)


class Saving:
    """The checkpoint of a training: `path`, and after how many updates it is written, None for now and then."""

    def __init__(self, session: Session, path: str, every: int | None) -> None:
        self.session, self.path, self.every = session, path, every
        self.last = time.monotonic()
        from backpropcli.train.checkpoint import fingerprint

        fingerprint(session.descent)  # while the data are there

    def restored(self) -> bool:
        """Whether the file is there, and the training goes on from it; what a kill left of a save is removed."""
        from backpropcli.language.data.numpy_files import read_stored
        from backpropcli.render.writing import sweep
        from backpropcli.train.checkpoint import restore

        sweep(self.path)
        if not os.path.lexists(self.path):
            return False
        with open(self.path, "rb") as file:
            stored = read_stored(file.read(), self.path)
        restore(self.session.descent, {name: found.value for name, found in stored.items()}, self.path)
        return True

    def update(self, number: int) -> None:
        """One more update is made."""
        if self.every is None:
            if time.monotonic() - self.last >= EVERY_SECONDS:
                self.save()
        elif number % self.every == 0:
            self.save()

    def save(self) -> None:
        """Write the state of now, whole or not at all."""
        from backpropcli.render.npz import npz
        from backpropcli.render.writing import write_file
        from backpropcli.train.checkpoint import arrays

        write_file(self.path, npz(arrays(self.session.descent)))
        self.last = time.monotonic()


class Going:
    """`go()` makes all updates; `looks` is told what each is made from before it is, for who wants it worked out."""

    def __init__(
        self, session: Session, to: Destination, saving: Saving | None, log: str | None, resume: bool = False
    ) -> None:
        self.session, self.to, self.saving, self.log, self.resume = session, to, saving, log, resume
        self.endings = Endings()
        self.losses = Losses()
        self.looks: Callable[[Looked], Any] | None = None

    def go(self) -> int:
        """The exit status so far: 130, 143 or 129 where it was asked to end, 1 where the numbers ended, else 0."""
        descent = self.session.descent
        resumed = self.resume and self.saving is not None and self.saving.restored()
        if self.resume and self.saving is not None:
            over = ": no update is left to make" if descent.reason or descent.number >= descent.total else ""
            self.to.note(
                f"resumed after update {descent.number:,}{over}"
                if resumed
                else f"there is no {self.saving.path} yet: starting from the beginning"
            )
        with ExitStack() as stack:
            log = self._log(stack, descent.number if resumed else None)
            live = stack.enter_context(Live(self.to.quiet))
            stack.enter_context(self.endings)
            try:
                self._updates(live, log)
            except FileError:  # a full disk, or one that is gone: the state may have another one
                with suppress(FileError):
                    self._save()
                    if self.saving is not None:
                        self.to.note(f"ended after update {descent.number:,}: saved in {self.saving.path}")
                raise
            self._save()
        return self._ended()

    def _save(self) -> None:
        if self.saving is not None:
            self.saving.save()

    def _log(self, stack: ExitStack, after: int | None) -> Log | None:
        if self.log is None:
            return None
        descent = self.session.descent
        metrics = list(descent.training.metrics)
        held = ["held_out_loss", *(f"held_out_{name}" for name in metrics)] if descent.feed.holds_out else []
        log = stack.enter_context(Log(self.log, ["update", "epoch", "lr", "loss", *metrics, *held], after))
        if log.last is not None and after is not None and log.last < after:
            first = log.last + 1
            what = f"rows of updates {first:,} to {after:,}" if first < after else f"row of update {after:,}"
            self.to.note(f"{self.log} has no {what}")
        return log

    def _updates(self, live: Live, log: Log | None) -> None:
        """Every update, until the end or until somebody asks."""
        descent, said = self.session.descent, Said(self.session.descent.of)
        while not self.endings.number and (looked := descent.look()) is not None:
            if self.looks is not None:
                self.looks(looked)
            update = descent.move(looked)
            if log is not None:
                log.add(row(update))
            if self.saving is not None:
                self.saving.update(update.number)
            self.losses.add(update.loss)
            said.see(update)
            live.update(update.number, descent.total, said.text)
        if log is not None and not self.endings.number and (last := descent.next()) is not None:
            log.add(row(last))

    def _ended(self) -> int:
        """The exit status, and a message where the end came early."""
        endings, descent = self.endings, self.session.descent
        if not endings.number:
            return 1 if descent.reason == "diverged" else 0
        kept = f"saved in {self.saving.path}" if self.saving is not None else "nothing is saved without --checkpoint"
        self.to.note(f"{endings.words} after update {descent.number:,}: {kept}")
        return endings.status


class Said:
    """What is said of the newest update, when somebody asks."""

    def __init__(self, of: str) -> None:
        self.of = of
        self.update: Update | None = None
        self.held: float | None = None

    def see(self, update: Update) -> None:
        """The newest update; what is held out was last measured at the end of an epoch."""
        self.update = update
        if update.held is not None:
            self.held = update.held.loss

    def text(self) -> str:
        """`J 0.0312   held out 0.041`."""
        update = self.update
        assert update is not None
        held = "" if self.held is None else f"   held out {SHORT.show(self.held)}"
        return f"{self.of} {SHORT.show(update.loss)}{held}"


def row(update: Update) -> dict[str, float | None]:
    """An update as a row of a log."""
    found: dict[str, float | None] = {
        "update": update.number,
        "epoch": update.epoch,
        "lr": update.lr,
        "loss": update.loss,
        **update.metrics,
    }
    if update.held is not None:
        found["held_out_loss"] = update.held.loss
        found.update({f"held_out_{name}": value for name, value in update.held.metrics.items()})
    return found


def saving(session: Session, path: str | None, every: str | None, resume: bool) -> Saving | None:
    """What the options say of checkpoints."""
    count = read_count("--every-updates", every, 1, 10**12)
    if path is None:
        for option, given in (("--every-updates", every is not None), ("--resume", resume)):
            if given:
                raise UsageError(f"{option} needs a file", hint=f"--checkpoint run.npz {option}")
        return None
    if not path.endswith(".npz"):
        raise UsageError(f"--checkpoint {path}: expected a file that ends in .npz")
    return Saving(session, path, count)
