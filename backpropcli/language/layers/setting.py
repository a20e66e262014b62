"""Settings of layers: what each may be, and what is said of one that is something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Type(NamedTuple):
    """What a setting may be: `name` says it to the JSON Schema; what `fits` not is told what it `wants`.

    As `text`, a flag's words are not read as a number, a list or a mapping.
    """

    name: str
    fits: Callable[[Any], bool] = lambda raw: True
    wants: str = ""
    text: bool = False


COUNT = Type("count", lambda raw: type(raw) is int and raw >= 1, "wants a whole number from 1")
SEED = Type("seed", lambda raw: type(raw) is int and 0 <= raw < 2**63, "wants a whole number from 0 to below 2**63")
SWITCH = Type("switch", lambda raw: isinstance(raw, bool), "is true or false")
VALUE = Type("value")
BIAS = Type("bias")
INITIALISER = Type("initialiser")
ACTIVATION = Type("activation", text=True)
NAME = Type("name")


class Setting(NamedTuple):
    """A setting of a layer: what it may be, one line of `help`, its `default`; `hint` is told where it does not fit."""

    name: str
    type: Type
    help: str
    default: Any = None
    hint: str = ""
