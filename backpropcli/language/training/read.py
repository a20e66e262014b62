"""The settings of a training, from what is said and the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import SpecError
from backpropcli.language.training.optimizers import OPTIMIZERS
from backpropcli.language.training.schedules import SCHEDULES
from backpropcli.language.training.training import Clip, Training, Until

if TYPE_CHECKING:
    from backpropcli.language.network import Spec


def training(spec: Spec, said: Mapping[str, Any]) -> Training:
    """The settings; SpecError where they are wrong."""
    rest = dict(said)
    name, own = rest.pop("optimizer", "gradient_descent"), dict[str, Any]()
    if isinstance(name, Mapping):
        ((name, own),) = name.items()
    optimizer = next(o for o in OPTIMIZERS if o.name == name)
    schedule = next(s for s in SCHEDULES if s.name == "constant")
    lr = rest.pop("lr", optimizer.lr)
    if lr is None:
        raise SpecError(f"{name} needs a learning rate", hint="Such as  lr: 0.1")
    return Training(
        optimizer,
        {**{s.name: s.default for s in optimizer.settings}, **own},
        lr,
        schedule,
        {s.name: s.default for s in schedule.settings},
        until=Until(**rest.pop("until", {})),
        clip=Clip(**rest.pop("clip", {})),
        **rest,
    )
