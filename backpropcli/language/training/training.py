"""What a training is: optimiser, learning rate, how long, on which examples, and what is measured on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from backpropcli.language.layers.setting import Setting


class Rule(NamedTuple):
    """One formula of an optimiser: what gets its value, in order; only where the switch `when` is on (`!name`: off)."""

    name: str
    formula: str
    when: str = ""


class Optimizer(NamedTuple):
    """An optimiser, in formulas of our own language.

    They may name `p` (the parameters), `g` (their gradient), `lr` (this update's learning rate), `t` (the update's
    number, from 1), the settings, the state, and what a rule above has named. `state` has what each entry starts as (a
    formula of the settings); a rule for `p` moves the parameters, one for a state's name changes it, any other names a
    number of this update alone. `source` is a paper or a book; `torch` is PyTorch's name for it, and what differs.
    """

    name: str
    words: str
    source: str
    settings: tuple[Setting, ...]
    state: tuple[Rule, ...]
    update: tuple[Rule, ...]
    torch: str = ""
    lr: float | None = None
    """The learning rate where nobody says one: PyTorch's; None where it has to be said."""
    aliases: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people call it: `gradient descent`."""
        return OWN_TITLE if self.name == OWN else self.name.replace("_", " ")


OWN = "own"
"""The name of an optimiser that a network brings."""
OWN_TITLE = "rules of its own"


class Schedule(NamedTuple):
    """How the learning rate changes: a formula of `lr`, `t` (the update, from 1), `T` (how many there will be), `epoch`
    (from 0) and the settings. `torch` as in `Optimizer`."""

    name: str
    words: str
    settings: tuple[Setting, ...]
    formula: str
    torch: str = ""
    aliases: tuple[str, ...] = ()


class Until(NamedTuple):
    """When to stop before the end: a loss is reached, the (held-out) loss has not fallen for `patience` updates or
    epochs with examples held out, or `time` seconds have passed."""

    loss: float | None = None
    patience: int | None = None
    time: float | None = None


class Clip(NamedTuple):
    """Gradients kept between -value and value, or scaled down where the norm over all parameters is larger."""

    value: float | None = None
    norm: float | None = None


class Training(NamedTuple):
    """The settings of a training, judged and complete: those of `train:`, with flags over them, and the defaults."""

    optimizer: Optimizer
    settings: Mapping[str, float | bool]
    """The optimiser's settings: all of them."""
    lr: float
    schedule: Schedule
    schedule_settings: Mapping[str, float]
    updates: int | None = None
    epochs: int | None = None
    """One of the two, or neither: 100 updates then."""
    batch: int | None = None
    """Examples an update; None: all of them."""
    shuffle: bool = True
    seed: int = 0
    holdout: float | int = 0
    """A share of the examples (a float below 1), or how many (an int)."""
    until: Until = Until()
    clip: Clip = Clip()
    metrics: Mapping[str, str] = {}
    """Formulas by name."""
    examples: tuple[str, ...] | None = None
    """The inputs and targets whose first axis counts examples, where the author says it."""
