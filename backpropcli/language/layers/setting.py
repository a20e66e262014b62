"""Settings of layers: what each may be, and what is said of one that is something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Type(NamedTuple):
    """What a setting may be: its `name` or a `schema` says it to the JSON Schema; what `fits` not is told its `wants`.

    As `text`, a flag's words are not read as a number, a list or a mapping.
    """

    name: str
    fits: Callable[[Any], bool] = lambda raw: True
    wants: str = ""
    text: bool = False
    schema: Mapping[str, Any] | None = None


def _count(raw: Any, least: int = 1) -> bool:
    return type(raw) is int and raw >= least


def _counts(raw: Any, least: int = 1) -> bool:
    return _count(raw, least) or (isinstance(raw, list) and 1 <= len(raw) <= 3 and all(_count(n, least) for n in raw))


def _whole(least: int) -> dict[str, Any]:
    one = {"type": "integer", "minimum": least}
    return {"anyOf": [one, {"type": "array", "minItems": 1, "maxItems": 3, "items": one}]}


def _number(raw: Any) -> bool:
    return type(raw) is int or type(raw) is float


def choice(*words: str) -> Type:
    """One of a few words."""
    *others, last = words
    wants = f"is {', '.join(others)} or {last}" if others else f"is {last}"
    return Type("choice", lambda raw: raw in words, wants, schema={"enum": list(words)})


COUNT = Type("count", _count, "wants a whole number from 1")
SEED = Type("seed", lambda raw: type(raw) is int and 0 <= raw < 2**63, "wants a whole number from 0 to below 2**63")
SWITCH = Type("switch", lambda raw: isinstance(raw, bool), "is true or false")
VALUE = Type("value")
BIAS = Type("bias")
INITIALISER = Type("initialiser")
ACTIVATION = Type("activation", text=True)
NAME = Type("name", lambda raw: isinstance(raw, str), "wants the name of an input, or of an earlier layer's output")
SIZES = Type("sizes", _counts, "wants a whole number from 1, or one for each axis, as [3, 3]", schema=_whole(1))
MARGINS = Type(
    "margins",
    lambda raw: _counts(raw, 0) or raw in ("same", "valid"),
    "wants a whole number from 0, one for each axis, same or valid",
    schema={"anyOf": [*_whole(0)["anyOf"], {"enum": ["same", "valid"]}]},
)
FRAME = Type(
    "frame", lambda raw: _counts(raw, 0), "wants a whole number from 0, or one for each axis", schema=_whole(0)
)
SHAPE = Type(
    "shape",
    lambda raw: isinstance(raw, list) and bool(raw) and all(_count(n) or n == -1 for n in raw) and raw.count(-1) <= 1,
    "wants a list of sizes, one of which may be -1 (what is left), as [-1, 1, 28, 28]",
    schema={"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": -1}},
)
SHARE = Type(
    "share",
    lambda raw: _number(raw) and 0 <= raw < 1,
    "wants a number from 0 to below 1",
    schema={"type": "number", "minimum": 0, "exclusiveMaximum": 1},
)
SMALL = Type(
    "small",
    lambda raw: _number(raw) and 0 < raw < float("inf"),
    "wants a number above 0",
    schema={"type": "number", "exclusiveMinimum": 0},
)
AXIS = Type("axis", lambda raw: _count(raw, 0), "wants a whole number from 0", schema={"type": "integer", "minimum": 0})


class Setting(NamedTuple):
    """A setting of a layer: what it may be, one line of `help`, its `default`; `hint` is told where it does not fit."""

    name: str
    type: Type
    help: str
    default: Any = None
    hint: str = ""
    required: bool = False


ACTIVATED = Setting("activation", ACTIVATION, "The function of each entry, as relu.")
BIASED = Setting("bias", SWITCH, "Whether there are biases.", default=True, hint="Its value is written b:")
INIT = Setting("init", INITIALISER, "How the weights start, as he.")
SEEDED = Setting("seed", SEED, "The seed of the initialiser.")
INPUT = Setting("input", NAME, "What feeds the layer, where it is not the layer before.")
