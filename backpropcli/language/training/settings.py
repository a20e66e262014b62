"""What a setting of an optimiser or a schedule may be."""

from __future__ import annotations

import sys
from typing import Any

from backpropcli.language.layers.setting import COUNT, SWITCH, Setting, Type

LARGEST = sys.float_info.max


def _number(raw: Any) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) <= LARGEST


NUMBER = Type("number", _number, "wants a number")
FROM_ZERO = Type("from zero", lambda raw: _number(raw) and raw >= 0, "wants a number from 0")
ABOVE_ZERO = Type("above zero", lambda raw: _number(raw) and raw > 0, "wants a number above 0")
SHARE = Type("share", lambda raw: _number(raw) and 0 <= raw < 1, "wants a number from 0 to below 1")
WHOLE = Type("whole", lambda raw: type(raw) is int and raw >= 0, "wants a whole number from 0")

WEIGHT_DECAY = Setting("weight_decay", FROM_ZERO, "How strongly every parameter is pulled to 0.", 0.0)
MAXIMIZE = Setting("maximize", SWITCH, "Whether to climb instead of descend.", False)
DECOUPLED = Setting("decoupled_weight_decay", SWITCH, "Whether weight decay leaves the averages alone.", False)


def share(name: str, help: str, default: float) -> Setting:
    """A number from 0 to below 1."""
    return Setting(name, SHARE, help, default)


def eps(default: float) -> Setting:
    """The small number that keeps a division from exploding."""
    return Setting("eps", FROM_ZERO, "Keeps the division from exploding.", default)


__all__ = ["ABOVE_ZERO", "COUNT", "FROM_ZERO", "NUMBER", "SHARE", "SWITCH", "WHOLE", "Setting", "Type"]
