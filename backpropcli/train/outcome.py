"""What came of a training: the loss and the parameters before and after, and why it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.train.health import GREW, Grown, root_mean_square

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backpropcli.language.training.training import Training
    from backpropcli.train.descent import Descent
    from backpropcli.train.health import Finding
    from backpropcli.train.measured import Measured
    from backpropcli.train.stopping import Reason


class Moved(NamedTuple):
    """A parameter: a float or an array before and after."""

    name: str
    before: Any
    after: Any

    @property
    def sizes(self) -> tuple[float, float, float]:
        """The root mean squares before and after, and of the change."""
        before, after, change = map(root_mean_square, (self.before, self.after, self.after - self.before))
        return before, after, change


class Examples(NamedTuple):
    """The inputs and targets whose first axis counts examples, and how many are trained on and held out."""

    names: tuple[str, ...]
    training: int
    held_out: int


class Outcome(NamedTuple):
    """`before` and `after` are measured over the training part, the `held` ones over what is held out, if anything is.

    `updates` and `epoch` count from the start of the training, `seconds` those of this run alone. `findings` are of the
    start and of the end.
    """

    source: str
    of: str
    training: Training
    dtype: str
    updates: int
    epochs: int
    reason: Reason
    seconds: float
    before: Measured
    after: Measured
    held_before: Measured | None
    held_after: Measured | None
    examples: Examples | None
    parameters: tuple[Moved, ...]
    findings: tuple[tuple[Finding, ...], tuple[Finding, ...]]


class Start(NamedTuple):
    """What was measured before the first update of this run."""

    parameters: Mapping[str, Any]
    measured: tuple[Measured, Measured | None]
    findings: tuple[Finding, ...]


def start(descent: Descent) -> Start:
    """How it stands before the first update."""
    return Start(descent.parameters(), descent.measured(), descent.findings())


def outcome(descent: Descent, source: str, begun: Start, seconds: float) -> Outcome:
    """How it stands now."""
    now = descent.parameters()
    after, held_after = descent.measured()
    before, held_before = begun.measured
    later = descent.findings()
    if descent.diverged is None and after.loss > GREW * abs(before.loss):
        later = (*later, Grown(before.loss, after.loss))
    return Outcome(
        source=source,
        of=descent.of,
        training=descent.training,
        dtype=descent.dtype,
        updates=descent.number,
        epochs=descent.number // descent.feed.updates,
        reason=descent.reason or "stopped",
        seconds=seconds,
        before=before,
        after=after,
        held_before=held_before,
        held_after=held_after,
        examples=_examples(descent),
        parameters=tuple(Moved(name, begun.parameters[name], value) for name, value in now.items()),
        findings=(begun.findings, later),
    )


def _examples(descent: Descent) -> Examples | None:
    """Which inputs have examples; None where nothing had to know."""
    feed = descent.feed
    return Examples(feed.names, len(feed.rows), len(feed.held_rows)) if feed.rows is not None else None
