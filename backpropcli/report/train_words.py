"""What is said of a training: how it was done, why it ended, what looks wrong and what to try."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import Precision
from backpropcli.train.health import Dead, Diverged, Finding, Grown, Parted, Uneven, Unreached

if TYPE_CHECKING:
    from backpropcli.language.training.training import Training
    from backpropcli.train.outcome import Outcome

WIDTH = 80
SHORT = Precision(3)
MOST = 5
"""So many names are listed."""
ENDED = {
    "updates": "",
    "loss": "The loss that until: asks for is reached.",
    "patience": "It stopped falling: patience is over.",
    "time": "The time of until: is over.",
    "stopped": "It was stopped before its end.",
    "converged": "It cannot get lower: the optimiser says that it has converged.",
    "diverged": "",
}


def settings(training: Training) -> str:
    """How it is trained, in few words: `adam, lr 0.001, beta1 0.8, batches of 32`."""
    from backpropcli.notation.numbers import exact

    said = [training.optimizer.title]
    if training.optimizer.update:  # a line search has no learning rate
        said.append(f"lr {exact(training.lr)}")
    defaults = {setting.name: setting.default for setting in training.optimizer.settings}
    for name, value in training.settings.items():
        if value != defaults.get(name):
            said.append(name if value is True else f"{name} {exact(value)}")
    if training.batch is not None:
        said.append(f"batches of {training.batch}")
    return ", ".join(said)


def point(training: Training, updates: int) -> str:
    """Where a training has come: `after 100 updates of adam, lr 0.1`."""
    return f"after {counted(updates, 'update')} of {settings(training)}"


def how(found: Outcome) -> str:
    """The title's second half: `adam, lr 0.001: 100 updates`."""
    epochs = f" ({counted(found.epochs, 'epoch')})" if found.examples is not None and found.training.batch else ""
    return f"{settings(found.training)}: {counted(found.updates, 'update')}{epochs}"


def summary(found: Outcome, precision: Precision) -> str:
    """`J: 0.298371 → 0.0000351 after 10,000 updates`."""
    show = precision.show
    return f"{found.of}: {show(found.before.loss)} → {show(found.after.loss)} after {counted(found.updates, 'update')}"


def counted(n: int, what: str) -> str:
    """`1 update`, `1,200 updates`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def sentences(found: Outcome, precision: Precision, width: int | None) -> list[str]:
    """What stands below the table."""
    wide = min(width or WIDTH, WIDTH)
    return [line for text in (_examples(found), ENDED[found.reason]) for line in textwrap.wrap(text, wide)]


def _examples(found: Outcome) -> str:
    """Which inputs have the examples, and how many there are of each sort."""
    examples = found.examples
    if examples is None:
        return ""
    held = f", {examples.held_out:,} held out" if examples.held_out else ""
    batch = found.training.batch or 0
    all_of_them = f" A batch of {batch:,} is all of them." if batch > examples.training else ""
    return f"Examples are the rows of {listed(examples.names)}: {examples.training:,} to learn from{held}.{all_of_them}"


def listed(names: Sequence[str]) -> str:
    """`x, y and z`; of many the first ones."""
    *others, last = names if len(names) <= MOST else [*names[:MOST], f"{len(names) - MOST} more"]
    return f"{', '.join(others)} and {last}" if others else last


def warnings(findings: Sequence[Finding], of: str, lr: float) -> list[str]:
    """What looks wrong in words, with figures, and what to try: a sentence for all dead units, and one a finding."""
    dead = [found for found in findings if isinstance(found, Dead)]
    others = [found for found in findings if not isinstance(found, Dead)]
    return [*([_dead(dead)] if dead else []), *(_warning(found, of, lr) for found in others)]


def _dead(found: list[Dead]) -> str:
    nodes = [
        one.node if one.dead == one.units else f"{one.dead:,} of the {one.units:,} units of {one.node}" for one in found
    ]
    whom = "for any example" if any(one.examples > 1 for one in found) else "here"
    single = len(found) == 1 and (found[0].dead == 1 or found[0].dead == found[0].units)
    return (
        f"{listed(nodes)} {'hands' if single else 'hand'} no gradient back {whom}: what is before "
        f"{'it' if single else 'them'} does not learn. Try another start, a smaller lr, or leaky_relu."
    )


def _warning(found: Finding, of: str, lr: float) -> str:
    show = SHORT.show
    if isinstance(found, Unreached):
        them = "it" if len(found.names) == 1 else "them"
        return f"{of} does not depend on {listed(found.names)}: no gradient moves {them}."
    if isinstance(found, Uneven):
        way, more = ("vanish", "smaller") if found.vanishing else ("explode", "larger")
        ratio = max(found.first_size, found.last_size) / min(found.first_size, found.last_size)
        return (
            f"gradients {way} on their way back: d{of}/d{found.first} is {show(found.first_size)} and "
            f"d{of}/d{found.last} {show(found.last_size)} (root mean squares), {show(ratio)} times {more}."
        )
    if isinstance(found, Diverged):
        return f"update {found.update:,} was not made: {_diverged(found, lr)}"
    if isinstance(found, Parted):
        many, what = ("is", "it is no mean") if len(found.names) == 1 else ("are", "they are no means")
        return (
            f"{listed(found.names)} over many examples {many} the mean over {found.parts:,} parts of them, not that of "
            f"all at once: {what} over examples. --memory 4GB measures all at once."
        )
    assert isinstance(found, Grown)
    return (
        f"{of} grew from {show(found.before)} to {show(found.after)}: the steps are too long. Try lr {show(lr / 10)}."
    )


def _diverged(found: Diverged, lr: float) -> str:
    if found.rate is not None:
        return f"its learning rate would be {SHORT.show(found.rate)}. The schedule has to stay finite, from 0 up."
    where = "a number is not finite" if found.offender is None else _where(found)
    if found.given:
        return f"{where}, and no training changes it. Is a value missing? Leave such rows out, or fill them in."
    if found.update == 1:
        return f"{where}, before anything has moved. Try another start."
    return f"{where}. Try lr {SHORT.show(lr / 10)}, or clip."


def _where(found: Diverged) -> str:
    offender = found.offender
    assert offender is not None
    what = offender.label if offender.what == "value" else f"the gradient of {offender.label}"
    return f"{what} is the first number that is not finite"
